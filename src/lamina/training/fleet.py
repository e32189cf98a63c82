"""A fleet: many networks of one shape that learn in one program. A single network is a fleet of one.

The step is the same for all of them: rows in, one loss a member out, gradients clipped per member, one update of the
flat parameters. Members never meet: what one of them computes is the same whoever trains beside it, and a member whose
numbers break (NaN) leaves the others bitwise as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lamina.foundation.devices import pick_precision
from lamina.foundation.randomness import torch_stream
from lamina.networks import Loss
from lamina.training.batch_sums import share_statistics
from lamina.training.distributed import ALONE, Ranks
from lamina.training.gradients import Gradients, Stacked, gradients_for
from lamina.training.layout import Layout
from lamina.training.noise import Noise
from lamina.training.order import Shuffler, Step, side_by_side
from lamina.training.rows import Member, Rows
from lamina.training.rules import Knobs, Rule, State
from lamina.training.spec import Training


class Fleet:
    """The moving parts of some members: parameters, moments, averages, buffers and random streams.

    Everything that changes during training lives here, as tensors with a leading member axis, so that a checkpoint is
    this state, and a stopped member is a row that `keep` leaves out.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        members: Sequence[Member],
        training: Training,
        loss: Loss,
        device: torch.device,
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.precision = pick_precision(training.precision)
        dtype = torch.float64 if self.precision is torch.float64 else torch.float32
        self.template = networks[0]
        self.training = training
        self.loss = loss
        self.layout = Layout.of(dict(networks[0].named_parameters()))
        self.members = list(members)
        self.orders = [torch_stream(member.seed, "order") for member in members]
        self.noise = Noise([torch_stream(member.seed, "dropout", device=device) for member in members])
        self.rule: Rule = training.chosen_optimiser.rule(self.layout)
        stacked = _stack([dict(n.named_parameters()) for n in networks], device, dtype)
        self.parameters = self.layout.flatten(stacked).detach()
        self.buffers = _with_dropout(_stack([dict(n.named_buffers()) for n in networks], device, dtype), members)
        self.state: State = self.rule.init(self.parameters)
        self.averaged = self.parameters.clone() if training.averaging else None
        self._layered: Stacked | None = None
        self.clipped: Tensor | None = None  # norms (member, 1) of the newest gradient before it was clipped
        self._prepare()

    def step(self, rows: Rows, step: Step, knobs: Knobs) -> Tensor:
        """One training step on rows ``(member, batch, ...)``; returns the losses ``(member,)`` before the update."""
        share = self.ranks.share(step)
        rows = _weighted(_columns(rows, share.columns), share.step.present())
        resting = step.resting()
        before = None if resting is None else self._snapshot(resting)
        self.noise.counts = step.counts
        self.noise.whole = None if share.columns is None else (step.index.shape[1], share.columns)
        losses = self._learn(rows) if self.ranks.several else self.gradients(rows)
        if self.training.clip is not None:
            self.clipped = clip_members(self.gradient, self.training.clip)
        self.rule.update(self.gradient, self.state, self.parameters, knobs)
        if self.averaged is not None:
            self.averaged.lerp_(self.parameters, 1 - (self.training.averaging or 0))
        if before is not None and resting is not None:
            self._restore(resting, before)
        return losses

    def norms(self) -> Tensor:
        """Norms ``(member, 1)`` of the newest gradient, before clipping."""
        return _norms(self.gradient) if self.clipped is None else self.clipped

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` in evaluation mode, by the averaged weights where averaging is on."""
        if self.averaged is None:
            return self.gradients.scores(rows)
        learning = self.parameters.clone()
        self.parameters.copy_(self.averaged)
        scores = self.gradients.scores(rows)
        self.parameters.copy_(learning)
        return scores

    def result(self) -> Tensor:
        """The parameters to keep ``(member, parameter)``: the averaged ones where averaging is on."""
        return self.parameters if self.averaged is None else self.averaged

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with only these members, in this order."""
        index = torch.tensor(positions, device=self.parameters.device)
        for tensors, name in self._places():
            tensors[name] = tensors[name].index_select(0, index)
        self.members = [self.members[i] for i in positions]
        self.orders = [self.orders[i] for i in positions]
        self.noise.streams = [self.noise.streams[i] for i in positions]
        self._prepare()

    def tensors(self) -> dict[str, Tensor]:
        """All state that changes, by name, as a checkpoint stores it."""
        streams = {f"order.{i}": stream.get_state() for i, stream in enumerate(self.orders)}
        streams |= {f"dropout.{i}": stream.get_state() for i, stream in enumerate(self.noise.streams)}
        return {self._label(tensors, name): tensors[name] for tensors, name in self._places()} | streams

    def load(self, stored: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave."""
        for tensors, name in self._places():
            tensors[name].copy_(stored[self._label(tensors, name)])
        for i, stream in enumerate(self.orders):
            stream.set_state(stored[f"order.{i}"])
        for i, stream in enumerate(self.noise.streams):
            stream.set_state(stored[f"dropout.{i}"])

    def layered(self) -> Stacked:
        """The fleet as a network of layers that can be looked into, whatever way its gradients are made."""
        if self._layered is None:
            views, room = self.layout.views(self.parameters), self.layout.views(self.gradient)
            self._layered = Stacked(self.template, views, room, self.buffers, self.loss, self.noise)
        return self._layered

    def _learn(self, rows: Rows) -> Tensor:
        """Losses and gradient of a batch of which each of several processes has some rows."""
        weight = self.parameters.new_full((len(self.members),), rows.truth.shape[1])
        self.sums.weight = weight if rows.weights is None else rows.weights.sum(1).to(weight.dtype)
        return self.ranks.combine(self.gradients(rows), self.gradient, self.sums.weight)

    def _prepare(self) -> None:
        self._layered = None
        self.judged = side_by_side([member.validation for member in self.members])
        self.gradient = torch.zeros_like(self.parameters)
        self.clipped = None
        self.shuffler = Shuffler(self.members, self.orders, self.training.rows_a_step)
        self.gradients: Gradients = gradients_for(
            self.template,
            self.layout,
            self.parameters,
            self.gradient,
            self.buffers,
            self.loss,
            self.noise,
            self.precision,
        )
        self.sums = share_statistics(getattr(self.gradients, "network", None), self.ranks)

    def _places(self) -> list[tuple[dict[str, Tensor], str]]:
        own = ["parameters"] + (["averaged"] if self.averaged is not None else [])
        groups: list[dict[str, Tensor]] = [self.state, self.buffers]
        return [(self.__dict__, name) for name in own] + [(group, name) for group in groups for name in group]

    def _label(self, tensors: dict[str, Tensor], name: str) -> str:
        return f"{'state.' if tensors is self.state else 'buffer.' if tensors is self.buffers else ''}{name}"

    def _snapshot(self, members: Tensor) -> list[Tensor]:
        return [tensors[name].index_select(0, members) for tensors, name in self._places()]

    def _restore(self, members: Tensor, before: list[Tensor]) -> None:
        for (tensors, name), rows in zip(self._places(), before, strict=True):
            tensors[name].index_copy_(0, members, rows)


def clip_members(gradient: Tensor, largest: float) -> Tensor:
    """Scale each member's gradient ``(member, parameter)`` down to a norm of at most ``largest``, in place.

    Returns the norms ``(member, 1)`` before; no member's scale depends on another's.
    """
    norms = _norms(gradient)
    gradient.mul_((largest / (norms + 1e-6)).clamp_(max=1.0))
    return norms


def _norms(gradient: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    return norms


def _stack(named: Sequence[dict[str, Tensor]], device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    def moved(tensor: Tensor) -> Tensor:
        return tensor.detach().to(device, dtype if tensor.is_floating_point() else None)

    return {name: torch.stack([moved(one[name]) for one in named]) for name in named[0]}


def _with_dropout(buffers: dict[str, Tensor], members: Sequence[Member]) -> dict[str, Tensor]:
    for name, buffer in buffers.items():
        if name.rpartition(".")[2] == "chance":
            for i, member in enumerate(members):
                if member.dropout is not None:
                    buffer[i] = member.dropout
    return buffers


def _columns(rows: Rows, ours: slice | None) -> Rows:
    """Some of the rows ``(member, batch, ...)`` of a step; None for all of them."""
    if ours is None:
        return rows
    weights = None if rows.weights is None else rows.weights[:, ours]
    return Rows(inputs=tuple(tensor[:, ours] for tensor in rows.inputs), truth=rows.truth[:, ours], weights=weights)


def _weighted(rows: Rows, present: Tensor | None) -> Rows:
    if present is None:
        return rows
    weights = present.to(rows.inputs[0].dtype) if rows.weights is None else rows.weights * present
    return Rows(inputs=rows.inputs, truth=rows.truth, weights=weights, present=present)
