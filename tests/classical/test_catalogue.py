"""One contract, held by every family in the list."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.classical import FAMILIES, LEARNT
from lamina.foundation.specs import from_json, to_json

STREAM = np.random.default_rng(0)
FEATURES = STREAM.normal(size=(60, 3)).astype(np.float32)
ASKED = STREAM.normal(size=(20, 3)).astype(np.float32)
HEAVY = {"sklearn", "scipy", "torch", "onnx", "onnxruntime", "skl2onnx"}
DTYPES = {"float64", "float32", "int64", "int32", "bool", "uint8"}
TRUTHS = {
    2: (FEATURES[:, 0] > 0).astype(np.int64),
    3: np.digitize(FEATURES[:, 0], [-0.5, 0.5]),
    4: np.digitize(FEATURES[:, 0], [-0.5, 0.5]) + (FEATURES[:, 0] > -0.5),  # class 1 has no row
    0: FEATURES[:, 0].astype(np.float64) ** 2,
}

everyone = pytest.mark.parametrize("name", list(FAMILIES))
every_task = pytest.mark.parametrize("classes", list(TRUTHS))


QUICK = {"forest": {"trees": 50, "tried": 50}, "boosting": {"rounds": 25}}  # the laws hold for small ones as well


def spec_of(name: str) -> Any:
    """The family's spec, small enough for a test."""
    return FAMILIES[name](**QUICK.get(name, {}))


@cache
def fit(name: str, classes: int) -> Any:
    """What the family learns from the shared rows."""
    return spec_of(name).fit(FEATURES, TRUTHS[classes], classes=classes, seed=0)


@everyone
@every_task
def test_scores_are_logs_of_probabilities_or_numbers(name: str, classes: int) -> None:
    """The shape is right, everything is finite, and the chances of the classes add up to 1."""
    scores = fit(name, classes).scores(ASKED)
    assert scores.shape == (20, classes or 1)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if classes:
        np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)


@everyone
def test_a_class_without_rows_has_a_tiny_chance(name: str) -> None:
    """It is near 1e-12: never none, so that a log loss stays finite."""
    scores = fit(name, 4).scores(ASKED)
    assert (scores[:, 1] < np.log(1e-6)).all()
    assert (scores[:, 1] > np.log(1e-15)).all()


@everyone
@every_task
def test_arrays_are_all_there_is(name: str, classes: int) -> None:
    """Read back from its arrays, a learnt thing gives the same scores, bit for bit."""
    learnt = fit(name, classes)
    arrays = learnt.arrays()
    assert {str(array.dtype) for array in arrays.values()} <= DTYPES
    assert all(array.size for array in arrays.values())
    again = LEARNT[learnt.kind].from_arrays(arrays, features=3, scores=classes or 1)
    assert np.array_equal(again.scores(ASKED), learnt.scores(ASKED))
    assert (again.parameters, again.multiply_adds) == (learnt.parameters, learnt.multiply_adds)


@everyone
@every_task
def test_wrong_arrays_are_refused(name: str, classes: int) -> None:
    """A missing name, one too many, another type or shape, or a value that is not finite: ValueError in words."""
    learnt = fit(name, classes)
    arrays = learnt.arrays()
    wrong: list[dict[str, Any]] = [{}, arrays | {"more": np.zeros(3)}]
    for key, array in arrays.items():
        wrong.append({k: v for k, v in arrays.items() if k != key})
        wrong.append(arrays | {key: array.astype(np.float16)})
        wrong.append(arrays | {key: array[..., None]})
        if array.dtype.kind == "f":
            wrong.append(arrays | {key: np.full_like(array, np.nan)})
    for changed in wrong:
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            LEARNT[learnt.kind].from_arrays(changed, features=3, scores=classes or 1)


@everyone
@every_task
def test_equal_seeds_learn_equal_things(name: str, classes: int) -> None:
    """Fitting again gives the same arrays and the same choice."""
    one, other = fit(name, classes), fit.__wrapped__(name, classes)
    assert one.chosen == other.chosen
    assert one.remarks == other.remarks
    for key, array in one.arrays().items():
        assert np.array_equal(array, other.arrays()[key])


