"""Fields: each has an encoder of its own, is joined after numbers and categories, and shows it its training rows."""

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.fields import ENCODERS, Encoder
from lamina.networks.ft_transformer import FTTransformer
from lamina.networks.mlp import MLP
from lamina.networks.parse import describe, parse_network
from lamina.networks.perceptron import Perceptron
from lamina.networks.piecewise import Piecewise, encoders_of, settle
from lamina.networks.table import FieldsNetwork, Table, usual_encoders

IMAGE = Field(holds="image", shape=(1, 6, 6))
SPEC = Table(image=ConvNet(layers=(Conv(channels=2),), head="mean"), trunk=MLP(widths=()))


def shades(rows: int, seed: int = 0) -> Tensor:
    """Random images of the field."""
    stream = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (rows, *IMAGE.shape), generator=stream, dtype=torch.uint8)


def test_everything_is_joined_in_its_order() -> None:
    """Numbers, then categories, then each field's features: what the trunk is handed."""
    network = SPEC.build(Signature(features=2, scores=3, categories=(4,), fields=(IMAGE, IMAGE)), seed=0).eval()
    numbers, codes, first, second = torch.ones(5, 2), torch.ones(5, 1, dtype=torch.int64), shades(5), shades(5, seed=1)
    one_hot = torch.tensor([1.0, 0, 0]).expand(5, 3)
    row = torch.cat((numbers, one_hot, network.encoders[0](first), network.encoders[1](second)), 1)
    torch.testing.assert_close(network(numbers, codes, first, second), network.trunk(row))


def test_two_fields_of_a_kind_have_weights_of_their_own() -> None:
    """Encoders of two columns start differently, and a column's start does not depend on later columns."""
    two = SPEC.build(Signature(features=0, scores=3, fields=(IMAGE, IMAGE)), seed=0)
    one = SPEC.build(Signature(features=0, scores=3, fields=(IMAGE,)), seed=0)
    first, second = (encoder.body[0].convolve.weight for encoder in two.encoders)
    assert not torch.equal(first, second)
    assert torch.equal(first, one.encoders[0].body[0].convolve.weight)


def test_without_fields_encoders_change_nothing() -> None:
    """An encoder that no column asks for leaves the network as it was."""
    for categories in ((), (4,)):
        signature = Signature(features=3, scores=2, categories=categories)
        plain, ready = Table().build(signature, seed=0), Table(image=ConvNet()).build(signature, seed=0)
        assert not isinstance(ready, FieldsNetwork)
        assert str(plain) == str(ready)
        assert all(torch.equal(p, q) for p, q in zip(plain.parameters(), ready.parameters(), strict=True))


def test_each_encoder_sees_its_own_training_rows() -> None:
    """Numbers lay the edges of the ramps; each column of images standardises its own pixels."""
    spec = Table(image=SPEC.image, numbers=Piecewise(bins=4))
    network = spec.build(Signature(features=1, scores=2, fields=(IMAGE, IMAGE)), seed=0)
    dark, bright = shades(400) // 4, 255 - shades(400) // 4
    settle(network, torch.linspace(0, 1, 400)[:, None], dark, bright)
    means = [encoder.pixels.mean.item() for encoder in encoders_of(network)]
    assert means == pytest.approx([dark.double().mean().item(), bright.double().mean().item()], rel=1e-5)
    assert network.trunk[0].start[0, 0] == 0
    assert [encoder.width for encoder in encoders_of(network)] == [2, 2]


@pytest.mark.parametrize("spec", [MLP(), Perceptron(), FTTransformer()])
def test_who_takes_no_fields_says_so(spec: MLP | Perceptron | FTTransformer) -> None:
    """The error names the network, counts the columns, and points to the one that takes them."""
    with pytest.raises(
        SpecError, match=rf"{type(spec).__name__} was asked to take 1 column.*image[^T]*\n[^T]*\n.*Table\(\)"
    ):
        spec.build(Signature(features=2, scores=2, fields=(IMAGE,)), seed=0)


def test_a_field_without_an_encoder_is_refused_until_it_has_the_usual_one() -> None:
    """The error says what to do, and that works."""
    signature = Signature(features=0, scores=2, fields=(IMAGE,))
    with pytest.raises(SpecError, match="usual_encoders"):
        Table().build(signature, seed=0)
    network = usual_encoders(Table(), signature.fields, rows=1000).build(signature, seed=0)
    assert network(torch.zeros(3, 0), shades(3)).shape == (3, 2)
    assert usual_encoders(SPEC, signature.fields, rows=1000) == SPEC


@pytest.mark.parametrize("spec", [kind() for kind in ENCODERS], ids=lambda spec: type(spec).__name__)
def test_every_encoder_reads_a_column_beside_others(spec: Encoder) -> None:
    """Whatever the kind of field: joined with numbers and categories, a score for every row, and words for the spec."""
    stream = torch.Generator().manual_seed(0)
    rows = {
        "image": (IMAGE, shades(3)),
        "text": (Field(holds="text", shape=(8,), codes=9), torch.randint(0, 9, (3, 8), generator=stream).int()),
        "series": (Field(holds="series", shape=(2, 24)), torch.randn(3, 2, 24, generator=stream)),
    }
    field, values = rows[spec.kind]
    if spec == ConvNet():
        field, values = Field(holds="image", shape=(1, 12, 12)), torch.zeros(3, 1, 12, 12, dtype=torch.uint8)
    whole = Table(**{spec.kind: spec})
    network = whole.build(Signature(features=1, scores=2, categories=(3,), fields=(field,)), seed=0).eval()
    settle(network, torch.ones(3, 1), values)
    assert network(torch.ones(3, 1), torch.zeros(3, 1, dtype=torch.int64), values).shape == (3, 2)
    assert parse_network(describe(whole)) == whole


@pytest.mark.parametrize("kind", ["image", "text", "series"])
def test_what_is_no_encoder_of_its_kind_is_refused(kind: str) -> None:
    """A network, or a word, in the place of an encoder; the error names the setting."""
    for wrong in (MLP(), "conv 8"):
        with pytest.raises(SpecError, match=f"Table has {kind}="):
            Table(**{kind: wrong})
    others = [one for one in ENCODERS if one.kind != kind]
    for one in others:
        with pytest.raises(SpecError, match=f"Table has {kind}="):
            Table(**{kind: one()})
