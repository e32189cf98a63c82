r"""Activations: what a unit does with its weighted sum ``z``, and how a gradient passes back through it.

Each has its formula, its source, its exact derivative and a ``gain``: weights drawn with variance ``gain**2 / inputs``
keep the mean square of the signal from layer to layer. With z standard normal that is ``1 / sqrt(mean of f(z)**2)``
(He et al. 2015, arXiv:1502.01852); identity, logistic, tanh and lecun_tanh keep the customary 1, 1, 5/3 and 1.

All but gelu and silu never fall. The step has no gradient to learn by; the softmax couples all units of a row and is
an output only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lamina.foundation.errors import SpecError, nearest

LEAKY_SLOPE = 0.01  # slope of leaky_relu below 0
LECUN_HEIGHT = 1.7159  # limits of lecun_tanh; with the slope 2/3 inside, f(1) = 1 and f(-1) = -1
LECUN_SLOPE = 2 / 3
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
SOFTPLUS_LINEAR = 40.0  # beyond it softplus(z) = z; torch's 20 is wrong by 2e-9, which float64 can see


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation: its mathematics and what a network needs to know of it.

    >>> z = torch.tensor([-1.0, 0.0, 2.0])
    >>> relu = activation("relu")
    >>> relu.function(z), relu.derivative(z, relu.function(z))
    (tensor([0., 0., 2.]), tensor([0., 0., 1.]))
    """

    name: str
    formula: str  # f(z), in words a person reads
    source: str
    function: Callable[[Tensor], Tensor]  # any shape in, the same shape and dtype out
    pull: Callable[[Tensor, Tensor, Tensor], Tensor] | None  # (gradient, z, a) -> gradient * f'(z), as one kernel
    gain: float
    differentiable: bool = True  # False: it has no gradient to learn by
    hidden: bool = True  # False: only an output may have it

    def backward(self, gradient: Tensor, z: Tensor, a: Tensor) -> Tensor:
        """A gradient passed back through this activation: ``gradient * f'(z)``.

        One fused kernel: for relu on 16,000 units 3 microseconds, where a product with the derivative takes 9.

        **Shape**: all three alike, any shape; so is the result.

        Args:
            gradient: of the loss by the output.
            z: what went in.
            a: what came out, ``function(z)``; several derivatives are cheaper from it.

        Raises:
            SpecError: this activation has no derivative of single units (step, softmax).
        """
        if self.pull is None:
            able = [repr(name) for name, one in ACTIVATIONS.items() if one.pull is not None]
            raise SpecError(
                wrong=f"a gradient was asked for through the activation {self.name!r}.",
                expected=f"an activation of single units with a gradient; {self.name} has none.",
                remedy=f"choose one of {', '.join(able)}.",
            )
        return self.pull(gradient, z, a)

    def derivative(self, z: Tensor, a: Tensor) -> Tensor:
        """The derivative ``f'(z)`` where ``a = function(z)``, shaped like ``z``; it equals autograd's, kinks included.

        Raises:
            SpecError: as `backward`.
        """
        return self.backward(torch.ones_like(z), z, a)


def activation(name: str) -> Activation:
    """The activation with this name; "sigmoid", "linear" and "swish" are other names of logistic, identity and silu.

    Raises:
        SpecError: no activation has this name.

    >>> activation("sigmoid").name
    'logistic'
    """
    known = ALIASES.get(name, name)
    if known not in ACTIVATIONS:
        raise SpecError(
            wrong=f"there is no activation {name!r}.",
            expected=f"one of {', '.join(ACTIVATIONS)}.",
            remedy=nearest(name, [*ACTIVATIONS, *ALIASES]),
        )
    return ACTIVATIONS[known]


_aten: Any = torch.ops.aten  # autograd's own kernels: each multiplies by the derivative in the pass that computes it

