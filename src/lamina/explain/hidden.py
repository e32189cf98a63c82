r"""What a hidden layer has learnt: the rows as its units see them, on a map and unit by unit.

The map shows the activations of one layer along the two directions in which they vary most (principal components):

    H - mean = U S V^T        point = the first two columns of U S        explained_i = S_i^2 / sum_j S_j^2

Each direction is turned so that its largest weight is positive, so equal activations give equal maps. Rows that lie
close together are alike for the layers that follow. A unit is described by the rows that drive it strongest: what do
these have in common that rows drawn by chance would not?

Source: Pearson (1901), doi:10.1080/14786440109462720, through the singular value decomposition.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from lamina.data import Batch, ClassTarget
from lamina.explain.asking import Floats, Places, drawn_rows
from lamina.explain.network import hidden_stage, member_module, predictor_of
from lamina.explain.shared import shared_by
from lamina.foundation.specs import Json
from lamina.model import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerMap:
    """The rows of a table as one layer sees them, in two dimensions.

    **Shape**: ``explained`` float64 ``(2,)``, shares of the variance; ``points`` float64 ``(row, 2)``; ``labels`` and
    ``rows`` as long: the known answer, or the model's own where the table has none, and the place in the table.
    """

    layer: str
    explained: Floats
    points: Floats
    labels: tuple[Any, ...]
    rows: Places

    def facts(self) -> dict[str, Json]:
        """The map as plain values."""
        return {
            "layer": self.layer,
            "explained": self.explained.tolist(),
            "points": self.points.tolist(),
            "labels": list(self.labels),
            "rows": self.rows.tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit of a layer: the rows that drive it strongest, and what they share."""

    unit: int
    rows: tuple[int, ...]  # places in the table, the strongest first
    activations: tuple[float, ...]
    summary: str

    def facts(self) -> dict[str, Json]:
        """The unit as plain values."""
        return {**asdict(self), "rows": list(self.rows), "activations": list(self.activations)}


def activations(model: Model, table: pa.Table, layer: str | None = None) -> tuple[str, Floats]:
    """The name of a hidden layer and what its units say about each row, in the first member's network.

    **Shape**: float64 ``(row, unit)``.

    Raises:
        LaminaError: the model is no network, or has no such hidden layer.
    """
    predictor = predictor_of(model, what="the activations of a hidden layer")
    module = member_module(predictor)
    stage = hidden_stage(module, layer)
    seen: list[torch.Tensor] = []
    hook = stage.speaks.register_forward_hook(lambda _module, _inputs, units: seen.append(units))
    try:
        with torch.inference_mode():
            module(*_inputs(model.encoder.encode(table), coded=bool(predictor.signature.categories)))
    finally:
        hook.remove()
    return stage.layer.name, seen[0].double().numpy()


def layer_map(model: Model, table: pa.Table, layer: str | None = None, *, rows: int = 1000, seed: int = 0) -> LayerMap:
    """The rows of a conformed table as a hidden layer sees them; the last one unless named.

    Raises:
        LaminaError: the model is no network, or has no such hidden layer.
        DataError: the table has no rows.

    >>> import numpy as np
    >>> from lamina import NetworkClassifier, Training
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = NetworkClassifier("4 tanh", Training(epochs=20)).fit(X, X[:, 0] > 0).model_
    >>> found = layer_map(model, model.conform({"x0": X[:, 0], "x1": X[:, 1]})[0], rows=50)
    >>> found.points.shape, bool(0 < found.explained.sum() <= 1)
    ((50, 2), True)
    """
    drawn = drawn_rows(table, rows, seed=seed, purpose="map")
    here = table.take(pa.array(drawn))
    name, units = activations(model, here, layer)
    explained, points = principal_plane(units)
    return LayerMap(layer=name, explained=explained, points=points, labels=_labels(model, here), rows=drawn)


def strongest_rows(
    model: Model, table: pa.Table, layer: str | None = None, *, units: int = 6, rows: int = 5
) -> tuple[Unit, ...]:
    """The units of a hidden layer that vary the most, and for each the rows that drive it strongest.

    Args:
        model: a model whose predictor is a network.
        table: conformed; with its target, the sentences speak of that too.
        layer: a name from `lamina.explain.layers`; None takes the last hidden one.
        units: how many units.
        rows: how many rows a unit.

    Raises:
        LaminaError: the model is no network, or has no such hidden layer.
    """
    _, seen = activations(model, table, layer)
    if not len(seen):
        return ()
    most = np.argsort(-seen.std(axis=0), kind="stable")[:units]
    return tuple(_unit(model, table, int(unit), seen[:, unit], rows) for unit in most)


def principal_plane(values: Floats) -> tuple[Floats, Floats]:
    """The shares of variance ``(2,)`` and the points ``(row, 2)`` of values ``(row, unit)`` on their main plane.

    >>> explained, points = principal_plane(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [3.0, 1.0]]))
    >>> explained.round(3).tolist(), points[:, 0].round(3).tolist()
    ([0.9, 0.1], [-1.5, 1.5, -1.5, 1.5])
    """
    centred = values - values.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    turn = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    points, explained = np.zeros((len(values), 2)), np.zeros(2)
    count = min(2, len(sizes))
    points[:, :count] = (left * sizes * turn)[:, :count]
    total = np.square(sizes).sum()
    if total > 0:
        explained[:count] = np.square(sizes[:count]) / total
    return explained, points


def _unit(model: Model, table: pa.Table, unit: int, seen: Floats, rows: int) -> Unit:
    strongest = np.argsort(-seen, kind="stable")[:rows]
    return Unit(
        unit=unit,
        rows=tuple(int(row) for row in strongest),
        activations=tuple(float(one) for one in seen[strongest]),
        summary=shared_by(model, table, strongest),
    )


def _inputs(batch: Batch, *, coded: bool) -> tuple[torch.Tensor, ...]:
    codes = [torch.from_numpy(batch.categories)] if coded else []
    return (torch.from_numpy(batch.numbers), *codes, *map(torch.from_numpy, batch.fields))


def _labels(model: Model, table: pa.Table) -> tuple[Any, ...]:
    """The name of the class, or the number, of each row: the known one, or what the model answers where it is not."""
    target = model.target
    answers, chances = model.decide(table)
    names = np.array(target.classes) if isinstance(target, ClassTarget) else None
    labels = answers.copy() if names is None else names[chances.argmax(axis=1)]
    if model.card.target in table.column_names:
        column = table.column(model.card.target)
        known = np.flatnonzero(np.asarray(pc.is_valid(column)))
        values = column.take(pa.array(known))
        labels[known] = np.asarray(values) if names is None else names[target.encode(values)]
    return tuple(labels.tolist())
