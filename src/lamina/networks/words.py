r"""Texts as bags of words: what is said counts, in which order hardly.

    w_t = log((1 + n) / (1 + n_t)) + 1        mean = sum_t w_t e_t / sqrt(sum_t w_t^2)        most = max_t e_t

t runs over the tokens of a text and over its known pairs of neighbours, each once however often it stands there: what
is said twice is hardly said louder. e_t are learnt rows, n counts the training texts and n_t those with t: what is rare
says more. A linear layer on the mean is what TF-IDF and a linear model are, through a bottleneck; the largest value of
each unit says whether any word speaks for it, however long the text.

Pairs are known that two training texts share at least: the commonest, as many as there are rows for. The first token
has a pair too, with nothing before it. Of a stream the texts that are looked at before training decide, and a network
that goes on with new rows keeps the pairs it has.

Fast, and hard to beat on small sets: see ``docs/decisions/0013-texts.md``.

Source: Joulin et al. (2016), "Bag of Tricks for Efficient Text Classification", arXiv:1607.01759. We differ: weights by
rarity, each word once, the maximum beside the mean, pairs of subwords by name and not by hash, dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.initialise import fill_embedding
from lamina.networks.layers import Dropout, Embedding
from lamina.networks.tokens import PADDING, Tokens, make_tokens
from lamina.networks.word_shares import Items, token_shares

FIRST = 0.1  # length of a first row: what training never meets keeps it, and must hardly speak
MOST_COUNTED = 1 << 23  # places of tokens, padding too, that are counted, in texts evenly spread over all
SHARED = 2  # training texts that make a pair known
MOST_CODES = 1 << 24  # names of pairs are kept in floats of 32 bits, exact below


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text as the mean and the maximum of its words.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out.

    >>> field = Field(holds="text", shape=(20,), codes=50)
    >>> network = Words(units=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(5, 20, dtype=torch.int32)).shape, network.width
    (torch.Size([5, 16]), 16)
    """

    kind: ClassVar[Literal["text"]] = "text"

    units: int = setting(64, "numbers of a token", low=1, high=4096, log=True)
    pairs: int = setting(1 << 14, "neighbouring pairs that are known at most; 0 for none", low=0, high=1 << 24)
    blanks: float = setting(0.1, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.5, "chance to silence a unit while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> WordsNetwork:
        """The network for a field of texts, weights drawn from ``stream``.

        Raises:
            SpecError: the field has too many codes for pairs of them to be told apart.
        """
        if self.pairs and field.codes > MOST_CODES:
            raise SpecError(
                wrong=f"Words was asked to know pairs of {field.codes:,} codes.",
                expected=f"at most {MOST_CODES:,} codes.",
                remedy="try Words(pairs=0).",
            )
        tokens = make_tokens(field, self.units, stream=stream, blanks=self.blanks)
        pairs = fill_embedding(Embedding(self.pairs + 1, self.units), stream=stream) if self.pairs else None
        network = WordsNetwork(tokens, pairs, dropout=self.dropout)
        with torch.no_grad():
            for rows in network.parameters():
                rows.mul_(FIRST)
        return network


class WordsNetwork(nn.Module):
    """Mean and maximum of the rows of words and pairs (see `Words`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out; ``rarity`` is ``(codes,)`` and ``pair_rarity``
    ``(pairs + 1,)``; ``known`` ``(pairs, 2)`` holds the two tokens of each known pair, in order, and zeros where there
    are fewer. Each with ``member`` in front for a fleet.
    """

    rarity: Tensor
    known: Tensor
    pair_rarity: Tensor
    settled: Tensor

    def __init__(self, tokens: Tokens, pairs: Embedding | None, *, dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.pairs = pairs
        self.dropout = Dropout(dropout) if dropout > 0 else None
        rows = 0 if pairs is None else pairs.weight.shape[0]
        self.register_buffer("rarity", torch.ones(tokens.rows.weight.shape[0]))
        self.register_buffer("known", torch.zeros(max(rows - 1, 0), 2))
        self.register_buffer("pair_rarity", torch.ones(rows))
        self.register_buffer("settled", torch.tensor(0.0))  # 1 once it is; weights are numbers
        self.width = 2 * tokens.width

    def forward(self, tokens: Tensor) -> Tensor:
        """The mean and the maximum."""
        first, *others = [_bag(*items) for items in self._items(self.tokens.read(tokens))]
        bag = _joined(first, others[0]) if others else first
        mean = bag.total / bag.squares.clamp(min=1e-12).sqrt()  # so that it does not grow with the length
        y = torch.cat((mean, bag.most), dim=-1)
        return y if self.dropout is None else self.dropout(y)

    def shares(self, tokens: Tensor) -> Tensor:
        """What each token adds to the answer ``(..., batch, token, width)``: over a text these add up to it."""
        items = self._items(tokens)
        if tokens.dim() == 2:
            return token_shares(items)
        members = zip(*(zip(*one, strict=True) for one in items), strict=True)
        return torch.stack([token_shares([Items(*one) for one in own]) for own in members])

    def _items(self, tokens: Tensor) -> list[Items]:
        """The tokens, and the pairs if there are any."""
        items = [Items(self.tokens.rows.weight, tokens, self.rarity)]
        if self.pairs is not None:
            codes = pair_codes(tokens, self.known, self.rarity.shape[-1])
            items.append(Items(self.pairs.weight, codes, self.pair_rarity))
        return items

    def settle(self, tokens: Tensor) -> None:
        """Learn from the training rows ``(row, token)`` which pairs there are, and how rare tokens and pairs: once."""
        if self.settled or not len(tokens):
            return
        self.settled.fill_(1)
        rows = max(1, min(len(tokens), MOST_COUNTED // tokens.shape[-1]))
        seen = tokens[torch.arange(rows, device=tokens.device) * len(tokens) // rows].long()
        codes = self.rarity.shape[-1]
        counts = torch.bincount(distinct(seen).flatten(), minlength=codes)  # a text counts once for each of its codes
        self.rarity.copy_(_rarity(counts, rows))
        if self.pairs is not None:
            keys, shared = _commonest(pair_keys(seen, codes), len(self.known))
            self.known[: len(keys)] = torch.stack((keys // codes, keys % codes), dim=-1).to(self.known.dtype)
            self.pair_rarity[1 : 1 + len(keys)] = _rarity(shared, rows)


def distinct(codes: Tensor) -> Tensor:
    """Each code of a row once, in order, 0 in the place of what repeats the one before.

    >>> distinct(torch.tensor([[7, 3, 7, 0]]))
    tensor([[0, 3, 7, 0]])
    """
    own = codes.sort(dim=-1).values
    repeated = functional.pad(own[..., 1:] == own[..., :-1], (1, 0))
    return own.masked_fill(repeated, PADDING)


def pair_keys(tokens: Tensor, codes: int) -> Tensor:
    """A number above 0 for each token, below ``codes``, with the one before it, be it none; 0 for padding.

    >>> pair_keys(torch.tensor([[5, 6, 0]]), 10)
    tensor([[ 5, 56,  0]])
    """
    left, right = functional.pad(tokens[..., :-1], (1, 0)).long(), tokens.long()
    return (left * codes + right) * (right != PADDING)


def pair_codes(tokens: Tensor, known: Tensor, codes: int) -> Tensor:
    """The place of each token's pair among those that are known, the first being 1; 0 for all others.

    >>> pair_codes(torch.tensor([[5, 6, 5, 0]]), torch.tensor([[5.0, 6.0], [7.0, 5.0], [0.0, 0.0]]), 10)
    tensor([[0, 1, 0, 0]])
    """
    keys = pair_keys(tokens, codes)
    left, right = known.long().unbind(-1)
    names = (left * codes + right).masked_fill(right == PADDING, torch.iinfo(torch.int64).max)
    asked = keys.flatten(-2)
    places = torch.searchsorted(names, asked).clamp(max=names.shape[-1] - 1)
    return ((places + 1) * (names.gather(-1, places) == asked)).view(keys.shape)


class _Bag(NamedTuple):
    total: Tensor  # weighted sum of the rows, (..., batch, width)
    squares: Tensor  # of the weights, summed (..., batch, 1)
    most: Tensor  # the largest value of each unit, zeros without any (..., batch, width)


def _bag(rows: Tensor, codes: Tensor, rarity: Tensor) -> _Bag:
    if len(codes) == 1 and codes.dim() > 2:  # one member needs no copy
        return _Bag(*(part.unsqueeze(0) for part in _bag(rows.squeeze(0), codes.squeeze(0), rarity.squeeze(0))))
    if codes.dim() > 2:  # a loop: the kernel takes one table, and looking up keeps the processor busy
        each = [_bag(*one) for one in zip(rows, codes, rarity, strict=True)]
        return _Bag(*(torch.stack(parts) for parts in zip(*each, strict=True)))
    places = distinct(codes).long()
    weights = (rarity[places] * (places != PADDING)).to(rows.dtype)
    # rows are summed as they are looked up: side by side those of a long text would fill the memory
    total = functional.embedding_bag(places, rows, mode="sum", per_sample_weights=weights, padding_idx=PADDING)
    most = functional.embedding_bag(places, rows, mode="max", padding_idx=PADDING)
    return _Bag(total, weights.square().sum(-1, keepdim=True), most)


def _joined(first: _Bag, other: _Bag) -> _Bag:
    most = torch.where(other.squares > 0, torch.maximum(first.most, other.most), first.most)
    return _Bag(first.total + other.total, first.squares + other.squares, most)


def _rarity(counts: Tensor, rows: int) -> Tensor:
    """How rare what so many of the rows hold is: log((1 + rows) / (1 + counts)) + 1."""
    return torch.log((1 + rows) / (1 + counts.to(torch.float32))) + 1


def _commonest(keys: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The keys above 0 that most rows share, in order, and how many rows that are."""
    own = distinct(keys).flatten()
    names, counts = torch.unique(own[own > 0], return_counts=True)
    names, counts = names[counts >= SHARED], counts[counts >= SHARED]
    kept = counts.argsort(descending=True, stable=True)[:most].sort().values
    return names[kept], counts[kept]
