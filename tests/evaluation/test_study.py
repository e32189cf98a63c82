"""Studies: from a source of data to a model, and what it is worth on rows that it never saw."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import lamina
from lamina.data import load_builtin
from lamina.estimators import encoding, fitting
from lamina.evaluation import Protocol
from lamina.foundation.errors import DataError, LaminaError, SchemaError, SpecError, TrainingError
from lamina.model import Model
from lamina.networks import MLP, Perceptron
from lamina.training import SGD, Training
from quick import ENOUGH, SHORT, mixed_columns, quick_fit, two_clouds
from rival_ground import Refuser


def clouds(rows: int = 60, seed: int = 0) -> dict[str, list]:
    """Two classes that a line tells apart, as a table."""
    X, y = two_clouds(rows, seed)
    return {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "kind": [["no", "yes"][i] for i in y]}


def test_penguins_are_told_apart_in_folds() -> None:
    """A built-in set of classes is judged by five folds in which every row is held out once."""
    study = quick_fit("penguins", training=ENOUGH)
    assert study.headline.name == "accuracy"
    assert study.headline.mean > 0.95
    assert len(study.headline.folds) == len(study.judged) == 5
    assert sum(test for _, test in study.judged) == study.rows == 344
    assert study.model.card.rows == 344
    assert set(study.model.predict("penguins")) == {"Adelie", "Chinstrap", "Gentoo"}


def test_diabetes_is_predicted_in_folds() -> None:
    """A built-in set of numbers is judged by its error, and beats the mean."""
    study = quick_fit("diabetes", training=ENOUGH)
    truth = np.asarray(load_builtin("diabetes").column("progression"), float)
    assert study.headline.name == "rmse"
    assert study.headline.mean < 0.85 * truth.std()


def test_hold_out_keeps_the_test_rows_from_the_model() -> None:
    """With folds=1 one part is held out, and the model learns from the others only."""
    study = quick_fit("penguins", protocol=Protocol(folds=1, held_out=0.25))
    assert len(study.headline.folds) == 1
    assert study.headline.spread is None
    assert study.judged[0] == (study.model.card.rows, 344 - study.model.card.rows)
    assert study.judged[0][1] == pytest.approx(86, abs=2)
    assert list(study.model.card.metrics) == ["held out"]


def test_repeats_draw_the_folds_anew() -> None:
    """Two repeats of three folds are six splits, with other rows in each."""
    study = quick_fit(clouds(), "kind", protocol=Protocol(folds=3, repeats=2))
    assert len(study.judged) == 6
    assert list(study.model.card.metrics) == ["6 folds"]


@pytest.fixture
def sides(monkeypatch) -> tuple[list[set[int]], list[set[int]]]:
    """The ``row`` numbers that networks' encoders were fitted on and that networks were asked about, trial by trial."""
    taught: list[set[int]] = []
    tested: list[set[int]] = []
    fit_encoder, decide = encoding.fit_encoder, Model.decide

    def recorded_fit(table, schema, **settings):
        taught.append({int(value) for value in table.column("row").to_pylist()})
        return fit_encoder(table, schema, **settings)

    def recorded_test(self, table, **settings):
        tested.append({int(value) for value in table.column("row").to_pylist()})
        return decide(self, table, **settings)

    monkeypatch.setattr(encoding, "fit_encoder", recorded_fit)
    monkeypatch.setattr(Model, "decide", recorded_test)
    return taught, tested


def numbered(rows: int = 60) -> dict[str, list]:
    """Clouds with a number for each row that is neither whole nor an identifier."""
    return {**clouds(rows), "row": [i + 0.5 for i in range(rows)]}


def test_encoders_never_see_a_test_row(sides) -> None:
    """In each fold the encoder is fitted on the training rows, and the score is taken on all others."""
    quick_fit(numbered(), "kind", protocol=Protocol(folds=4, repeats=1))
    taught, tested = sides
    assert len(taught) == len(tested) == 5
    for seen, judged in zip(taught, tested, strict=True):
        assert not seen & judged
        assert len(seen | judged) == 60
    assert (taught[-1], tested[-1]) == (set(range(60)), set())
    assert set.union(*tested) == set(range(60))


