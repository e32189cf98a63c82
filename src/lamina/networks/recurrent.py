r"""Recurrent layers: one step after the other, with a state that remembers.

    rnn    h_t = tanh(...)
    lstm   i, f, o = logistic(...), g = tanh(...)    c_t = f c_{t-1} + i g    h_t = o tanh(c_t)
    gru    r, z = logistic(...), n = tanh(W x_t + b + r (U h_{t-1} + d))      h_t = (1 - z) n + z h_{t-1}

where each ... is W x_t + b + U h_{t-1} + d with rows of its own of W, U, b and d. Gates and weights lie as in torch, so
that weights can be exchanged: i f g o, and r z n with r outside the product, and two biases that add up. An lstm starts
by remembering: the forget gate's two biases add up to 1.

Which steps are there is told by ``present``. A step that is not there, whether padding at the end or a gap inside, is
passed over: the state after it is the one before it. The real steps of a row are moved to its front before torch's own
fused kernel runs over all, so padding can only come after everything it might have changed. (Kernels for packed rows
took 1.3 to 2 times longer on a CPU, with rows half full.)

Sources: Elman (1990), doi:10.1207/s15516709cog1402_1; Hochreiter and Schmidhuber (1997),
doi:10.1162/neco.1997.9.8.1735; Gers, Schmidhuber and Cummins (2000), doi:10.1162/089976600300015015 (forget gate); Cho
et al. (2014), arXiv:1406.1078 (gru); Schuster and Paliwal (1997), doi:10.1109/78.650093 (both directions); Jozefowicz,
Zaremba and Sutskever (2015), PMLR 37:2342 (forget bias 1); Saxe, McClelland and Ganguli (2014), arXiv:1312.6120
(orthogonal).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Cell = Literal["rnn", "lstm", "gru"]
Kernel = Callable[..., tuple[Tensor, ...]]
State = tuple[Tensor, ...]  # (h,) or, of an lstm, (h, c), each (..., batch, units)

PARTS = {"rnn": 1, "lstm": 4, "gru": 3}  # gates and candidates: so many rows a unit of each weight matrix
KERNELS: dict[str, Kernel] = {"rnn": torch.rnn_tanh, "lstm": torch.lstm, "gru": torch.gru}


class Direction(nn.Module):
    """One recurrent layer that reads forwards, or backwards.

    **Shape**: ``(batch, step, inputs)`` and ``present`` bool ``(batch, step)`` in, ``(batch, step, units)`` out, zeros
    where no step is. ``weight_ih`` is ``(parts * units, inputs)``, ``weight_hh`` ``(parts * units, units)``, the biases
    ``(parts * units,)``, with 1, 4 or 3 parts (see `PARTS`). For a fleet all have ``member`` in front.

    >>> Direction(3, 2, "gru")(torch.zeros(5, 7, 3)).shape
    torch.Size([5, 7, 2])
    """

    def __init__(self, inputs: int, units: int, cell: Cell, *, backwards: bool = False) -> None:
        super().__init__()
        self.cell: Cell = cell
        self.units, self.backwards = units, backwards
        rows = PARTS[cell] * units
        self.weight_ih = nn.Parameter(torch.zeros(rows, inputs))
        self.weight_hh = nn.Parameter(torch.zeros(rows, units))
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        self.bias_hh = nn.Parameter(torch.zeros(rows))

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """What the layer says at each step."""
        if present is None:
            y = self._all(x.flip(-2) if self.backwards else x)
            return y.flip(-2) if self.backwards else y
        if not self.backwards and _in_front(present):
            return self._all(x.masked_fill(~present.unsqueeze(-1), 0)).masked_fill(~present.unsqueeze(-1), 0)
        order = reading_order(present, backwards=self.backwards)
        y = self._all(_in_order(x.masked_fill(~present.unsqueeze(-1), 0), order))
        return _in_order(y, order.argsort(-1)).masked_fill(~present.unsqueeze(-1), 0)

    def carry(self, x: Tensor, state: State | None = None, present: Tensor | None = None) -> tuple[Tensor, State]:
        """What the layer says at each step, and the state after the last one; a sequence may come in pieces.

        Detach the state between two pieces, and the gradient ends there (truncated backpropagation through time).
        """
        assert not self.backwards, "a layer that reads backwards needs the whole sequence"
        if state is None:
            state = self._first(x)
        if present is not None:
            order = reading_order(present)
            y, state = self._over_members(_in_order(x.masked_fill(~present.unsqueeze(-1), 0), order), state, present)
            return _in_order(y, order.argsort(-1)).masked_fill(~present.unsqueeze(-1), 0), state
        return self._over_members(x, state, None)

    def _all(self, x: Tensor) -> Tensor:
        return self._over_members(x, self._first(x), None)[0]

    def _first(self, x: Tensor) -> State:
        empty = x.new_zeros(*x.shape[:-2], self.units)
        return (empty, empty) if self.cell == "lstm" else (empty,)

    def _over_members(self, x: Tensor, state: State, present: Tensor | None) -> tuple[Tensor, State]:
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        if self.weight_ih.dim() == 2:
            return _run(self.cell, x, state, weights, present)
        # a loop: the arithmetic of one member keeps the processor busy, and the kernel takes one set of weights
        masks = [None] * len(x) if present is None else list(present)
        each = zip(x, zip(*state, strict=True), zip(*weights, strict=True), masks, strict=True)
        done = [_run(self.cell, *one) for one in each]
        states = zip(*(after for _, after in done), strict=True)
        return _stacked([y for y, _ in done]), tuple(_stacked(part) for part in states)


class Recurrence(nn.Module):
    """A recurrent layer of one direction, or of both side by side.

    **Shape**: ``(batch, step, inputs)`` and ``present`` bool ``(batch, step)`` in, ``(batch, step, width)`` out, zeros
    where no step is; ``width`` is ``units``, or twice as many in both directions. For a fleet with ``member`` in front.

    >>> Recurrence(3, 2, "lstm", both=True)(torch.zeros(5, 7, 3)).shape
    torch.Size([5, 7, 4])
    """

    def __init__(self, inputs: int, units: int, cell: Cell, *, both: bool = False) -> None:
        super().__init__()
        self.forwards = Direction(inputs, units, cell)
        self.backwards = Direction(inputs, units, cell, backwards=True) if both else None
        self.width = 2 * units if both else units

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """What each direction says at each step, the forward one first."""
        y: Tensor = self.forwards(x, present)
        return y if self.backwards is None else torch.cat((y, self.backwards(x, present)), dim=-1)

    def last(self, y: Tensor, present: Tensor | None = None) -> Tensor:
        """Of what `forward` said, the last that each direction said: ``(batch, width)``; zeros if no step is there."""
        units = self.forwards.units
        ends = [_at_end(y[..., :units], present)]
        if self.backwards is not None:
            ends.append(_at_end(y[..., units:], present, backwards=True))
        return torch.cat(ends, dim=-1)


def fill_recurrence(layer: Recurrence, *, stream: torch.Generator) -> Recurrence:
    """Draw the weights in place and return the layer: Glorot for inputs, orthogonal for states, forget biases 1 in all.

    A layer without memory (``torch.device("meta")``) is left as it is.
    """
    for part in (layer.forwards, layer.backwards):
        if part is not None and not part.weight_ih.is_meta:
            _fill(part, stream)
    return layer


def reading_order(present: Tensor, *, backwards: bool = False) -> Tensor:
    """Positions in the order of reading: the steps that are there, first to last or last to first, then the others.

    **Shape**: bool ``(..., step)`` in, int64 ``(..., step)`` out.

    >>> present = torch.tensor([True, False, True, True, False])
    >>> reading_order(present).tolist(), reading_order(present, backwards=True).tolist()
    ([0, 2, 3, 1, 4], [3, 2, 0, 4, 1])
    """
    if not backwards:
        return (~present).to(torch.uint8).argsort(dim=-1, stable=True)
    return present.shape[-1] - 1 - reading_order(present.flip(-1))


def _run(
    cell: Cell, x: Tensor, state: State, weights: tuple[Tensor, ...], present: Tensor | None
) -> tuple[Tensor, State]:
    """One network over ``(batch, step, inputs)`` with its real steps in front."""
    # bfloat16 halves the time of an lstm or better; torch has no such gru on the CPU, and a plain rnn's is slower
    device = "cpu" if x.is_meta else x.device.type  # a tensor without memory knows no autocast
    half = torch.is_autocast_enabled(device) and cell == "lstm" and present is None
    with torch.autocast(device, enabled=half):
        x, state = x.to(weights[0].dtype), tuple(part.to(weights[0].dtype) for part in state)
        if present is not None:
            return _run_packed(cell, x, state, weights, present.sum(-1))
        y, *after = KERNELS[cell](x, _first(state), weights, True, 1, 0.0, _learning(), False, True)
        return y, tuple(part.squeeze(0) for part in after)


def _run_packed(
    cell: Cell, x: Tensor, state: State, weights: tuple[Tensor, ...], counts: Tensor
) -> tuple[Tensor, State]:
    """The same with rows of unequal length, of which the states after their last steps are wanted too."""
    lengths, order = counts.clamp(min=1).sort(descending=True, stable=True)
    packed = pack_padded_sequence(x[order], lengths.cpu(), batch_first=True)
    first, sizes = _first(tuple(part[order] for part in state)), packed.batch_sizes
    data, *after = KERNELS[cell](packed.data, sizes, first, weights, True, 1, 0.0, _learning(), False)
    y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
    back, none = order.argsort(), (counts == 0).unsqueeze(-1)
    # the kernel wants a step in every row: a row without one keeps its state
    return y[back], tuple(torch.where(none, old, new[0][back]) for old, new in zip(state, after, strict=True))


def _first(state: State) -> Tensor | State:
    """The state before the first step as torch's kernels take it: with a layer axis, alone or as a pair."""
    layered = tuple(part.unsqueeze(0) for part in state)
    return layered if len(layered) > 1 else layered[0]


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(list(parts))  # one member needs no copy


