"""All explanations of a model as plain values, in the shape of ``result.json``."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lamina.explain.asking import drawn_rows
from lamina.explain.effects import Effect, effect
from lamina.explain.hidden import layer_map, strongest_rows
from lamina.explain.network import layers
from lamina.explain.permutation import Importance, permutation_importance
from lamina.foundation.specs import Json
from lamina.metrics import finite_or_none
from lamina.model import Model, Predictor

EFFECTS = 4  # columns whose effect is shown
ROWS, REPEATS = 1000, 5  # enough for a report, and quick where a single answer is dear (neighbours, forests)


def explanation_facts(
    model: Model, table: pa.Table, *, seed: int = 0, rows: int = ROWS, repeats: int = REPEATS
) -> dict[str, Json]:
    """What matters to the model, how, and what its hidden layer has learnt.

    Args:
        model: any model.
        table: conformed with the target, every row with an answer; best rows that the model never learnt from.
        seed: of the draws.
        rows: rows that are used at most; with ``repeats`` it bounds the cost, columns x repeats x rows answers.
        repeats: how often each column is shuffled.

    Returns:
        ``importance`` and ``effects``; for networks also ``network`` with ``layers`` and, if there is a hidden layer,
        ``map`` and ``units``, whose rows are places in ``table``.
    """
    importance = permutation_importance(model, table, rows=rows, repeats=repeats, seed=seed)
    fields = {column.name for column in model.encoder.field_columns}
    shown = [one.column for one in importance if one.column not in fields]
    known = [name for name in shown if table.column(name).null_count < table.num_rows]
    facts: dict[str, Json] = {
        "importance": [_importance_facts(one) for one in importance],
        "effects": [_effect_facts(effect(model, table, name, rows=rows, seed=seed)) for name in known[:EFFECTS]],
    }
    if isinstance(model.predictor, Predictor):
        facts["network"] = inside_facts(model, table, seed=seed)
    return facts


def inside_facts(model: Model, table: pa.Table, *, seed: int = 0) -> dict[str, Json]:
    """The ``network`` part of `explanation_facts` alone: a quick look inside, without a single shuffle.

    Raises:
        LaminaError: the model is no network.
    """
    shape = layers(model)
    facts: dict[str, Json] = {"layers": [layer.facts() for layer in shape]}
    if any(layer.activation != "identity" for layer in shape):
        drawn = drawn_rows(table, ROWS, seed=seed, purpose="units")
        units = [unit.facts() for unit in strongest_rows(model, table.take(pa.array(drawn)))]
        facts["map"] = layer_map(model, table, seed=seed).facts()
        facts["units"] = [{**unit, "rows": [int(drawn[row]) for row in unit["rows"]]} for unit in units]
    return facts


def _importance_facts(one: Importance) -> dict[str, Json]:
    return {"column": one.column, **{name: finite_or_none(getattr(one, name)) for name in ("mean", "low", "high")}}


def _effect_facts(one: Effect) -> dict[str, Json]:
    curves: dict[str, Any] = {name: [finite_or_none(value) for value in curve] for name, curve in one.y.items()}
    return {"column": one.column, "kind": one.kind_of_column, "method": one.kind, "x": list(one.x), "y": curves}
