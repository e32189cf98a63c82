"""Classical models are explained as networks are: everything but what looks inside."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.classical import FAMILIES
from lamina.explain import explain_by_gradients, explain_table, explanation_facts, layer_map
from lamina.foundation.errors import LaminaError
from small_models import make_classic, some_data


@pytest.mark.parametrize("target", ["species", "price"])
@pytest.mark.parametrize("family", ["constant", "linear", "neighbours", "forest"])
def test_every_family_is_explained(family, target) -> None:
    """Facts without a network, and rows whose contributions add up to the answer."""
    model = make_classic(target, FAMILIES[family]())
    table = model.conform(some_data(20, seed=2), need_target=True)[0]
    facts = explanation_facts(model, table, seed=0, repeats=2)
    assert set(json.loads(json.dumps(facts, allow_nan=False))) == {"importance", "effects"}
    for row in explain_table(model, table.slice(0, 2)):
        total = row.base + sum(one.contribution for one in row.contributions)
        assert total == pytest.approx(row.explained, abs=1e-9, rel=1e-12)
    if family == "constant":
        assert all(one["mean"] == 0 for one in facts["importance"])


def test_a_ridge_is_explained_by_its_coefficients() -> None:
    """A linear learner without the clip: contributions are coefficient x feature, summed over a column's features."""
    model = make_classic("price", FAMILIES["linear"]())
    table = model.conform(some_data(5, seed=3))[0]
    numbers = model.encoder.encode(table).numbers.astype(np.float64)
    at_zero = model.predictor.learnt.scores(np.zeros_like(numbers[:1]))[0, 0]
    slopes = model.predictor.learnt.scores(np.eye(numbers.shape[1], dtype=np.float32))[:, 0] - at_zero
    owners = [c.name for c in model.encoder.columns for _ in c.feature_names]
    for place, row in enumerate(explain_table(model, table)):
        for one in row.contributions:
            mine = [i for i, owner in enumerate(owners) if owner == one.column]
            wanted = (slopes[mine] * numbers[place, mine]).sum() * model.target.scale
            assert one.contribution == pytest.approx(wanted, abs=1e-6)


def test_there_is_nothing_inside_to_look_at() -> None:
    """Gradients and hidden layers are a network's; the error says what works instead."""
    model = make_classic("species", FAMILIES["linear"]())
    table = model.conform(some_data(3))[0]
    for ask in (explain_by_gradients, layer_map):
        with pytest.raises(LaminaError, match="which is no network"):
            ask(model, table)
