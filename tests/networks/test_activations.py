import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.networks.activations import ACTIVATIONS, ALIASES, Activation, activation

TWINS = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "lecun_tanh": lambda z: 1.7159 * torch.tanh(2 * z / 3),
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": lambda z: z * (1 + torch.erf(z / math.sqrt(2))) / 2,
    "silu": lambda z: z * torch.sigmoid(z),
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "softmax": lambda z: functional.softmax(z, dim=-1),
}
SMOOTH_FROM = 0.05  # distance from 0, where some have a kink
UNITS = [ACTIVATIONS[name] for name in TWINS if name != "softmax"]
ALL = list(ACTIVATIONS.values())


def by_name(one: Activation) -> str:
    """How a test names it."""
    return one.name


def spread_out(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Numbers from -12 to 12 with 0 among them, and some beyond softplus's linear part."""
    return torch.cat([torch.linspace(-12, 12, 241), torch.tensor([-60.0, 21.0, 39.0, 41.0, 60.0])]).to(dtype)


def test_every_activation_is_there():
    """The names that the documents promise, under the name each holds itself."""
    assert set(ACTIVATIONS) == {"step", *TWINS}
    assert all(name == one.name and one.formula and one.source for name, one in ACTIVATIONS.items())


@pytest.mark.parametrize("name", TWINS)
def test_values_agree_with_an_independent_formula(name):
    """Each function equals its formula, written down again or taken from torch."""
    z = spread_out()
    torch.testing.assert_close(ACTIVATIONS[name].function(z), TWINS[name](z), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "z", "a"),
    [
        ("step", 0.0, 0.0),
        ("step", 1e-30, 1.0),
        ("step", -2.0, 0.0),
        ("logistic", math.log(3), 0.75),
        ("tanh", math.log(2), 0.6),
        ("leaky_relu", -2.0, -0.02),
        ("elu", -math.log(2), -0.5),
        ("selu", -math.log(2), -1.0507009873554805 * 1.6732632423543772 / 2),
        ("gelu", 1.0, 0.8413447460685429),
        ("silu", math.log(3), 0.75 * math.log(3)),
        ("softplus", 0.0, math.log(2)),
    ],
)
def test_values_by_hand(name, z, a):
    """Values worked out on paper."""
    got = ACTIVATIONS[name].function(torch.tensor([z], dtype=torch.float64)).item()
    assert got == pytest.approx(a, rel=1e-14)


def test_lecun_tanh_meets_its_targets():
    """LeCun's constants were chosen so that f(1) = 1 and f(-1) = -1."""
    ends = ACTIVATIONS["lecun_tanh"].function(torch.tensor([-1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(ends, torch.tensor([-1.0, 1.0], dtype=torch.float64), rtol=0, atol=1e-4)


def test_gelu_is_exact():
    """GELU is the form with erf: its tanh approximation is up to 4.7e-4 away."""
    z = spread_out()
    gap = ACTIVATIONS["gelu"].function(z) - functional.gelu(z, approximate="tanh")
    assert gap.abs().max().item() == pytest.approx(4.7e-4, rel=0.02)


@pytest.mark.parametrize("one", UNITS, ids=by_name)
def test_gradcheck_away_from_kinks(one):
    """Autograd's derivative of each function equals finite differences."""
    z = torch.linspace(-4, 4, 80, dtype=torch.float64)
    z = z[z.abs() > SMOOTH_FROM].requires_grad_()
    assert torch.autograd.gradcheck(one.function, (z,))


def test_gradcheck_of_the_softmax():
    """The one activation that couples units passes gradcheck too."""
    z = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(ACTIVATIONS["softmax"].function, (z,))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("one", UNITS, ids=by_name)
def test_derivative_equals_autograd(one, dtype):
    """`derivative(z, a)` is what autograd finds, at the kink in 0 as well."""
    z = spread_out(dtype).requires_grad_()
    a = one.function(z)
    (expected,) = torch.autograd.grad(a.sum(), z)
    got = one.derivative(z.detach(), a.detach())
    tolerance = 1e-14 if dtype is torch.float64 else 1e-6
    torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("one", UNITS, ids=by_name)
def test_backward_is_the_gradient_times_the_derivative(one):
    """`backward` is the chain rule in one kernel, for any layout of memory."""
    stream = torch.Generator().manual_seed(1)
    z, gradient = (torch.randn(2, 5, 3, dtype=torch.float64, generator=stream).mT for _ in range(2))
    a = one.function(z)
    torch.testing.assert_close(one.backward(gradient, z, a), gradient * one.derivative(z, a), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0)])
def test_derivative_at_the_kink(name, slope):
    """At 0 the derivative is torch's choice: that of the left side."""
    zero = torch.zeros(1)
    assert ACTIVATIONS[name].derivative(zero, zero).item() == pytest.approx(slope)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("one", ALL, ids=by_name)
def test_far_out_everything_is_finite(one, dtype):
    """At +-1e4 values and derivatives are finite, in every dtype, and the dtype stays."""
    z = torch.tensor([-1e4, 0.0, 1e4], dtype=dtype)
    a = one.function(z)
    assert a.isfinite().all()
    assert a.dtype == dtype
    if one.pull is not None:
        assert one.derivative(z, a).isfinite().all()
        assert one.derivative(z, a).dtype == dtype


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("step", 0, 1),
        ("logistic", 0, 1),
        ("tanh", -1, 1),
        ("lecun_tanh", -1.7159, 1.7159),
        ("relu", 0, 1e4),
        ("leaky_relu", -100, 1e4),
        ("elu", -1, 1e4),
        ("selu", -1.7580993408473766, 10507.009873554805),
        ("gelu", 0, 1e4),
        ("silu", 0, 1e4),
        ("softplus", 0, 1e4),
    ],
)
def test_limits(name, low, high):
    """Far to either side each function reaches its limit, or its straight line."""
    ends = ACTIVATIONS[name].function(torch.tensor([-1e4, 1e4], dtype=torch.float64))
    assert ends.tolist() == pytest.approx([low, high], rel=1e-12)


