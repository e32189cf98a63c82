"""Bags of words: the formula by hand, rare words weigh more, each counts once, pairs see the order of neighbours."""

import math

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks import words
from lamina.networks.initialise import fill_embedding
from lamina.networks.layers import Embedding
from lamina.networks.words import Words, WordsNetwork, distinct, pair_codes

FIELD = Field(holds="text", shape=(6,), codes=9)
TEXTS = torch.tensor([[3, 4, 4, 0, 0, 0], [3, 1, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]], dtype=torch.int32)
SHARED = torch.tensor([[3, 4, 5, 6], [5, 3, 4, 0], [6, 3, 4, 5]], dtype=torch.int32)


def network(pairs: int = 0) -> WordsNetwork:
    """A network that answers, without dropout."""
    return Words(units=4, pairs=pairs, dropout=0.0).build(FIELD, stream=torch.Generator().manual_seed(0)).eval()


def test_it_is_the_formula() -> None:
    """The mean by rarity and the maximum, worked out by hand; what stands twice counts once."""
    made = network()
    made.settle(TEXTS)
    rare, usual = math.log(4 / 2) + 1, math.log(4 / 4) + 1
    assert math.isclose(made.rarity[4].item(), rare, rel_tol=1e-6)  # once a text, however often it stands there
    assert math.isclose(made.rarity[3].item(), usual, rel_tol=1e-6)
    assert math.isclose(made.rarity[8].item(), math.log(4) + 1, rel_tol=1e-6)  # never met
    rows = made.tokens.rows.weight
    mean = (usual * rows[3] + rare * rows[4]) / math.sqrt(usual**2 + rare**2)
    torch.testing.assert_close(made(TEXTS)[0], torch.cat((mean, rows[[3, 4]].amax(0))))


def test_pairs_are_in_the_formula() -> None:
    """A text's known pair joins its words in the mean and in the maximum, its row chosen by its name."""
    made = network(pairs=5)
    made.settle(SHARED)
    assert made.known.tolist() == [[3, 4], [4, 5], [0, 0], [0, 0], [0, 0]]
    assert made.pair_rarity[1:3].tolist() == pytest.approx([math.log(4 / 4) + 1, math.log(4 / 3) + 1])
    assert made.pairs is not None
    rows = torch.stack((made.tokens.rows.weight[4], made.tokens.rows.weight[5], made.pairs.weight[2]))
    weights = torch.stack((made.rarity[4], made.rarity[5], made.pair_rarity[2]))
    wanted = torch.cat((weights @ rows / weights.square().sum().sqrt(), rows.amax(0)))
    torch.testing.assert_close(made(torch.tensor([[4, 5, 0]], dtype=torch.int32))[0], wanted)


def by_dictionary(made: WordsNetwork, text: list[int]) -> Tensor:
    """What a network says about a text, looked up name by name."""
    assert made.pairs is not None
    names = {(int(left), int(right)): 1 + i for i, (left, right) in enumerate(made.known.tolist()) if right}
    found = {("token", code): (made.rarity[code], made.tokens.rows.weight[code]) for code in text if code}
    for pair in zip([0, *text], text, strict=False):
        if pair in names:
            found[("pair", *pair)] = made.pair_rarity[names[pair]], made.pairs.weight[names[pair]]
    weights, rows = (torch.stack(parts) for parts in zip(*found.values(), strict=True))
    return torch.cat((weights @ rows / weights.square().sum().sqrt(), rows.amax(0)))


def test_it_is_what_dictionaries_say() -> None:
    """Whatever order pairs are common in, and with padding inside a text too."""
    stream = torch.Generator().manual_seed(0)
    texts = (9 * torch.rand(60, 6, generator=stream) ** 2).to(torch.int32)  # small codes are common, 0 among them
    texts[:, 0] = texts[:, 0].clamp(min=1)
    made = network(pairs=40)
    made.settle(texts)
    assert (made.known[:, 1] > 0).all()  # there are more than are kept
    torch.testing.assert_close(made(texts), torch.stack([by_dictionary(made, text) for text in texts.tolist()]))


def test_first_rows_are_short() -> None:
    """What training never meets keeps its first row, and hardly speaks: its numbers are a tenth of what is usual."""
    made = Words().build(FIELD, stream=torch.Generator().manual_seed(0))
    assert made.pairs is not None
    assert (
        0.05
        < made.pairs.weight.std()
        / fill_embedding(Embedding(1000, 64), stream=torch.Generator().manual_seed(1)).weight.std()
        < 0.15
    )


