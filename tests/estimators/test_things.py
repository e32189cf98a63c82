"""X whose rows are series, images or texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image
from sklearn.model_selection import cross_val_score

from lamina.data import infer_schema, read
from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.foundation.errors import DataError, SpecError
from quick import SHORT, two_clouds

ROWS = 24
Y = np.arange(ROWS) % 2
STREAM = np.random.default_rng(0)
SERIES = STREAM.normal(size=(ROWS, 2, 12)) + Y[:, None, None]
GREY = STREAM.integers(0, 256, (ROWS, 8, 9), dtype=np.uint8)
COLOUR = STREAM.integers(0, 256, (ROWS, 8, 9, 3), dtype=np.uint8)
TEXTS = [f"on day {i} all of us were {'glad' if i % 2 else 'sad'} again" for i in range(ROWS)]


def taught(X):
    """A classifier that has seen all rows."""
    return NetworkClassifier(training=SHORT).fit(X, Y)


@pytest.mark.parametrize(("X", "word"), [(SERIES, "series"), (GREY, "image"), (COLOUR, "image"), (TEXTS, "text")])
def test_arrays_are_read_as_in_a_file(tmp_path, X, word) -> None:
    """Series, images and texts are the same columns as in an NPZ file, and all questions are answered about them."""
    np.savez(tmp_path / "a.npz", X=X)
    model = taught(X)
    assert model.schema_ == infer_schema(read(tmp_path / "a.npz"))
    assert model.schema_.columns[0].word == word
    chances = model.predict_proba(X[:3])
    assert chances.shape == (3, 2)
    assert np.array_equal(model.predict(X[:3]), chances.argmax(axis=1))
    assert np.array_equal(model.predict_proba(pa.table({"X": read(tmp_path / "a.npz").table["X"][:3]})), chances)


def test_numbers_are_predicted_too() -> None:
    """A regressor takes the same arrays."""
    assert NetworkRegressor(training=SHORT).fit(SERIES, Y * 1.5).predict(SERIES[:4]).shape == (4,)


@pytest.mark.parametrize(
    "X",
    [
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.char.encode(np.array(TEXTS)),
        tuple(TEXTS),
        pd.Series(TEXTS),
        pl.Series(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS]),
    ],
    ids=["str", "object", "bytes", "tuple", "pandas", "polars", "arrow", "chunked"],
)
def test_texts_come_in_any_list(X) -> None:
    """Whoever holds the texts, the same is learnt from them."""
    assert np.array_equal(taught(X).predict_proba(TEXTS[:2]), taught(TEXTS).predict_proba(X[:2]))


@pytest.mark.parametrize(
    "X", [[Image.fromarray(one) for one in COLOUR], list(COLOUR), COLOUR / 255], ids=["pillow", "list", "fractions"]
)
def test_pictures_come_in_any_list(X) -> None:
    """Pillow images, a list of arrays and fractions are the pixels that they hold."""
    assert np.array_equal(taught(X).predict_proba(X[:2]), taught(COLOUR).predict_proba(COLOUR[:2]))


def test_pictures_of_several_sizes_are_brought_to_one() -> None:
    """As files in a folder are."""
    model = taught([one[: 6 + i % 3] for i, one in enumerate(COLOUR)])
    assert model.schema_.columns[0].word == "image"
    assert len(model.predict([COLOUR[0][:5], COLOUR[1]])) == 2


def test_nested_lists_of_numbers_are_series() -> None:
    """Three levels of lists are three axes."""
    assert np.array_equal(taught(SERIES.tolist()).predict_proba(SERIES), taught(SERIES).predict_proba(SERIES.tolist()))


def test_short_texts_that_all_differ_are_texts() -> None:
    """In a table they would name the rows; alone they are all there is."""
    assert taught([f"w{i}x" for i in range(ROWS)]).schema_.columns[0].word == "text"


def test_one_row_of_the_model_is_one_answer() -> None:
    """The model that was learnt tells one picture or series from many."""
    assert len(taught(COLOUR).model_.predict({"X": COLOUR[0]})) == 1
    assert len(taught(SERIES).model_.predict({"X": SERIES[0]})) == 1


def test_they_can_be_cut_into_folds() -> None:
    """scikit-learn cuts arrays and lists alike."""
    for X in (SERIES, TEXTS):
        assert np.isfinite(cross_val_score(NetworkClassifier(training=SHORT), X, Y, cv=2)).all()


POINTS, CLASSES = two_clouds()


@pytest.mark.parametrize(
    ("fitted", "asked", "words", "remedy"),
    [
        (COLOUR, COLOUR[0], r"shape \(8, 9, 3\), with 3 axes", "single row is X[None]"),
        (SERIES, SERIES[0], r"shape \(2, 12\), with 2 axes", "single row is X[None]"),
        (SERIES, SERIES[0, 0], r"shape \(12,\), with 1 axis", "shape it had in fit"),
        (TEXTS, POINTS, r"shape \(60, 2\), with 2 axes", "shape it had in fit"),
        (POINTS[:ROWS], SERIES, r"shape \(24, 2, 12\), with 3 axes", "shape it had in fit"),
        (POINTS[:ROWS], TEXTS, r"shape \(24,\), with 1 axis", "shape it had in fit"),
        (pd.DataFrame(POINTS[:ROWS], columns=["a", "b"]), GREY, r"shape \(24, 8, 9\)", "columns it had in fit"),
    ],
)
def test_rows_of_another_kind_are_refused(fitted, asked, words, remedy) -> None:
    """One picture is not many strips: what is asked about has the axes of what was learnt from."""
    with pytest.raises(SpecError, match=words) as caught:
        taught(fitted).predict(asked)
    assert caught.value.expected.startswith("rows as in fit")
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        (np.full((ROWS, 2, 2), "a"), SpecError, "holds <U1"),
        (np.zeros((ROWS, 2, 2), complex), SpecError, "holds complex"),
        (np.zeros((ROWS, 2, 2, 2, 2)), DataError, r"shape \(24, 2, 2, 2, 2\)"),
        (SERIES[:-1], ValueError, "inconsistent numbers of samples"),
        (SERIES * 0, DataError, "varies"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(X, error, words) -> None:
    """Other shapes and types are told as what they are."""
    with pytest.raises(error, match=words):
        taught(X)