def test_a_held_out_part_is_seen_by_nothing_before_the_score(sides, monkeypatch) -> None:
    """In a large table neither the encoder nor the rows that find the best epoch are among the test rows."""
    watched = []
    fit_fleet = fitting.fit_fleet
    monkeypatch.setattr(
        fitting,
        "fit_fleet",
        lambda build, pool, members, *a, **k: watched.append(members) or fit_fleet(build, pool, members, *a, **k),
    )
    study = quick_fit(numbered(2600), "kind", protocol=Protocol(folds=1, test=0))
    taught, tested = sides
    assert not taught[0] & tested[0]
    assert (len(taught[0]), len(tested[0])) == (1872, 520)
    assert len(watched[0][0].validation) == 208
    assert study.judged == ((2080, 520),)


def test_folds_choose_nothing_by_the_rows_that_judge(monkeypatch) -> None:
    """With folds neither the best epoch nor the end of training may depend on the test rows."""
    trainings = []
    fit_fleet = fitting.fit_fleet
    monkeypatch.setattr(fitting, "fit_fleet", lambda *a, **k: trainings.append(a[3]) or fit_fleet(*a, **k))
    quick_fit(clouds(), "kind", training=Training(epochs=2, patience=1, device="cpu"))
    assert [(t.restore_best, t.patience) for t in trainings] == [(False, None)]


def test_groups_stay_on_one_side_and_are_no_input(sides) -> None:
    """No group is in training and test at once, and the model never asks for it."""
    data = {**numbered(), "farm": [f"farm {i // 6}" for i in range(60)]}
    study = quick_fit(data, "kind", protocol=Protocol(folds=5, repeats=1, group="farm"))
    taught, tested = sides
    for seen, judged in zip(taught[:5], tested[:5], strict=True):  # what follows is the random split of comparison
        assert not {i // 6 for i in seen} & {i // 6 for i in judged}
    assert "farm" not in study.model.encoder.inputs
    assert study.model.facts()["left_out"] == {"farm": "identifier"}
    del data["farm"]
    assert len(study.model.predict(data)) == 60


def test_the_past_teaches_and_the_future_judges(sides) -> None:
    """By time every test row is later than every training row, and repeats add nothing."""
    data = numbered()
    order = np.random.default_rng(0).permutation(60)
    data["day"] = [str(np.datetime64("2024-01-01") + int(i)) for i in order]
    study = quick_fit(data, "kind", protocol=Protocol(folds=3, time="day"))
    taught, tested = sides
    assert len(study.judged) == 3
    for seen, judged in zip(taught[:3], tested[:3], strict=True):
        assert max(order[list(seen)]) < min(order[list(judged)])


def test_group_and_time_that_are_not_there_are_named() -> None:
    """A protocol by a column that does not exist offers the nearest name."""
    for protocol in (Protocol(group="kin"), Protocol(time="kin")):
        with pytest.raises(SchemaError, match="did you mean 'kind'"):
            quick_fit(clouds(), "kind", protocol=protocol)


def test_a_small_budget_ends_the_run_and_leaves_a_model() -> None:
    """A limit far below the run stops it, says so, and what was reached can answer."""
    study = quick_fit("penguins", training=Training(epochs=1_000_000, device="cpu"), seconds=1.0)
    assert set(study.stopped) == {"seconds"}
    assert all(len(history.epochs) < 1_000_000 for history in study.histories)
    assert len(study.model.predict("penguins")) == 344
    assert math.isfinite(study.headline.mean)


def test_a_budget_that_is_over_before_training_leaves_a_model() -> None:
    """Even a limit that reading alone uses up ends with a network, if an untaught one, and without a verdict."""
    study = quick_fit(clouds(), "kind", training=Training(epochs=1_000_000, device="cpu"), seconds=1e-6)
    assert set(study.stopped) == {"seconds"}
    assert len(study.model.predict(clouds())) == 60
    assert study.verdict is None
    assert [one["left_out"] for one in study.facts()["contenders"]] == [None, "the budget was used up"]


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan, "5m"])
def test_senseless_budgets_are_refused(seconds) -> None:
    """A budget is a number of seconds above 0."""
    with pytest.raises(SpecError, match="seconds"):
        quick_fit(clouds(), "kind", seconds=seconds)


