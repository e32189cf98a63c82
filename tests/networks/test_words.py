"""Bags of words: the formula by hand, rare words weigh more, pairs see the order of neighbours."""

import math

import torch

from lamina.foundation.signature import Field
from lamina.networks.words import Words, WordsNetwork, pair_codes

FIELD = Field(holds="text", shape=(6,), codes=9)
TEXTS = torch.tensor([[3, 4, 4, 0, 0, 0], [3, 1, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]], dtype=torch.int32)


def network(pairs: int = 0) -> WordsNetwork:
    """A network that answers, without dropout."""
    return Words(units=4, pairs=pairs, dropout=0.0).build(FIELD, stream=torch.Generator().manual_seed(0)).eval()


def test_it_is_the_formula() -> None:
    """The mean by rarity and the maximum, worked out by hand."""
    made = network()
    made.settle(TEXTS)
    rare, usual = math.log(4 / 2) + 1, math.log(4 / 4) + 1
    assert math.isclose(made.rarity[4].item(), rare, rel_tol=1e-6)  # once a text, however often it stands there
    assert math.isclose(made.rarity[3].item(), usual, rel_tol=1e-6)
    assert math.isclose(made.rarity[8].item(), math.log(4) + 1, rel_tol=1e-6)  # never met
    rows = made.tokens.rows.weight
    mean = (usual * rows[3] + 2 * rare * rows[4]) / math.sqrt(usual**2 + 2 * rare**2)
    torch.testing.assert_close(made(TEXTS)[0], torch.cat((mean, rows[[3, 4]].amax(0))))


def test_it_settles_once() -> None:
    """A network that goes on with new rows keeps the weights that its rows were learnt for."""
    made = network(pairs=20)
    made.settle(TEXTS)
    kept = {name: buffer.clone() for name, buffer in made.named_buffers()}
    assert not torch.equal(kept["pair_rarity"], torch.ones(21))
    made.settle(TEXTS[2:])
    assert all(torch.equal(buffer, kept[name]) for name, buffer in made.named_buffers())


def test_pairs_see_the_order() -> None:
    """Without pairs a text and its reverse are the same bag; with pairs they are not."""
    tokens = torch.tensor([[3, 4, 5, 6], [6, 5, 4, 3]], dtype=torch.int32)
    torch.testing.assert_close(*network()(tokens).unbind())
    first, other = network(pairs=1000)(tokens)
    assert (first - other).abs().max() > 0.01


def test_pair_codes_are_spread() -> None:
    """Every pair has a code within bounds, 0 beside padding only, and few pairs share one."""
    left, right = torch.meshgrid(torch.arange(1, 101), torch.arange(1, 101), indexing="ij")
    codes = pair_codes(torch.stack((left.flatten(), right.flatten()), -1), 1 << 16).squeeze(-1)
    assert codes.min() >= 1
    assert codes.max() <= 1 << 16
    assert len(set(codes.tolist())) > 0.9 * 10_000  # at random 0.927
    assert pair_codes(torch.tensor([[5, 0, 5]]), 100).tolist() == [[0, 0]]
    largest = torch.tensor([[2**31 - 1, 2**31 - 1]])
    assert 1 <= pair_codes(largest, 100).item() <= 100


def test_a_text_of_one_word() -> None:
    """One word has no pair: its mean and maximum are its row, and the field may be one word long."""
    made = network(pairs=7)
    answer = made(torch.tensor([[5]], dtype=torch.int32))
    torch.testing.assert_close(answer[0], made.tokens.rows.weight[5].repeat(2))
