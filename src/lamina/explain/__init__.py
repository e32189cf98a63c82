"""Explaining: what matters to a model, how its answers change, why it answers as it does, what its units have learnt.

Enters: a `Model` and a table conformed for it. Leaves: importances, curves, contributions and maps, as numbers. Must
not know: training, estimators, evaluation.

Everything asks the model as anybody could, by exchanging columns of encoded rows (`lamina.explain.asking`), and so
works for networks and classical models alike. Inside an image, a text or a series parts are taken away instead
(`lamina.explain.field`). Only gradients, Grad-CAM, attention and what concerns hidden layers look inside a network.
"""

from lamina.explain.coarse import coarse_lines, coarse_map, said_words
from lamina.explain.effects import Effect, effect
from lamina.explain.explanation import Contribution, RowExplanation
from lamina.explain.facts import explanation_facts, inside_facts
from lamina.explain.field import METHODS, FieldExplanation, FieldMethod, explain_field, explain_field_of_table
from lamina.explain.filters import first_filters
from lamina.explain.gradients import Attributions, explain_by_gradients, integrated_gradients
from lamina.explain.hidden import LayerMap, Unit, activations, layer_map, strongest_rows
from lamina.explain.methods import known_methods, methods_inside
from lamina.explain.network import Layer, layers
from lamina.explain.overlay import beside, overlay, picture, png_of
from lamina.explain.permutation import Importance, permutation_importance
from lamina.explain.rows import explain_rows, explain_table
from lamina.explain.stretches import Stretch, telling_stretch
from lamina.explain.words import Word

__all__ = [
    "METHODS",
    "Attributions",
    "Contribution",
    "Effect",
    "FieldExplanation",
    "FieldMethod",
    "Importance",
    "Layer",
    "LayerMap",
    "RowExplanation",
    "Stretch",
    "Unit",
    "Word",
    "activations",
    "beside",
    "coarse_lines",
    "coarse_map",
    "effect",
    "explain_by_gradients",
    "explain_field",
    "explain_field_of_table",
    "explain_rows",
    "explain_table",
    "explanation_facts",
    "first_filters",
    "inside_facts",
    "integrated_gradients",
    "known_methods",
    "layer_map",
    "layers",
    "methods_inside",
    "overlay",
    "permutation_importance",
    "picture",
    "png_of",
    "said_words",
    "strongest_rows",
    "telling_stretch",
]
