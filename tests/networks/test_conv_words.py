"""Convolutions in words: read as they are meant, told as they were read, refused where they mean nothing."""

import pytest

from lamina.foundation.errors import SpecError
from lamina.networks.augment import Augment
from lamina.networks.conv_words import read_spoken
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.lenet import LeNet5
from lamina.networks.mlp import MLP
from lamina.networks.parse import describe, parse_network
from lamina.networks.resnet import RESNETS
from lamina.networks.table import Table

LENET = "conv 6 5x5 tanh, pool 2, conv 16 5x5 tanh, pool 2, 120 tanh, 84 tanh"


def seeing(*layers: Conv | Pooling, head: str = "flatten", trunk: MLP | None = None) -> Table:
    """A network of images, with no dense layers unless given."""
    return Table(image=ConvNet(layers=layers, head=head), trunk=trunk or MLP(widths=()))


MEANT = [
    (
        LENET,
        seeing(
            Conv(channels=6, size=(5, 5), activation="tanh"),
            Pooling(),
            Conv(channels=16, size=(5, 5), activation="tanh"),
            Pooling(),
            trunk=MLP(widths=(120, 84), activation="tanh"),
        ),
    ),
    ("conv 8", seeing(Conv(channels=8))),
    (
        " Conv 8  3x1 SAME stride 2 leaky-relu",
        seeing(Conv(channels=8, size=(3, 1), padding="same", stride=2, activation="leaky_relu")),
    ),
    (
        "conv 8, mean pool 3 stride 2, max pool 2",
        seeing(Conv(channels=8), Pooling(size=3, stride=2, keep="mean"), Pooling()),
    ),
    ("conv 8, global mean pool", seeing(Conv(channels=8), head="mean")),
    (
        "conv 8, global max pool, 16, dropout 0.5",
        seeing(Conv(channels=8), head="max", trunk=MLP(widths=(16,), dropout=0.5)),
    ),
    (
        "conv 8, 16 gelu, batch norm",
        seeing(Conv(channels=8, norm="batch"), trunk=MLP(widths=(16,), activation="gelu", norm="batch")),
    ),
    ("conv 8, batch norm", seeing(Conv(channels=8, norm="batch"), trunk=MLP(widths=(), norm="batch"))),
    ("lenet-5", Table(image=LeNet5(), trunk=MLP(widths=()))),
    ("ResNet-18", Table(image=RESNETS["resnet-18"], trunk=MLP(widths=()))),
    (
        "Table(image=ConvNet(layers=(Pooling(size=3),), augment=Augment(flip=True)))",
        Table(image=ConvNet(layers=(Pooling(size=3),), augment=Augment(flip=True))),
    ),
]


@pytest.mark.parametrize(("text", "spec"), MEANT, ids=[text for text, _ in MEANT])
def test_words_mean_their_spec_and_read_back(text: str, spec: Table) -> None:
    """Each string is the same spec as the Python beside it, and what is told of that reads as itself."""
    assert parse_network(text) == spec
    assert parse_network(describe(spec)) == spec


@pytest.mark.parametrize(
    "words",
    [LENET, "conv 8 3x3 same relu, global mean pool", "conv 8 3x3 relu, pool 2, 9 relu, batch norm", "resnet-50"],
)
def test_common_networks_are_told_in_plain_words(words: str) -> None:
    """What a newcomer could have typed is told as they would have."""
    assert describe(parse_network(words)) == words


@pytest.mark.parametrize(
    "spec",
    [
        seeing(),
        seeing(Conv(channels=8, norm="batch")),
        Table(image=ConvNet(augment=Augment(shift=1))),
        Table(image=ConvNet(), one_hot=3),
    ],
)
def test_what_words_cannot_say_is_told_in_python(spec: Table) -> None:
    """Augmentation, a norm in the convolutions only, settings of the table: nothing is lost."""
    assert describe(spec).startswith("Table(")
    assert parse_network(describe(spec)) == spec


MISTAKES = [
    ("conv", ("piece 1", "'conv'", "conv 6 5x5 tanh")),
    ("conv 8, pool", ("piece 2", "'pool'", "pool 2")),
    ("conv 8 5", ("'conv 8 5'",)),
    ("conv 0", ("piece 1", "channels=0")),
    ("conv 8 3x3 rleu", ("'rleu'", "did you mean 'relu'")),
    ("conv 8, pool 0", ("piece 2", "size=0")),
    ("conv 8, global pool", ("piece 2", "'global mean pool'")),
    ("global mean pool, conv 8", ("follows a global pool",)),
    ("64 relu, conv 8", ("piece 2", "follows a dense layer")),
    ("conv 8, dropout 0.5", ("piece 2", "no layer before it")),
    ("conv 8, cnov 8", ("piece 2", "'cnov 8'")),
    ("conv 9999999", ("'conv 9999999'",)),
    ("Table(image=MLP())", ("Table has image=MLP", "ConvNet()")),
    ("Table(image='conv 8')", ("Table has image='conv 8'",)),
]


@pytest.mark.parametrize(("text", "sentences"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_nonsense_is_refused_in_a_sentence(text: str, sentences: tuple[str, ...]) -> None:
    """The error quotes the piece, says where it stands and what to do."""
    with pytest.raises(SpecError) as caught:
        parse_network(text)
    for sentence in sentences:
        assert sentence in str(caught.value)


def test_words_alone_are_read_or_refused() -> None:
    """A line about a pool is a pool, or an error that shows how to write one."""
    assert read_spoken("mean pool 2") == Pooling(keep="mean")
    with pytest.raises(SpecError, match="mean pool 2"):
        read_spoken("pool of 2")
