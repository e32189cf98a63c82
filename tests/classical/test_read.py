"""One contract for all that read images, texts and series, held by every rival on the lists."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.tree import ExtraTreeClassifier

from classical.damage import damaged
from classical.whole_rows import SomeRows, images, series, texts
from lamina.classical import (
    LEARNT,
    SPECS,
    Boosting,
    Constant,
    Foreign,
    Forest,
    Hog,
    Kernels,
    LearntForeign,
    LearntRead,
    Linear,
    Neighbours,
    Numbers,
    Plain,
    Read,
    Ridge,
    SparseLinear,
    SupportVectors,
    TfIdf,
    Warping,
)
from lamina.classical.answering import Fitted
from lamina.foundation.errors import LaminaError, SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import from_json, to_json

TRUTH = np.arange(45) % 3
TRUTHS: dict[int, Any] = {3: TRUTH, 4: TRUTH, 0: TRUTH - 1.0, 2: (TRUTH > 0).astype(np.int64)}
SMALL = {Forest: {"trees": 50, "tried": 50}, Boosting: {"rounds": 10}}


def rows_of(truth: Any, seed: int) -> SomeRows:
    """Two numbers, an image, a text and a series for each row."""
    stream = np.random.default_rng(seed)
    numbers = stream.normal(size=(len(truth), 2)).astype(np.float32)
    return SomeRows(numbers, (images(truth, seed=seed), texts(truth, seed=seed), series(truth, seed=seed)))


ROWS, ASKED = rows_of(TRUTH, 0), rows_of(TRUTH[:12], 1)
READS: dict[str, Any] = {
    "numbers constant": Read(reading=Numbers(), family=Constant()),
    "plain linear": Read(family=Linear(folds=2, most_steps=30)),
    "plain neighbours": Read(family=Neighbours()),
    "plain svm": Read(family=SupportVectors()),
    "plain forest": Read(family=Forest(**SMALL[Forest])),
    "plain boosting": Read(family=Boosting(**SMALL[Boosting])),
    "hog ridge": Read(reading=Hog(), family=Ridge()),
    "tf-idf linear": Read(reading=TfIdf(), family=SparseLinear()),
    "kernels ridge": Read(reading=Kernels(features=504), family=Ridge()),
    "dtw": Warping(),
}
everyone = pytest.mark.parametrize("name", list(READS))
every_task = pytest.mark.parametrize("classes", list(TRUTHS))


@cache
def fit(name: str, classes: int) -> Any:
    """What it learns from the shared rows."""
    return READS[name].fit(ROWS, TRUTHS[classes], classes=classes, seed=0)


@everyone
@every_task
def test_scores_are_logs_of_probabilities_or_numbers(name: str, classes: int) -> None:
    """The shape is right, all is finite, and the chances of the classes add up to 1, one without rows included."""
    scores = fit(name, classes).scores(ASKED)
    assert scores.shape == (12, classes or 1)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if classes:
        np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)


@everyone
@every_task
def test_arrays_are_all_there_is(name: str, classes: int) -> None:
    """Read back from its arrays, it gives the same scores, bit for bit."""
    learnt = fit(name, classes)
    arrays = learnt.arrays()
    assert {str(array.dtype) for array in arrays.values()} <= {"float64", "float32", "int64", "int32", "bool", "uint8"}
    assert all(array.size for array in arrays.values())
    again = LEARNT[learnt.kind].from_arrays(arrays, features=2, scores=classes or 1)
    assert np.array_equal(again.scores(ASKED), learnt.scores(ASKED))
    assert (again.parameters, again.multiply_adds) == (learnt.parameters, learnt.multiply_adds)
    assert (again.keepable, again.holds_rows) == (True, learnt.holds_rows)


def hostile(arrays: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every array with every damage, and names that belong nowhere."""
    yield from damaged(arrays)
    places = ("reader.9.pixels.shape", "reader..pixels.shape", "reader.-1.a.b", "reader.00.pixels.shape", "reader.0")
    kinds = ("learnt.linear.more", "learnt.read.reader.0", "learnt.warping.rows", "learnt", "learnt.", "", "reader.")
    for name in (*places, *kinds):
        yield name, {**arrays, name: np.zeros(3, np.int64)}
    yield "nothing", {}
    first = next(iter(arrays))
    yield "two parts for a field", {**arrays, "reader.0.steps.factor": np.ones(1, np.int64)}
    yield "no such part", {**arrays, "reader.3.nowhere.shape": arrays[first]}
    for name, array in arrays.items():
        if name.endswith(".shape"):
            for sizes in (0, -1, 2**40):
                yield f"{name} of {sizes}", {**arrays, name: np.full_like(array, sizes)}


