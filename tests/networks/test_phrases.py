"""Phrases: torch's convolution agrees, a phrase is found anywhere, and the order inside it counts."""

import torch
from torch.nn import functional

from lamina.foundation.signature import Field
from lamina.networks.phrases import Phrases, PhrasesNetwork

FIELD = Field(holds="text", shape=(8,), codes=20)


def network(**settings: object) -> PhrasesNetwork:
    """A network that answers."""
    spec = Phrases(embedding=3, filters=5, **settings)  # type: ignore[arg-type]
    return spec.build(FIELD, stream=torch.Generator().manual_seed(0)).eval()


def test_torch_agrees() -> None:
    """Each bank is torch's convolution over time, a relu and a maximum."""
    made = network(lengths=(1, 3))
    tokens = torch.randint(1, 20, (4, 8), generator=torch.Generator().manual_seed(1))
    x = made.tokens.rows.weight[tokens].mT  # (batch, unit, token)
    wanted = []
    for length, bank in zip((1, 3), made.banks, strict=True):
        weight, bias = bank.get_parameter("weight"), bank.get_parameter("bias")
        kernel = weight.view(5, length, 3).mT
        wanted.append(functional.conv1d(functional.pad(x, (0, length - 1)), kernel, bias).relu().amax(-1))
    torch.testing.assert_close(made(tokens), torch.cat(wanted, dim=-1))


def test_a_phrase_counts_wherever_it_stands() -> None:
    """Single words in any order answer alike; phrases of two do not."""
    tokens = torch.tensor([[3, 4, 5, 6], [6, 5, 4, 3]])
    torch.testing.assert_close(*network(lengths=(1,))(tokens).unbind())
    first, other = network(lengths=(2,))(tokens)
    assert (first - other).abs().max() > 0.01


def test_a_text_shorter_than_a_phrase() -> None:
    """One word is read by filters of five, with zeros in place of the rest."""
    made = network(lengths=(5,))
    assert made(torch.tensor([[7]])).shape == (1, 5)
    torch.testing.assert_close(made(torch.tensor([[7]])), made(torch.tensor([[7, 0, 0, 0, 0, 0]])))
