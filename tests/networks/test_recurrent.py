"""Recurrent layers: torch's own agree, padding and gaps have no part in anything, the future stays hidden."""

from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.networks.recurrent import PARTS, Cell, Direction, Recurrence, fill_recurrence, reading_order

INPUTS, UNITS, STEPS = 3, 4, 6
CELLS: tuple[Cell, ...] = ("rnn", "lstm", "gru")
TWINS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
ways = pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
cells = pytest.mark.parametrize("cell", CELLS)


def layer(cell: Cell, *, both: bool = False, seed: int = 0, dtype: torch.dtype = torch.float64) -> Recurrence:
    """A layer with drawn weights and biases."""
    stream = torch.Generator().manual_seed(seed)
    made = fill_recurrence(Recurrence(INPUTS, UNITS, cell, both=both), stream=stream)
    for name, parameter in made.named_parameters():
        if "bias" in name:
            nn.init.normal_(parameter, std=0.3, generator=stream)
    return made.to(dtype)


def drawn(*sizes: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal numbers."""
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def twin(ours: Recurrence, cell: Cell) -> nn.RNNBase:
    """Torch's own layer with the same weights."""
    both: dict[str, Any] = {"bidirectional": ours.backwards is not None, "batch_first": True}
    theirs: nn.RNNBase = TWINS[cell](INPUTS, UNITS, **both, dtype=ours.forwards.weight_ih.dtype)
    for part, ending in ((ours.forwards, "_l0"), (ours.backwards, "_l0_reverse")):
        if part is not None:
            theirs.load_state_dict({**theirs.state_dict(), **{k + ending: v for k, v in part.state_dict().items()}})
    return theirs


@cells
@ways
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_agrees(cell: Cell, both: bool, dtype: torch.dtype) -> None:
    """Answers and gradients are those of torch.nn.RNN, LSTM and GRU with the same weights."""
    ours, x = layer(cell, both=both, dtype=dtype), drawn(5, STEPS, INPUTS, dtype=dtype)
    theirs, factor = twin(ours, cell), drawn(5, STEPS, ours.width, seed=2, dtype=dtype)
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, wanted = ours(mine), theirs(other)[0]
    torch.testing.assert_close(found, wanted)
    (found * factor).sum().backward()
    (wanted * factor).sum().backward()
    torch.testing.assert_close(mine.grad, other.grad)
    gradients = dict(theirs.named_parameters())
    for name, parameter in ours.forwards.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[f"{name}_l0"].grad)
    if ours.backwards is not None:
        for name, parameter in ours.backwards.named_parameters():
            torch.testing.assert_close(parameter.grad, gradients[f"{name}_l0_reverse"].grad)


def test_one_step_by_hand() -> None:
    """One step from an empty state is the formula in the file's first lines."""
    x = drawn(2, 1, INPUTS)
    for cell in CELLS:
        part = layer(cell).forwards
        sums = x[:, 0] @ part.weight_ih.mT + part.bias_ih
        rest = part.bias_hh.expand(2, -1)
        if cell == "rnn":
            wanted = torch.tanh(sums + rest)
        elif cell == "lstm":
            i, _, g, o = (sums + rest).chunk(4, -1)
            wanted = o.sigmoid() * torch.tanh(i.sigmoid() * g.tanh())
        else:
            (_, z, n), (_, bz, bn) = sums.chunk(3, -1), rest.chunk(3, -1)
            r = (sums + rest).chunk(3, -1)[0].sigmoid()
            wanted = (1 - (z + bz).sigmoid()) * torch.tanh(n + r * bn)
        torch.testing.assert_close(part(x)[:, 0], wanted)


@cells
def test_gradients_through_five_steps(cell: Cell) -> None:
    """Finite differences agree with the gradients, some steps missing."""
    made = layer(cell, both=True)
    present = torch.tensor([[True, True, False, True, True], [True, True, True, False, False]])
    x = drawn(2, 5, INPUTS).requires_grad_()
    names, values = zip(*made.named_parameters(), strict=True)

    def answer(x: Tensor, *weights: Tensor) -> Tensor:
        named = dict(zip(names, weights, strict=True))
        return cast(Tensor, functional_call(made, named, (x, present)))

    assert torch.autograd.gradcheck(answer, (x, *values))