def test_pairs_of_too_many_codes_are_refused() -> None:
    """Their names would no longer be exact; without pairs there may be as many as one likes."""
    field = Field(holds="text", shape=(6,), codes=(1 << 24) + 1)
    with pytest.raises(SpecError, match="16,777,217 codes"):
        Words(units=1).build(field, stream=torch.Generator())
    assert Words(units=1, pairs=0).build(field, stream=torch.Generator()).pairs is None


def test_the_commonest_pairs_are_known() -> None:
    """Where there are more pairs than rows, those that most texts share are kept; the first word is a pair too."""
    made = network(pairs=1)
    made.settle(SHARED)
    assert made.known.tolist() == [[3, 4]]
    other = network(pairs=3)
    other.settle(torch.tensor([[7, 3, 0], [7, 4, 0], [3, 7, 0]], dtype=torch.int32))
    assert other.known.tolist() == [[0, 7], [0, 0], [0, 0]]


def test_it_settles_once() -> None:
    """A network that goes on with new rows keeps the weights that its rows were learnt for."""
    made = network(pairs=20)
    made.settle(SHARED)
    kept = {name: buffer.clone() for name, buffer in made.named_buffers()}
    assert not torch.equal(kept["pair_rarity"], torch.ones(21))
    made.settle(TEXTS)
    assert all(torch.equal(buffer, kept[name]) for name, buffer in made.named_buffers())


def test_many_texts_are_counted_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many tokens, texts evenly spread over all are counted, and rarity is by their number."""
    monkeypatch.setattr(words, "MOST_COUNTED", 6 * 2)
    made = network(pairs=4)
    made.settle(torch.tensor([[3, 0], [8, 0], [4, 0], [8, 0]] * 3, dtype=torch.int32))
    assert made.rarity[3] == pytest.approx(math.log(7 / 4) + 1)
    assert made.rarity[8] == pytest.approx(math.log(7) + 1)
    assert made.known[:2].tolist() == [[0, 3], [0, 4]]
    assert made.pair_rarity[1] == pytest.approx(math.log(7 / 4) + 1)


def test_no_texts_settle_nothing() -> None:
    """A network that has seen no text may still see some."""
    made = network(pairs=4)
    made.settle(SHARED[:0])
    made.settle(SHARED)
    assert made.known[0].tolist() == [3, 4]


def test_pairs_see_the_order() -> None:
    """Without pairs a text and its reverse are the same bag; with pairs they are not."""
    tokens = torch.tensor([[3, 4, 5, 6], [6, 5, 4, 3]], dtype=torch.int32)
    torch.testing.assert_close(*network()(tokens).unbind())
    seeing = network(pairs=1000)
    seeing.settle(tokens.repeat(2, 1))
    first, other = seeing(tokens)
    assert (first - other).abs().max() > 0.01


def test_pairs_of_each_member() -> None:
    """Every member of a fleet looks a pair up among its own, and there are names for the largest codes."""
    known = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[2.0, 9.0], [3.0, 4.0]]])
    tokens = torch.tensor([[[3, 4]], [[3, 4]]], dtype=torch.int32)
    assert pair_codes(tokens, known, 10).tolist() == [[[0, 1]], [[0, 2]]]
    last = (1 << 24) - 1
    largest = torch.tensor([[last, last]])
    assert pair_codes(largest, largest.float(), last + 1).tolist() == [[0, 1]]


def test_nothing_is_known_before() -> None:
    """Before it has settled a network knows no pair."""
    made = network(pairs=7)
    answer = made(torch.tensor([[5, 6]], dtype=torch.int32))
    torch.testing.assert_close(answer, network()(torch.tensor([[5, 6]], dtype=torch.int32)))


def test_distinct_codes() -> None:
    """Every code of a row is left once, of any fleet."""
    codes = torch.tensor([[[4, 2, 4, 4], [0, 0, 1, 1]]])
    assert distinct(codes).tolist() == [[[2, 4, 0, 0], [0, 0, 1, 0]]]


def test_a_text_of_one_word() -> None:
    """Mean and maximum of one word are its row, and the field may be one word long."""
    made = network(pairs=7)
    answer = made(torch.tensor([[5]], dtype=torch.int32))
    torch.testing.assert_close(answer[0], made.tokens.rows.weight[5].repeat(2))