def _learning() -> bool:
    """What the kernels call "train": to keep what a gradient needs. There is no dropout inside."""
    return torch.is_grad_enabled()


def _in_order(x: Tensor, order: Tensor) -> Tensor:
    return x.gather(-2, order.unsqueeze(-1).expand(*order.shape, x.shape[-1]))


def _in_front(present: Tensor) -> bool:
    """Whether real steps stand before all others already, as in texts that are only padded at their ends."""
    if present.is_meta or torch.compiler.is_exporting():
        return False  # there the way must not depend on what the tensor holds
    return bool((present[..., :-1] | ~present[..., 1:]).all())


def _at_end(y: Tensor, present: Tensor | None, *, backwards: bool = False) -> Tensor:
    if present is None:
        return y[..., 0 if backwards else -1, :]
    last = reading_order(present, backwards=not backwards)[..., :1]  # read the other way, the end is the start
    return _in_order(y, last).squeeze(-2)  # which is zero where no step is there


def _fill(layer: Direction, stream: torch.Generator) -> None:
    units, inputs = layer.units, layer.weight_ih.shape[-1]
    with torch.no_grad():
        for start in range(0, PARTS[layer.cell] * units, units):  # each gate is a layer of its own to these rules
            drawn = torch.randn((units, inputs), generator=stream) * math.sqrt(2 / (units + inputs))
            layer.weight_ih[start : start + units] = drawn
            square, triangle = torch.linalg.qr(torch.randn((units, units), generator=stream))
            layer.weight_hh[start : start + units] = square * torch.where(triangle.diagonal() < 0, -1.0, 1.0)
        if layer.cell == "lstm":
            layer.bias_ih[units : 2 * units] = 1  # torch adds up two biases: the other one stays 0
