r"""Integrated gradients: what each column added to a network's answer, along the straight way from the baseline.

    contribution_i = (x_i - b_i) * integral over a from 0 to 1 of  dF/dx_i (b + a (x - b))

with F the answer of all members together (the chance of the class that is answered, or the number), x the encoded row
and b the encoder's zero row: every number at the median of training, no flag, no category known. A category is followed
through what the network looks up for it: its embedding or its places, summed over them. The integral is a sum over
Gauss-Legendre points; completeness, sum of contributions = F(x) - F(b), is checked for every row, and the points are
doubled until it holds.

Source: Sundararajan, Taly and Yan (2017), arXiv:1703.01365, as captum implements it. We differ: float64, and an error
where completeness cannot be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from lamina.data import Batch, ClassTarget
from lamina.explain.asking import Floats, Owners, output_names, owners_of, zero_row
from lamina.explain.explanation import RowExplanation, explanation_of
from lamina.explain.network import Body, body_of, predictor_of
from lamina.foundation.errors import LaminaError
from lamina.model import Model

FIRST_STEPS = 32
POINTS_AT_ONCE = 8192  # rows x steps x members held at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Attributions:
    """What every encoded input added to the answer of every row.

    **Shape**: ``values`` float64 ``(row, input)``, the features first and then the categories, as ``inputs`` names
    them; ``columns`` float64 ``(row, column)``, the same summed for each column of ``names``; ``output`` int64,
    ``explained``, ``base`` and ``gap`` float64 ``(row,)``. The gap is what is left of
    ``explained - base - values.sum(axis=1)``.
    """

    inputs: tuple[str, ...]
    values: Floats
    names: tuple[str, ...]
    columns: Floats
    output: npt.NDArray[np.int64]
    explained: Floats
    base: Floats
    gap: Floats


def integrated_gradients(
    model: Model, table: pa.Table, *, tolerance: float = 1e-3, most_steps: int = 1024
) -> Attributions:
    """What every encoded input, and every column, added to a network's answer about each row.

    Args:
        model: a model whose predictor is a network.
        table: conformed.
        tolerance: how far the sum may miss ``F(x) - F(b)``: in chance, or in standard deviations of the target.
        most_steps: points of the integral at most.

    Raises:
        LaminaError: the model is no network, captum is not installed, or the sum misses by more at ``most_steps``.

    >>> import numpy as np
    >>> from lamina import NetworkClassifier, Training
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = NetworkClassifier("4 tanh", Training(epochs=20)).fit(X, X[:, 0] > 0).model_
    >>> found = integrated_gradients(model, model.conform({"x0": X[:, 0], "x1": X[:, 1]})[0])
    >>> found.columns.shape, bool((abs(found.gap) < 1e-3).all())
    ((60, 2), True)
    """
    _refuse_fields(model)
    body = body_of(predictor_of(model, what="integrated gradients"))
    owners, encoder = owners_of(model.encoder), model.encoder
    answer = _Answer(model, body)
    here, start = _join(body, encoder.encode(table)), _join(body, zero_row(encoder))
    with torch.inference_mode():
        answers, base = answer(here).numpy(), answer(start)[0].numpy()
    output = answers.argmax(axis=1) if isinstance(model.target, ClassTarget) else np.zeros(len(answers), np.int64)
    explained = np.take_along_axis(answers, output[:, None], axis=1)[:, 0]
    unit = 1.0 if isinstance(model.target, ClassTarget) else model.target.scale
    values = _integrals(answer, here, start, output, explained - base[output], tolerance * unit, most_steps)
    by_input = _summed(values, np.array(body.owner, np.int64), len(encoder.feature_names) + len(encoder.category_names))
    return Attributions(
        inputs=(*encoder.feature_names, *encoder.category_names),
        values=by_input,
        names=owners.names,
        columns=_summed(by_input, _columns(owners), len(owners.names)),
        output=output,
        explained=explained,
        base=base[output],
        gap=explained - base[output] - by_input.sum(axis=1),
    )


def explain_by_gradients(model: Model, table: pa.Table, *, tolerance: float = 1e-3) -> tuple[RowExplanation, ...]:
    """The attributions of `integrated_gradients` as an explanation of each row of a conformed table."""
    found = integrated_gradients(model, table, tolerance=tolerance)
    return tuple(
        explanation_of(
            model,
            table.slice(row, 1),
            output=int(found.output[row]),
            explained=found.explained[row],
            base=found.base[row],
            columns=found.names,
            shares=found.columns[row],
            error=abs(float(found.gap[row])),
        )
        for row in range(table.num_rows)
    )


def _refuse_fields(model: Model) -> None:
    if model.encoder.field_columns:
        first = model.encoder.field_columns[0]
        inside = "grad-cam" if first.field.holds == "image" else "gradients"
        raise LaminaError(
            wrong=f"integrated gradients were asked of {model.card.name!r}, which reads images, texts or series.",
            expected="a model of numbers and categories.",
            remedy="use explain_rows(model, data), which exchanges whole columns; "
            f"explain_field(model, data, {first.name!r}, method={inside!r}) looks inside.",
        )


class _Answer:
    """What the model answers, as a function of joined rows that has a slope: ``(row, member, unit)`` to outputs."""

    def __init__(self, model: Model, body: Body) -> None:
        self.model, self.body = model, body

    def __call__(self, joined: Tensor) -> Tensor:
        """The chances of the classes, or the number: ``(row, output)``."""
        return answers_of(self.model, self.body.scores(joined))


def answers_of(model: Model, scores: Tensor) -> Tensor:
    """What a model answers ``(row, output)``, as a function with a slope of its scores ``(member, row, score)``."""
    target = model.target
    if isinstance(target, ClassTarget):
        wide = torch.cat((torch.zeros_like(scores), scores), dim=-1) if model.link == "sigmoid" else scores
        return _calibrated(wide.softmax(dim=-1).mean(dim=0), model)
    z = scores.exp() if model.link == "exp" else scores
    numbers = (z * target.scale + target.mean).mean(dim=0)
    if not model.quantiles:
        return numbers[:, :1]
    middle = min(range(len(model.quantiles)), key=lambda i: abs(model.quantiles[i] - 0.5))
    return numbers.sort(dim=-1).values[:, middle : middle + 1]


def _calibrated(chances: Tensor, model: Model) -> Tensor:
    """Chances at the model's temperature, if it was calibrated: proportional to p^(1 / T)."""
    if model.calibration is None or model.calibration.temperature == 1:
        return chances
    smallest = torch.finfo(chances.dtype).tiny  # the log of 0 would have no slope
    logs: Tensor = chances.clamp(min=smallest).log() / model.calibration.temperature
    return logs.softmax(dim=-1)


