"""The FT-Transformer: its tokens are the formula, columns are treated alike, and it can be asked for in every way."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.networks import ft_transformer
from lamina.networks.ft_transformer import ColumnsNetwork, FTTransformer, Tokens, fill_tokens
from lamina.networks.piecewise import Piecewise, Ramps, settle
from lamina.networks.table import TableNetwork
from lamina.networks.transformer import Transformer
from lamina.training.layout import Layout

SMALL = FTTransformer(trunk=Transformer(blocks=2, units=8, heads=2), numbers=None)
MIXED = Signature(features=3, scores=2, categories=(4, 6))


def tokens(features: int = 3, categories: int = 2, units: int = 4) -> Tokens:
    """A layer with drawn rows, in float64."""
    return fill_tokens(Tokens(features, categories, units), stream=torch.Generator().manual_seed(0)).double()


def some_rows(count: int, signature: Signature = MIXED) -> tuple[Tensor, Tensor]:
    """Numbers and codes."""
    stream = torch.Generator().manual_seed(1)
    codes = [torch.randint(0, size, (count,), generator=stream) for size in signature.categories]
    return torch.randn(count, signature.features, generator=stream), torch.stack(codes, -1)


def test_tokens_are_the_formula() -> None:
    """Token 0 is a row of its own, a number's x W + b, a category's its embedding + b: by plain sums."""
    layer = tokens()
    rows = layer.rows.detach().view(9, 4)  # b of six tokens, then W of three numbers
    x = torch.randn(5, 3 + 2 * 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    out = layer(x)
    assert out.shape == (5, 6, 4)
    for place in range(5):
        expected = [
            rows[0],
            *(x[place, j] * rows[6 + j] + rows[1 + j] for j in range(3)),
            *(x[place, 3 + 4 * j : 7 + 4 * j] + rows[4 + j] for j in range(2)),
        ]
        torch.testing.assert_close(out[place], torch.stack(expected), rtol=0, atol=1e-12)


def test_what_is_learnt_of_a_number_joins_its_token() -> None:
    """Behind numbers and categories come a few units for each number: mixed by its own matrix, added to its token."""
    layer = fill_tokens(Tokens(3, 2, 4, learnt=5), stream=torch.Generator().manual_seed(0)).double()
    x = torch.randn(6, 3 + 2 * 4 + 3 * 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    plain = Tokens(3, 2, 4).double()
    plain.load_state_dict({"rows": layer.rows})
    expected = plain(x[:, :11]).detach().clone()
    for j in range(3):
        expected[:, 1 + j] += x[:, 11 + 5 * j : 16 + 5 * j] @ layer.mix[j].detach()
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_ramps_are_laid_where_the_rows_are() -> None:
    """A network with pieces looks at its training rows once, through whatever stands in front of it."""
    spec = FTTransformer(trunk=SMALL.trunk, numbers=Piecewise(bins=4, width=2, rows=1))
    network = settle(spec.build(MIXED, seed=0), torch.arange(60.0).view(20, 3))
    ramps = next(module for module in network.modules() if isinstance(module, Ramps))
    assert ramps.settled
    assert ramps.start[0, 0] == 0
    assert network(*some_rows(5)).shape == (5, 2)


def test_tokens_of_numbers_do_not_decay() -> None:
    """Decay takes matrices: no part of a token, no norm and no bias may be one; the embeddings of categories are."""
    network = SMALL.build(MIXED, seed=0)
    layout = Layout.of(dict(network.named_parameters()))
    decayed = {name for name, matrix in zip(layout.names, layout.matrices, strict=True) if matrix}
    assert all(name.endswith("weight") for name in decayed)
    assert not any(word in name for name in decayed for word in ("tokens", "norm", "bias"))
    assert {"columns.0.weight", "trunk.head.weight"} <= decayed


def test_a_first_row_has_length_one() -> None:
    """At birth a token's own row and the slope of a number have length 1 on average, however many units."""
    layer = tokens(features=200, categories=0, units=64)
    lengths = layer.rows.view(-1, 64).norm(dim=-1)
    assert lengths.mean().item() == pytest.approx(1, abs=0.02)


def test_an_unseen_category_claims_nothing() -> None:
    """Code 0 starts at zero in every column."""
    network = SMALL.build(MIXED, seed=0)
    assert all(not column.weight[0].any() and column.weight[1:].all() for column in network.columns)


