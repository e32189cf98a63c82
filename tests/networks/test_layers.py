"""Layers: torch's own layers as oracles, gradients checked in float64, and one network as a fleet of one."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.foundation.errors import SpecError
from lamina.networks.layers import (
    Activate,
    Affine,
    BatchNorm,
    Concat,
    Dropout,
    Embedding,
    LayerNorm,
    OneHot,
    Residual,
)
from lamina.networks.periodic import Periodic
from lamina.networks.piecewise import Piecewise

BATCH, UNITS, MEMBERS = 6, 4, 3

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "affine": lambda: Affine(UNITS, 5),
    "affine of no inputs": lambda: Affine(0, 5),
    "activate": lambda: Activate("tanh"),
    "dropout": lambda: Dropout(0.3),
    "layer norm": lambda: LayerNorm(UNITS),
    "batch norm": lambda: BatchNorm(UNITS),
    "embedding": lambda: Embedding(7, 2),
    "one-hot": lambda: OneHot(7),
    "residual": lambda: Residual(nn.Sequential(LayerNorm(UNITS), Affine(UNITS, UNITS))),
    "residual to another width": lambda: Residual(Affine(UNITS, 5), Affine(UNITS, 5)),
    "ramps": lambda: Piecewise(bins=5, width=2).build(3, stream=torch.Generator().manual_seed(0)),
    "waves": lambda: Periodic(waves=5, width=2).build(3, stream=torch.Generator().manual_seed(0)),
    "concat": lambda: Concat(nn.Sequential(Affine(UNITS, 5), Activate("tanh"))),
}
SMOOTH = [name for name in LAYERS if name not in ("embedding", "one-hot", "dropout")]


def made(name: str, seed: int = 0) -> nn.Module:
    """One layer in float64 with random parameters and, for batch norm, random running averages."""
    layer = LAYERS[name]().double()
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*layer.parameters(), *layer.buffers()]:
            if tensor.dim():
                tensor += torch.rand(tensor.shape, generator=stream, dtype=tensor.dtype)
    return layer


def rows(name: str, *front: int, seed: int = 0) -> Tensor:
    """Inputs that suit the layer: codes, or float64 numbers."""
    stream = torch.Generator().manual_seed(seed)
    if name in ("embedding", "one-hot"):
        return torch.randint(0, 7, (*front, BATCH), generator=stream)
    units = 0 if name == "affine of no inputs" else UNITS
    return torch.randn((*front, BATCH, units), generator=stream, dtype=torch.float64)


def stacked(layers: list[nn.Module]) -> dict[str, Tensor]:
    """All parameters and buffers with ``member`` in front."""
    states = [dict(layer.state_dict()) for layer in layers]
    return {name: torch.stack([state[name] for state in states]) for name in states[0]}


def counted(layer: nn.Module) -> nn.Module:
    """The layer with noise that is the same whoever asks: member by member, the same numbers."""
    for module in layer.modules():
        if isinstance(module, Dropout):
            module.noise = lambda shape, device, dtype: (
                torch.linspace(0, 0.99, BATCH * UNITS, dtype=dtype).view(UNITS, BATCH).expand(shape)
            )
    return layer


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_stack_of_members_is_each_of_them_alone(name: str, training: bool) -> None:
    """With parameters swapped in that carry a member axis, each member's answer and running averages are its own."""
    layers = [counted(made(name, seed)).train(training) for seed in range(MEMBERS)]
    x, state = rows(name, MEMBERS), stacked(layers)
    together = functional_call(layers[0], state, (x,))
    for i, layer in enumerate(layers):
        torch.testing.assert_close(together[i], layer(x[i]), rtol=0, atol=1e-12)
        for key, tensor in layer.state_dict().items():
            torch.testing.assert_close(state[key][i], tensor, rtol=0, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_agree_with_differences(name: str, training: bool) -> None:
    """The gradient of every layer, by its input and its parameters, is that of finite differences (gradcheck)."""
    layer = made(name).train(training)
    names = [key for key, _ in layer.named_parameters()]
    buffers = {key: buffer.clone() for key, buffer in layer.named_buffers()}

    def forward(x: Tensor, *parameters: Tensor) -> Tensor:
        fresh = {key: buffer.clone() for key, buffer in buffers.items()}
        answer: Tensor = functional_call(layer, {**dict(zip(names, parameters, strict=True)), **fresh}, (x,))
        return answer

    parameters = [parameter.detach().clone().requires_grad_() for parameter in layer.parameters()]
    assert torch.autograd.gradcheck(forward, (rows(name).requires_grad_(), *parameters))


def test_gradients_of_an_embedding_agree_with_differences() -> None:
    """The rows that were pointed at get their gradient, also when a code comes twice."""
    codes = torch.tensor([0, 3, 3, 6])
    layer = made("embedding")
    weight = layer.weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda w: functional_call(layer, {"weight": w}, (codes,)), (weight,))