@pytest.mark.parametrize("one", [a for a in ALL if a.name not in ("gelu", "silu", "softmax")], ids=by_name)
@given(values=st.lists(st.floats(-50, 50), min_size=2, max_size=20))
def test_monotone_where_claimed(one, values):
    """All but gelu and silu never fall."""
    z = torch.tensor(values, dtype=torch.float64).sort().values
    assert (one.function(z).diff() >= -1e-15).all()


@pytest.mark.parametrize(("name", "lowest"), [("gelu", -0.1699712), ("silu", -0.2784645)])
def test_the_two_that_fall(name, lowest):
    """Both gelu and silu dip below 0 before they rise."""
    assert ACTIVATIONS[name].function(spread_out()).min().item() == pytest.approx(lowest, abs=2e-3)


@given(
    z=st.lists(st.floats(-100, 100), min_size=2, max_size=6),
    shift=st.floats(-1e3, 1e3),
)
def test_softmax_sums_to_one_and_ignores_a_shift(z, shift):
    """Chances sum to 1, and adding a constant to all scores changes nothing."""
    scores = torch.tensor(z, dtype=torch.float64)
    chances = ACTIVATIONS["softmax"].function(scores)
    assert chances.sum().item() == pytest.approx(1, abs=1e-12)
    torch.testing.assert_close(ACTIVATIONS["softmax"].function(scores + shift), chances, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "identity"])
def test_gain_keeps_the_mean_square(name):
    """gain^2 times the mean of f(z)^2 over a standard normal z is 1."""
    z = torch.linspace(-12, 12, 240001, dtype=torch.float64)
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    one = ACTIVATIONS[name]
    mean_square = (density * one.function(z) ** 2).sum().item()
    assert one.gain**2 * mean_square == pytest.approx(1, rel=1e-4)


def test_customary_gains():
    """The gains that are custom rather than calculus."""
    assert [ACTIVATIONS[name].gain for name in ("logistic", "tanh", "lecun_tanh")] == [1, 5 / 3, 1]


def test_selu_keeps_its_fixed_point():
    """Through 20 layers of LeCun-normal weights a standard normal signal keeps mean 0 and variance 1."""
    stream = torch.Generator().manual_seed(0)
    signal = torch.randn(500, 400, generator=stream)
    for _ in range(20):
        weight = torch.randn(400, 400, generator=stream) / math.sqrt(400)
        signal = ACTIVATIONS["selu"].function(signal @ weight.T)
    assert signal.mean().item() == pytest.approx(0, abs=0.1)
    assert signal.var().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("alias", "name"), [("sigmoid", "logistic"), ("linear", "identity"), ("swish", "silu")])
def test_other_names(alias, name):
    """An alias means the same activation, and is no second entry in the list."""
    assert activation(alias) is ACTIVATIONS[name]
    assert alias not in ACTIVATIONS
    assert alias in ALIASES


def test_a_misspelt_name_is_answered_with_the_nearest():
    """The error holds the name, the known ones and a proposal."""
    with pytest.raises(SpecError) as caught:
        activation("rellu")
    assert "'rellu'" in caught.value.wrong
    assert "softplus" in caught.value.expected
    assert "'relu'" in caught.value.remedy


@pytest.mark.parametrize(("name", "flag"), [("step", "differentiable"), ("softmax", "hidden")])
def test_what_cannot_be_hidden_says_so(name, flag):
    """A step has no gradient and a softmax is an output: both are marked and refuse to pass a gradient back."""
    one = ACTIVATIONS[name]
    assert not getattr(one, flag)
    with pytest.raises(SpecError) as caught:
        one.derivative(torch.zeros(2), torch.zeros(2))
    assert repr(name) in caught.value.wrong
    assert "'relu'" in caught.value.remedy


def test_nothing_can_be_changed():
    """The list and its entries are read-only."""
    with pytest.raises(TypeError):
        ACTIVATIONS["relu"] = ACTIVATIONS["tanh"]
    with pytest.raises(AttributeError):
        ACTIVATIONS["relu"].gain = 2.0