@everyone
@pytest.mark.parametrize("classes", [3, 0])
def test_wrong_arrays_are_refused(name: str, classes: int) -> None:
    """Whatever is damaged, missing, too much, or named for another kind: ValueError in words."""
    learnt = fit(name, classes)
    for words, changed in hostile(learnt.arrays()):
        try:
            LEARNT[learnt.kind].from_arrays(changed, features=2, scores=classes or 1)
        except ValueError:
            continue
        pytest.fail(f"{words}: accepted")


@everyone
def test_a_reader_with_monstrous_values_is_refused_or_answers(name: str) -> None:
    """A value at the end of its type's range in what a reader holds: ValueError, or numbers that are finite."""
    learnt = fit(name, 3)
    arrays = learnt.arrays()
    stream = np.random.default_rng(0)
    for key in [key for key in arrays if key.startswith("reader.")]:
        kind = arrays[key].dtype
        ends = (np.finfo(kind).max, np.finfo(kind).min, np.finfo(kind).tiny) if kind.kind == "f" else (0, 1)
        for end in (*ends, -0.0):
            changed = arrays[key].copy()
            changed.reshape(-1)[stream.integers(changed.size)] = end
            try:
                again = LEARNT[learnt.kind].from_arrays(arrays | {key: changed}, features=2, scores=3)
                features = again.reader.features(ASKED)
            except ValueError:
                continue
            dense = features if isinstance(features, np.ndarray) else features.densely()
            assert np.isfinite(dense).all(), (key, end)


@everyone
def test_another_number_of_numbers_is_refused(name: str) -> None:
    """Arrays for two numbers a row do not answer three."""
    learnt = fit(name, 3)
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        LEARNT[learnt.kind].from_arrays(learnt.arrays(), features=3, scores=3)


@everyone
def test_equal_seeds_learn_equal_things(name: str) -> None:
    """Fitting again gives the same arrays and the same choice."""
    one, other = fit(name, 3), fit.__wrapped__(name, 3)
    assert one.chosen == other.chosen
    assert one.remarks == other.remarks
    assert all(np.array_equal(array, other.arrays()[key]) for key, array in one.arrays().items())


@everyone
@every_task
def test_a_row_is_answered_free_of_the_others(name: str, classes: int) -> None:
    """Alone or among others, its scores agree."""
    learnt = fit(name, classes)
    alone = np.vstack([learnt.scores(ASKED.take(np.array([i]))) for i in range(5)])
    np.testing.assert_allclose(alone, learnt.scores(ASKED)[:5], atol=1e-9)
    assert learnt.scores(ASKED.take(np.arange(0))).shape == (0, classes or 1)


@everyone
def test_inputs_are_never_changed(name: str) -> None:
    """Numbers, fields and truth are the same after fit and scores."""
    rows, asked, truth = rows_of(TRUTH, 0), rows_of(TRUTH[:12], 1), TRUTH.copy()
    READS[name].fit(rows, truth, classes=3, seed=0).scores(asked)
    for given, kept in ((rows, ROWS), (asked, ASKED)):
        assert np.array_equal(given.numbers, kept.numbers)
        for one, other in zip(given.fields, kept.fields, strict=True):
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    assert np.array_equal(truth, TRUTH)


@everyone
@pytest.mark.parametrize("truth", [[0], [1, 1, 1], [0, 2], [0, 0, 1]])
def test_few_rows_are_enough(name: str, truth: list[int]) -> None:
    """One row, one class only, or a class with a single row: there is an answer all the same."""
    few = ROWS.take(np.arange(len(truth)))
    scores = READS[name].fit(few, np.array(truth), classes=3, seed=0).scores(ASKED)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)
    assert np.isfinite(READS[name].fit(few, np.array(truth, float), classes=0, seed=0).scores(ASKED)).all()


