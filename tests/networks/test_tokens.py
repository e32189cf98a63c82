"""Tokens: the rows they point at, blanks and a locked dropout while training, nothing cut that is there."""

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks.layers import Noise
from lamina.networks.tokens import Blanks, Tokens, make_tokens, trimmed

FIELD = Field(holds="text", shape=(6,), codes=9)
TEXTS = torch.tensor([[3, 4, 0, 0, 0, 0], [8, 1, 2, 2, 0, 0], [0, 0, 0, 0, 0, 0]], dtype=torch.int32)


def test_rows_and_mask() -> None:
    """Each token gives its row, as far as the longest text goes; code 0 is not there and starts as zeros."""
    made = make_tokens(FIELD, 5, stream=torch.Generator().manual_seed(0)).eval()
    x, present = made(TEXTS)
    assert x.shape == (3, 4, 5)
    assert torch.equal(x[1, 0], made.rows.weight[8])
    assert torch.equal(present.sum(-1), torch.tensor([2, 4, 0]))
    assert (x[2] == 0).all()


def test_nothing_that_is_there_is_cut() -> None:
    """Cutting keeps every word, also after a gap, and one column of an empty batch."""
    assert trimmed(TEXTS).shape == (3, 4)
    assert trimmed(TEXTS[2:]).shape == (1, 1)
    assert trimmed(torch.tensor([[[3, 0]], [[0, 4]]])).shape == (2, 1, 2)
    assert trimmed(TEXTS[:0]).shape == (0, 6)


def test_blanks() -> None:
    """While training a share of the words is read as unknown, padding never; otherwise none is."""
    tokens = torch.full((50, 200), 7, dtype=torch.int32)
    tokens[:, 150:] = 0
    blank = Blanks(0.3)
    blank.noise = _stream(0)
    read = blank(tokens)
    assert ((read == 1).sum() / (50 * 150)).item() == pytest.approx(0.3, abs=0.02)
    assert (read[:, 150:] == 0).all()
    assert set(read.unique().tolist()) == {0, 1, 7}
    assert torch.equal(blank.eval()(tokens), tokens)


def test_a_silenced_unit_is_silent_in_all_words() -> None:
    """The dropout is locked: the same units for all tokens of a text, others for the next text."""
    made = Tokens(9, 64, dropout=0.5)
    torch.nn.init.ones_(made.rows.weight)
    assert made.dropout is not None
    made.dropout.noise = _stream(1)
    x, _ = made(torch.full((2, 6), 5))
    assert torch.equal(x[:, 0], x[:, 5])
    assert set(x.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(x[0], x[1])


def test_a_field_without_codes() -> None:
    """A field that does not say how many codes there are is refused in three parts."""
    with pytest.raises(SpecError, match=r"(?s)asked to read.*Expected:.*codes.*To fix it: try Field"):
        make_tokens(Field(holds="text", shape=(6,)), 5, stream=torch.Generator())


def _stream(seed: int) -> Noise:
    stream = torch.Generator().manual_seed(seed)

    def noise(shape: torch.Size, device: torch.device, dtype: torch.dtype) -> Tensor:
        return torch.rand(shape, generator=stream, device=device, dtype=dtype)

    return noise
