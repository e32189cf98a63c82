"""A newcomer's words become the spec they mean, and every spec is told in words that read back as itself."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamina.foundation.errors import SpecError
from lamina.networks.ft_transformer import FTTransformer
from lamina.networks.mlp import MLP, hidden_activations
from lamina.networks.parse import FAMILIES, NETWORKS, Network, describe, parse_network
from lamina.networks.perceptron import Perceptron
from lamina.networks.periodic import Periodic
from lamina.networks.piecewise import Piecewise
from lamina.networks.table import Table
from lamina.networks.transformer import Transformer

MEANT: list[tuple[str, Network]] = [
    ("10 relu, 10 tanh", MLP(widths=(10, 10), activation=("relu", "tanh"))),
    ("64", MLP(widths=(64,), activation="relu")),
    ("64, 32", MLP(widths=(64, 32))),
    ("64 relu, dropout 0.1, 64 relu", MLP(widths=(64, 64), dropout=(0.1, 0.0))),
    ("64, dropout .1, 64, dropout 0.1", MLP(widths=(64, 64), dropout=0.1)),
    ("  8   ReLU ,\n8 Leaky-ReLU", MLP(widths=(8, 8), activation=("relu", "leaky_relu"))),
    ("8 sigmoid", MLP(widths=(8,), activation="logistic")),
    ("8, layer norm", MLP(widths=(8,), norm="layer")),
    ("8, batch norm, concat", MLP(widths=(8,), norm="batch", shortcut="concat")),
    ("8, residual, no norm", MLP(widths=(8,), norm="none", shortcut="residual")),
    ("8 tanh, orthogonal weights", MLP(widths=(8,), activation="tanh", initialisation="orthogonal")),
    ("mlp", MLP()),
    ("Table", Table()),
    ("FT-Transformer", FTTransformer()),
    ("perceptron", Perceptron()),
    ("linear", MLP(widths=())),
    ("MLP()", MLP()),
    (" MLP(widths=[3, 4], dropout=0.5)", MLP(widths=(3, 4), dropout=0.5)),
    ("Table(trunk=MLP(widths=(9,)), one_hot=2)", Table(trunk=MLP(widths=(9,)), one_hot=2)),
    (
        "Table(numbers=Piecewise(bins=9), most_numbers=5)",
        Table(numbers=Piecewise(bins=9), most_numbers=5),
    ),
    ("Table(numbers=Periodic(spread=1))", Table(numbers=Periodic(spread=1))),
    (
        "FTTransformer(trunk=Transformer(blocks=2, units=64), numbers=Piecewise())",
        FTTransformer(trunk=Transformer(blocks=2, units=64), numbers=Piecewise()),
    ),
    ("Perceptron(keep='pocket')", Perceptron(keep="pocket")),
]


@pytest.mark.parametrize(("text", "spec"), MEANT, ids=[text for text, _ in MEANT])
def test_words_mean_their_spec(text: str, spec: Network) -> None:
    """Each string is the same spec as the Python beside it."""
    assert parse_network(text) == spec


def test_every_kind_of_network_can_be_named() -> None:
    """No family is missing from the words."""
    assert {type(spec) for spec in FAMILIES.values()} == set(NETWORKS)


def mlps() -> st.SearchStrategy[MLP]:
    """Any MLP of up to four layers."""

    def with_layers(layers: int) -> st.SearchStrategy[MLP]:
        names, chances = st.sampled_from(hidden_activations()), st.floats(0, 1, exclude_max=True)
        return st.builds(
            MLP,
            widths=st.tuples(*[st.integers(1, 1000)] * layers),
            activation=names | st.tuples(*[names] * layers),
            dropout=chances | st.tuples(*[chances] * layers),
            norm=st.sampled_from(["auto", "none", "layer", "batch"]),
            shortcut=st.sampled_from(["none", "residual", "concat"]),
            initialisation=st.sampled_from(["auto", "he", "glorot", "lecun", "orthogonal"]),
        )

    return st.integers(0, 4).flatmap(with_layers)


NETWORK_SPECS = (
    mlps()
    | st.builds(Table, trunk=mlps(), one_hot=st.integers(0, 20))
    | st.builds(
        FTTransformer,
        trunk=st.builds(
            Transformer,
            blocks=st.integers(1, 9),
            units=st.sampled_from([8, 64, 192]),
            widening=st.floats(0, 16, exclude_min=True),
            activation=st.sampled_from(["reglu", "geglu", "swiglu", "relu", "gelu", "silu"]),
            dropout=st.floats(0, 1, exclude_max=True),
        ),
        most_columns=st.integers(1, 300),
    )
    | st.builds(Perceptron, epochs=st.integers(1, 99), keep=st.sampled_from(["average", "pocket", "last"]))
)


@given(NETWORK_SPECS)
@example(MLP(widths=(), shortcut="residual"))
@example(MLP(widths=(), activation="tanh"))
@example(MLP(dropout=5e-324))
def test_what_is_told_reads_back_as_itself(spec: Network) -> None:
    """Spec, string, spec: nothing is lost on the way, for every kind of network."""
    assert parse_network(describe(spec)) == spec


def test_common_networks_are_told_in_plain_words() -> None:
    """What a newcomer could have typed is told as they would have."""
    for words in (
        "10 relu, 10 tanh",
        "256 relu, 256 relu",
        "64 relu, dropout 0.1, 64 relu",
        "8 tanh, layer norm, residual",
        "linear",
        "table",
        "ft-transformer",
        "perceptron",
    ):
        assert describe(parse_network(words)) == words


MISTAKES: list[tuple[str, tuple[str, ...]]] = [
    ("64 relu, 10 rleu", ("piece 2", "'10 rleu'", "character 10", "did you mean 'relu'")),
    ("64 step", ("'64 step'", "no gradient", "Perceptron()")),
    ("64 softmax", ("'64 softmax'", "output")),
    ("64 relu 32 tanh", ("'64 relu 32 tanh'", "comma")),
    ("relu 64", ("'relu 64'", "did you mean '64 relu'")),
    ("tabel", ("'tabel'", "did you mean 'table'")),
    ("ft-transformr", ("'ft-transformr'", "did you mean 'ft-transformer'")),
    ("FTTransformer(trunk=Transformer(heads=5))", ("heads=5", "divide the units")),
    ("FTTransformer(units=64)", ("'units'", "most_columns")),
    ("64, residul", ("piece 2", "'residul'", "did you mean 'residual'")),
    ("64, Layer Nrom", ("'Layer Nrom'", "character 5", "did you mean 'layer norm'")),
    ("", ("piece 1", "empty")),
    ("64,, 32", ("piece 2", "character 4", "empty")),
    ("64,", ("piece 2", "empty")),
    ("0", ("0 units", "from 1 to 100,000")),
    ("100001 relu", ("100001 units", "from 1 to 100,000")),
    ("9" * 5000, ("999999999999 units",)),
    ("-3 relu", ("'-3 relu'",)),
    ("64, dropout 1", ("'dropout 1'", "below 1")),
    ("64, dropout", ("'dropout'", "below 1")),
    ("64, dropout nan", ("'dropout nan'", "below 1")),
    ("dropout 0.1, 64", ("piece 1", "no layer before it")),
    ("residual, 64", ("piece 1", "does not follow the layers")),
    ("residual", ("piece 1", "does not follow the layers")),
    ("64, residual, concat", ("piece 3", "shortcut", "already")),
    ("64, residual, residual", ("piece 3", "shortcut", "already")),
    ("table, 64", ("piece 1", "'table'", "alone")),
    ("64, " * 1001 + "64", ("1002 hidden layers", "at most 1000")),
    ("100000, " * 3 + "9", ("weights between its hidden layers", "at most")),
    ("6" * 200_000, ("200,000 characters",)),
    ("٦٤ relu", ("'٦٤ relu'",)),
    ("Tabel()", ("'Tabel'", "did you mean 'Table'")),
    ("MLP(width=(3,))", ("'width'", "did you mean 'widths'")),
    ("MLP(widths=(3,)", ("cannot be read", "never closed")),
    ("MLP(3)", ("by name",)),
    ("MLP(kind='Table')", ("by name",)),
    ("MLP(**{})", ("by name",)),
    ("MLP(widths=3)", ("widths=3",)),
    ("MLP(widths=(True,))", ("widths=(True,)",)),
    ("MLP(activation=b'relu')", ("not a plain value",)),
    ("MLP(dropout=open('x'))", ("by name",)),
    ("__import__('os').system('exit')", ("by name",)),
    ("MLP(widths=(3,).__class__)", ("cannot be read",)),
    ("MLP(widths=" + "[" * 9000, ("cannot be read",)),
    ("MLP(dropout=" + "-" * 90_000 + "1)", ("cannot be read",)),
]


@pytest.mark.parametrize(("text", "sentences"), MISTAKES, ids=[text[:30] for text, _ in MISTAKES])
def test_nonsense_is_refused_in_a_sentence(text: str, sentences: tuple[str, ...]) -> None:
    """The error quotes the piece, says where it stands and what to do, in few words however long the text."""
    with pytest.raises(SpecError) as caught:
        parse_network(text)
    for sentence in sentences:
        assert sentence in str(caught.value)
    assert len(str(caught.value)) < 600


@given(st.text(alphabet="0123456789., ()='relutanhdropm[]-\n*", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_network_or_a_clear_error(text: str) -> None:
    """Whatever is typed gives a spec or a SpecError, never another kind of failure."""
    try:
        spec = parse_network(text)
    except SpecError:
        return
    assert isinstance(spec, NETWORKS)