@everyone
def test_fields_that_say_nothing_are_answered(name: str) -> None:
    """Black images, empty texts, series without values or with monstrous ones: every score is finite."""
    fields = (np.zeros_like(ROWS.fields[0]), np.zeros_like(ROWS.fields[1]), np.full_like(ROWS.fields[2], np.nan))
    empty = SomeRows(np.zeros_like(ROWS.numbers), fields)
    assert np.isfinite(READS[name].fit(empty, TRUTH, classes=3, seed=0).scores(ASKED)).all()
    huge = ROWS.fields[2].copy()
    huge[:, 0, :3], huge[:, 1, :3] = 3e38, -np.inf
    asked = SomeRows(ROWS.numbers, (*ROWS.fields[:2], huge))
    for one in (empty, asked):
        assert np.isfinite(fit(name, 3).scores(one)).all()
    assert np.isfinite(READS[name].fit(asked, TRUTH, classes=3, seed=0).scores(ROWS)).all()


@everyone
@pytest.mark.parametrize("fault", ["rows", "type", "empty", "code", "nan", "nothing"])
def test_impossible_rows_are_refused(name: str, fault: str) -> None:
    """A field of other length or type, no rows, unknown codes, numbers that are none: ValueError in words."""
    rows, truth = ROWS, TRUTH.copy()
    if fault == "rows":
        rows = SomeRows(rows.numbers, (rows.fields[0][:-1], *rows.fields[1:]))
    elif fault == "type":
        rows = SomeRows(rows.numbers, (rows.fields[0].astype(np.float64), *rows.fields[1:]))
    elif fault == "empty":
        rows, truth = rows.take(np.arange(0)), truth[:0]
    elif fault == "code":
        truth[0] = 3
    elif fault == "nan":
        rows = SomeRows(np.full_like(rows.numbers, np.nan), rows.fields)
    else:
        rows = SomeRows(rows.numbers, (rows.fields[0][:, :, :0], *rows.fields[1:]))
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        READS[name].fit(rows, truth, classes=3, seed=0)


@everyone
def test_other_rows_are_refused(name: str) -> None:
    """Rows with another image size, fewer fields or more numbers are told from those it learnt from."""
    learnt = fit(name, 3)
    larger = (images(TRUTH[:12], side=9), *ASKED.fields[1:])
    for rows in (
        SomeRows(ASKED.numbers, larger),
        SomeRows(ASKED.numbers, ASKED.fields[:2]),
        SomeRows(ASKED.numbers, ASKED.fields[::-1]),
        SomeRows(np.zeros((12, 3), np.float32), ASKED.fields),
    ):
        with pytest.raises(ValueError, match="not"):
            learnt.scores(rows)


@everyone
def test_fields_of_a_signature_are_checked(name: str) -> None:
    """A signature with the same fields is right; another shape, order or number is not."""
    reader = fit(name, 3).reader
    image, text, steps = (
        Field(holds="image", shape=(1, 8, 8)),
        Field(holds="text", shape=(12,), codes=50),
        Field(holds="series", shape=(2, 40)),
    )
    reader.check_fields((image, text, steps))
    for wrong in ((image, text), (text, image, steps), (Field(holds="image", shape=(1, 8, 9)), text, steps)):
        with pytest.raises(ValueError, match="not"):
            reader.check_fields(wrong)


@everyone
def test_specs_survive_json(name: str) -> None:
    """A spec written down and read back is equal, and carries the words that the report needs."""
    spec = READS[name]
    assert from_json(to_json(spec), SPECS) == spec
    assert spec.name
    assert spec.title
    assert type(spec.clipped) is bool
    assert spec.numbers_a_row(ROWS) >= 2


def test_names_say_how_it_reads() -> None:
    """A family on plain values keeps its name; other readings mark it."""
    assert Read(family=Forest()).name == "forest"
    assert (Read(reading=Hog(), family=Forest()).name, Read(reading=Kernels(), family=Ridge()).name) == (
        "hog-forest",
        "kernels",
    )
    assert Read(reading=Hog(), family=Forest()).title == "Random forest on oriented gradients"


