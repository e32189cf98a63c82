"""Anybody's estimator: what it answers, how it is kept, and what is said where it cannot be."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import Lasso, LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeRegressor

from classical.damage import check_kept
from lamina.classical.answering import SMOOTHING
from lamina.classical.constant import LearntConstant
from lamina.classical.foreign import Foreign, LearntForeign, foreign_from
from lamina.classical.to_graph import holds_rows
from lamina.foundation.errors import LaminaError, SpecError, TrainingError


def rows_and_truth(rows: int = 120, classes: int = 3) -> tuple[Any, Any]:
    """Features of which the first decides, and codes or numbers."""
    stream = np.random.default_rng(rows)
    features = stream.normal(size=(rows, 4)).astype(np.float32)
    law = features[:, 0] + 0.4 * stream.normal(size=rows)
    return features, np.digitize(law, np.linspace(-0.6, 0.6, classes - 1)) if classes else law


class Nearer(ClassifierMixin, BaseEstimator):
    """Answers with the class whose mean is nearer; nothing of ours can hold it."""

    def fit(self, rows: Any, truth: Any) -> Nearer:
        """Remember the means."""
        self.classes_ = np.unique(truth)
        self.means_ = np.stack([rows[truth == code].mean(axis=0) for code in self.classes_])
        return self

    def predict(self, rows: Any) -> Any:
        """The class of the nearest mean."""
        return self.classes_[((rows[:, None] - self.means_) ** 2).sum(axis=2).argmin(axis=1)]


class Doubled(RegressorMixin, BaseEstimator):
    """Answers every number twice, or raises, or gives what is not finite."""

    def __init__(self, fault: str = "shape") -> None:
        self.fault = fault

    def fit(self, rows: Any, truth: Any) -> Doubled:
        """Learn nothing, or fail."""
        if self.fault == "raise":
            raise RuntimeError("no such luck\nsecond line")
        return self

    def predict(self, rows: Any) -> Any:
        """Two columns, or no numbers."""
        return np.zeros((len(rows), 2)) if self.fault == "shape" else np.full(len(rows), np.nan)


CLASSIFIERS = [
    (ExtraTreesClassifier(20), "forest"),
    (BaggingClassifier(n_estimators=5), "forest"),
    (LinearDiscriminantAnalysis(), "linear"),
    (LogisticRegression(), "linear"),
    (RidgeClassifier(), "linear"),
    (LinearSVC(), "linear"),
    (HistGradientBoostingClassifier(max_iter=10), "boosting"),
    (GaussianNB(), "graph"),
    (QuadraticDiscriminantAnalysis(), "graph"),
    (MLPClassifier((5,), solver="lbfgs", max_iter=2000), "graph"),
    (make_pipeline(StandardScaler(), LogisticRegression()), "graph"),
]


@pytest.mark.parametrize(("estimator", "kind"), CLASSIFIERS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("codes", [[0, 1], [0, 2, 3]])
def test_a_classifier_that_can_be_held_is_held(estimator: Any, kind: str, codes: list[int]) -> None:
    """Without the estimator it gives the same probabilities, absent classes a tiny one, and damage is refused."""
    features, truth = rows_and_truth(classes=len(codes))
    learnt = Foreign(estimator=estimator).fit(features, np.array(codes)[truth], classes=4, seed=0)
    assert learnt.kind == kind
    assert getattr(learnt, "keepable", True)
    check_kept(learnt, features, 4)
    assert (learnt.scores(features).argmax(axis=1) == np.array(codes)[truth]).mean() > 0.7
    if hasattr(estimator, "predict_proba") and not any("random" in name for name in estimator.get_params()):
        wanted = type(estimator)(**estimator.get_params()).fit(features.astype(float), truth).predict_proba(features)
        np.testing.assert_allclose(np.exp(learnt.scores(features))[:, codes], wanted, atol=2e-6)


REGRESSORS = [
    (DecisionTreeRegressor(), "forest"),
    (ExtraTreesRegressor(20), "forest"),
    (Lasso(0.01), "linear"),
    (HistGradientBoostingRegressor(max_iter=10), "boosting"),
    (GradientBoostingRegressor(n_estimators=10), "graph"),
]


@pytest.mark.parametrize(("estimator", "kind"), REGRESSORS, ids=lambda value: str(value)[:30])
def test_a_regressor_that_can_be_held_is_held(estimator: Any, kind: str) -> None:
    """Without the estimator it gives the same numbers, and damage is refused."""
    features, truth = rows_and_truth(classes=0)
    learnt = Foreign(estimator=estimator).fit(features, truth, classes=0, seed=0)
    assert learnt.kind == kind
    check_kept(learnt, features, 1)
    assert np.corrcoef(learnt.scores(features)[:, 0], truth)[0, 1] > 0.8


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_lightgbm_is_held_as_trees(classes: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Its own predictions are met on the training rows, and it prints nothing."""
    pytest.importorskip("lightgbm")
    features, truth = rows_and_truth(300, min(classes, 3))
    codes = np.array([0, 1, 3]) if classes == 4 else np.array([0, 1])
    name = "lightgbm:LGBMClassifier" if classes else "lightgbm:LGBMRegressor"
    assert foreign_from(name).name == name.partition(":")[2]
    learnt = foreign_from(name).fit(features, codes[truth] if classes else truth, classes=classes, seed=0)
    assert learnt.kind == "boosting"
    check_kept(learnt, features, max(1, classes))
    assert capfd.readouterr() == ("", "")


