"""Networks as scikit-learn estimators: what a person may do with them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.foundation.errors import DataError, SpecError
from lamina.networks import MLP, CrossEntropy, Perceptron, Quantile
from lamina.training import AdamW, Training
from quick import ENOUGH, SHORT, SMALL, two_clouds

X, Y = two_clouds()
COIN = np.tile([[0.0], [1.0]], (20, 1))  # an input that says nothing about classes which come in runs
SETTLED = Training(epochs=150, batch="all", optimiser=AdamW(learning_rate=0.03), loss=CrossEntropy(), device="cpu")


def test_stands_at_the_end_of_a_pipeline() -> None:
    """A pipeline may prepare the columns and leave the learning to a network."""
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), NetworkClassifier(SMALL, ENOUGH))
    assert pipeline.fit(X, Y).score(X, Y) > 0.95


def test_column_transformer_hands_over_arrays() -> None:
    """A column transformer before it is as good as a table."""
    import pandas as pd

    frame = pd.DataFrame(X, columns=["a", "b"])
    numbers = make_column_transformer((StandardScaler(), make_column_selector(dtype_include="number")))
    assert make_pipeline(numbers, NetworkClassifier(SMALL, ENOUGH)).fit(frame, Y).score(frame, Y) > 0.95


def test_grid_search_over_networks_and_trainings() -> None:
    """A grid may name networks in words or as specs, and trainings as specs."""
    grid = {
        "network": ["4 tanh", MLP(widths=(6,))],
        "training": [ENOUGH, Training(epochs=1, device="cpu", optimiser=AdamW(learning_rate=1e-9))],
    }
    search = GridSearchCV(NetworkClassifier(), grid, cv=2).fit(X, Y)
    assert search.best_params_["training"] is ENOUGH
    assert search.best_estimator_.score(X, Y) > 0.95
    assert len(search.cv_results_["params"]) == 4


def test_cross_val_score_of_both_kinds() -> None:
    """Cross-validation scores classes by accuracy and numbers by R2."""
    assert cross_val_score(NetworkClassifier(SMALL, ENOUGH), X, Y, cv=3).min() > 0.9
    assert cross_val_score(NetworkRegressor(SMALL, ENOUGH), X, X[:, 0] - X[:, 1], cv=3).min() > 0.8


def test_clone_forgets_what_was_learnt_and_nothing_else() -> None:
    """A clone has the same settings, is not fitted, and learns the same."""
    taught = NetworkClassifier("4 tanh", SHORT, members=2, validation=0.2, random_state=3).fit(X, Y)
    fresh = clone(taught)
    assert fresh.get_params() == taught.get_params()
    assert not hasattr(fresh, "model_")
    np.testing.assert_array_equal(fresh.fit(X, Y).predict_proba(X), taught.predict_proba(X))


def test_network_in_words_is_the_same_as_its_spec() -> None:
    """A string and the spec that it describes learn the same."""
    words, spec = NetworkClassifier("8 tanh", SHORT).fit(X, Y), NetworkClassifier(SMALL, SHORT).fit(X, Y)
    np.testing.assert_array_equal(words.predict_proba(X), spec.predict_proba(X))


def test_sample_weight_moves_the_answer() -> None:
    """Rows that count more pull the answer to their side."""
    y = np.repeat([0, 1], 20)
    weights = np.where(y == 1, 9.0, 1.0)
    plain = NetworkClassifier(SMALL, SETTLED).fit(COIN, y).predict_proba(COIN[:1])[0, 1]
    pulled = NetworkClassifier(SMALL, SETTLED).fit(COIN, y, sample_weight=weights).predict_proba(COIN[:1])[0, 1]
    assert plain == pytest.approx(0.5, abs=0.1)
    assert pulled == pytest.approx(0.9, abs=0.05)


def test_sample_weight_moves_a_number() -> None:
    """A weighted regression answers with the weighted mean where nothing else is known."""
    y = np.repeat([0.0, 1.0], 20)
    network = NetworkRegressor(SMALL, ENOUGH).fit(COIN, y, sample_weight=np.where(y > 0, 3.0, 1.0))
    assert network.predict(COIN[:1])[0] == pytest.approx(0.75, abs=0.05)


def test_class_weight_raises_the_rare_class() -> None:
    """A balanced weight gives a class of a tenth of the rows half of the say; a dict does what it says."""
    y = np.array(["often"] * 36 + ["rare"] * 4)

    def rare(class_weight: object) -> float:
        network = NetworkClassifier(SMALL, SETTLED, class_weight=class_weight).fit(COIN, y)
        return float(network.predict_proba(COIN[:1])[0, 1])

    assert rare(None) == pytest.approx(0.1, abs=0.06)
    assert rare("balanced") == pytest.approx(0.5, abs=0.06)
    assert rare({"often": 1, "rare": 27}) == pytest.approx(0.75, abs=0.06)


def test_members_answer_by_their_mean() -> None:
    """Three members are three different networks, and the answer is the mean of their probabilities."""
    three = NetworkClassifier(SMALL, SHORT, members=3).fit(X, Y)
    single = three.model_.predictor.scores(
        three.model_.encoder.encode(three.model_.conform({"x0": X[:, 0], "x1": X[:, 1]})[0])
    )
    chances = np.exp(single) / np.exp(single).sum(-1, keepdims=True)
    assert len(three.histories_) == three.model_.predictor.members == 3
    assert np.ptp(chances, axis=0).max() > 1e-3
    np.testing.assert_allclose(three.predict_proba(X), chances.mean(0), atol=1e-6)


def test_first_member_is_the_single_network() -> None:
    """More members change nothing for the first: one network is a fleet of one."""
    one, two = (NetworkRegressor(SMALL, SHORT, members=m).fit(X, X[:, 0]) for m in (1, 2))
    for name, weights in one.model_.predictor.weights.items():
        np.testing.assert_allclose(two.model_.predictor.weights[name][0], weights[0], rtol=1e-5, atol=1e-6)


def test_same_random_state_same_bytes(tmp_path) -> None:
    """Equal seeds give equal files, other seeds other weights."""
    files = []
    for place, seed in enumerate((5, 5, 6)):
        NetworkClassifier(SMALL, SHORT, random_state=seed).fit(X, Y).model_.save(tmp_path / f"{place}.lamina")
        files.append((tmp_path / f"{place}.lamina").read_bytes())
    assert files[0] == files[1] != files[2]


def test_random_state_may_be_a_generator_or_nothing() -> None:
    """A RandomState gives another draw each time, and None one of numpy's own."""
    state = np.random.RandomState(0)
    first, second = (NetworkRegressor(SMALL, SHORT, random_state=state).fit(X, X[:, 0]).predict(X) for _ in range(2))
    assert not np.array_equal(first, second)
    again = NetworkRegressor(SMALL, SHORT, random_state=np.random.RandomState(0)).fit(X, X[:, 0]).predict(X)
    np.testing.assert_array_equal(first, again)
    unseen = [NetworkRegressor(SMALL, SHORT, random_state=None).fit(X, X[:, 0]).predict(X) for _ in range(2)]
    assert not np.array_equal(*unseen)