def test_affine_is_torch_linear() -> None:
    """An affine layer computes what torch's linear one does."""
    layer, x = made("affine"), rows("affine")
    expected = nn.functional.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_layer_norm_is_torchs() -> None:
    """Equal parameters give equal answers."""
    layer, x = made("layer norm"), rows("layer norm")
    expected = nn.functional.layer_norm(x, (UNITS,), layer.gain, layer.bias)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_batch_norm_is_torchs_over_three_batches() -> None:
    """Answers in both modes, and the running averages, are those of torch's BatchNorm1d."""
    layer, twin = LAYERS["batch norm"]().double(), nn.BatchNorm1d(UNITS).double()
    for seed in range(3):
        x = 3 * rows("batch norm", seed=seed) + 1
        torch.testing.assert_close(layer(x), twin(x), rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.mean, twin.running_mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.variance, twin.running_var, rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.eval()(x), twin.eval()(x), rtol=0, atol=1e-12)


def test_batch_norm_of_one_row_keeps_its_averages() -> None:
    """A batch of one row is normalised by the running averages, which stay as they were, and its gradient is finite."""
    layer = made("batch norm")
    before = layer.mean.clone(), layer.variance.clone()
    x = rows("batch norm")[:1].requires_grad_()
    answer = layer.train()(x)
    answer.sum().backward()
    assert torch.equal(layer.mean, before[0])
    assert torch.equal(layer.variance, before[1])
    torch.testing.assert_close(answer, layer.eval()(x), rtol=0, atol=1e-12)
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_batch_norm_leaves_padding_out() -> None:
    """Members with batches of unequal length, padded, learn the statistics of their own rows only."""
    layers, x = [made("batch norm", seed) for seed in range(3)], rows("batch norm", 3)
    lengths, state = (BATCH, 4, 1), stacked(layers)
    layers[0].present = torch.tensor([[i < length for i in range(BATCH)] for length in lengths])
    together = functional_call(layers[0], state, (x,))
    layers[0].present = None
    for i, length in enumerate(lengths):
        torch.testing.assert_close(together[i, :length], layers[i](x[i, :length]), rtol=0, atol=1e-12)
        torch.testing.assert_close(state["mean"][i], layers[i].mean, rtol=0, atol=1e-12)
        torch.testing.assert_close(state["variance"][i], layers[i].variance, rtol=0, atol=1e-12)


def test_dropout_silences_its_share_and_keeps_the_mean() -> None:
    """A fifth of the units are zero at chance 0.2, the others are divided by 0.8; in evaluation nothing changes."""
    layer, x = Dropout(0.2), torch.ones(200, 100)
    layer.noise = lambda shape, device, dtype: torch.rand(shape, generator=torch.Generator().manual_seed(0))
    answer = layer(x)
    assert (answer == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert set(answer.unique().tolist()) == {0.0, 1.25}
    assert torch.equal(layer.eval()(x), x)


def test_dropout_draws_even_at_chance_zero() -> None:
    """The noise is asked for once a pass whatever the chance, so that streams never depend on settings."""
    asked = []
    layer, x = Dropout(0.0), torch.ones(2, 3)
    layer.noise = lambda shape, device, dtype: asked.append(tuple(shape)) or torch.zeros(shape, dtype=dtype)
    assert torch.equal(layer(x), x)
    layer.eval()(x)
    assert asked == [(3, 2)]


def test_each_member_has_its_own_chance_to_drop() -> None:
    """A stacked chance silences the units of each member by its own number."""
    layer, x = Dropout(0.0), torch.ones(3, 50, 50)
    shares = functional_call(layer, {"chance": torch.tensor([0.0, 0.5, 0.9])}, (x,)).eq(0).float().mean((1, 2))
    assert shares.tolist() == pytest.approx([0.0, 0.5, 0.9], abs=0.05)


def test_a_name_that_is_no_activation_is_refused() -> None:
    """An unknown name gives an error with the nearest one, at once and not at the first pass."""
    with pytest.raises(SpecError, match="tanh"):
        Activate("tahn")


def test_an_alias_is_known_by_its_full_name() -> None:
    """Whoever reads the name of a layer meets a key of ACTIVATIONS."""
    assert Activate("sigmoid").name == "logistic"


def test_one_hot_gives_an_unseen_code_no_place() -> None:
    """Code 0 becomes zeros; the others their own column."""
    expected = torch.cat((torch.zeros(1, 6), torch.eye(6)))
    assert torch.equal(OneHot(7)(torch.arange(7)), expected)


def test_residual_is_the_identity_where_its_inner_layers_are_zero() -> None:
    """With zero weights inside, a block passes values on bit for bit."""
    x = rows("residual")
    assert torch.equal(Residual(Affine(UNITS, UNITS).double())(x), x)


def test_concat_keeps_its_input_in_front() -> None:
    """The first units are the input itself."""
    x = rows("concat")
    answer = made("concat")(x)
    assert answer.shape == (BATCH, UNITS + 5)
    assert torch.equal(answer[:, :UNITS], x)


def test_making_layers_draws_nothing() -> None:
    """The global stream of torch is where it was after every kind of layer has been made."""
    before = torch.random.get_rng_state()
    for make in LAYERS.values():
        make()
    assert torch.equal(torch.random.get_rng_state(), before)
