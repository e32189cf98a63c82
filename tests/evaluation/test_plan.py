"""Which rows teach, are watched, judge, and are opened once."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.evaluation import Protocol, number_of_folds
from lamina.evaluation.plan import Given, Plan, curve_trials, given_parts, make_plan, naive_trials
from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.protocol import number_of_repeats, share_set_aside
from lamina.evaluation.race import NetworkRecipe, network_parts
from lamina.foundation.errors import SpecError
from lamina.training import Training
from quick import two_clouds

FARMS = 50
STRICT = [Protocol(folds=1, test=0), Protocol(folds=1, test=0, group="farm"), Protocol(folds=1, test=0, time="day")]


def prepared(rows: int, protocol: Protocol) -> Prepared:
    """Clouds with groups and times, prepared."""
    X, y = two_clouds(rows)
    data = {
        "a": X[:, 0].tolist(),
        "b": X[:, 1].tolist(),
        "farm": [f"farm {i % FARMS}" for i in range(rows)],
        "day": [str(np.datetime64("2020-01-01T00:00") + np.timedelta64(i, "h")) for i in range(rows)],
        "kind": [["no", "yes"][i] for i in y],
    }
    return prepare(data, "kind", task=None, protocol=protocol, kinds={}, missing=MISSING_SPELLINGS)


def recipe(*, choosing: bool, seeds: tuple[int, ...] = (0,)) -> NetworkRecipe:
    """A network that takes part."""
    return NetworkRecipe(network=None, training=Training(epochs=2, device="cpu"), seeds=seeds, choosing=choosing)


def farms(rows: np.ndarray) -> set[int]:
    """The groups of these rows."""
    return set((rows % FARMS).tolist())


def test_every_fold_is_tried_and_the_whole_comes_last() -> None:
    """Each fold teaches by its rows and is judged by its others; the last trial keeps, with every row."""
    plan = make_plan(prepared(60, Protocol(folds=4)), Protocol(folds=4, repeats=2), seed=0)
    assert [trial.repeat for trial in plan.judged] == [0] * 4 + [1] * 4
    for trial in plan.judged:
        assert sorted([*trial.train, *trial.test]) == list(range(60))
    for repeat in (0, 1):
        judged = np.concatenate([trial.test for trial in plan.judged if trial.repeat == repeat])
        assert sorted(judged) == list(range(60))
    kept = plan.trials[plan.kept]
    assert (kept.purpose, kept.train.tolist(), len(kept.test)) == ("keep", list(range(60)), 0)


def test_one_part_held_out_keeps_what_it_judged() -> None:
    """Without folds there is one trial, and it is the one that is kept."""
    plan = make_plan(prepared(60, Protocol(folds=1)), Protocol(folds=1), seed=0)
    assert len(plan.trials) == len(plan.judged) == 1
    assert plan.kept == 0


@pytest.mark.parametrize("more", [{}, {"folds": 1}, {"group": "farm"}])
def test_rows_set_aside_are_in_no_trial(more) -> None:
    """What is opened once at the end neither teaches nor judges before, in any trial, nor in the curve."""
    protocol = Protocol(test=0.3, **more)
    rows = prepared(300, protocol)
    plan = make_plan(rows, protocol, seed=0)
    aside = set(plan.test.tolist())
    assert len(aside) == pytest.approx(90, abs=12)
    assert aside.isdisjoint(plan.known.tolist())
    assert len(aside) + len(plan.known) == 300
    tried = [*plan.trials, *curve_trials(plan.judged, [30, 60], draws=2, seed=0), *naive_trials(rows, plan, seed=0)]
    assert all(aside.isdisjoint([*trial.train, *trial.test]) for trial in tried)


@pytest.mark.parametrize("folds", [1, 3])
def test_groups_stay_on_one_side_of_every_split(folds) -> None:
    """No farm is on both sides of a trial, of the curve, or of the part that is opened once."""
    protocol = Protocol(folds=folds, test=0.2, group="farm")
    plan = make_plan(prepared(500, protocol), protocol, seed=0)
    assert farms(plan.test).isdisjoint(farms(plan.known))
    for trial in (*plan.judged, *curve_trials(plan.judged, [50, 100], draws=3, seed=0)):
        assert farms(trial.train).isdisjoint(farms(trial.test))


@pytest.mark.parametrize("folds", [1, 3])
def test_the_future_is_hidden_in_every_split(folds) -> None:
    """Every row that judges is later than all that teach, and what is opened once is the latest of all."""
    protocol = Protocol(folds=folds, test=0.2, time="day")
    plan = make_plan(prepared(500, protocol), protocol, seed=0)
    assert plan.known.max() < plan.test.min()
    for trial in (*plan.judged, *curve_trials(plan.judged, [50, 100], draws=3, seed=0)):
        assert trial.train.max() < trial.test.min()


@pytest.mark.parametrize("protocol", [Protocol(folds=3, group="farm"), Protocol(folds=3, time="day")])
def test_naive_splits_pay_no_heed(protocol) -> None:
    """As many splits as those that judge, in which groups lie on both sides and the past is judged by the future."""
    rows = prepared(500, protocol)
    plan = make_plan(rows, protocol, seed=0)
    naive = naive_trials(rows, plan, seed=0)
    assert len(naive) == len(plan.judged)
    for trial in naive:
        assert set(trial.train).isdisjoint(trial.test)
        assert farms(trial.train) & farms(trial.test)
        assert trial.train.max() > trial.test.min()


def test_the_parts_of_the_curve_grow() -> None:
    """In one draw a larger part holds the smaller ones; all come from the rows that teach, and their split judges."""
    plan = make_plan(prepared(100, Protocol(folds=5)), Protocol(folds=5, repeats=1), seed=0)
    trials = curve_trials(plan.judged, [10, 20, 40], draws=7, seed=0)
    assert len(trials) == 21
    for draw in range(7):
        small, middle, large = (trial for trial in trials if trial.repeat == draw)
        assert [len(one.train) for one in (small, middle, large)] == [10, 20, 40]
        assert set(small.train) < set(middle.train) < set(large.train) < set(plan.judged[draw % 5].train)
        assert all(one.test is plan.judged[draw % 5].test for one in (small, middle, large))
    assert set(trials[0].train) != set(trials[15].train)  # the sixth draw is another one of the first split


def test_the_curve_draws_whole_groups() -> None:
    """So many rows of a grouped table come from as few farms as hold them, in other draws from others."""
    protocol = Protocol(folds=3, repeats=1, group="farm")
    plan = make_plan(prepared(500, protocol), protocol, seed=0)
    trials = curve_trials(plan.judged, [55, 110], draws=4, seed=0, groups=plan.groups)
    assert [len(farms(trial.train)) for trial in trials] == [6, 11] * 4  # each farm has ten rows; the last one is cut
    assert [len(trial.train) for trial in trials] == [55, 110] * 4
    assert farms(trials[0].train) < farms(trials[1].train)
    assert farms(trials[0].train) != farms(trials[6].train)


def test_folds_are_watched_but_teach_all_their_rows() -> None:
    """With folds the first one is watched by the rows that judge it, for the pictures, and no row is held back."""
    rows = prepared(60, Protocol(folds=4))
    plan = make_plan(rows, Protocol(folds=4, repeats=1), seed=0)
    parts = network_parts(rows, plan.trials, recipe=recipe(choosing=False, seeds=(0, 7)), protocol=Protocol(folds=4))
    for trial, part in zip(plan.trials, parts, strict=True):
        np.testing.assert_array_equal(part.train, trial.train)
    assert parts[0].watch is plan.trials[0].test
    assert not any(len(part.watch) for part in parts[1:])
    assert all(part.seeds == (0, 7) for part in parts)


@pytest.mark.parametrize("protocol", STRICT)
def test_watched_rows_keep_to_the_protocol(protocol) -> None:
    """Rows that find the best epoch are split from those that teach as strictly as those that judge."""
    rows = prepared(2600, protocol)
    plan = make_plan(rows, protocol, seed=0)
    (part,) = network_parts(rows, plan.trials, recipe=recipe(choosing=True), protocol=protocol)
    sides = [part.train, part.watch, plan.judged[0].test]
    assert sorted(np.concatenate(sides)) == list(range(2600))
    assert len(part.watch) == pytest.approx(208, abs=60)
    if protocol.group is not None:
        assert sum(len(farms(side)) for side in sides) == FARMS
    if protocol.time is not None:
        assert sides[0].max() < sides[1].min() <= sides[1].max() < sides[2].min()


def test_small_hold_outs_watch_nothing() -> None:
    """Where rows are few, all of the training side teaches."""
    rows = prepared(60, Protocol(folds=1))
    plan = make_plan(rows, Protocol(folds=1), seed=0)
    (part,) = network_parts(rows, plan.trials, recipe=recipe(choosing=True), protocol=Protocol(folds=1))
    np.testing.assert_array_equal(part.train, plan.judged[0].train)
    assert not len(part.watch)


def test_only_a_choice_that_has_rows_of_its_own_is_made() -> None:
    """With folds the training neither ends early nor keeps its best epoch: both would be chosen by those who judge."""
    training = Training(epochs=2, patience=1, device="cpu")
    with_folds, without = (
        NetworkRecipe(network=None, training=training, seeds=(0,), choosing=choosing) for choosing in (False, True)
    )
    assert (with_folds.learning.restore_best, with_folds.learning.patience) == (False, None)
    assert without.learning == training


def test_other_seeds_draw_other_folds() -> None:
    """Equal seeds give equal splits, other seeds other ones; what is set aside is drawn anew too."""
    protocol = Protocol(folds=2, test=0.2)
    rows = prepared(60, protocol)
    plans = [make_plan(rows, protocol, seed=seed) for seed in (0, 0, 1)]
    first, again, other = (plan.judged[0].test.tolist() for plan in plans)
    assert first == again != other
    assert plans[0].test.tolist() == plans[1].test.tolist() != plans[2].test.tolist()


def test_few_groups_make_fewer_folds() -> None:
    """Three groups make three folds where nobody asked for a number."""
    X, y = two_clouds(60)
    data = {"a": X[:, 0].tolist(), "farm": [f"farm {i % 3}" for i in range(60)], "kind": [f"k{i}" for i in y]}
    protocol = Protocol(repeats=1, group="farm")
    rows = prepare(data, "kind", task=None, protocol=protocol, kinds={}, missing=MISSING_SPELLINGS)
    assert len(make_plan(rows, protocol, seed=0).judged) == 3


def test_the_number_of_rows_decides_unless_it_is_told() -> None:
    """Folds up to five thousand rows, drawn more often the fewer rows; from two thousand on a part is set aside."""
    assert [number_of_folds(rows, Protocol()) for rows in (5_000, 5_001)] == [5, 1]
    assert number_of_folds(1_000_000, Protocol(folds=3)) == 3
    assert [number_of_repeats(rows, Protocol()) for rows in (999, 1_000, 5_001)] == [4, 2, 1]
    assert number_of_repeats(999, Protocol(repeats=9, time="day")) == 1  # time has one order only
    assert [share_set_aside(rows, Protocol()) for rows in (1_999, 2_000)] == [0.0, 0.2]
    assert share_set_aside(1_000_000, Protocol(test=0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"folds": 0}, {"repeats": 0}, {"held_out": 1.0}, {"held_out": 0}, {"test": 1.0}, {"test": -0.1}, {"group": 3}],
)
def test_senseless_protocols_are_refused(wrong) -> None:
    """A protocol checks itself."""
    with pytest.raises(SpecError, match=next(iter(wrong))):
        Protocol(**wrong)


def with_split(cells: list[str | None], protocol: Protocol, *, wanting: int = 0) -> Prepared:
    """Clouds with a column ``split`` and groups and times; the last ``wanting`` rows have no known class."""
    rows = len(cells)
    X, y = two_clouds(rows)
    kinds = [["no", "yes"][i] for i in y]
    data = {
        "a": X[:, 0].tolist(),
        "farm": [f"farm {i % 5}" for i in range(rows)],
        "day": [str(np.datetime64("2020-01-01T00:00") + np.timedelta64(i, "h")) for i in range(rows)],
        "split": cells,
        "kind": [*kinds[: rows - wanting], *[None] * wanting],
    }
    return prepare(data, "kind", task=None, protocol=protocol, kinds={}, missing=MISSING_SPELLINGS)


THREE = ["train", "train", "train", "dev", "test", "test"] * 10
TWO = ["train", "train", "test"] * 20


def places(cells: list[str | None], name: str) -> list[int]:
    """The rows of a part."""
    return [row for row, cell in enumerate(cells) if cell == name]


def kept_plan(cells: list[str | None], protocol: Protocol) -> Plan:
    """The plan of such rows, their split kept."""
    rows = with_split(cells, Protocol())
    return make_plan(rows, protocol, seed=0, given=given_parts(rows, protocol))


def test_three_given_parts_are_kept_as_they_are() -> None:
    """What is for training teaches, what is for validation judges, and what is for tests is opened once."""
    plan = kept_plan(THREE, Protocol())
    (trial,) = plan.trials
    assert (trial.train.tolist(), trial.test.tolist()) == (places(THREE, "train"), places(THREE, "dev"))
    assert plan.test.tolist() == places(THREE, "test")
    assert plan.known.tolist() == sorted([*places(THREE, "train"), *places(THREE, "dev")])
    assert plan.kept == 0


def test_two_given_parts_are_judged_by_folds_of_the_first() -> None:
    """Rows for training are dealt into folds, the last trial keeps all of them, and the tests are opened once."""
    plan = kept_plan(TWO, Protocol(repeats=1))
    train, test = places(TWO, "train"), places(TWO, "test")
    assert plan.test.tolist() == test
    assert len(plan.judged) == 5
    for trial in plan.judged:
        assert sorted([*trial.train, *trial.test]) == train
    assert plan.trials[plan.kept].train.tolist() == train


def test_training_and_validation_rows_alone_set_nothing_aside() -> None:
    """Without a part for tests there is nothing to open."""
    cells = ["train", "train", "valid"] * 20
    plan = kept_plan(cells, Protocol())
    assert (len(plan.trials), len(plan.test)) == (1, 0)
    assert plan.judged[0].test.tolist() == places(cells, "valid")


def test_rows_in_no_part_have_no_part() -> None:
    """A row whose cell is empty neither teaches nor judges nor is opened."""
    cells = [None if row % 7 == 0 else cell for row, cell in enumerate(THREE)]
    plan = kept_plan(cells, Protocol())
    used = [*plan.known, *plan.test, *plan.trials[0].train, *plan.trials[0].test]
    assert not any(row % 7 == 0 for row in used)
    assert len(plan.known) + len(plan.test) == sum(cell is not None for cell in cells)


def test_the_parts_are_those_of_the_rows_with_a_class() -> None:
    """Places are counted among the rows that can be learnt from."""
    found = given_parts(with_split(THREE, Protocol(), wanting=12), Protocol())
    assert found is not None
    assert [len(part) for part in found] == [24, 8, 16]
    assert max(map(max, found)) == 47


@pytest.mark.parametrize(
    "asked", [{"folds": 3}, {"folds": 1}, {"test": 0.2}, {"test": 0}, {"group": "farm"}, {"time": "day"}], ids=str
)
def test_whoever_asks_for_a_split_gets_that_one(asked) -> None:
    """Folds, a share, groups or a time that were asked for come before the split of the data."""
    protocol = Protocol(**asked)
    rows = with_split(THREE, protocol)
    assert given_parts(rows, protocol) is None
    plan = make_plan(rows, protocol, seed=0, given=None)
    assert len(plan.known) + len(plan.test) == 60
    assert plan.test.tolist() != places(THREE, "test")


@pytest.mark.parametrize("asked", [{}, {"repeats": 2}, {"held_out": 0.3}], ids=str)
def test_other_wishes_leave_it_as_it_is(asked) -> None:
    """How often folds are drawn says nothing against a given split."""
    protocol = Protocol(**asked)
    assert given_parts(with_split(THREE, protocol), protocol) is not None


def test_no_split_no_parts() -> None:
    """A table without such a column has none."""
    assert given_parts(prepared(60, Protocol()), Protocol()) is None


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((1200, 30, 40), "1,200 rows to learn from, 30 rows judge, 40 are opened once."),
        ((12, 3, 0), "12 rows to learn from, 3 rows judge."),
        ((12, 0, 4), "12 rows to learn from, it is judged by parts of them, 4 are opened once."),
    ],
)
def test_a_given_split_says_what_is_done_with_it(sizes, words) -> None:
    """Who learns, who judges, and what is opened once, if anything."""
    assert Given(*map(np.arange, sizes)).sentence == f"the split that came with the data is kept: {words}"
