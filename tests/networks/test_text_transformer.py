"""Transformers of texts: positions make the order count, weights lie on real words."""

import torch

from lamina.foundation.signature import Field
from lamina.networks.text_transformer import TextTransformer, TextTransformerNetwork
from lamina.networks.transformer import Transformer

FIELD = Field(holds="text", shape=(7,), codes=20)
TEXTS = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [5, 3, 0, 0, 0, 0, 0], [0] * 7], dtype=torch.int32)


def network() -> TextTransformerNetwork:
    """A network that answers, its attention not all alike."""
    spec = TextTransformer(trunk=Transformer(blocks=2, units=8, heads=2), hidden=5)
    made = spec.build(FIELD, stream=torch.Generator().manual_seed(0)).eval()
    torch.nn.init.normal_(made.pool.question, generator=torch.Generator().manual_seed(1))
    return made


def test_weights_add_up_over_real_words() -> None:
    """Attention is 1 over the words of a text, 0 at padding and over a text without words."""
    _, weights = network().with_weights(TEXTS)
    torch.testing.assert_close(weights.sum(-1), torch.tensor([1.0, 1.0, 0.0]))
    assert (weights[TEXTS[:, : weights.shape[-1]] == 0] == 0).all()


def test_order_counts() -> None:
    """Without positions attention sees a bag; with them the reversed text is another one."""
    made = network()
    assert (made(TEXTS[:1]) - made(TEXTS[:1].flip(1))).abs().max() > 0.01
