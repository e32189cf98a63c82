"""Which ways of looking inside its images, texts and series a model knows: by their kind, and by its network.

A network that has no maps or weights to show says so when it is asked; here it is asked about an empty row, before any
data are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from lamina.data.encoder import FieldEncoder
from lamina.explain.asking import zero_row
from lamina.explain.attention import attention
from lamina.explain.field import METHODS, FieldMethod
from lamina.explain.field_gradients import step_gradients, token_gradients
from lamina.explain.grad_cam import grad_cam
from lamina.foundation.errors import LaminaError, SpecError, nearest
from lamina.model import Model, Predictor

SHAPLEY, GRADIENTS = "shapley", "gradients"  # what tells of whole columns
_NAMED = 4  # columns that an error tells of, one by one


def known_methods(model: Model) -> dict[str, tuple[FieldMethod, ...]]:
    """For each column of images, texts or series that a model reads, the methods that it can be explained by."""
    return {
        one.name: tuple(method for method in METHODS[one.field.holds] if _knows(model, place, method))
        for place, one in enumerate(model.encoder.field_columns)
    }


def methods_inside(model: Model, method: str) -> dict[str, FieldMethod]:
    """By what to look inside each column of images, texts or series: by this method, else by occlusion.

    Args:
        model: any model.
        method: "shapley" or "gradients", which tell of whole columns, or one that looks inside some.

    Raises:
        SpecError: no column of the model knows the method.
    """
    columns = model.encoder.field_columns
    whole = (SHAPLEY,) if columns or not isinstance(model.predictor, Predictor) else (SHAPLEY, GRADIENTS)
    inside = {one.name: _chosen(model, place, method) for place, one in enumerate(columns)}
    if method not in (*whole, *inside.values()):
        raise _unknown(model, method, whole)
    return inside


def _chosen(model: Model, place: int, method: str) -> FieldMethod:
    able = METHODS[model.encoder.field_columns[place].field.holds]
    return next((one for one in able if one == method and _knows(model, place, one)), "occlusion")


def _knows(model: Model, place: int, method: FieldMethod) -> bool:
    """Whether the method has something to show; occlusion always does."""
    if method == "occlusion":
        return True
    row = zero_row(model.encoder).take(np.array([0]))  # a copy: what is learnt of an encoder cannot be written to
    slope = token_gradients if model.encoder.field_columns[place].field.holds == "text" else step_gradients
    try:
        if method == "attention":
            attention(model, row, place)
        elif method == "grad-cam":
            grad_cam(model, row, place, 0)
        else:
            slope(model, row, place, 0)
    except LaminaError:
        return False
    return True


def _unknown(model: Model, method: str, whole: Sequence[str]) -> SpecError:
    known = known_methods(model)
    columns = [(one, ", ".join(known[one.name])) for one in model.encoder.field_columns[:_NAMED]]
    inside = [f"inside {one.name!r} ({_words(one)}) {able}" for one, able in columns]
    for_columns = f"{' or '.join(whole)} for what each column adds"
    more = [f"and {len(known) - _NAMED:,} columns more"] if len(known) > _NAMED else []
    return SpecError(
        wrong=f"the method {method!r} is none for the columns of the model {model.card.name!r}.",
        expected=f"{'; '.join([for_columns, *inside, *more])}.",
        remedy=_remedy(model, method, list(dict.fromkeys([*whole, *chain(*known.values())]))),
    )


def _remedy(model: Model, method: str, able: Sequence[str]) -> str:
    encoders = model.encoder.field_columns
    of_networks = {one for encoder in encoders for one in METHODS[encoder.field.holds]} if encoders else {GRADIENTS}
    usual = "occlusion" if encoders else SHAPLEY
    if method in of_networks and not isinstance(model.predictor, Predictor):
        return f"try --method {usual}; only networks may know {method}: fit with --choose network."
    if any(method in able for able in METHODS.values()):  # spelt well: the nearest word would be another way altogether
        return f"try --method {usual}."
    return nearest(method, able)


def _words(encoder: FieldEncoder) -> str:
    return {"image": "images", "text": "texts", "series": "series"}[encoder.field.holds]