def test_model_saves_and_loads_to_the_same_answers(tmp_path) -> None:
    """What was learnt leaves as one file that answers alike."""
    taught = NetworkClassifier(SMALL, SHORT, members=2).fit(X, Y)
    taught.model_.save(tmp_path / "kept.lamina")
    kept = lamina.load(tmp_path / "kept.lamina")
    chances = kept.predict_proba({"x0": X[:, 0], "x1": X[:, 1]})
    np.testing.assert_array_equal(chances, taught.predict_proba(X))


def test_classes_of_any_type_come_back_as_they_were() -> None:
    """Labels are answered in their own type, in sorted order, more than ten of them too."""
    many = np.arange(60) % 12
    taught = NetworkClassifier(SMALL, SHORT).fit(np.eye(12)[many], many)
    assert taught.classes_.tolist() == list(range(12))
    assert taught.predict(np.eye(12)).dtype == many.dtype
    strong = NetworkClassifier("32 tanh", Training(epochs=60, optimiser=AdamW(learning_rate=0.05), device="cpu"))
    np.testing.assert_array_equal(strong.fit(np.eye(12)[many], many).predict(np.eye(12)), np.arange(12))
    assert set(NetworkClassifier(SMALL, SHORT).fit(X, Y == 1).predict(X)) <= {True, False}


def test_validation_finds_the_best_epoch() -> None:
    """Rows that are held back are not learnt from, and the epoch is the best one on them."""
    taught = NetworkClassifier(SMALL, SHORT, validation=0.25).fit(X, Y)
    assert taught.model_.card.rows == 45
    assert all(epoch.validation_loss is not None for epoch in taught.histories_[0].epochs)
    assert NetworkClassifier(SMALL, SHORT).fit(X, Y).model_.card.rows == 60


def test_quantiles_answer_with_the_middle() -> None:
    """A regressor that learnt quantiles answers with the one nearest the median."""
    training = Training(epochs=3, device="cpu", loss=Quantile(quantiles=(0.1, 0.5, 0.9)))
    taught = NetworkRegressor(SMALL, training).fit(X, X[:, 0])
    assert taught.model_.quantiles == (0.1, 0.5, 0.9)
    table = taught.model_.answer({"x0": X[:, 0], "x1": X[:, 1]})
    np.testing.assert_array_equal(taught.predict(X), table["quantile_0.5"])


def test_one_class_is_refused() -> None:
    """A single class is nothing to tell apart."""
    with pytest.raises(DataError, match="only one class") as caught:
        NetworkClassifier(SMALL, SHORT).fit(X, np.zeros(60))
    assert "NetworkRegressor" in caught.value.remedy


@pytest.mark.parametrize("network", [Perceptron(), "perceptron"])
def test_perceptron_is_refused(network) -> None:
    """A step has no gradient, and the message says what to take instead."""
    with pytest.raises(SpecError, match="Perceptron is not trained by gradients") as caught:
        NetworkClassifier(network, SHORT).fit(X, Y)
    assert "logistic" in caught.value.remedy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": 3}, "network is 3"),
        ({"training": {"epochs": 3}}, "training is"),
        ({"members": 0}, "members is 0"),
        ({"members": 1.5}, "members is 1.5"),
        ({"validation": 1.0}, "fraction=1.0"),
        ({"network": "8 reluu"}, "reluu"),
    ],
)
def test_senseless_settings_are_refused_when_fitting(changes, words) -> None:
    """``__init__`` only stores; ``fit`` says what makes no sense."""
    network = NetworkClassifier(**{"network": SMALL, "training": SHORT, **changes})
    with pytest.raises(SpecError, match=words):
        network.fit(X, Y)
