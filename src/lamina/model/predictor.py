"""The predictor: a network's spec, its signature and the weights of one or more members; encoded rows in, scores out.

It knows tensors only: what a score means is the decoder's business. Nothing in it changes once it is made, and no call
leaves a trace, so that many threads may ask one predictor at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lamina.data import Batch
from lamina.foundation.devices import pick_device
from lamina.foundation.errors import LaminaError, ModelFileError
from lamina.foundation.signature import Signature
from lamina.foundation.specs import code
from lamina.model.weights import Shape, check_shapes

MOST_COUNT = 2**31  # of features, scores or codes: far beyond any memory, and safe to reckon with


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictor:
    """Networks of one shape that have learnt; together they answer, each with scores of its own.

    **Shape**: each of ``weights`` is ``(member, *shape)``, with ``shape`` as the built spec has it, for every parameter
    and buffer. They are kept as float32 on the CPU; what was given is copied, not shared.

    Raises:
        ModelFileError: weights that the network does not have, lacks, or has in another shape.

    >>> from lamina.networks import MLP
    >>> signature = Signature(features=2, scores=3)
    >>> spec = MLP(widths=())
    >>> weights = {"0.weight": torch.ones(5, 3, 2), "0.bias": torch.zeros(5, 3)}
    >>> batch = Batch(numbers=np.ones((4, 2), np.float32), categories=np.zeros((4, 0), np.int64))
    >>> Predictor(spec=spec, signature=signature, weights=weights).scores(batch).shape
    (5, 4, 3)
    """

    spec: Any  # one of NETWORKS
    signature: Signature
    weights: Mapping[str, Tensor]
    _placed: dict[str, nn.Module] = field(default_factory=dict, init=False, repr=False)  # the network on each device

    def __post_init__(self) -> None:
        weights = {name: _plain(tensor) for name, tensor in self.weights.items()}
        wanted = member_shapes(self.spec, self.signature)
        members = count_members({name: _shape(tensor) for name, tensor in weights.items()})
        check_shapes({name: _shape(tensor) for name, tensor in weights.items()}, with_members(wanted, members))
        object.__setattr__(self, "weights", {name: weights[name] for name in wanted})

    @property
    def members(self) -> int:
        """How many networks answer."""
        return int(next(iter(self.weights.values())).shape[0])

    @property
    def size(self) -> int:
        """Weights of one member."""
        return sum(tensor[0].numel() for tensor in self.weights.values())

    def scores(
        self, batch: Batch, *, device: str | torch.device = "cpu", rows_at_once: int = 8192
    ) -> npt.NDArray[np.float32]:
        """The scores of every member for every row; a row's scores do not depend on the other rows.

        Args:
            batch: encoded rows, as the encoder of this signature makes them.
            device: where to reckon.
            rows_at_once: rows that are held on the device at a time, counted over all members together.

        **Shape**: float32 ``(member, row, score)`` out.

        Raises:
            DeviceError: the device is not here.
        """
        place = pick_device(str(device))
        network = self._network(place)
        rows = max(1, rows_at_once // self.members)
        with torch.inference_mode():
            parts = [network(*inputs).cpu() for inputs in self._inputs(batch, rows, place)]
        empty = torch.zeros(self.members, 0, self.signature.scores)
        scores: npt.NDArray[np.float32] = torch.cat([empty, *parts], dim=1).numpy()
        return scores

    def _inputs(self, batch: Batch, rows: int, device: torch.device) -> Iterator[tuple[Tensor, ...]]:
        """Numbers, codes if the network takes any, and fields, each ``(member, rows, ...)``, a few rows at a time."""
        for start in range(0, batch.rows, rows):
            part = slice(start, start + rows)
            tensors = [torch.tensor(batch.numbers[part], device=device)]
            if self.signature.categories:
                tensors.append(torch.tensor(batch.categories[part], device=device))
            tensors += [torch.tensor(field[part], device=device) for field in batch.fields]
            yield tuple(tensor.expand(self.members, *tensor.shape) for tensor in tensors)

    def _network(self, device: torch.device) -> nn.Module:
        """The network with the weights of all members in it, made once for each device.

        The weights are put in for good, where `torch.func.functional_call` would swap them in and out at every call:
        two threads would then meet in the middle of a swap.
        """
        place = str(device)
        if place not in self._placed:
            network = _skeleton(self.spec, self.signature)
            for name, tensor in self.weights.items():
                _put(network, name, tensor.to(device))
            self._placed[place] = network.eval()
        return self._placed[place]


def member_shapes(spec: Any, signature: Signature) -> dict[str, Shape]:
    """The parameters and buffers of one member's network, without any memory being used for them.

    Raises:
        ModelFileError: there can be no such network.

    >>> from lamina.networks import MLP
    >>> str(member_shapes(MLP(widths=()), Signature(features=10**9, scores=1))["0.weight"])
    'float32 (1, 1000000000)'
    """
    return {name: _shape(tensor) for name, tensor in _named(_skeleton(spec, signature)).items()}


def with_members(shapes: Mapping[str, Shape], members: int) -> dict[str, Shape]:
    """The shapes of a fleet's stacked weights, from those of one member."""
    return {name: Shape(dtype=one.dtype, sizes=(members, *one.sizes)) for name, one in shapes.items()}


def count_members(shapes: Mapping[str, Shape]) -> int:
    """How many members stacked weights belong to: the first size of any of them.

    Raises:
        ModelFileError: there are no weights, or not even one member.
    """
    members = next((shape.sizes[0] for shape in shapes.values() if shape.sizes), 0)
    # no member at all would let weights of any declared size pass, for they would take no bytes
    if members < 1:
        raise ModelFileError(
            wrong="the weights belong to no member.",
            expected="weights of at least one network, each with a leading member axis.",
            remedy="stack the weights of one network with weight.unsqueeze(0).",
        )
    return members


def _skeleton(spec: Any, signature: Signature) -> nn.Module:
    """The network with shapes but no memory, whatever sizes it asks for."""
    fields = [size for field in signature.fields for size in (*field.shape, field.codes)]
    largest = max(signature.features, signature.scores, *signature.categories, *fields)
    if largest > MOST_COUNT:
        raise _no_network(spec, signature, f"{largest:.3g} is too many")
    try:
        with torch.device("meta"):
            network: nn.Module = spec.build(signature, seed=0)
    except LaminaError:
        raise
    except (RuntimeError, OverflowError, TypeError) as error:
        raise _no_network(spec, signature, str(error)) from error
    return network


def _no_network(spec: Any, signature: Signature, why: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"no network can be built from {code(spec)[:200]} and {str(signature)[:200]}: {why[:200]}.",
        expected="a network that fits into memory.",
        remedy="make the model again with `lamina fit` or `model.save(path)`.",
    )


def _named(network: nn.Module) -> dict[str, Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _put(network: nn.Module, name: str, tensor: Tensor) -> None:
    """Put a tensor of any shape in the place of the parameter or buffer of that name."""
    path, _, leaf = name.rpartition(".")
    module = network.get_submodule(path)
    learnt = isinstance(getattr(module, leaf), nn.Parameter)
    setattr(module, leaf, nn.Parameter(tensor, requires_grad=False) if learnt else tensor)


def _plain(tensor: Tensor) -> Tensor:
    """A copy on the CPU, in float32 if it holds numbers with a fraction."""
    dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to("cpu", dtype, copy=True).contiguous()


def _shape(tensor: Tensor) -> Shape:
    return Shape(dtype=tensor.dtype, sizes=tuple(tensor.shape))
