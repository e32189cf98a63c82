"""Blocks and stacks: torch's own agree, the future and padding are hidden, only what is wanted is worked out."""

import math

import pytest
import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.networks.attention import Attention, fill_attention
from lamina.networks.transformer import GATES, Block, FeedForward, Stack, Transformer, fill_feed_forward

UNITS, HEADS, TIMES = 12, 3, 5
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
SMALL = Transformer(blocks=2, units=UNITS, heads=HEADS, widening=2.0, activation="gelu", residual_dropout=0.1)


def stack(spec: Transformer = SMALL, seed: int = 0, **settings: bool) -> Stack:
    """A stack with drawn weights, and drawn biases and gains too, ready to answer, in float64."""
    stream = torch.Generator().manual_seed(seed)
    made = spec.build(stream=stream, **settings)
    for name, parameter in made.named_parameters():
        if parameter.dim() == 1:
            nn.init.normal_(parameter, mean=float("gain" in name), std=0.3, generator=stream)
    return made.double().eval()


def drawn(*sizes: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal numbers."""
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def some_present(rows: int = 4) -> Tensor:
    """Rows of unequal length, one of them full."""
    return torch.arange(TIMES) < torch.arange(TIMES, TIMES - rows, -1).unsqueeze(-1)


def twin(ours: Stack, dtype: torch.dtype) -> nn.TransformerEncoder:
    """Torch's own encoder with the same weights."""
    hidden = ours.blocks[0].think.narrow.weight.shape[-1]
    layer = nn.TransformerEncoderLayer(
        UNITS, HEADS, hidden, activation="gelu", batch_first=True, norm_first=True, dropout=0.0
    )
    theirs = nn.TransformerEncoder(layer, len(ours.blocks), norm=nn.LayerNorm(UNITS), enable_nested_tensor=False)
    pairs = [(ours.norm, theirs.norm)]
    with torch.no_grad():
        for mine, own in zip(ours.blocks, theirs.layers, strict=True):
            look = mine.look
            own.self_attn.in_proj_weight.copy_(torch.cat((look.query.weight, look.memory.weight)))
            own.self_attn.in_proj_bias.copy_(torch.cat((look.query.bias, look.memory.bias)))
            own.self_attn.out_proj.load_state_dict(look.out.state_dict())
            own.linear1.load_state_dict(mine.think.wide.state_dict())
            own.linear2.load_state_dict(mine.think.narrow.state_dict())
            pairs += [(mine.look_norm, own.norm1), (mine.think_norm, own.norm2)]
        for mine, own in pairs:
            own.weight.copy_(mine.gain)
            own.bias.copy_(mine.bias)
    return theirs.to(dtype).eval()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("masked", [False, True], ids=["all present", "padded"])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_torch_agrees(dtype: torch.dtype, masked: bool, causal: bool) -> None:
    """A stack of blocks is torch.nn.TransformerEncoder with the same weights, wherever there is a token."""
    ours, x, present = stack().to(dtype), drawn(4, TIMES, UNITS, dtype=dtype), some_present() if masked else None
    found = ours(x, present=present, causal=causal)
    wanted = twin(ours, dtype)(
        x,
        mask=torch.ones(TIMES, TIMES, dtype=torch.bool).triu(1) if causal else None,
        src_key_padding_mask=None if present is None else ~present,
    )
    here = torch.ones(4, TIMES, dtype=torch.bool) if present is None else present
    # float32: two blocks and three norms end to end round a few times more than one layer does
    torch.testing.assert_close(found[here], wanted[here], rtol=0, atol=3 * TOLERANCE[dtype])


@pytest.mark.parametrize("name", [*GATES, "relu", "gelu", "silu"])
def test_a_feed_forward_part_is_its_formula(name: str) -> None:
    """One half times what a gate makes of the other, or the activation of all, between two affine maps."""
    part = fill_feed_forward(FeedForward(4, 6, name), stream=torch.Generator().manual_seed(0)).double()
    x = drawn(2, 3, 4)
    wide = x @ part.wide.weight.mT + part.wide.bias
    plain = {"relu": torch.relu, "gelu": nn.functional.gelu, "silu": nn.functional.silu}
    units = wide[..., :6] * plain[GATES[name]](wide[..., 6:]) if name in GATES else plain[name](wide)
    torch.testing.assert_close(part(x), units @ part.narrow.weight.mT + part.narrow.bias, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["reglu", "gelu"])
def test_gradients_are_right(activation: str) -> None:
    """Numeric and automatic gradients of a block agree, with padding and a causal mask."""
    stream = torch.Generator().manual_seed(0)
    think = fill_feed_forward(FeedForward(4, 6, activation), stream=stream)
    block = Block(fill_attention(Attention(4, 2), stream=stream), think).double()
    present = torch.tensor([[True, True, True], [True, True, False]])
    x = drawn(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: block(x, present=present, causal=True), (x,))


@pytest.mark.parametrize("poison", [1e9, math.nan])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_padding_has_no_part_in_anything(poison: float, causal: bool) -> None:
    """Whatever stands in the padding, answers and all gradients keep their bits; it answers 0 and has gradient 0."""

    def run(filler: float) -> tuple[Tensor, Tensor, list[Tensor]]:
        ours, present = stack(), some_present()
        x = drawn(4, TIMES, UNITS).masked_fill(~present.unsqueeze(-1), filler).requires_grad_()
        answers = ours(x, present=present, causal=causal)
        answers.square().sum().backward()
        return answers, x.grad, [parameter.grad for parameter in ours.parameters()]

    answers, gradient, others = run(poison)
    plain_answers, plain_gradient, plain_others = run(0.0)
    assert torch.equal(answers, plain_answers)
    assert torch.equal(gradient, plain_gradient)
    assert not answers[~some_present()].any()
    assert not gradient[~some_present()].any()
    assert all(torch.equal(a, b) for a, b in zip(others, plain_others, strict=True))


def test_padding_may_be_of_any_length() -> None:
    """Three tokens alone answer as three tokens and two of padding."""
    ours, x, present = stack(), drawn(4, TIMES, UNITS), (torch.arange(TIMES) < 3).expand(4, TIMES)
    torch.testing.assert_close(ours(x, present=present)[:, :3], ours(x[:, :3]), rtol=0, atol=1e-12)


def test_the_future_is_hidden() -> None:
    """Through all blocks, the derivative of answer t by token s is exactly 0 for s > t, and not for s <= t."""
    ours = stack()
    jacobian = torch.autograd.functional.jacobian(lambda x: ours(x[None], causal=True)[0], drawn(TIMES, UNITS))
    reached = jacobian.abs().amax(dim=(1, 3))
    assert torch.equal(reached > 0, torch.ones(TIMES, TIMES, dtype=torch.bool).tril())


@pytest.mark.parametrize("masked", [False, True], ids=["all present", "padded"])
def test_the_first_tokens_alone_are_as_among_all(masked: bool) -> None:
    """Sparing the last block the other tokens changes none that is wanted."""
    ours, x, present = stack(), drawn(4, TIMES, UNITS), some_present() if masked else None
    few, all_ = ours(x, present=present, first=2), ours(x, present=present)[:, :2]
    torch.testing.assert_close(few, all_, rtol=0, atol=1e-12)


def test_tokens_have_no_order() -> None:
    """Without a mask, tokens in another order give the same answers in that order."""
    ours, x, order = stack(), drawn(4, TIMES, UNITS), torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(ours(x[:, order]), ours(x)[:, order], rtol=0, atol=1e-12)


def test_a_block_is_its_formula() -> None:
    """Attention of normed tokens is added, then the feed-forward of normed sums; the first norm may be absent."""
    for block, absent in zip(stack(first_norm=False).blocks, (True, False), strict=True):
        x = drawn(4, TIMES, UNITS)
        normed = x if absent else nn.functional.layer_norm(x, (UNITS,)) * block.look_norm.gain + block.look_norm.bias
        sums = x + block.look(normed)
        normed = nn.functional.layer_norm(sums, (UNITS,)) * block.think_norm.gain + block.think_norm.bias
        assert (block.look_norm is None) == absent
        torch.testing.assert_close(block(x), sums + block.think(normed), rtol=0, atol=1e-12)


def test_a_deep_stack_keeps_its_signal() -> None:
    """Through fifty blocks tokens grow by less than three times, and the first gets a gradient like the last's."""
    deep = Transformer(blocks=50, units=32, heads=4, attention_dropout=0.0, dropout=0.0)
    made, seen = deep.build(stream=torch.Generator().manual_seed(0)), []
    made.norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    made(drawn(8, 6, 32, dtype=torch.float32)).square().mean().backward()
    assert 1 <= seen[0].std().item() <= 3
    first, last = (made.blocks[place].think.narrow.weight.grad.norm() for place in (0, -1))
    assert 0.1 <= (first / last).item() <= 10


def test_dropouts_are_silent_when_answering() -> None:
    """In evaluation a stack answers alike every time; in training it does not."""
    ours, x = stack(), drawn(4, TIMES, UNITS)
    assert torch.equal(ours(x), ours(x))
    ours.train()
    assert not torch.equal(ours(x), ours(x))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"heads": 5}, r"heads=5 for units=192.*units=195, heads=5"),
        ({"blocks": 0}, "blocks=0"),
        ({"units": 0}, "units=0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"activation": "rleu"}, "activation='rleu'"),
        ({"widening": 0.0}, "widening=0.0"),
    ],
)
def test_what_cannot_be_built_is_refused(settings: dict[str, float], words: str) -> None:
    """A setting that makes no sense is named, and what to try is told."""
    with pytest.raises(SpecError, match=f"(?s){words}"):
        Transformer(**settings)
