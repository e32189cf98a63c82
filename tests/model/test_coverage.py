"""Intervals and sets of a model: they hold what they promise, or it is said why they cannot."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.foundation.errors import LaminaError
from lamina.model import Calibration, Model, fit_conformity
from small_models import make_model, some_calibration, some_data


@pytest.fixture
def sure(classifier: Model) -> Model:
    """A model of classes with a calibration."""
    return dataclasses.replace(classifier, calibration=some_calibration("species"))


@pytest.fixture
def exact(regressor: Model) -> Model:
    """A model of a number with a calibration."""
    return dataclasses.replace(regressor, calibration=some_calibration("price"))


def test_an_interval_is_the_answer_and_as_much_on_either_side(exact: Model, table: pa.Table) -> None:
    """Low and high lie one threshold from the answer; more coverage, wider intervals."""
    answers, found = exact.predict(table), exact.predict_interval(table, 0.8)
    assert (found.shape, found.dtype) == ((20, 2), np.float64)
    width = exact.calibration.threshold(0.8)  # type: ignore[union-attr]
    np.testing.assert_array_equal(found, np.stack([answers - width, answers + width], axis=1))
    wider = exact.predict_interval(table)
    assert (wider[:, 0] < found[:, 0]).all()
    assert (found[:, 1] < wider[:, 1]).all()


def test_a_set_holds_the_classes_that_are_likely_enough(sure: Model, table: pa.Table) -> None:
    """All classes with 1 - p up to the threshold, the most likely first; never none."""
    chances, labels = sure.predict_proba(table), np.array(sure.card.classes)
    for coverage in (0.05, 0.5, 0.9):
        most = sure.calibration.threshold(coverage)  # type: ignore[union-attr]
        for row, found in zip(chances, sure.predict_set(table, coverage), strict=True):
            wanted = [c for c in np.argsort(-row) if 1 - row[c] <= most or c == row.argmax()]
            assert found == tuple(labels[wanted])
    assert all(len(found) >= 1 for found in sure.predict_set(table, 0.01))
    assert [found[0] for found in sure.predict_set(table)] == sure.predict(table).tolist()


def test_sets_have_labels_in_the_type_of_the_data() -> None:
    """Labels in a set are those that `predict` gives."""
    model = make_model("ringed", calibration=fit_conformity([0.9] * 20))
    assert set(model.predict_set(some_data(20), 0.9)) <= {("yes", "no"), ("no", "yes")}


def test_intervals_and_sets_hold_the_truth_as_promised() -> None:
    """Calibrated on some rows, even a bad model's intervals and sets hold new truths as often as promised."""
    for target, asked in (("price", 0.8), ("species", 0.7)):
        model, data = make_model(target), some_data(1200, seed=8)
        raw = pa.table(data)
        known, new = raw.slice(0, 400), raw.slice(400)
        if target == "price":
            scores = np.abs(np.array(known.column("price")) - model.predict(known))
        else:
            codes = [model.card.classes.index(name) for name in known.column("species").to_pylist()]
            scores = 1 - model.predict_proba(known)[np.arange(400), codes]
        ready = dataclasses.replace(model, calibration=fit_conformity(scores))
        truth = new.column(target).to_pylist()
        if target == "price":
            low, high = ready.predict_interval(new, asked).T
            inside = (low <= truth) & (truth <= high)
        else:
            inside = np.array([one in found for one, found in zip(truth, ready.predict_set(new, asked), strict=True)])
        # the standard error of the calibration is 0.02, that of the count 0.015
        assert asked - 0.08 < inside.mean() < asked + 0.08


def test_the_temperature_is_applied_everywhere(classifier: Model, table: pa.Table) -> None:
    """Chances, the table of answers and the metrics are softened; the answers stay."""
    soft = dataclasses.replace(classifier, calibration=Calibration(temperature=3.0))
    plain, found = classifier.predict_proba(table), soft.predict_proba(table)
    wanted = plain ** (1 / 3)
    np.testing.assert_allclose(found, wanted / wanted.sum(axis=1, keepdims=True), rtol=1e-12)
    assert soft.predict(table).tolist() == classifier.predict(table).tolist()
    np.testing.assert_array_equal(soft.answer(table).column("probability_Adelie"), found[:, 0])
    assert soft.evaluate(table)["accuracy"] == classifier.evaluate(table)["accuracy"]
    assert soft.evaluate(table)["log_loss"] != classifier.evaluate(table)["log_loss"]


