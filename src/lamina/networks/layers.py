r"""Layers that serve one network and a whole fleet with the same code.

Every layer takes the last two axes as ``(batch, unit)``. Swap in parameters with one more axis in front
(``torch.func.functional_call``) and the same code maps ``(member, batch, unit)``: one network is a fleet of one.

    Affine      y = x W^T + b                        BatchNorm  y = g (x - mean over batch) / sqrt(var + eps) + b
    Activate    y = f(x)                             LayerNorm  y = g (x - mean over units) / sqrt(var + eps) + b
    Dropout     y = x keep / (1 - chance)            Residual   y = x + inner(x)
    Embedding   y = row of W that a code points at   Concat     y = (x, inner(x))
    OneHot      y = one 1 where the code points

A new `Affine` and a new `Embedding` hold zeros: `lamina.networks.initialise` fills them from a stream it is given, so
making a layer draws nothing.

Sources: Srivastava et al. (2014), "Dropout", JMLR 15; Ba, Kiros and Hinton (2016), arXiv:1607.06450 (layer norm); Ioffe
and Szegedy (2015), arXiv:1502.03167 (batch norm); He et al. (2016), arXiv:1512.03385 (residual); Huang et al. (2017),
arXiv:1608.06993 (concat).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.networks.activations import activation

Noise = Callable[[torch.Size, torch.device, torch.dtype], Tensor]  # uniform numbers in [0, 1) of that shape


class Affine(nn.Module):
    """Weighted sums of the units before, plus a bias.

    **Shape**: ``(batch, inputs)`` in, ``(batch, outputs)`` out; ``weight`` is ``(outputs, inputs)``, ``bias``
    ``(outputs,)``, each with ``member`` in front for a fleet.

    >>> Affine(3, 2)(torch.ones(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """The weighted sums ``(..., batch, outputs)``."""
        if self.weight.dim() == 2:
            return functional.linear(x, self.weight, self.bias)
        return torch.baddbmm(self.bias.unsqueeze(-2), x, self.weight.mT)


class Activate(nn.Module):
    """One activation applied to every unit; ``name`` is a key of `ACTIVATIONS` or an alias.

    **Shape**: any in, the same out.

    >>> Activate("relu")(torch.tensor([[-1.0, 2.0]]))
    tensor([[0., 2.]])
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = activation(name).name
        self.function = activation(name).function

    def forward(self, x: Tensor) -> Tensor:
        """The activated units."""
        return self.function(x)

    def extra_repr(self) -> str:
        """The name, for printing."""
        return self.name


class Dropout(nn.Module):
    """Silences each unit with a chance while training, and scales the others up; does nothing otherwise.

    The chance is a buffer, so each member of a fleet can have its own. In training the layer always draws, even at
    chance 0: the numbers a member meets never depend on its neighbours' settings.

    **Shape**: ``(batch, unit)`` in, the same out; ``chance`` is ``()``, for a fleet ``(member,)``.

    Attributes:
        noise: where the uniform numbers come from, ``noise(shape, device, dtype)`` with the batch as the last axis, so
            that a pass that keeps it there has them in order; None takes `torch.rand`.
    """

    chance: Tensor

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.register_buffer("chance", torch.tensor(float(chance)))
        self.noise: Noise | None = None

    def forward(self, x: Tensor) -> Tensor:
        """The units that stay, divided by the chance to stay."""
        if not self.training:
            return x
        return x * self.factor(x)

    def factor(self, x: Tensor) -> Tensor:
        """What each unit of ``x`` is multiplied by: 0 or 1 / (1 - chance). A backward pass needs the same numbers."""
        noise = self.noise or _plain_noise
        return stay(noise(x.mT.shape, x.device, x.dtype), self.chance[..., None, None].to(x.dtype)).mT


class LayerNorm(nn.Module):
    """Brings the units of each row to mean 0 and variance 1, then scales and shifts each unit.

    **Shape**: ``(batch, units)`` in, the same out; ``gain`` and ``bias`` are ``(units,)``, for a fleet
    ``(member, units)``.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(units))
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, x: Tensor) -> Tensor:
        """The normalised units ``(..., batch, units)``."""
        normal = functional.layer_norm(x, x.shape[-1:])
        return torch.addcmul(self.bias.unsqueeze(-2), normal, self.gain.unsqueeze(-2))