def _join(body: Body, batch: Batch) -> Tensor:
    with torch.no_grad():
        return body.join(torch.from_numpy(batch.numbers), torch.from_numpy(batch.categories))


def _integrals(
    answer: _Answer,
    here: Tensor,
    start: Tensor,
    output: npt.NDArray[np.int64],
    wanted: Floats,
    tolerance: float,
    most_steps: int,
) -> Floats:
    """The contributions ``(row, unit)``, members summed, with as many points for each row as its sum needs."""
    values = np.zeros((len(here), here.shape[-1]))
    rows, steps = np.arange(len(here)), min(FIRST_STEPS, most_steps)
    while len(rows):
        values[rows] = _with_steps(answer, here[rows], start, torch.from_numpy(output[rows]), steps)
        gap = np.abs(wanted[rows] - values[rows].sum(axis=1))
        rows, gap = rows[gap > tolerance], gap[gap > tolerance]
        if len(rows) and steps >= most_steps:
            raise _incomplete(answer.model, int(rows[0]), float(gap[0]), tolerance, steps)
        steps = min(2 * steps, most_steps)
    return values


def _with_steps(answer: _Answer, here: Tensor, start: Tensor, output: Tensor, steps: int) -> Floats:
    method = _captum(answer)
    found = method.attribute(
        here.clone().requires_grad_(),  # asked for in advance: captum warns of what it has to ask for itself
        baselines=start.expand_as(here).clone(),
        target=output,
        n_steps=steps,
        internal_batch_size=max(1, POINTS_AT_ONCE // here.shape[1]),
    )
    summed: Floats = found.detach().sum(dim=1).numpy()
    return summed


def _captum(answer: _Answer) -> Any:
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise LaminaError(
            wrong="integrated gradients need the library captum, which is not installed here.",
            expected="captum, version 0.8 or newer.",
            remedy='pip install captum; or use method="shapley", which needs nothing more.',
        ) from error
    return IntegratedGradients(answer, multiply_by_inputs=True)


def _columns(owners: Owners) -> npt.NDArray[np.int64]:
    """The column of every encoded input, features first."""
    return np.concatenate((owners.features, owners.codes))


def _summed(values: Floats, groups: npt.NDArray[np.int64], count: int) -> Floats:
    """Values ``(row, unit)`` summed over the units of each group: ``(row, group)``."""
    sums = np.zeros((count, len(values)))
    np.add.at(sums, groups, values.T)
    return sums.T


def _incomplete(model: Model, row: int, gap: float, tolerance: float, steps: int) -> LaminaError:
    names = output_names(model)
    what = "the chance" if len(names) > 1 else "the number"
    return LaminaError(
        wrong=f"after {steps:,} steps the contributions of row {row + 1} still miss {what} by {gap:.3g}.",
        expected=f"contributions that add up to the answer within {tolerance:.3g}.",
        remedy="raise most_steps or tolerance, or use explain_rows(model, data), which is exact in its sum.",
    )
