"""What is measured while a fleet learns: losses and a metric on validation rows, gradient norms, dead units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from lamina.networks import Loss
from lamina.networks.layers import Activate
from lamina.training.fleet import Fleet
from lamina.training.order import Step
from lamina.training.rows import Member, Rows

VALUES_AT_ONCE = 1 << 22  # numbers held at once while judging: 16 MiB in float32
PROBE_ROWS = 256  # rows a member on which units are looked at
JUDGED_ROWS = 1024  # rows a member on which the starting loss is measured


@dataclass(frozen=True)
class Monitor:
    """A metric that is shown while training runs.

    ``function`` maps scores ``(member, row, score)``, truth ``(member, row, ...)`` and weights ``(member, row)`` (1 or
    less; 0 for padding) to one value a member ``(member,)``.
    """

    name: str
    better: Literal["higher", "lower"]
    function: Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Judgement:
    """Validation losses ``(member,)`` and the monitored metric ``(member,)``; NaN for members without validation."""

    loss: Tensor
    metric: Tensor | None


def accuracy(scores: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Weighted share of rows whose highest score is the true class: ``(member,)``."""
    right = (scores.argmax(-1) == truth).to(weights.dtype)
    return (right * weights).sum(-1) / weights.sum(-1)


def label_accuracy(scores: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Weighted share of labels on whose side of 0 the score is: ``(member,)``."""
    right = ((scores > 0) == (truth > 0.5)).to(weights.dtype).mean(-1)
    return (right * weights).sum(-1) / weights.sum(-1)


def r_squared(scores: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Weighted share of the variance that is explained, mean over the scores: ``(member,)``."""
    weights = weights.unsqueeze(-1)
    centre = (truth * weights).sum(-2, keepdim=True) / weights.sum(-2, keepdim=True)
    left = ((scores - truth).square() * weights).sum(-2)
    spread = ((truth - centre).square() * weights).sum(-2)
    return (1 - left / spread.clamp_min(torch.finfo(truth.dtype).tiny)).mean(-1)


def judge(fleet: Fleet, pool: Rows, loss: Loss, monitor: Monitor | None) -> Judgement | None:
    """The fleet on every member's validation rows; None if no member has any.

    Several processes share the rows; the first one's figures are everyone's, so that all stop alike.
    """
    step = fleet.judged
    if not step.index.shape[1]:
        return None
    ranks, share, width = fleet.ranks, fleet.ranks.share(step), step.index.shape[1]
    pieces = [_score(fleet, pool.take(index), loss) for index in _pieces(share.step, pool)]
    per_row, scores, truth = (
        ranks.joined(torch.cat(parts, dim=1), share.columns, width) for parts in zip(*pieces, strict=True)
    )
    weights = _weights(step, pool).to(per_row.dtype)
    nobody = weights.sum(-1) == 0  # members that have nothing to be judged on
    metric = None if monitor is None else monitor.function(scores, truth, weights).masked_fill(nobody, torch.nan)
    judged = loss.reduce(per_row, weights).masked_fill(nobody, torch.nan)
    return Judgement(loss=ranks.firsts(judged), metric=None if metric is None else ranks.firsts(metric))


def layer_norms(fleet: Fleet) -> dict[str, Tensor]:
    """The norm ``(member,)`` of the newest gradient of each weight matrix, first layer first."""
    views = fleet.layout.views(fleet.gradient)
    chosen = zip(fleet.layout.names, fleet.layout.matrices, strict=True)
    return {name: torch.linalg.vector_norm(views[name].flatten(1), dim=1) for name, matrix in chosen if matrix}


def starting_losses(fleet: Fleet, pool: Rows, loss: Loss) -> tuple[Tensor, Tensor]:
    """Training losses ``(member,)`` before the first step, and those of the best scores that ignore the inputs.

    The latter are the logarithms of the class frequencies, or the mean number: exact for cross-entropy and squares, a
    close bound for other losses. At most `JUDGED_ROWS` rows a member are looked at.
    """
    width = min(JUDGED_ROWS, *(len(member.train) for member in fleet.members))
    rows = pool.take(_spread(fleet.members, width))
    scores = fleet.scores(rows)
    start = loss.reduce(loss(scores, rows.truth), rows.weights)
    if rows.truth.is_floating_point():
        flat = rows.truth.mean(dim=-2, keepdim=True).expand_as(rows.truth)
        flat = flat.expand_as(scores) if flat.shape == scores.shape else flat.mean(-1, keepdim=True).expand_as(scores)
    else:
        counts = torch.nn.functional.one_hot(rows.truth, scores.shape[-1]).to(scores.dtype).sum(-2, keepdim=True)
        flat = (counts / width).clamp_min(1e-6).log().expand_as(scores)
    return start, loss.reduce(loss(flat, rows.truth), rows.weights)


def dead_units(fleet: Fleet, pool: Rows) -> dict[str, Tensor]:
    """For each activation layer the share ``(member,)`` of units that are zero for every one of some training rows."""
    if not any(isinstance(module, Activate) for module in fleet.template.modules()):
        return {}
    network = fleet.layered()
    shares: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(_record(name, shares))
        for name, module in network.network.named_modules()
        if isinstance(module, Activate)
    ]
    width = min(PROBE_ROWS, *(len(member.train) for member in fleet.members))
    network.scores(pool.take(_spread(fleet.members, width)))
    for hook in hooks:
        hook.remove()
    return shares


def _record(name: str, shares: dict[str, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        shares[name] = (output.abs().amax(dim=-2) == 0).float().mean(dim=-1)  # a reduction of bools takes far longer

    return hook


def _spread(members: Sequence[Member], width: int) -> Tensor:
    """``width`` rows of each member, evenly from its first to its last: tables are often sorted by the answer."""
    return torch.stack([m.train[torch.arange(width, device=m.train.device) * len(m.train) // width] for m in members])


def _score(fleet: Fleet, rows: Rows, loss: Loss) -> tuple[Tensor, Tensor, Tensor]:
    scores = fleet.scores(rows)
    return loss(scores, rows.truth), scores, rows.truth


def _pieces(step: Step, pool: Rows) -> tuple[Tensor, ...]:
    width = sum(tensor[:1].numel() for tensor in pool.inputs)
    rows = max(1, VALUES_AT_ONCE // (step.index.shape[0] * max(1, width)))
    return torch.split(step.index, rows, dim=1)


def _weights(step: Step, pool: Rows) -> Tensor:
    present = step.present()
    present = torch.ones(step.index.shape, device=step.index.device) if present is None else present
    return present if pool.weights is None else present * pool.take(step.index).weights  # type: ignore[operator]
