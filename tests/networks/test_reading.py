"""Recurrent networks of texts: weights over real words, both directions, layers that fit."""

import torch

from lamina.foundation.signature import Field
from lamina.networks.layers import Dropout
from lamina.networks.reading import Recurrent, RecurrentNetwork, locked

FIELD = Field(holds="text", shape=(7,), codes=20)
TEXTS = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [5, 3, 0, 0, 0, 0, 0], [0] * 7], dtype=torch.int32)


def network(**settings: object) -> RecurrentNetwork:
    """A network that answers, its attention not all alike."""
    spec = Recurrent(embedding=3, units=4, hidden=5, **settings)  # type: ignore[arg-type]
    made = spec.build(FIELD, stream=torch.Generator().manual_seed(0)).eval()
    torch.nn.init.normal_(made.pool.question, generator=torch.Generator().manual_seed(1))
    return made


def test_weights_add_up_over_real_words() -> None:
    """Attention is 1 over the words of a text, 0 at padding and over a text without words."""
    _, weights = network(layers=2).with_weights(TEXTS)
    torch.testing.assert_close(weights.sum(-1), torch.tensor([1.0, 1.0, 0.0]))
    assert (weights[TEXTS == 0] == 0).all()
    assert weights[0].std() > 1e-4


def test_it_is_layers_then_attention() -> None:
    """The parts by hand, for a text by itself."""
    made = network()
    x = made.tokens.rows.weight[[5, 3]].unsqueeze(0)
    torch.testing.assert_close(made(TEXTS)[1:2], made.pool(made.layers.layers[0](x)))


def test_order_counts() -> None:
    """The reversed text is another one."""
    made = network(cell="gru")
    assert (made(TEXTS[:1]) - made(TEXTS[:1].flip(1))).abs().max() > 0.01


def test_a_locked_dropout_is_the_same_at_all_steps() -> None:
    """A unit is silent for a whole text, or for none of it."""
    dropped = locked(Dropout(0.5), torch.ones(3, 5, 40))
    assert torch.equal(dropped[:, 0], dropped[:, 4])
    assert (dropped == 0).any()
    assert torch.equal(locked(Dropout(0.5).eval(), torch.ones(3, 5, 4)), torch.ones(3, 5, 4))