@cells
@ways
def test_padding_has_no_part(cell: Cell, both: bool) -> None:
    """Rows padded with NaN give the answers and the gradients of the rows by themselves, and zeros at the padding."""
    made, x = layer(cell, both=both), drawn(3, STEPS, INPUTS)
    lengths = (STEPS, 4, 1)
    present = torch.arange(STEPS) < torch.tensor(lengths).unsqueeze(-1)
    padded = x.masked_fill(~present.unsqueeze(-1), torch.nan).requires_grad_()
    y = made(padded, present)
    last = made.last(y, present)
    (y.square().sum() + last.sum()).backward()
    gradients = [parameter.grad.clone() for parameter in made.parameters() if parameter.grad is not None]
    made.zero_grad()
    assert padded.grad is not None
    for i, length in enumerate(lengths):
        alone = x[i : i + 1, :length].clone().requires_grad_()
        own = made(alone)
        torch.testing.assert_close(y[i : i + 1, :length], own)
        torch.testing.assert_close(last[i : i + 1], made.last(own))
        (own.square().sum() + made.last(own).sum()).backward()
        assert (y[i, length:] == 0).all()
        torch.testing.assert_close(padded.grad[i : i + 1, :length], alone.grad)
        assert (padded.grad[i, length:] == 0).all()
    for found, parameter in zip(gradients, made.parameters(), strict=True):
        torch.testing.assert_close(found, parameter.grad)


@cells
@ways
def test_gaps_are_passed_over(cell: Cell, both: bool) -> None:
    """A gap inside a row leaves the state as it was: the real steps answer as if they stood side by side."""
    made, x = layer(cell, both=both), drawn(1, STEPS, INPUTS)
    present = torch.tensor([[False, True, True, False, True, False]])
    torch.testing.assert_close(made(x, present)[present], made(x[present].unsqueeze(0))[0])


@cells
@ways
def test_a_row_without_steps_gives_zeros(cell: Cell, both: bool) -> None:
    """Nothing to read is zeros, not NaN, and the other rows are as ever."""
    made, x = layer(cell, both=both), drawn(2, STEPS, INPUTS)
    present = torch.tensor([[True] * STEPS, [False] * STEPS])
    y = made(x, present)
    assert (y[1] == 0).all()
    assert (made.last(y, present)[1] == 0).all()
    torch.testing.assert_close(y[:1], made(x[:1]))


@cells
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_state_is_carried(cell: Cell, padded: bool) -> None:
    """A sequence in two pieces gives what it gives in one, states after missing steps included."""
    part, x = layer(cell).forwards, drawn(4, STEPS, INPUTS)
    there = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0], [1, 0, 0, 1, 1, 0], [0, 0, 0, 1, 0, 0]]).bool()
    present = there if padded else None
    first, state = part.carry(x[:, :3], present=None if present is None else present[:, :3])
    then, state = part.carry(x[:, 3:], state, None if present is None else present[:, 3:])
    torch.testing.assert_close(torch.cat((first, then), dim=1), part(x, present))
    whole, end = part.carry(x, present=present)
    torch.testing.assert_close(whole, part(x, present))
    for found, wanted in zip(state, end, strict=True):
        torch.testing.assert_close(found, wanted)
    wanted = whole[:, -1] if present is None else whole.gather(1, _last(there).expand(4, 1, UNITS)).squeeze(1)
    torch.testing.assert_close(end[0], wanted)


def _last(present: Tensor) -> Tensor:
    return reading_order(present, backwards=True)[:, :1].unsqueeze(-1)


@cells
def test_both_ways_are_mirror_images(cell: Cell) -> None:
    """With the two directions' weights exchanged, the reversed sequence gives the reversed answers."""
    made, x = layer(cell, both=True), drawn(2, STEPS, INPUTS)
    mirror = layer(cell, both=True)
    assert made.backwards is not None
    assert mirror.backwards is not None
    mirror.forwards.load_state_dict(made.backwards.state_dict())
    mirror.backwards.load_state_dict(made.forwards.state_dict())
    exchanged = torch.cat((mirror(x.flip(1))[..., UNITS:], mirror(x.flip(1))[..., :UNITS]), dim=-1)
    torch.testing.assert_close(made(x), exchanged.flip(1))