class BatchNorm(nn.Module):
    """Brings each unit to mean 0 and variance 1 over the rows of a batch, then scales and shifts it.

    While training the statistics are those of the batch (each member its own), and running averages of them are kept
    in place in the buffers ``mean`` and ``variance``; otherwise those averages are used, so that a row's answer is free
    of its batch. As in torch, a batch counts for a tenth, and the variance that is kept is the unbiased one.
    A batch of one row has no variance: it is normalised by the running averages and leaves them as they are.

    **Shape**: ``(batch, units)`` in, the same out; parameters and buffers are ``(units,)``, for a fleet
    ``(member, units)``.

    Attributes:
        present: 1 for each row that counts and 0 for padding, ``(batch,)`` or ``(member, batch)``; None if all count.
            Members of a fleet may have batches of unequal length: whoever pads them says so here.
        total: what makes a sum over these rows one over the whole batch, where several processes share it.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, units: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(units))
        self.bias = nn.Parameter(torch.zeros(units))
        self.register_buffer("mean", torch.zeros(units))
        self.register_buffer("variance", torch.ones(units))
        self.present: Tensor | None = None
        self.total: Callable[[Tensor], Tensor] = _all_here

    def forward(self, x: Tensor) -> Tensor:
        """The normalised units ``(..., batch, units)``."""
        x = x.to(self.mean.dtype)  # sums over a batch are too coarse in half precision
        mean, variance = self._learn(x) if self.training else (self.mean, self.variance)
        slope = self.gain * torch.rsqrt(variance + 1e-5)
        return torch.addcmul(self.bias.unsqueeze(-2), x - mean.unsqueeze(-2), slope.unsqueeze(-2))

    def _learn(self, x: Tensor) -> tuple[Tensor, Tensor]:
        present = x.new_ones(x.shape[:-1]) if self.present is None else self.present.to(x.dtype)
        count = self.total(present.sum(-1, keepdim=True))
        share = (present / count.clamp(min=1)).unsqueeze(-2)
        mean = self.total((share @ x).squeeze(-2))
        variance = self.total((share @ (x - mean.unsqueeze(-2)).square()).squeeze(-2))
        alone = count <= 1
        with torch.no_grad():
            step = 0.1 * (~alone).to(x.dtype)
            self.mean.add_(step * (mean - self.mean))
            self.variance.add_(step * (variance * count / (count - 1).clamp(min=1) - self.variance))
        return torch.where(alone, self.mean, mean), torch.where(alone, self.variance, variance)


class Embedding(nn.Module):
    """A learnt row of numbers for each code of a category.

    **Shape**: int64 codes ``(batch,)``, ``0 <= code < size``, in; ``(batch, width)`` out. ``weight`` is
    ``(size, width)``; for a fleet ``(member, size, width)`` with codes ``(member, batch)``.

    >>> Embedding(4, 2)(torch.tensor([0, 3, 3])).shape
    torch.Size([3, 2])
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.weight = nn.Parameter(torch.zeros(size, width))

    def forward(self, codes: Tensor) -> Tensor:
        """The rows that the codes point at, ``(..., batch, width)``."""
        # of gather, indexing and functional.embedding on flattened stacks, gather has the cheapest backward for a fleet
        return self.weight.gather(-2, codes.unsqueeze(-1).expand(*codes.shape, self.width))


class OneHot(nn.Module):
    """A 1 in the place of the code and 0 elsewhere; code 0 (unseen) has no place and gives zeros only.

    **Shape**: int64 codes ``(batch,)``, ``0 <= code < size``, in; float32 ``(batch, size - 1)`` out.

    >>> OneHot(3)(torch.tensor([0, 1, 2]))
    tensor([[0., 0.],
            [1., 0.],
            [0., 1.]])
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.width = size, size - 1

    def forward(self, codes: Tensor) -> Tensor:
        """The places, ``(..., batch, size - 1)``."""
        places = torch.arange(1, self.size, device=codes.device)
        return (codes.unsqueeze(-1) == places).to(torch.float32)


class Residual(nn.Module):
    """The input added to what ``inner`` makes of it: a road past the inner layers for values and gradients.

    **Shape**: ``(batch, unit)`` in; what ``inner`` gives out. Where the width changes, ``road`` is an `Affine` that
    brings the input to the new width; otherwise it is left out.
    """

    def __init__(self, inner: nn.Module, road: nn.Module | None = None) -> None:
        super().__init__()
        self.inner = inner
        self.road = road

    def forward(self, x: Tensor) -> Tensor:
        """``road(x) + inner(x)``."""
        y: Tensor = (x if self.road is None else self.road(x)) + self.inner(x)
        return y


class Concat(nn.Module):
    """The input followed by what ``inner`` makes of it, so that later layers see every earlier one.

    **Shape**: ``(batch, unit)`` in, ``(batch, unit + units of inner)`` out.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """``(x, inner(x))`` along the last axis."""
        return torch.cat((x, self.inner(x)), dim=-1)


def _all_here(sums: Tensor) -> Tensor:
    return sums


def stay(draws: Tensor, chance: Tensor) -> Tensor:
    """0 where a uniform number falls below the chance to be silenced, else 1 / (1 - chance).

    >>> stay(torch.tensor([0.1, 0.5, 0.9]), torch.tensor(0.5))
    tensor([0., 2., 2.])
    """
    return draws.clone().ge_(chance).mul_(1 / (1 - chance))  # numbers at once: bools take seven times as long


def _plain_noise(shape: torch.Size, device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.rand(shape, device=device, dtype=dtype)
