"""A search from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import lamina
from lamina.data import Encoder
from lamina.data.cells import tensor_column
from lamina.estimators import mirror
from lamina.estimators.mirror import Mirrors
from lamina.evaluation import Protocol
from lamina.foundation.errors import DataError, SpecError
from lamina.networks import MLP, Conv, ConvNet, Table
from lamina.tuning import search as module
from lamina.tuning import tune
from lamina.tuning.journal import Journal
from lamina.tuning.records import records_of
from quick import mixed_columns
from small_searches import small_search

TESTS = Path(__file__).parents[1]
CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_searches import small_search
say = lambda moment: print(moment.words, flush=True)
small_search(Path(sys.argv[2]), rounds=int(sys.argv[3]), resume=sys.argv[4] == "resume", on_moment=say)
"""


def child(folder, rounds, how="begin"):
    """A process of its own that searches; its moments come as lines on standard output."""
    command = [sys.executable, "-c", CHILD, str(TESTS), str(folder), str(rounds), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def trials(folder):
    """The trials of a search without what the clock said."""
    found = records_of(Journal(folder / "journal.jsonl").read()).trials
    return [
        (one.number, one.round, one.point, [(t.rung, t.worth, t.epochs, t.whole) for t in one.told.values()])
        for one in found
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A search of two rounds that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return small_search(folder, rounds=2)


def test_the_default_is_the_first_trial_alone_and_in_full(whole) -> None:
    """A warm start: whatever comes later is held against it."""
    first, second = whole.facts["trials"][:2]
    assert (first["trial"], first["round"], second["round"]) == (0, 0, 1)
    assert [rung["epochs"] for rung in first["rungs"]] == [whole.facts["epochs"]]
    assert all(first["point"][name] == axis["start"] for name, axis in whole.facts["space"].items())


def test_it_ends_with_a_model_and_the_facts(whole) -> None:
    """Both files are there; the model answers about rows and knows what it is worth."""
    facts = json.loads((whole.folder / "tune.json").read_text())
    assert facts == whole.facts
    assert facts["sentence"] == whole.sentence
    for name in ("default", "tuned", "ensemble"):
        low, high = facts[name]["interval"]
        assert low <= facts[name]["score"] <= high
        assert facts[name]["optimism"] == pytest.approx(facts[name]["inner_score"] - facts[name]["score"])
    assert facts["rows"] == {"search": 56, "outer": 24, "splits": 5}
    model = lamina.load(whole.folder / "model.lamina")
    assert model.predict(mixed_columns(5, seed=3)).shape == (5,)
    (kept,) = model.card.metrics.values()
    assert kept["accuracy"] == facts[facts["kept"]]["score"]
    assert model.calibration.rows == 24


def test_the_tuned_setting_is_the_best_where_it_was_searched(whole) -> None:
    """Of all that were trained in full; the ensemble does not fall behind it there."""
    full = [one["rungs"][-1]["score"] for one in whole.facts["trials"] if one["finished"]]
    (tuned,) = [one["trial"] for one in whole.facts["tuned"]["trials"]]
    assert max(full) == whole.facts["trials"][tuned]["rungs"][-1]["score"]


def test_equal_seeds_give_equal_searches(whole, tmp_path) -> None:
    """Trials, scores and what came of it."""
    again = small_search(tmp_path / "again", rounds=2)
    assert trials(tmp_path / "again") == trials(whole.folder)
    assert again.sentence == whole.sentence


def test_a_search_killed_in_the_middle_goes_on_where_it_was(whole, tmp_path) -> None:
    """After kill -9 of a real process, half a line on disk, the same call: as if nothing had been."""
    with child(tmp_path, 2) as process:
        for line in process.stdout:
            if line.startswith("round 1, rung 1"):
                process.kill()
                break
    path = tmp_path / "journal.jsonl"
    done = len(path.read_bytes().splitlines())
    with path.open("ab") as file:
        file.write(b'{"kind": "told", "tri')
    words: list[str] = []
    ended = small_search(tmp_path, rounds=2, on_moment=lambda moment: words.append(moment.words))
    assert "It goes on where it was: " in words[0]
    assert 3 <= done < len(path.read_bytes().splitlines())
    assert trials(tmp_path) == trials(whole.folder)
    assert ended.sentence == whole.sentence


def test_two_processes_share_a_search_and_lose_nothing(whole, tmp_path) -> None:
    """Every trial of every round is told on its rungs, once; with settings drawn by the trial, they are the same."""
    small_search(tmp_path, rounds=1)
    helpers = [child(tmp_path, 2, "resume") for _ in range(2)]
    assert [(helper.communicate() and helper.returncode) for helper in helpers] == [0, 0]
    told = Counter((e["trial"], e["rung"]) for e in Journal(tmp_path / "journal.jsonl").read() if e["kind"] == "told")
    assert set(told.values()) == {1}
    assert trials(tmp_path) == trials(whole.folder)


def test_outer_rows_never_reach_the_search(tmp_path, monkeypatch) -> None:
    """Every row that is encoded before the end is one of those that the search may see, and each of these is used."""
    data = mixed_columns()
    data["mark"] = [float(i) + 0.5 for i in range(80)]
    seen: set[float] = set()
    opened: list[np.ndarray] = []
    encode, final = Encoder.encode, module.final_of

    def listening(self, table):
        if not opened:
            seen.update(value for value in table.column("mark").to_pylist() if value is not None)
        return encode(self, table)

    def opening(search, cast, prepared, plan, words, **more):
        opened.append(plan.test)
        return final(search, cast, prepared, plan, words, **more)

    monkeypatch.setattr(Encoder, "encode", listening)
    monkeypatch.setattr(module, "final_of", opening)
    small_search(tmp_path, data=data)
    outer = {float(i) + 0.5 for i in opened[0]}
    assert len(outer) == 24
    assert not seen & (outer - {0.0})
    assert seen - {1.0, 0.0} <= set(data["mark"]) - outer
    assert len(seen & set(data["mark"])) == 56


def test_numbers_are_tuned_too(tmp_path) -> None:
    """A lower error is better: the sentence speaks of it, and optimism is positive where searching flattered."""
    tuning = small_search(tmp_path, target="cost", metric="mae")
    one = tuning.facts["tuned"]
    assert tuning.facts["metric"] == "mae"
    assert one["optimism"] == pytest.approx(one["score"] - one["inner_score"])
    assert "mean absolute error" in tuning.sentence


def test_with_one_part_held_out_models_are_kept_as_they_are(tmp_path) -> None:
    """Large tables: nothing is trained anew at the end."""
    tuning = small_search(tmp_path, protocol=Protocol(folds=1))
    kept = {path.name for path in (tmp_path / "trials").iterdir()}
    full = {trial["trial"] for trial in tuning.facts["trials"] if trial["finished"]}
    assert kept == {f"{trial}.{kind}" for trial in full for kind in ("npy", "lamina")}
    assert tuning.facts["rows"]["splits"] == 1


def test_next_to_no_time_keeps_the_default(tmp_path) -> None:
    """There is always a model, and the sentence says why it is this one."""
    tuning = small_search(tmp_path, seconds=0.01, rounds=None)
    assert len(tuning.facts["trials"]) == 1
    assert not tuning.beats_default
    assert tuning.sentence.startswith("There was no time to train another setting to the end; the default is kept:")


def test_answers_that_are_gone_are_said(tmp_path) -> None:
    """Someone tidied the folder: the file is named, and nothing is made up."""
    small_search(tmp_path)
    (tmp_path / "trials" / "0.npy").write_bytes(b"")
    with pytest.raises(DataError, match="the answers of trial 0 cannot be read"):
        small_search(tmp_path, resume=True)


def test_who_looks_again_is_asked_for_more(tmp_path) -> None:
    """The outer rows decide at 5 %; opened anew after more trials, at 2.5 %. The same trials again are no new look."""
    for rounds, looks in ((1, 1), (1, 1), (2, 2)):
        tuning = small_search(tmp_path, rounds=rounds, resume=True)
        assert (tuning.facts["opened"], tuning.facts["level"]) == (looks, 0.05 / 2 ** (looks - 1))
    assert "were opened 2 times, so that p below 0.025 was asked for." in tuning.sentence


def test_a_search_that_has_ended_is_not_gone_on_with_unasked(whole) -> None:
    """To go on would open the outer rows once more."""
    with pytest.raises(DataError, match="holds this search already, and it has ended"):
        small_search(whole.folder)


def test_another_search_does_not_go_on(whole) -> None:
    """Other data, target or seed: it says what differs."""
    with pytest.raises(DataError, match="it differs in data, seed"):
        small_search(whole.folder, seed=1, data=mixed_columns(seed=9), resume=True)


def test_a_search_without_an_end_is_refused(tmp_path) -> None:
    """Seconds, rounds or both."""
    with pytest.raises(SpecError, match="no end"):
        tune(mixed_columns(), "grade", folder=tmp_path)


def photos(rows: int = 40) -> pa.Table:
    """Images, light or dark."""
    random = np.random.default_rng(0)
    code = np.arange(rows) % 2
    pixels = random.integers(0, 120, (rows, 1, 8, 8)) + 100 * code[:, None, None, None]
    return pa.table({"photo": tensor_column(pixels.astype(np.uint8)), "kind": [["dark", "light"][c] for c in code]})


def test_a_search_over_a_network_of_images_starts_and_ends(tmp_path) -> None:
    """Its encoder has settings that are searched, and what it ends with answers about images."""
    network = Table(trunk=MLP(widths=(4,), dropout=0.1), image=ConvNet(layers=(Conv(channels=2, pool=4),)))
    words = []
    tuning = small_search(
        tmp_path, data=photos(), target="kind", network=network, on_moment=lambda moment: words.append(moment.words)
    )
    assert "image head" in words[0]
    assert len(tuning.facts["trials"]) > 1
    assert tuning.model.predictor.spec.image.kind == "image"
    asked = photos().drop_columns("kind")
    assert set(tuning.model.predict(asked)) <= {"dark", "light"}
    np.testing.assert_array_equal(
        lamina.load(tmp_path / "model.lamina").predict_proba(asked), tuning.model.predict_proba(asked)
    )


def test_a_search_starts_with_as_many_members_as_a_study(monkeypatch, tmp_path) -> None:
    """Networks of images stand alone where nobody asks for more, in a search as in `lamina.fit`."""
    seen = []
    monkeypatch.setattr(module, "explore", lambda search: seen.append(search.space.start.members) or 1 / 0)
    for data, target in ((photos(), "kind"), (mixed_columns(), "grade")):
        with pytest.raises(ZeroDivisionError):
            small_search(tmp_path / target, data=data, target=target, network=None)
    assert seen == [1, 4]


def test_a_search_starts_with_as_many_passes_as_a_study(monkeypatch, tmp_path) -> None:
    """The start is the default, and of texts the default has so many passes that there are 300 steps."""
    seen = []
    monkeypatch.setattr(module, "explore", lambda search: seen.append(search.space.start.training.epochs) or 1 / 0)
    words = ["fine", "dull"] * 1000
    data = {"remark": [f"a {word} day, said number {i}" for i, word in enumerate(words)], "kind": words}
    with pytest.raises(ZeroDivisionError):
        small_search(tmp_path, data=data, target="kind", network=None, training=None)
    assert seen == [30]  # 300 steps over 1,280 rows


@pytest.mark.parametrize("flip", [True, False])
def test_a_search_asks_about_mirror_images_once(monkeypatch, tmp_path, flip) -> None:
    """Rows that teach are asked, the answer is said, every setting starts from it, and who comes later reads it."""
    asked, said, seen = [], [], []

    def answer(rows, learning, *others, training, **more):
        asked.append((len(rows) > learning, training.seconds))
        return Mirrors(plain=1.0, mirrored=1.0, constant=2.0, flip=flip)

    monkeypatch.setattr(mirror, "ask_mirrors", answer)
    monkeypatch.setattr(module, "explore", lambda search: seen.append(search.space.start.network.image) or 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            small_search(
                tmp_path,
                data=photos(),
                target="kind",
                network=None,
                seconds=90.0,
                on_moment=said.append,
            )
    assert asked == [(False, 90.0)]
    assert [bool(image.augment and image.augment.flip) for image in seen] == [flip, flip]
    for moment in said:
        assert ("learnt from too" in moment.notes[-1].sentence) is flip
        assert moment.notes[-1].kind == "mirrors"


def test_a_search_keeps_the_split_that_came_with_the_data(tmp_path) -> None:
    """What is for tests is opened at the end, what is for validation judges; of two parts the second is opened."""
    columns = mixed_columns()
    rows = len(columns["grade"])
    for last, judging in (("test", "val"), ("val", "train")):
        cells = [["train", "train", "train", judging, last][row % 5] for row in range(rows)]
        said = []
        tuning = small_search(tmp_path / last, data={**columns, "split": cells}, on_moment=said.append)
        outer, splits = rows // 5, 1 if judging == "val" else 5
        assert tuning.facts["rows"] == {"search": rows - outer, "outer": outer, "splits": splits}
        assert any("split that came with the data is kept" in note.sentence for note in said[0].notes)


def test_whoever_asks_a_search_for_a_share_gets_it(tmp_path) -> None:
    """A share of the rows that was asked for comes before the split of the data."""
    columns = mixed_columns()
    rows = len(columns["grade"])
    cells = ["train" if row % 4 else "test" for row in range(rows)]
    tuning = small_search(tmp_path, data={**columns, "split": cells}, protocol=Protocol(test=0.5))
    assert tuning.facts["rows"]["outer"] == rows // 2
