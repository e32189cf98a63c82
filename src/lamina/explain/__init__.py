"""Explaining: what matters to a model, how its answers change, why it answers as it does, what its units have learnt.

Enters: a `Model` and a table conformed for it. Leaves: importances, curves, contributions and maps, as numbers. Must
not know: training, estimators, evaluation.

Everything asks the model as anybody could, by exchanging columns of encoded rows (`lamina.explain.asking`), and so
works for networks and classical models alike. Only integrated gradients and what concerns hidden layers look inside a
network.
"""

from lamina.explain.effects import Effect, effect
from lamina.explain.explanation import Contribution, RowExplanation
from lamina.explain.facts import explanation_facts, inside_facts
from lamina.explain.gradients import Attributions, explain_by_gradients, integrated_gradients
from lamina.explain.hidden import LayerMap, Unit, activations, layer_map, strongest_rows
from lamina.explain.network import Layer, layers
from lamina.explain.permutation import Importance, permutation_importance
from lamina.explain.rows import explain_rows, explain_table

__all__ = [
    "Attributions",
    "Contribution",
    "Effect",
    "Importance",
    "Layer",
    "LayerMap",
    "RowExplanation",
    "Unit",
    "activations",
    "effect",
    "explain_by_gradients",
    "explain_rows",
    "explain_table",
    "explanation_facts",
    "inside_facts",
    "integrated_gradients",
    "layer_map",
    "layers",
    "permutation_importance",
    "strongest_rows",
]