_ALL = (
    Activation(
        name="step",
        formula="1 if z > 0, else 0",
        source="McCulloch and Pitts (1943), doi:10.1007/BF02478259",
        function=lambda z: (z > 0).to(z.dtype),
        pull=None,
        gain=1.0,
        differentiable=False,
    ),
    Activation(
        name="identity",
        formula="z",
        source="Widrow and Hoff (1960), Adaptive switching circuits",
        function=lambda z: z,
        pull=lambda gradient, z, a: gradient,
        gain=1.0,
    ),
    Activation(
        name="logistic",
        formula="1 / (1 + exp(-z))",
        source="Rumelhart, Hinton and Williams (1986), doi:10.1038/323533a0",
        function=torch.sigmoid,
        pull=lambda gradient, z, a: _aten.sigmoid_backward(gradient, a),
        gain=1.0,
    ),
    Activation(
        name="tanh",
        formula="tanh(z)",
        source="LeCun, Bottou, Orr and Müller (1998), doi:10.1007/3-540-49430-8_2",
        function=torch.tanh,
        pull=lambda gradient, z, a: _aten.tanh_backward(gradient, a),
        gain=5 / 3,
    ),
    Activation(
        name="lecun_tanh",
        formula="1.7159 tanh(2 z / 3)",
        source="LeCun, Bottou, Orr and Müller (1998), doi:10.1007/3-540-49430-8_2",
        function=lambda z: LECUN_HEIGHT * torch.tanh(LECUN_SLOPE * z),
        pull=lambda gradient, z, a: _aten.tanh_backward(gradient, a / LECUN_HEIGHT) * (LECUN_HEIGHT * LECUN_SLOPE),
        gain=1.0,
    ),
    Activation(
        name="relu",
        formula="max(0, z)",
        source="Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines, ICML",
        function=torch.relu,
        pull=lambda gradient, z, a: _aten.threshold_backward(gradient, a, 0),
        gain=math.sqrt(2),
    ),
    Activation(
        name="leaky_relu",
        formula="z if z > 0, else 0.01 z",
        source="Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models, ICML",
        function=lambda z: functional.leaky_relu(z, LEAKY_SLOPE),
        pull=lambda gradient, z, a: _aten.leaky_relu_backward(gradient, z, LEAKY_SLOPE, False),
        gain=math.sqrt(2 / (1 + LEAKY_SLOPE**2)),
    ),
    Activation(
        name="elu",
        formula="z if z > 0, else exp(z) - 1",
        source="Clevert, Unterthiner and Hochreiter (2016), arXiv:1511.07289",
        function=functional.elu,
        # from z, not from a: a + 1 would lose a small exp(z)
        pull=lambda gradient, z, a: _aten.elu_backward(gradient, 1.0, 1.0, 1.0, False, z),
        gain=1.2451983,
    ),
    Activation(
        name="selu",
        formula="1.0507 (z if z > 0, else 1.6733 (exp(z) - 1))",
        source="Klambauer, Unterthiner, Mayr and Hochreiter (2017), arXiv:1706.02515",
        function=torch.selu,
        pull=lambda gradient, z, a: _aten.elu_backward(gradient, SELU_ALPHA, SELU_SCALE, 1.0, False, z),
        gain=1.0,
    ),
    Activation(
        name="gelu",
        formula="z (1 + erf(z / sqrt 2)) / 2",
        source="Hendrycks and Gimpel (2016), arXiv:1606.08415; the exact form, not its tanh approximation",
        function=functional.gelu,
        pull=lambda gradient, z, a: _aten.gelu_backward(gradient, z),
        gain=1.5335304,
    ),
    Activation(
        name="silu",
        formula="z / (1 + exp(-z))",
        source="Elfwing, Uchibe and Doya (2018), arXiv:1702.03118",
        function=functional.silu,
        pull=lambda gradient, z, a: _aten.silu_backward(gradient, z),
        gain=1.6765325,
    ),
    Activation(
        name="softplus",
        formula="ln(1 + exp(z))",
        source="Dugas, Bengio, Bélisle, Nadeau and Garcia (2001), Second-order functional knowledge, NIPS",
        function=lambda z: functional.softplus(z, threshold=SOFTPLUS_LINEAR),
        pull=lambda gradient, z, a: _aten.softplus_backward(gradient, z, 1.0, SOFTPLUS_LINEAR),
        gain=1.0418668,
    ),
    Activation(
        name="softmax",
        formula="exp(z_c) / sum over classes of exp(z)",
        source="Bridle (1990), doi:10.1007/978-3-642-76153-9_28",
        function=lambda z: torch.softmax(z, dim=-1),
        pull=None,
        gain=1.0,
        hidden=False,
    ),
)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({one.name: one for one in _ALL})
ALIASES: Mapping[str, str] = MappingProxyType({"sigmoid": "logistic", "linear": "identity", "swish": "silu"})
