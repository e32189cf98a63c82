"""From what was learnt to the model that is kept."""

from __future__ import annotations

import numpy as np

from lamina.estimators import NetworkClassifier
from lamina.training import History
from quick import SHORT, SMALL, two_clouds

X, Y = two_clouds()


def test_history_in_the_model_reads_back_without_the_clock() -> None:
    """What the clock said is left out of the kept history, and all else is in it."""
    taught = NetworkClassifier(SMALL, SHORT, members=1).fit(X, Y)
    (kept,) = (History.from_json(history) for history in taught.model_.history)
    assert kept.training_losses == taught.histories_[0].training_losses
    assert all(np.isnan(epoch.seconds) and np.isnan(epoch.rows_per_second) for epoch in kept.epochs)
    assert taught.histories_[0].seconds > 0


def test_card_names_the_estimator_and_its_seeds() -> None:
    """The card tells who learnt, from how many rows, on which device and by which seeds."""
    card = NetworkClassifier(SMALL, SHORT, members=2, random_state=4).fit(X, Y).model_.card
    assert (card.name, card.rows, card.seeds[0], len(card.seeds)) == ("NetworkClassifier", 60, 4, 2)
    assert card.environment["device"] == "cpu"