@everyone
@every_task
def test_a_row_is_answered_free_of_the_others(name: str, classes: int) -> None:
    """Alone or among others, its scores agree."""
    learnt = fit(name, classes)
    alone = np.vstack([learnt.scores(ASKED[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, learnt.scores(ASKED)[:5], atol=1e-9)


@everyone
@every_task
def test_no_rows_have_no_answers(name: str, classes: int) -> None:
    """An empty table gives an empty one, with as many columns as ever."""
    assert fit(name, classes).scores(ASKED[:0]).shape == (0, classes or 1)


@everyone
def test_inputs_are_never_changed(name: str) -> None:
    """Features and truth are the same after fit and scores."""
    features, truth, asked = FEATURES.copy(), TRUTHS[3].copy(), ASKED.copy()
    spec_of(name).fit(features, truth, classes=3, seed=0).scores(asked)
    assert np.array_equal(features, FEATURES)
    assert np.array_equal(truth, TRUTHS[3])
    assert np.array_equal(asked, ASKED)


@everyone
@pytest.mark.parametrize("truth", [[0], [1, 1, 1], [0, 2], [0, 0, 1], [0, 0, 1, 2, 2, 2]])
def test_few_rows_are_enough(name: str, truth: list[int]) -> None:
    """One row, one class only, or a class with a single row: there is an answer all the same."""
    features = FEATURES[: len(truth)]
    scores = spec_of(name).fit(features, np.array(truth), classes=3, seed=0).scores(ASKED)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)
    numbers = spec_of(name).fit(features, np.array(truth, dtype=float), classes=0, seed=0).scores(ASKED)
    assert np.isfinite(numbers).all()


@everyone
@every_task
def test_features_that_say_nothing_are_answered(name: str, classes: int) -> None:
    """Constant columns, and values far outside, give finite scores."""
    learnt = spec_of(name).fit(np.ones_like(FEATURES), TRUTHS[classes], classes=classes, seed=0)
    assert np.isfinite(learnt.scores(ASKED)).all()
    assert np.isfinite(fit(name, classes).scores(np.full((2, 3), 1e30, np.float32))).all()


@everyone
@pytest.mark.parametrize("name_of_fault", ["nan", "rows", "code", "empty", "type"])
def test_impossible_rows_are_refused(name: str, name_of_fault: str) -> None:
    """Values that are not finite, lengths that differ, unknown codes and no rows at all: ValueError in words."""
    features, truth = FEATURES.copy(), TRUTHS[3].copy()
    if name_of_fault == "nan":
        features[0, 0] = np.nan
    elif name_of_fault == "rows":
        truth = truth[:-1]
    elif name_of_fault == "code":
        truth[0] = 3
    elif name_of_fault == "empty":
        features, truth = features[:0], truth[:0]
    else:
        truth = truth.astype(float)
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        spec_of(name).fit(features, truth, classes=3, seed=0)


@everyone
def test_specs_survive_json(name: str) -> None:
    """A spec written down and read back is equal, and carries the words that the report needs."""
    spec = spec_of(name)
    assert from_json(to_json(spec), FAMILIES.values()) == spec
    assert (spec.name, bool(spec.title), type(spec.clipped)) == (name, True, bool)
    assert spec.most_rows is None or spec.most_rows > 0


def test_the_lists_are_complete() -> None:
    """Each family's learnt kind can be read back, and holds rows only where it says so."""
    kinds = {name: fit(name, 3) for name in FAMILIES}
    assert {learnt.kind for learnt in kinds.values()} <= set(LEARNT)
    assert {name for name, learnt in kinds.items() if learnt.holds_rows} == {"neighbours", "svm"}


def run(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_loads_no_library() -> None:
    """The room opens without scikit-learn, scipy, torch or onnx."""
    assert run(f"import sys, lamina.classical; print({HEAVY} & set(sys.modules))") == "set()\n"


@everyone
def test_answers_need_no_library(name: str, tmp_path: Path) -> None:
    """A fresh interpreter reads the arrays and gives the same scores with numpy alone."""
    learnt = fit(name, 3)
    np.savez(tmp_path / "arrays.npz", **learnt.arrays())
    np.save(tmp_path / "asked.npy", ASKED)
    code = (
        "import sys, numpy as np; from lamina.classical import LEARNT; _, here, kind = sys.argv\n"
        "learnt = LEARNT[kind].from_arrays(dict(np.load(here + '/arrays.npz')), features=3, scores=3)\n"
        "np.save(here + '/scores.npy', learnt.scores(np.load(here + '/asked.npy')))\n"
        f"print({HEAVY} & set(sys.modules))"
    )
    assert run(code, str(tmp_path), learnt.kind) == "set()\n"
    assert np.array_equal(np.load(tmp_path / "scores.npy"), learnt.scores(ASKED))
