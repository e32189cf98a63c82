"""From X, y and weights to tables: data frames, gaps, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lamina.data import Category, Flag, Moment, Number
from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.foundation.errors import SchemaError, SpecError
from lamina.model import DataWarning
from quick import ENOUGH, SHORT, SMALL, mixed_columns, two_clouds

X, Y = two_clouds()
COLUMNS = mixed_columns()
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def inputs(make, columns=COLUMNS):
    """The input columns as a frame."""
    return make({name: columns[name] for name in ("size", "town", "fresh", "sold")})


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_keep_the_kinds_of_their_columns(kind) -> None:
    """Categories, flags, dates and gaps in a data frame are learnt from as what they are."""
    taught = NetworkClassifier("16 tanh", ENOUGH).fit(inputs(FRAMES[kind]), COLUMNS["grade"])
    assert [type(column) for column in taught.schema_.columns] == [Number, Category, Flag, Moment]
    assert taught.score(inputs(FRAMES[kind]), COLUMNS["grade"]) > 0.8
    assert set(taught.predict(inputs(FRAMES[kind]))) == {"high", "low"}


def test_every_kind_of_frame_learns_the_same() -> None:
    """Pandas, polars and pyarrow hold one table, so one network is learnt."""
    answers = [
        NetworkRegressor(SMALL, SHORT).fit(inputs(make), COLUMNS["cost"]).predict(inputs(make))
        for make in FRAMES.values()
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])


def test_categories_reach_the_answer() -> None:
    """A town that raises the cost raises the predicted cost."""
    taught = NetworkRegressor("16 tanh", ENOUGH).fit(inputs(pd.DataFrame), COLUMNS["cost"])
    two = inputs(pd.DataFrame).iloc[[0, 0]].assign(town=["Aarau", "Chur"], size=0.0)
    low, high = taught.predict(two)
    assert high - low > 4


def test_columns_may_come_in_another_order_when_asked_by_name() -> None:
    """The model goes by names; scikit-learn's own contract refuses another order in the estimator itself."""
    taught = NetworkRegressor(SMALL, SHORT).fit(inputs(pd.DataFrame), COLUMNS["cost"])
    frame = inputs(pd.DataFrame)
    turned = frame[frame.columns[::-1]].assign(more=1)
    np.testing.assert_array_equal(taught.model_.predict(turned), taught.predict(frame))
    with pytest.raises(ValueError, match="same order"):
        taught.predict(frame[frame.columns[::-1]])


def test_missing_cells_are_welcome_when_asked() -> None:
    """A gap in a row that is asked about is answered, in arrays and in frames."""
    taught = NetworkClassifier(SMALL, SHORT).fit(X, Y)
    assert np.isfinite(taught.predict_proba([[np.nan, 1.0], [np.nan, np.nan]])).all()
    framed = NetworkRegressor(SMALL, SHORT).fit(inputs(pd.DataFrame), COLUMNS["cost"])
    assert np.isfinite(
        framed.predict(pd.DataFrame({"size": [None], "town": [None], "fresh": [None], "sold": [None]}))
    ).all()


def test_a_column_named_target_is_an_input() -> None:
    """The name that the answer gets inside never hides a column."""
    frame = pd.DataFrame({"target": X[:, 0], "target_": X[:, 1]})
    taught = NetworkClassifier(SMALL, ENOUGH).fit(frame, Y)
    assert taught.schema_.names == ("target", "target_")
    assert taught.score(frame, Y) > 0.95


def test_answers_need_one_value_a_row() -> None:
    """Rows without an answer, other lengths and two columns of answers are refused."""
    frame = pd.DataFrame(X, columns=["a", "b"])
    with pytest.raises(SpecError, match="y holds None"):
        NetworkClassifier(SMALL, SHORT).fit(frame, np.array([None, *Y[1:]], object))
    with pytest.raises(ValueError, match="NaN"):
        NetworkRegressor(SMALL, SHORT).fit(frame, [np.nan, *X[1:, 0]])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        NetworkClassifier(SMALL, SHORT).fit(frame, Y[:-1])
    with pytest.raises(ValueError, match="1d array"):
        NetworkClassifier(SMALL, SHORT).fit(frame, X)


def test_infinite_cells_are_refused_with_their_place() -> None:
    """Infinity in an array is named by row and column."""
    spoilt = X.copy()
    spoilt[3, 1] = -np.inf
    with pytest.raises(SpecError, match="row 3, column 1"):
        NetworkClassifier(SMALL, SHORT).fit(spoilt, Y)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones(59), r"shape \(59,\)"),
        (np.ones((60, 1)), r"shape \(60, 1\)"),
        (-np.ones(60), "holds -1"),
        (np.zeros(60), "zero"),
        (np.full(60, np.nan), "NaN"),
    ],
)
def test_senseless_weights_are_refused(weights, words) -> None:
    """One weight a row, none below 0, and not all of them 0."""
    with pytest.raises(ValueError, match=words):
        NetworkClassifier(SMALL, SHORT).fit(X, Y, sample_weight=weights)


def test_one_number_is_a_weight_for_all() -> None:
    """A single weight counts all rows alike."""
    plain, alike = (NetworkClassifier(SMALL, SHORT).fit(X, Y, sample_weight=w) for w in (None, 1.0))
    np.testing.assert_allclose(alike.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_frames_with_a_column_missing_are_refused() -> None:
    """A column that is not there is named."""
    taught = NetworkRegressor(SMALL, SHORT).fit(inputs(pl.DataFrame), COLUMNS["cost"])
    with pytest.raises(ValueError, match="town"):
        taught.predict(inputs(pl.DataFrame).drop("town"))
    with pytest.raises(SchemaError, match="town"):
        taught.model_.predict(inputs(pl.DataFrame).drop("town"))


def test_unseen_categories_are_answered_with_a_word() -> None:
    """A town that was never seen gets an answer from the model, and a warning."""
    taught = NetworkRegressor(SMALL, SHORT).fit(inputs(pl.DataFrame), COLUMNS["cost"])
    other = inputs(pl.DataFrame).with_columns(pl.lit("Zug").alias("town"))
    assert np.isfinite(taught.predict(other)).all()
    with pytest.warns(DataWarning, match="Zug"):
        taught.model_.predict(other)