def test_the_middle_quantile_has_the_interval(table: pa.Table) -> None:
    """A network of quantiles has its interval round the one that it answers with."""
    model = make_model("price", scores=3, quantiles=(0.1, 0.5, 0.9), calibration=some_calibration("price"))
    np.testing.assert_allclose(model.predict_interval(table).mean(axis=1), model.predict(table), rtol=1e-12)


def test_answers_with_coverage_have_more_columns(sure: Model, exact: Model, table: pa.Table) -> None:
    """The table of answers gains low and high, or the set as text; without being asked it has none of these."""
    low_high = exact.answer(table, coverage=0.8)
    assert low_high.column_names == ["prediction", "low", "high"]
    np.testing.assert_array_equal(
        np.stack([low_high["low"], low_high["high"]], axis=1), exact.predict_interval(table, 0.8)
    )
    sets = sure.answer(table, coverage=0.9)
    assert sets.column_names[-1] == "set"
    assert sets.column("set").to_pylist() == [" | ".join(found) for found in sure.predict_set(table, 0.9)]
    assert "set" not in sure.answer(table).column_names
    assert exact.answer(table).column_names == ["prediction"]


@pytest.mark.parametrize("coverage", [0, 1, 0.0, 1.0, -0.5, 1.5, float("nan"), True, None, "0.9", 90])
def test_a_coverage_lies_between_0_and_1(exact: Model, sure: Model, table: pa.Table, coverage: Any) -> None:
    """Anything else than a number between 0 and 1 is refused in three parts."""
    for ask in (exact.predict_interval, sure.predict_set):
        with pytest.raises(LaminaError, match=r"(?s)coverage is .*Expected: .*above 0 and below 1.*coverage=0\.9"):
            ask(table, coverage)
    if coverage is not None:
        with pytest.raises(LaminaError, match="coverage is"):
            exact.answer(table, coverage=coverage)


def test_a_model_without_calibration_promises_nothing(classifier: Model, regressor: Model, table: pa.Table) -> None:
    """Without held-out rows nothing is promised, and the sentence says how to come by them."""
    only_warm = dataclasses.replace(classifier, calibration=Calibration(temperature=2.0))
    for ask in (regressor.predict_interval, classifier.predict_set, only_warm.predict_set):
        with pytest.raises(LaminaError, match=r"(?s)was not calibrated.*lamina fit"):
            ask(table)
    with pytest.raises(LaminaError, match="was not calibrated"):
        regressor.answer(table, coverage=0.5)


def test_too_few_rows_say_what_can_be_promised(regressor: Model, table: pa.Table) -> None:
    """Seven rows cannot promise 90 %: the sentence says how many could, and what these can."""
    model = dataclasses.replace(regressor, calibration=fit_conformity(range(7)))
    with pytest.raises(LaminaError, match=r"(?s)0\.9 .*by 7 held-out.*at least 9 .*at most 0\.875.*coverage=0\.875"):
        model.predict_interval(table)
    assert model.predict_interval(table, 0.875).shape == (20, 2)


def test_the_other_task_is_refused(sure: Model, exact: Model, table: pa.Table) -> None:
    """Intervals of classes and sets of numbers are refused, and the right call is named."""
    with pytest.raises(LaminaError, match=r"(?s)predict_interval was asked.*classes of 'species'.*predict_set"):
        sure.predict_interval(table)
    with pytest.raises(LaminaError, match=r"(?s)predict_set was asked.*the number 'price'.*predict_interval"):
        exact.predict_set(table)


def test_a_huge_number_has_an_interval_too(table: pa.Table) -> None:
    """Where low or high lies beyond float64 it is infinite, without a warning: it still holds the truth."""
    model = make_model("price", members=1, calibration=fit_conformity([1.7e308] * 20))
    huge = dataclasses.replace(model, target=dataclasses.replace(model.target, mean=1.7e308))
    low, high = huge.predict_interval(table).T
    assert (low < high).all()
    assert np.isinf(high).any()