@cells
def test_the_future_is_hidden(cell: Cell) -> None:
    """One way, what is said at a step has exactly no gradient to later ones, and one to every earlier one."""
    made, x = layer(cell), drawn(1, STEPS, INPUTS)
    slopes = torch.func.jacrev(lambda z: made(z)[0].sum(-1))(x)[:, 0].abs().sum(-1)
    assert (slopes.triu(1) == 0).all()
    assert (slopes.tril().flatten()[torch.ones(STEPS, STEPS).tril().flatten().bool()] > 0).all()


@cells
@ways
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_a_member_is_a_network_by_itself(cell: Cell, both: bool, padded: bool) -> None:
    """A fleet's members answer as each does alone, also where the state is carried."""
    solos = [layer(cell, both=both, seed=seed) for seed in range(3)]
    x, present = drawn(3, 2, STEPS, INPUTS), torch.arange(STEPS) < torch.tensor([4, 6]).unsqueeze(-1)
    masks = present.expand(3, 2, STEPS) if padded else None
    stacked = {
        name: torch.stack([dict(one.named_parameters())[name] for one in solos])
        for name, _ in solos[0].named_parameters()
    }
    fleet = functional_call(solos[0], stacked, (x, masks))
    for i, solo in enumerate(solos):
        torch.testing.assert_close(fleet[i], solo(x[i], present if padded else None))
    worn = layer(cell).forwards
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(worn, name, nn.Parameter(stacked[f"forwards.{name}"]))
    y, state = worn.carry(x, present=masks)
    torch.testing.assert_close(y, fleet[..., :UNITS])
    for i, solo in enumerate(solos):
        torch.testing.assert_close(state[-1][i], solo.forwards.carry(x[i], present=present if padded else None)[1][-1])


def test_first_weights() -> None:
    """Recurrent weights are orthogonal for each gate, inputs Glorot, and an lstm's forget biases add up to 1."""
    for cell in CELLS:
        made = fill_recurrence(Recurrence(200, 50, cell, both=True), stream=torch.Generator().manual_seed(0))
        for part in (made.forwards, made.backwards):
            assert part is not None
            for gate in part.weight_hh.chunk(PARTS[cell]):
                torch.testing.assert_close(gate @ gate.mT, torch.eye(50), rtol=0, atol=1e-5)
            assert part.weight_ih.std().item() == pytest.approx((2 / 250) ** 0.5, rel=0.03)
            biases = part.bias_ih + part.bias_hh
            wanted = torch.zeros_like(biases)
            if cell == "lstm":
                wanted[50:100] = 1
            assert torch.equal(biases, wanted)


@cells
def test_half_precision(cell: Cell) -> None:
    """Under autocast the answers stay close to those in full precision, whatever the cell and the input's numbers."""
    made, x = layer(cell, both=True, dtype=torch.float32), drawn(3, STEPS, INPUTS, dtype=torch.float32)
    present = torch.arange(STEPS) < torch.tensor([6, 3, 1]).unsqueeze(-1)
    wanted = made(x, present)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for given in (x, x.bfloat16()):
            torch.testing.assert_close(made(given, present).float(), wanted, rtol=0, atol=0.05)
            carried, _ = made.forwards.carry(given, present=present)
            torch.testing.assert_close(carried.float(), wanted[..., :UNITS], rtol=0, atol=0.05)


def test_gradients_in_evaluation_mode() -> None:
    """A saliency needs gradients of a network that answers: the kernels keep what these need."""
    made = layer("lstm", dtype=torch.float32).eval()
    x = drawn(2, STEPS, INPUTS, dtype=torch.float32).requires_grad_()
    made(x).sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).any()


def test_without_memory_nothing_is_drawn() -> None:
    """On the meta device a layer has shapes and no numbers."""
    with torch.device("meta"):
        made = fill_recurrence(Recurrence(INPUTS, UNITS, "gru", both=True), stream=torch.Generator())
        assert made(torch.zeros(2, STEPS, INPUTS)).shape == (2, STEPS, 2 * UNITS)
    assert isinstance(made.forwards, Direction)
    assert made.forwards.weight_ih.is_meta
