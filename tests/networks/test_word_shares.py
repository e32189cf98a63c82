"""What tokens add to a bag of words: by hand, and as much together as the bag says."""

import pytest
import torch
from torch import Tensor

from lamina.foundation.signature import Field
from lamina.networks.word_shares import Items, token_shares
from lamina.networks.words import Words, WordsNetwork

FIELD = Field(holds="text", shape=(12,), codes=9)
ROWS = torch.tensor([[7.0], [1.0], [3.0], [-2.0], [-5.0]])
ONES = torch.ones(5)


def texts(rows: int, *, seed: int = 0) -> Tensor:
    """Texts of unequal length."""
    stream = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, 9, (rows, 12), generator=stream, dtype=torch.int32)
    return tokens.masked_fill(torch.arange(12) >= torch.arange(12, 12 - rows, -1)[:, None], 0)


def network(pairs: int, seed: int = 0) -> WordsNetwork:
    """A network that knows pairs, in double precision."""
    made = Words(units=3, pairs=pairs).build(FIELD, stream=torch.Generator().manual_seed(seed))
    made.settle(texts(9, seed=seed))
    return made.double().eval()


def mean_of(shares: Tensor) -> list[float]:
    """The part that goes to the mean, of the only text."""
    return shares[0, :, 0].tolist()


def test_the_mean_is_shared_by_weight() -> None:
    """By row, rarity and length; padding has no part."""
    rarity = torch.tensor([9.0, 3.0, 4.0, 1.0, 1.0])
    shares = token_shares([Items(ROWS, torch.tensor([[1, 2, 0]]), rarity)])
    assert mean_of(shares) == pytest.approx([3 * 1 / 5, 4 * 3 / 5, 0])


def test_the_maximum_belongs_to_its_winners() -> None:
    """The largest value is all that counts, negative or not; places that hold it share it."""
    shares = token_shares([Items(ROWS, torch.tensor([[3, 4, 0], [2, 1, 2]]), ONES)])[..., 1]
    assert shares.tolist() == [[-2, 0, 0], [1.5, 0, 1.5]]


def test_what_stands_twice_counts_once() -> None:
    """Its places share what it would add alone."""
    twice, once = (token_shares([Items(ROWS, torch.tensor([codes]), ONES)]) for codes in ([1, 2, 1], [1, 2, 0]))
    assert mean_of(twice) == pytest.approx([mean_of(once)[0] / 2, mean_of(once)[1], mean_of(once)[0] / 2])


def test_pairs_are_halved() -> None:
    """Between a token and the one before it; the pair of the first token, with nothing, is all its own."""
    silent = torch.zeros(5, 1)
    tokens = Items(silent, torch.tensor([[1, 2, 3]]), ONES)
    first, second = (token_shares([tokens, Items(ROWS, torch.tensor([own]), ONES)]) for own in ([2, 0, 0], [0, 2, 0]))
    length = 2  # four weights of one
    assert mean_of(first) == pytest.approx([3 / length, 0, 0])
    assert mean_of(second) == pytest.approx([1.5 / length, 1.5 / length, 0])


def test_a_pair_behind_padding_is_all_the_tokens_own() -> None:
    """There is nothing before it to halve with."""
    tokens = Items(torch.zeros(5, 1), torch.tensor([[1, 0, 3]]), ONES)
    shares = token_shares([tokens, Items(ROWS, torch.tensor([[0, 0, 2]]), ONES)])
    assert mean_of(shares) == pytest.approx([0, 0, 3 / 3**0.5])


@pytest.mark.parametrize("pairs", [0, 4, 200])
def test_shares_add_up_to_the_answer(pairs: int) -> None:
    """Of every text, an empty one too; what there is to share is no zero."""
    made = network(pairs)
    tokens = torch.cat((texts(5, seed=3), torch.zeros(1, 12, dtype=torch.int32)))
    tokens[1:4, 4] = 0  # padding inside
    shares, answer = made.shares(tokens), made(tokens)
    assert shares.shape == (6, 12, 6)
    torch.testing.assert_close(shares.sum(-2), answer)
    assert answer[:5].abs().min() > 0
    assert (shares[tokens == 0] == 0).all()


def test_members_share_apart() -> None:
    """In a fleet each member has the shares that it has alone."""
    alone, tokens = [network(20, seed) for seed in range(3)], texts(4, seed=3)
    fleet = network(20)
    for name, part in [*fleet.named_parameters(), *fleet.named_buffers()]:
        stacked = torch.stack([one.state_dict()[name] for one in alone])
        owner, _, last = name.rpartition(".")
        module = fleet.get_submodule(owner)
        if isinstance(part, torch.nn.Parameter):
            setattr(module, last, torch.nn.Parameter(stacked))
        else:
            module.register_buffer(last, stacked)
    found = fleet.shares(tokens.expand(3, *tokens.shape))
    torch.testing.assert_close(found, torch.stack([one.shares(tokens) for one in alone]))
    torch.testing.assert_close(found.sum(-2), fleet(tokens.expand(3, *tokens.shape)))