def test_every_column_can_change_the_answer() -> None:
    """A number or a category that changes moves the scores, and two numbers by more than the sum of both."""
    network, (numbers, codes) = SMALL.build(MIXED, seed=0).double().eval(), some_rows(6)
    numbers, shifts = numbers.double(), torch.eye(3, dtype=torch.float64)
    base = network(numbers, codes)
    moved = [network(numbers + shift, codes) - base for shift in shifts]
    assert all(one.all() for one in moved)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = network(numbers + shifts[i] + shifts[j], codes) - base
        assert ((both - moved[i] - moved[j]).abs() > 1e-9).all()
    for column, size in enumerate(MIXED.categories):
        other = codes.clone()
        other[:, column] = (codes[:, column] + 1) % size
        assert (network(numbers, other) != base).all()


def test_columns_have_no_order() -> None:
    """Numbers in another order, with their tokens in the same one, give the same scores."""
    signature, order = Signature(features=3, scores=2), torch.tensor([2, 0, 1])
    network = SMALL.build(signature, seed=0).double().eval()
    numbers = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    before = network(numbers)
    with torch.no_grad():
        rows = network.tokens.rows.view(7, 8).clone()
        moved = torch.cat((rows[:1], rows[1:4][order], rows[4:][order]))
        network.tokens.rows.copy_(moved.flatten())
    torch.testing.assert_close(network(numbers[:, order]), before, rtol=0, atol=1e-12)


def test_many_rows_are_answered_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers do not depend on how many rows go through at once, and no call sees more tokens than said."""
    network, inputs = SMALL.build(MIXED, seed=0).double().eval(), some_rows(50)
    inputs = (inputs[0].double(), inputs[1])
    whole, seen = network(*inputs), []
    network.trunk.stack.register_forward_pre_hook(lambda module, args: seen.append(args[0].shape[:2].numel()))
    monkeypatch.setattr(ft_transformer, "TOKENS_AT_ONCE", 40)
    torch.testing.assert_close(network(*inputs), whole, rtol=0, atol=1e-12)
    assert max(seen) <= 40
    assert sum(seen) == 50 * 6


def test_the_papers_network_can_be_asked_for() -> None:
    """Three blocks of 192 units and 8 heads, 256 hidden units behind a ReGLU, all weights counted by hand."""
    spec = FTTransformer(trunk=Transformer(), numbers=None)
    network = spec.build(Signature(features=8, scores=1), seed=0)
    block = 4 * (192 * 192 + 192) + (512 * 192 + 512) + (192 * 256 + 192) + 2 * 2 * 192
    assert sum(p.numel() for p in network.parameters()) == 3 * block - 2 * 192 + 17 * 192 + 2 * 192 + 193
    assert (spec.trunk.attention_dropout, spec.trunk.dropout, spec.trunk.residual_dropout) == (0.2, 0.1, 0.0)


def test_numbers_alone_need_no_codes() -> None:
    """Without categories the network is what follows a joined row; with them it stands behind embeddings."""
    assert isinstance(SMALL.build(Signature(features=3, scores=2), seed=0), ColumnsNetwork)
    assert isinstance(SMALL.build(MIXED, seed=0), TableNetwork)


def test_a_table_that_is_too_wide_is_refused() -> None:
    """Not a memory that runs out in the night, but a sentence before anything is built, with two ways out."""
    with pytest.raises(SpecError, match=r"201 tokens") as caught:
        FTTransformer().build(Signature(features=150, scores=2, categories=(3,) * 51), seed=0)
    assert "Table()" in caught.value.remedy
    assert "FTTransformer(most_columns=201)" in caught.value.remedy
    assert replace(SMALL, most_columns=201).build(Signature(features=201, scores=2), seed=0)


def test_it_learns_which_column_to_look_at() -> None:
    """A law that a sum over columns cannot tell: one category says which of two numbers is the answer."""
    stream = torch.Generator().manual_seed(0)
    numbers, codes = torch.randn(256, 2, generator=stream), torch.randint(1, 3, (256, 1), generator=stream)
    truth = numbers.gather(1, codes - 1)
    network = SMALL.build(Signature(features=2, scores=1, categories=(3,)), seed=0).eval()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(150):
        optimiser.zero_grad()
        loss = (network(numbers, codes) - truth).square().mean()
        loss.backward()
        optimiser.step()
    assert math.sqrt(loss.item()) < 0.2 * truth.std().item()