def test_permuted_answers_give_chance() -> None:
    """Where the classes were shuffled, accuracy is that of a coin, within three standard errors."""
    stream = np.random.default_rng(1)
    rows = 400
    data = {name: stream.normal(0, 1, rows).tolist() for name in "abc"}
    data["kind"] = [["no", "yes"][i] for i in stream.permutation(np.arange(rows) % 2)]
    study = quick_fit(data, "kind", training=ENOUGH)
    assert abs(study.headline.mean - 0.5) < 3 * 0.5 / math.sqrt(rows)


def test_a_column_that_gives_the_answer_away_is_named() -> None:
    """A copy of the target among the inputs is a finding with its name."""
    data = {"a": np.random.default_rng(0).normal(0, 1, 60).tolist(), "kind": clouds()["kind"]}
    data["verdict"] = ["N" if kind == "no" else "Y" for kind in data["kind"]]
    leaks = [finding for finding in quick_fit(data, "kind").findings if finding.kind == "leak"]
    assert [leak.column for leak in leaks] == ["verdict"]
    assert "verdict" in leaks[0].sentence


def test_rows_on_both_sides_of_a_split_are_said() -> None:
    """Copies of rows make the test too easy, and that is a finding."""
    data = {name: column * 2 for name, column in clouds().items()}
    assert "split" in {finding.kind for finding in quick_fit(data, "kind").findings}


def test_rows_without_an_answer_are_left_out_and_noted() -> None:
    """A missing target leaves its row out, and a note tells which."""
    data = clouds()
    data["kind"][3] = data["kind"][7] = None
    study = quick_fit(data, "kind")
    assert study.rows == sum(test for _, test in study.judged) == 58
    (note,) = [note for note in study.notes if note.kind == "rows"]
    assert note.rows == (4, 8)
    assert note.sentence in study.model.card.notes


def test_mixed_columns_with_gaps_are_learnt_from() -> None:
    """Numbers, categories, flags, dates and their gaps all reach the network."""
    data = mixed_columns()
    study = quick_fit({name: data[name] for name in data if name != "grade"}, "cost", training=ENOUGH)
    assert set(study.model.encoder.inputs) == {"size", "town", "fresh", "sold"}
    assert study.model.card.task == "regression"


def test_equal_seeds_give_equal_files(tmp_path) -> None:
    """Two runs with one seed write the same model file, to the byte; another seed writes another."""
    files = []
    for place, seed in enumerate((1, 1, 2)):
        study = quick_fit("penguins", seed=seed, members=2)
        study.model.save(tmp_path / f"{place}.lamina")
        files.append((tmp_path / f"{place}.lamina").read_bytes())
    assert files[0] == files[1] != files[2]


def test_saved_model_answers_the_same(tmp_path) -> None:
    """The file that a study writes answers as the study's own model."""
    study = quick_fit(mixed_columns(), "grade")
    kept = lamina.load(study.save(tmp_path / "run")[0])
    np.testing.assert_array_equal(
        kept.predict_proba(mixed_columns(seed=1)), study.model.predict_proba(mixed_columns(seed=1))
    )
    assert kept.card == study.model.card


def test_members_answer_together() -> None:
    """Several members make one model, and each fold is judged by their common answer."""
    study = quick_fit(clouds(), "kind", members=3, protocol=Protocol(folds=2, repeats=1))
    assert study.model.predictor.members == len(study.histories) == len(study.model.card.seeds) == 3