def test_what_nothing_can_hold_still_competes() -> None:
    """A class of the user's own answers with smoothed labels, says so, and says why it cannot be saved."""
    features, truth = rows_and_truth()
    learnt = Foreign(estimator=Nearer(), name="nearer", title="Nearer mean").fit(features, truth, classes=3, seed=0)
    assert isinstance(learnt, LearntForeign)
    assert (learnt.keepable, learnt.kind) == (False, "foreign")
    assert "probabilities" in learnt.why
    assert learnt.remarks == {"probabilities made from labels, smoothed by": SMOOTHING}
    shares = np.exp(learnt.scores(features))
    assert shares.max() == pytest.approx(1 - SMOOTHING * 2 / 3)
    assert shares.min() == pytest.approx(SMOOTHING / 3)
    assert (shares.argmax(axis=1) == truth).mean() > 0.6
    assert learnt.scores(features[:0]).shape == (0, 3)
    with pytest.raises(LaminaError, match="cannot be saved"):
        learnt.arrays()
    with pytest.raises(ValueError, match="never kept"):
        LearntForeign.from_arrays({}, features=4, scores=3)


def test_a_decision_becomes_probabilities() -> None:
    """Where there is only a decision function, its softmax stands in, and the remarks say so."""
    features, truth = rows_and_truth()
    for codes, classes in ((truth, 3), (np.minimum(truth, 1), 2)):
        learnt = Foreign(estimator=SVC()).fit(features, codes, classes=classes, seed=0)
        assert list(learnt.remarks) == ["probabilities made from the decision function"]
        assert (learnt.scores(features).argmax(axis=1) == codes).mean() > 0.8


def test_decisions_of_pairs_are_no_probabilities() -> None:
    """One decision for each pair of four classes: the labels are taken instead."""
    features, truth = rows_and_truth(classes=4)
    learnt = Foreign(estimator=SVC(decision_function_shape="ovo")).fit(features, truth, classes=4, seed=0)
    assert list(learnt.remarks) == ["probabilities made from labels, smoothed by"]


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), AdaBoostClassifier(n_estimators=3)])
def test_why_a_graph_was_refused_is_told(estimator: Any) -> None:
    """A graph with an operator that is not on the list is not kept, and the operator is named."""
    features, truth = rows_and_truth()
    learnt = Foreign(estimator=estimator).fit(features, truth, classes=3, seed=0)
    assert isinstance(learnt, LearntForeign)
    assert "operator" in learnt.why


