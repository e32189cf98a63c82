r"""Hierarchical attention: words make chunks, chunks make sections, sections make a document.

    chunk = attention over y, y what each word says among its neighbours
    section = attention over what its chunks say        document = attention over what its sections say

With two-way recurrent layers over chunks and sections (``above="lstm"``) their order counts too, but attention may then
lie beside what decided, because neighbours have heard of it.

There are some thirty items at each level: among 20,000 words every one is a few dozen steps from the answer. How much a
word counted is the product of its weight in the chunk, the chunk's in the section, and the section's in the document;
over a document these add up to 1.

Chunks are all alike in length. So that a phrase on a border is not torn, a chunk also reads a few words on both sides,
but attends to its own only. Chunks without words cost nothing: those of all documents of a batch that have any are read
together, some thousands of words at a time. While training, what was read is forgotten and read again on the way back
(checkpoints): memory grows with the number of chunks, not with the number of words times the units.

Source: Yang et al. (2016), "Hierarchical Attention Networks for Document Classification", doi:10.18653/v1/N16-1174. We
differ: chunks in place of sentences, a third level, filters in place of recurrent layers (they learnt faster and their
attention is sharper: ``docs/decisions/0013-texts.md``), a norm before attention, checkpoints (Chen
et al. 2016, arXiv:1604.06174).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.additive import AdditivePool, fill_pool
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Dropout
from lamina.networks.levels import Cut, Level, Neighbours, windows_of
from lamina.networks.reading import locked
from lamina.networks.recurrent import Recurrence, fill_recurrence
from lamina.networks.tokens import PADDING, Tokens, make_tokens

Reader = Literal["neighbours", "rnn", "lstm", "gru"]

TOKENS_AT_ONCE = 1 << 15  # read together: some two hundred megabytes while training, and rows enough for fast products

ROUND = 64  # so many chunks, or twice, or thrice, are read, a few of them empty


@dataclass(frozen=True, kw_only=True)
class Hierarchical:
    """A long text by attention over words, chunks of words, and sections of chunks.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out.

    >>> field = Field(holds="text", shape=(5000,), codes=50)
    >>> network = Hierarchical(units=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(2, 5000, dtype=torch.int32)).shape, network.width
    (torch.Size([2, 16]), 16)
    """

    kind: ClassVar[Literal["text"]] = "text"

    words: Reader = setting("neighbours", "what reads the words of a chunk")
    above: Reader = setting("neighbours", "what reads chunks and sections; neighbours: each by itself")
    embedding: int = setting(32, "numbers of a token", low=1, high=4096, log=True)
    units: int = setting(32, "units of each direction, at each level", low=1, high=4096, log=True)
    hidden: int = setting(64, "units that judge how much something matters", low=1, high=4096, log=True)
    chunk: int = setting(32, "words of a chunk", low=1, high=4096, log=True)
    margin: int = setting(2, "words that a chunk reads over each of its borders", low=0, high=1024)
    section: int = setting(32, "chunks of a section", low=1, high=4096, log=True)
    blanks: float = setting(0.1, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.2, "chance to silence a unit of chunks and sections while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> HierarchicalNetwork:
        """The network for a field of texts, weights drawn from ``stream``."""
        tokens = make_tokens(field, self.embedding, stream=stream, blanks=self.blanks)
        inputs, width = self.embedding, 2 * self.units
        levels = [
            self._level(inputs, self.words, self.margin, stream),
            self._level(width, self.above, 0, stream),
            self._level(width, self.above, 0, stream),
        ]
        cut = Cut(chunk=self.chunk, margin=self.margin, section=self.section)
        return HierarchicalNetwork(tokens, levels, cut, dropout=self.dropout)

    def _level(self, inputs: int, reader: Reader, reach: int, stream: torch.Generator) -> Level:
        layer: Neighbours | Recurrence
        if reader == "neighbours":
            layer = Neighbours(inputs, 2 * self.units, reach=reach)
            fill_affine(layer.mix, scheme="he", activation="relu", stream=stream)
        else:
            layer = fill_recurrence(Recurrence(inputs, self.units, reader, both=True), stream=stream)
        return Level(layer, fill_pool(AdditivePool(2 * self.units, self.hidden), stream=stream))


class Weights(NamedTuple):
    """How much each part counted: words of a chunk, chunks of a section, sections of the document.

    **Shape**: ``(..., batch, chunk, word)``, ``(..., batch, section, chunk of it)``, ``(..., batch, section)``.
    """

    words: Tensor
    chunks: Tensor
    sections: Tensor


class HierarchicalNetwork(nn.Module):
    """Three levels of attention over the tokens of a text (see `Hierarchical`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, width)`` out; for a fleet with ``member`` in front.
    """

    def __init__(self, tokens: Tokens, levels: list[Level], cut: Cut, *, dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.words, self.chunks, self.sections = levels
        self.cut = cut
        self.drops = nn.ModuleList(Dropout(dropout) for _ in range(2)) if dropout > 0 else None
        self.width = levels[-1].layer.width

    def forward(self, tokens: Tensor) -> Tensor:
        """What the document says."""
        return self.with_weights(tokens)[0]

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Weights]:
        """What the document says, and how much each part of it counted."""
        windows, own = windows_of(self.tokens.read(tokens), self.cut)
        present = own.any(-1)
        chunks, words = self._read(windows, own, present)
        there = torch.unflatten(present, -1, (-1, self.cut.section))
        parts = torch.unflatten(self._drop(0, chunks), -2, there.shape[-2:])
        joined = parts.flatten(-4, -3)  # a section is a row like any other
        sections, shares = self.chunks(joined, there.flatten(-3, -2), there.flatten(-3, -2))
        sections = torch.unflatten(sections, -2, there.shape[-3:-1])
        document, whole = self.sections(self._drop(1, sections), there.any(-1), there.any(-1))
        return document, Weights(words, torch.unflatten(shares, -2, there.shape[-3:-1]), whole)

    def attended(self, tokens: Tensor) -> Tensor:
        """How much each token counted ``(..., batch, token)``: over a text that has any these add up to 1."""
        words, shares, whole = self.with_weights(tokens)[1]
        each = words * (shares * whole.unsqueeze(-1)).flatten(-2).unsqueeze(-1)
        counted = each.flatten(-2)[..., : tokens.shape[-1]]
        return functional.pad(counted, (0, tokens.shape[-1] - counted.shape[-1]))

    def _read(self, windows: Tensor, own: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """What each chunk says ``(..., batch, chunk, width)``, and its words' weights; zeros for one without words."""
        flat, mask = windows.flatten(-3, -2), own.flatten(-3, -2)
        order = (~present.flatten(-2)).to(torch.uint8).argsort(dim=-1, stable=True)  # chunks with words come first
        order = order[..., : min(order.shape[-1], _most(present))]
        rows = max(1, TOKENS_AT_ONCE // (flat.shape[-1] * math.prod(flat.shape[:-2])))
        rows = rows // ROUND * ROUND or rows  # a piece that is left over is in round numbers too
        done = [self._some(_rows(flat, part), _rows(mask, part)) for part in torch.split(order, rows, dim=-1)]
        said, weights = (torch.cat(parts, dim=-2) for parts in zip(*done, strict=True))
        margin = self.cut.margin
        inside = weights[..., margin : weights.shape[-1] - margin]
        shape = present.shape[-2:]
        return (
            torch.unflatten(_back(said, order, math.prod(shape)), -2, shape),
            torch.unflatten(_back(inside, order, math.prod(shape)), -2, shape),
        )

    def _some(self, windows: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() and windows.numel() > TOKENS_AT_ONCE // 4:
            said: tuple[Tensor, Tensor] = checkpoint(
                self._words, windows, own, use_reentrant=False, preserve_rng_state=False
            )
            return said
        return self._words(windows, own)

    def _words(self, windows: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """Nothing in here may draw: it runs twice, and both times must be the same."""
        answer: tuple[Tensor, Tensor] = self.words(self.tokens.look_up(windows), windows != PADDING, own)
        return answer

    def _drop(self, place: int, x: Tensor) -> Tensor:
        return x if self.drops is None else locked(self.drops[place], x)


def _most(present: Tensor) -> int:
    """How many chunks of a batch hold words: of the member that has most of them."""
    if present.is_meta or torch.compiler.is_exporting():
        return math.prod(present.shape[-2:])
    # in round numbers: kernels are prepared for a shape, and kept
    return max(1, -(-int(present.flatten(-2).sum(-1).max()) // ROUND) * ROUND)


def _rows(flat: Tensor, order: Tensor) -> Tensor:
    return flat.gather(-2, order.unsqueeze(-1).expand(*order.shape, flat.shape[-1]))


def _back(some: Tensor, order: Tensor, count: int) -> Tensor:
    """Rows put back where they came from among ``count``, zeros elsewhere."""
    empty = some.new_zeros(*some.shape[:-2], count, some.shape[-1])
    return empty.scatter(-2, order.unsqueeze(-1).expand(some.shape), some)