def test_a_law_is_found_in_each_kind_of_field() -> None:
    """Bars by their gradients, words by their weights, bumps by kernels and by warping."""
    truth = np.arange(60) % 2
    cases: list[tuple[Any, Any, Any]] = [
        (Read(reading=Hog(), family=Ridge()), images(truth), images(truth, seed=5)),
        (Read(reading=TfIdf(), family=SparseLinear()), texts(truth), texts(truth, seed=5)),
        (Read(reading=Kernels(features=840), family=Ridge()), series(truth), series(truth, seed=5)),
        (Warping(), series(truth), series(truth, seed=5)),
    ]
    nothing = np.zeros((60, 0), np.float32)
    for spec, known, asked in cases:
        learnt = spec.fit(SomeRows(nothing, (known,)), truth, classes=2, seed=0)
        right = (learnt.scores(SomeRows(nothing, (asked,))).argmax(axis=1) == truth).mean()
        assert right > 0.9, spec.name


def test_a_reading_learns_from_training_rows_alone() -> None:
    """What it makes of a row is settled before others are asked: asking them changes nothing."""
    learnt = fit("plain linear", 3)
    before = {name: array.copy() for name, array in learnt.arrays().items()}
    learnt.scores(ASKED)
    assert all(np.array_equal(array, before[name]) for name, array in learnt.arrays().items())


def test_a_users_estimator_reads_too() -> None:
    """On plain values, kept as arrays where these answer alike."""
    spec = Read(family=Foreign(estimator=ExtraTreeClassifier()))
    learnt = spec.fit(ROWS, TRUTH, classes=3, seed=0)
    assert (spec.name, learnt.keepable, learnt.learnt.kind) == ("ExtraTreeClassifier", True, "forest")
    again = LEARNT["read"].from_arrays(learnt.arrays(), features=2, scores=3)
    assert np.array_equal(again.scores(ASKED), learnt.scores(ASKED))


def test_what_cannot_be_kept_says_why() -> None:
    """An estimator that nothing of ours holds still answers, and is refused when it should be saved."""
    held = LearntForeign(fitted=Fitted(DummyClassifier(), np.arange(3), 3, "labels"), why="it is a secret.")
    learnt = LearntRead(reader=Plain().fit(ROWS, seed=0), learnt=held, chosen={}, remarks={})
    assert (learnt.keepable, learnt.why) == (False, "it is a secret.")
    with pytest.raises(LaminaError, match="cannot be saved"):
        learnt.arrays()


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": Warping()},
        {"family": Read()},
        {"family": "linear"},
        {"reading": TfIdf(), "family": Linear()},
        {"rows": 0},
        {"reading": "plain"},
    ],
)
def test_impossible_specs_are_refused(wrong: dict[str, Any]) -> None:
    """What takes whole rows cannot stand behind a reading, and wide rows are for a family that takes them."""
    with pytest.raises(SpecError):
        Read(**wrong)


@everyone
def test_answers_need_no_library(name: str, tmp_path: Path) -> None:
    """A fresh interpreter reads the arrays and gives the same scores with numpy alone."""
    learnt = fit(name, 3)
    np.savez(tmp_path / "arrays.npz", **learnt.arrays())
    np.savez(tmp_path / "asked.npz", numbers=ASKED.numbers, **dict(zip("abc", ASKED.fields, strict=True)))
    code = (
        "import sys, numpy as np; from lamina.classical import LEARNT; _, here, kind = sys.argv\n"
        "class Rows:\n"
        "    def __init__(self, *all): self.numbers, self.fields = all[0], all[1:]\n"
        "    def take(self, rows): return Rows(self.numbers[rows], *(field[rows] for field in self.fields))\n"
        "learnt = LEARNT[kind].from_arrays(dict(np.load(here + '/arrays.npz')), features=2, scores=3)\n"
        "asked = np.load(here + '/asked.npz')\n"
        "np.save(here + '/scores.npy', learnt.scores(Rows(*(asked[name] for name in ('numbers', 'a', 'b', 'c')))))\n"
        "print({'sklearn', 'scipy', 'torch', 'onnx', 'onnxruntime'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), learnt.kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert np.array_equal(np.load(tmp_path / "scores.npy"), learnt.scores(ASKED))