def test_without_skl2onnx_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It still competes, and whoever wants to keep it learns how."""
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    learnt = Foreign(estimator=GaussianNB()).fit(*rows_and_truth(), classes=3, seed=0)
    assert isinstance(learnt, LearntForeign)
    assert "pip install 'lamina[onnx]'" in learnt.why


def test_a_graph_that_answers_differently_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken on trust: a graph has to meet the estimator's own answers."""
    monkeypatch.setattr("lamina.classical.holding.CLOSE", -1.0)
    learnt = Foreign(estimator=GaussianNB()).fit(*rows_and_truth(), classes=3, seed=0)
    assert isinstance(learnt, LearntForeign)
    assert "answers differently" in learnt.why


def test_open_seeds_are_filled_and_given_ones_kept() -> None:
    """The seed decides wherever the estimator leaves it open, inside a pipeline too; the original stays unfitted."""
    features, truth = rows_and_truth()
    open_one = Foreign(estimator=make_pipeline(StandardScaler(), ExtraTreesClassifier(5)))
    fresh = features[::-1] / 2
    scores = [open_one.fit(features, truth, classes=3, seed=seed).scores(fresh) for seed in (0, 0, 1)]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] != scores[2]).any()
    assert not hasattr(open_one.estimator[-1], "estimators_")
    given = Foreign(estimator=ExtraTreesClassifier(5, random_state=3))
    fixed = [given.fit(features, truth, classes=3, seed=seed).scores(fresh) for seed in (0, 1)]
    assert (fixed[0] == fixed[1]).all()


def test_a_single_class_is_the_answer() -> None:
    """Many estimators refuse one class; the answer is plain, and so it is given."""
    features, truth = rows_and_truth()
    learnt = Foreign(estimator=LogisticRegression()).fit(features, truth * 0 + 2, classes=3, seed=0)
    assert isinstance(learnt, LearntConstant)
    assert np.exp(learnt.scores(features))[:, 2].min() > 0.999


def test_rows_inside_are_found() -> None:
    """Support vectors and remembered rows are seen, deep inside a pipeline too."""
    features, truth = rows_and_truth()
    assert holds_rows(make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(features, truth))
    assert holds_rows(BaggingClassifier(SVC(), n_estimators=2).fit(features, truth))
    assert not holds_rows(make_pipeline(StandardScaler(), GaussianNB()).fit(features, truth))


@pytest.mark.parametrize(("fault", "words"), [("raise", "no such luck"), ("shape", "shape"), ("nan", "not a finite")])
def test_an_estimator_that_fails_is_named(fault: str, words: str) -> None:
    """Whatever somebody else's code raises or answers becomes one error in three parts, on one line each."""
    with pytest.raises(TrainingError, match=words) as caught:
        Foreign(estimator=Doubled(fault)).fit(*rows_and_truth(classes=0), classes=0, seed=0)
    assert "Doubled could not be fitted" in caught.value.wrong
    assert "\n" not in caught.value.wrong


def test_the_wrong_kind_of_target_is_refused() -> None:
    """A regressor is not asked for classes, nor a classifier for numbers."""
    with pytest.raises(SpecError, match="made for numbers"):
        Foreign(estimator=Lasso()).fit(*rows_and_truth(), classes=3, seed=0)
    with pytest.raises(SpecError, match="made for classes"):
        Foreign(estimator=GaussianNB()).fit(*rows_and_truth(classes=0), classes=0, seed=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no.such:Thing", "cannot be imported"),
        ("sklearn.svm", "does not name a class"),
        ("sklearn.svm:", "does not name a class"),
        (":SVC", "does not name a class"),
        ("os; print(1):SVC", "does not name a class"),
        ("math:sqrt", "is no class"),
        ("sklearn.svm:SVX", "did you mean 'SVR' or 'SVC'"),
        ("fractions:Fraction", "has no 'fit'"),
        ("sklearn.pipeline:Pipeline", "without arguments"),
        ("sklearn.preprocessing:StandardScaler", "has no 'predict'"),
    ],
)
def test_a_name_that_is_no_estimator_is_refused(text: str, words: str) -> None:
    """Each in words that say what to write instead."""
    with pytest.raises(SpecError, match=words):
        foreign_from(text)


def test_a_class_is_no_estimator() -> None:
    """What is to be fitted is an instance."""
    with pytest.raises(SpecError, match="is a class"):
        Foreign(estimator=GaussianNB)