def test_task_and_kinds_can_be_told() -> None:
    """Whole numbers are classes or amounts, and a code is a category, if their owner says so."""
    data = {"zip": [8001 + i % 4 for i in range(60)], "grade": [1 + (i % 4) // 2 for i in range(60)]}
    assert quick_fit(data, "grade", kinds={"zip": "category"}).model.facts()["columns"] == {"zip": "category"}
    assert quick_fit(data, "grade", task="classification").model.card.task == "classification"
    assert quick_fit(data, "grade", task="regression").model.card.task == "regression"


def test_a_doubtful_guess_is_noted() -> None:
    """Whole numbers that were taken for classes are said, with the way to ask for amounts."""
    data = {"size": np.random.default_rng(0).normal(0, 1, 60).tolist(), "rooms": [1 + i % 3 for i in range(60)]}
    assert any("ask for a regression" in note.sentence for note in quick_fit(data, "rooms").notes)


def test_a_listener_hears_every_epoch() -> None:
    """A listener gets the plan, then each epoch in order, and the training is the same with it and without."""
    heard = []
    study = quick_fit(clouds(), "kind", on_step=heard.append)
    assert heard[0].stage == "plan"
    assert [step.epoch.epoch for step in heard if step.epoch] == [1, 2, 3]
    assert study.scores == quick_fit(clouds(), "kind").scores


def test_perceptron_is_refused_before_anything_is_read() -> None:
    """A network without a gradient is refused with another one offered."""
    with pytest.raises(SpecError, match="not trained by gradients") as caught:
        lamina.fit("no such file", network=Perceptron())
    assert "MLP" in caught.value.expected


def test_target_must_be_named_for_a_table_of_ones_own() -> None:
    """Without a target the columns are offered; a misspelt one gets the nearest name."""
    with pytest.raises(SchemaError, match="no target was named") as caught:
        quick_fit(clouds())
    assert "'kind'" in caught.value.expected
    with pytest.raises(SchemaError, match="did you mean 'kind'"):
        quick_fit(clouds(), "knid")


def test_divergence_ends_with_advice() -> None:
    """A learning rate that is far too high is an error that names a smaller one."""
    wild = Training(epochs=30, clip=None, optimiser=SGD(learning_rate=1e7), device="cpu")
    with pytest.raises(TrainingError, match="diverged") as caught:
        quick_fit("diabetes", network=MLP(widths=(8,), activation="relu"), training=wild)
    assert "1e+06" in caught.value.remedy or "1000000" in caught.value.remedy


def test_too_few_groups_are_refused() -> None:
    """Folds by group need as many groups as folds."""
    with pytest.raises(DataError, match="group"):
        quick_fit({**clouds(), "farm": ["one"] * 60}, "kind", protocol=Protocol(group="farm"))


def test_training_is_not_changed_by_the_study() -> None:
    """What was handed in stays as it was."""
    data, training = clouds(), Training(epochs=2, device="cpu")
    before = {name: list(column) for name, column in data.items()}
    quick_fit(data, "kind", training=training, seconds=60)
    assert data == before
    assert training == Training(epochs=2, device="cpu")
    assert SHORT.seconds is None


def quick_study(data, target=None, **changes):
    """A study with the linear model as the network's rival, in which the verdict chooses."""
    usual = {"contenders": ["linear"], "choose": None, "training": ENOUGH}
    return quick_fit(data, target, **{**usual, **changes})


def shuffled(rows: int = 200, seed: int = 1) -> dict[str, list]:
    """Three columns of noise, and classes that have nothing to do with them."""
    stream = np.random.default_rng(seed)
    data = {name: stream.normal(0, 1, rows).tolist() for name in "abc"}
    return {**data, "kind": [["no", "yes"][i] for i in stream.permutation(np.arange(rows) % 2)]}


def test_a_verdict_is_one_of_four_words() -> None:
    """Beside a rival there is a verdict with a sentence, and what it says is what is kept."""
    study = quick_study("penguins")
    assert study.verdict.word in ("better", "equivalent", "worse", "undecided")
    assert (study.verdict.network, study.verdict.rival) == ("network", "linear")
    assert study.chosen == study.verdict.chosen
    assert study.headline.mean > 0.95
    assert study.verdict.sentence in repr(study)
    assert not study.verdict.nothing_to_learn


def test_nothing_to_learn_is_said() -> None:
    """Where the classes were shuffled, the constant is chosen and the verdict says that nothing was found."""
    study = quick_study(shuffled(), "kind")
    assert study.verdict.nothing_to_learn
    assert study.chosen == "constant"
    assert len(set(study.model.predict(shuffled()))) == 1


def test_the_network_is_kept_if_asked() -> None:
    """``choose`` has the last word, whatever the verdict is, which says so."""
    study = quick_study(shuffled(), "kind", choose="network")
    assert study.chosen == "network"
    assert study.model is study.network
    assert study.verdict.nothing_to_learn


def test_a_leak_is_heard_of_before_anything_is_trained() -> None:
    """The first step names the column that gives the answer away; no epoch comes before."""
    data = {"a": np.random.default_rng(0).normal(0, 1, 60).tolist(), "kind": clouds()["kind"]}
    data["verdict"] = ["N" if kind == "no" else "Y" for kind in data["kind"]]
    heard = []
    quick_study(data, "kind", on_step=heard.append)
    told = next(place for place, step in enumerate(heard) if any(f.column == "verdict" for f in step.findings))
    epochs = [place for place, step in enumerate(heard) if step.epoch is not None]
    assert told == 0 < epochs[0]


def test_stages_are_heard_in_order() -> None:
    """Plan, contenders, learning curve, explanation: each is said when it begins."""
    heard = []
    study = quick_study("iris", curve=True, explain=True, on_step=heard.append)
    assert list(dict.fromkeys(step.stage for step in heard)) == ["plan", "contenders", "learning curve", "explanation"]
    assert [step.stage for step in heard if step.words] == ["plan", "learning curve", "explanation"]
    assert heard[0].words.startswith("150 rows, 3 contenders, 5 splits")
    assert study.facts()["learning_curve"] is not None


@pytest.mark.parametrize("guest", ["sklearn.naive_bayes:GaussianNB", GaussianNB()], ids=["name", "object"])
@pytest.mark.parametrize("workers", [0, 1])
def test_an_estimator_of_ones_own_takes_part(guest, workers) -> None:
    """By its place or as an object, here or in another process: it is judged like any other."""
    study = quick_study("iris", contenders=["linear", guest], workers=workers)
    assert study.contender("GaussianNB").score("accuracy").mean > 0.9
    assert len(study.contender("GaussianNB").answers) == 5


def test_one_that_fails_is_left_out_and_the_others_go_on() -> None:
    """An estimator that raises stands in the table with its words."""
    study = quick_study("iris", contenders=["linear", Refuser()])
    (out,) = [one for one in study.facts()["contenders"] if one["left_out"]]
    assert out["name"] == "Refuser"
    assert "Monday" in out["left_out"]
    assert study.chosen in ("linear", "network")


@pytest.mark.parametrize(("data", "metric"), [("iris", "log_loss"), ("diabetes", "mae"), ("breast-cancer", "roc_auc")])
def test_another_metric_may_decide(data, metric) -> None:
    """It is the headline, it decides, and contenders are ordered by it."""
    study = quick_study(data, metric=metric)
    facts = study.facts()
    assert study.headline.name == study.verdict.metric == facts["metric"] == metric
    assert next(iter(facts["metrics"])) == metric


@pytest.mark.parametrize(
    ("changes", "words", "remedy"),
    [
        ({"metric": "acuracy"}, "the metric 'acuracy' is not known", "'accuracy'"),
        ({"metric": "rmse"}, "cannot judge this classification", "metric='accuracy'"),
        ({"choose": "forest"}, "'forest' was to be chosen", "choose one of"),
        ({"choose": "netwrok"}, "'netwrok' was to be chosen", "'network'"),
        ({"contenders": ["liner"]}, "no contender 'liner'", "'linear'"),
        ({"contenders": [7]}, "the contender 7 cannot take part", "contenders="),
        ({"seed": 1.5}, "the seed is 1.5", "seed=0"),
        ({"seed": True}, "the seed is True", "seed=0"),
        ({"training": Training(device="abacus")}, "abacus", "auto"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_any_training(monkeypatch, changes, words, remedy) -> None:
    """Each mistake is three sentences, and no time is lost on it."""
    monkeypatch.setattr("lamina.evaluation.setup.race", lambda *a, **k: pytest.fail("it was trained first"))
    with pytest.raises(LaminaError, match=words) as caught:
        quick_study("iris", **changes)
    assert remedy in caught.value.remedy
    assert caught.value.expected


@pytest.mark.parametrize(("protocol", "words"), [({"group": "farm"}, "whole groups"), ({"time": "day"}, "the future")])
def test_the_random_split_is_told_beside_the_right_one(protocol, words) -> None:
    """Where groups or time are respected, a sentence says what a split without them would have promised."""
    farm = np.arange(60) // 6
    data = {
        "trait": (farm % 5 + np.random.default_rng(0).normal(0, 0.01, 60)).tolist(),
        "farm": [f"farm {i}" for i in farm],
        "day": [str(np.datetime64("2024-01-01") + int(i)) for i in range(60)],
        "cost": (farm * 10.0 + np.random.default_rng(1).normal(0, 0.1, 60)).tolist(),
    }
    facts = quick_study(data, "cost", protocol=Protocol(folds=3, repeats=1, **protocol)).facts()
    naive = facts["naive_split"]
    (chosen,) = [one for one in facts["contenders"] if one["name"] == facts["chosen"]]
    assert naive["metric"] == "rmse"
    assert naive["right"] == pytest.approx(chosen["scores"]["rmse"]["mean"])
    assert naive["naive"] < naive["right"]
    assert naive["sentence"].startswith("A random split would have told you")
    assert words in naive["sentence"]
    assert quick_study(data, "cost").facts()["naive_split"] is None


def test_a_quick_look_takes_less(monkeypatch) -> None:
    """One draw of the folds, one network and three rivals; of a long table some of the rows, which is noted."""
    study = quick_fit("iris", contenders=None, protocol=Protocol(folds=2), members=None, quick=True, choose=None)
    assert {tally.contender.name for tally in study.tallies} == {"constant", "linear", "forest", "boosting", "network"}
    assert len(study.judged) == 2
    assert study.network.predictor.members == 1
    monkeypatch.setattr("lamina.evaluation.quick.QUICK_ROWS", 100)
    many = quick_fit(clouds(140), "kind", quick=True)
    assert many.rows == 100
    assert any("100 of 140 rows" in note.sentence for note in many.notes)
    assert many.facts()["balance"] == {"no": 50, "yes": 50}


def test_a_small_budget_leaves_out_and_says_so() -> None:
    """Time that is up is told: who was left out, and that there is no curve and no explanation."""
    endless = Training(epochs=1_000_000, device="cpu")
    asked = {"contenders": ["linear", "boosting"], "curve": True, "explain": True, "protocol": Protocol(repeats=10)}
    study = quick_study("penguins", training=endless, seconds=1, **asked)
    facts = study.facts()
    late = {one["name"] for one in facts["contenders"] if one["left_out"] == "the budget was used up"}
    assert "boosting" in late
    assert study.stopped
    if facts["learning_curve"] is None:
        assert any("the learning curve" in note for note in facts["notes"])
    if facts["importance"] is None:
        assert any("what the models rely on" in note for note in facts["notes"])


def timeless(facts):
    """The facts without what the clock said."""
    clocks = ("seconds", "seconds_left", "rows_per_second", "cost", "cost_ratio", "price", "sentence")
    if isinstance(facts, dict):
        return {name: timeless(value) for name, value in facts.items() if name not in clocks}
    return [timeless(one) for one in facts] if isinstance(facts, list) else facts


def test_equal_seeds_give_equal_results_whoever_works() -> None:
    """Two processes or none: everything in result.json but the times is the same; another seed is another study."""
    asked = {"contenders": ["linear", "neighbours"], "curve": True, "explain": True, "quick": True}
    asked |= {"training": SHORT, "protocol": Protocol(folds=2, repeats=1)}
    first, second, other = (
        json.loads(json.dumps(timeless(quick_study("iris", workers=workers, seed=seed, **asked).facts())))
        for workers, seed in ((0, 0), (2, 0), (0, 1))
    )
    assert first == second
    assert first["contenders"] != other["contenders"]


def test_repeats_are_more_by_default_where_rows_are_few() -> None:
    """Without a protocol a small table is judged by four draws of five folds."""
    assert len(quick_fit(clouds(), "kind", protocol=None).judged) == 20
