"""Tokens as rows of numbers: the front that every network of texts shares.

A text is a row of codes, 0 where it has ended (padding) and 1 for a token that training never met. While training, a
few tokens are read as unknown ("blanks"): no word is relied on alone, and the row of the unknown learns to stand for
one. A chosen unit is silenced in all tokens of a text at once (a locked dropout): the noise of a text never depends on
how long it or its neighbours are.

Sources: Gal and Ghahramani (2016), arXiv:1512.05287 (locked dropout); Iyyer et al. (2015), doi:10.3115/v1/P15-1162
(word dropout). We differ: a dropped word is read as unknown, not left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks.initialise import fill_embedding
from lamina.networks.layers import Dropout, Embedding, Noise

PADDING, UNKNOWN = 0, 1


class Tokens(nn.Module):
    """The row of each token, and which tokens are there.

    **Shape**: int32 ``(batch, token)`` in; float32 ``(batch, token, width)`` and bool ``(batch, token)`` out, both as
    long as the longest text of the batch. For a fleet with ``member`` in front.

    Args:
        codes: how many codes a token can take.
        width: numbers of a token.
        blanks: chance to read a token as unknown while training.
        dropout: chance to silence a unit of all tokens of a text while training.

    >>> x, present = Tokens(9, 4)(torch.tensor([[3, 8, 0, 0], [5, 0, 0, 0]]))
    >>> x.shape, present.sum(-1)
    (torch.Size([2, 2, 4]), tensor([2, 1]))
    """

    def __init__(self, codes: int, width: int, *, blanks: float = 0.0, dropout: float = 0.0) -> None:
        super().__init__()
        self.rows = Embedding(codes, width)
        self.blank = Blanks(blanks) if blanks > 0 else None
        self.dropout = Dropout(dropout) if dropout > 0 else None
        self.width = width

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The rows and the mask."""
        tokens = self.read(tokens)
        return self.look_up(tokens), tokens != PADDING

    def read(self, tokens: Tensor) -> Tensor:
        """The tokens as long as the longest text of the batch; while training with blanks."""
        return trimmed(self.blanked(tokens))

    def blanked(self, tokens: Tensor) -> Tensor:
        """The tokens; while training with blanks."""
        return tokens if self.blank is None else self.blank(tokens)

    def look_up(self, tokens: Tensor) -> Tensor:
        """The rows of tokens that were read."""
        x = look_up(self.rows, tokens)
        if self.dropout is None or not self.training:
            return x
        return x * self.dropout.factor(x[..., 0, :]).unsqueeze(-2)


class Blanks(nn.Module):
    """Reads each token as unknown with a chance while training; padding stays padding.

    **Shape**: int32 ``(batch, token)`` in, the same out.

    Attributes:
        noise: where the uniform numbers come from, as in `Dropout`.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share  # no buffer: a fleet's own chances are those of silencing units
        self.noise: Noise | None = None

    def forward(self, tokens: Tensor) -> Tensor:
        """The tokens, some of them unknown."""
        if not self.training:
            return tokens
        shape = tokens.mT.shape
        draws = torch.rand(shape, device=tokens.device) if self.noise is None else self._drawn(shape, tokens.device)
        return tokens.masked_fill((draws.mT < self.share) & (tokens != PADDING), UNKNOWN)

    def _drawn(self, shape: torch.Size, device: torch.device) -> Tensor:
        assert self.noise is not None
        return self.noise(shape, device, torch.float32)


def make_tokens(
    field: Field, width: int, *, stream: torch.Generator, blanks: float = 0.0, dropout: float = 0.0
) -> Tokens:
    """The front for a field of texts, its rows drawn from ``stream``.

    Raises:
        SpecError: the field does not say how many codes a token can take.
    """
    if field.holds != "text" or field.codes < 2:
        raise SpecError(
            wrong=f"a network of texts was asked to read {field!r}.",
            expected='a field of kind "text" whose tokens take at least 2 codes: padding and unknown.',
            remedy='try Field(holds="text", shape=(64,), codes=4096).',
        )
    layer = Tokens(field.codes, width, blanks=blanks, dropout=dropout)
    fill_embedding(layer.rows, stream=stream)
    return layer


def look_up(rows: Embedding, codes: Tensor) -> Tensor:
    """The rows ``(..., batch, token, width)`` of codes ``(..., batch, token)``."""
    found: Tensor = rows(codes.flatten(-2).long())
    return found.view(*codes.shape, rows.width)


def trimmed(tokens: Tensor) -> Tensor:
    """The tokens up to the end of the longest text, at least one: what nobody needs is not reckoned.

    >>> trimmed(torch.tensor([[3, 0, 5, 0, 0], [4, 0, 0, 0, 0]]))
    tensor([[3, 0, 5],
            [4, 0, 0]])
    """
    if tokens.is_meta or torch.compiler.is_exporting() or tokens.numel() == 0:
        return tokens  # there the length must not depend on what the tokens are
    used = (tokens != PADDING).flatten(0, -2).any(0)
    places = torch.arange(1, tokens.shape[-1] + 1, device=tokens.device)
    return tokens[..., : max(1, int((used * places).max()))]


def mask_of(tokens: Tensor) -> Tensor | None:
    """Which tokens are there; None where all are, which spares the masks."""
    present = tokens != PADDING
    if tokens.is_meta or torch.compiler.is_exporting():
        return present  # there the way must not depend on what the tokens are
    return None if present.all() else present
