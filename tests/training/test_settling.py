"""Layers that look at rows before the first step see the member's own, and enough of them."""

import pytest
import torch
from torch import Tensor, nn

from lamina.foundation.signature import Field, Signature
from lamina.networks import MLP, Table
from lamina.networks.words import Words
from lamina.training import Member, Rows, settling
from lamina.training.settling import settled

TEXT = Field(holds="text", shape=(4,), codes=10)
SIGNATURE = Signature(features=0, scores=2, fields=(TEXT,))


class Watching(nn.Module):
    """Keeps what it is shown."""

    seen: Tensor

    def settle(self, numbers: Tensor) -> None:
        """Keep it."""
        self.seen = numbers


def shown(rows: int, member: Member) -> tuple[Tensor, Tensor]:
    """Which rows of a pool of texts, each of a code of its own, a layer of the encoder was shown; and all of them."""
    table = Table(text=Words(units=2), trunk=MLP(widths=())).build(SIGNATURE, seed=0)
    table.encoders[0] = nn.Sequential(watching := Watching())
    texts = torch.arange(rows, dtype=torch.int32)[:, None].expand(rows, 4)
    settled(table, Rows(inputs=(torch.zeros(rows, 0), texts), truth=torch.zeros(rows)), member)
    return watching.seen[:, 0], texts[:, 0]


def test_layers_see_the_members_own_rows() -> None:
    """All of few rows, and nobody else's."""
    train = torch.arange(3, 9)
    seen, texts = shown(20, Member(train=train, validation=torch.arange(3), seed=0))
    assert torch.equal(seen, texts[train])


@pytest.mark.parametrize(("numbers", "rows"), [(0, 5), (4 * 10, 10), (4 * 1000, 100)])
def test_small_rows_are_seen_in_greater_number(numbers: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some rows at least, as many more as hold so many numbers, and never more than there are, evenly from all."""
    monkeypatch.setattr(settling, "FIELD_ROWS", 5)
    monkeypatch.setattr(settling, "FIELD_NUMBERS", numbers)
    seen, _ = shown(100, Member(train=torch.arange(100), validation=torch.arange(0), seed=0))
    assert torch.equal(seen, torch.arange(rows, dtype=torch.int32) * 100 // rows)


def test_thousands_of_short_texts_are_seen() -> None:
    """By the limits as they are: a hundred thousand numbers are no burden."""
    seen, _ = shown(25_000, Member(train=torch.arange(25_000), validation=torch.arange(0), seed=0))
    assert len(seen) == 25_000
