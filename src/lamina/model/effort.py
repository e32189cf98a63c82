"""What one answer of a network costs: multiplications with additions, for one row and all members."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from lamina.data import Batch
from lamina.model.predictor import Predictor
from lamina.networks.recurrent import Recurrence


def multiply_adds(predictor: Predictor) -> int | None:
    """Multiplications with additions that one row costs; None where a kernel does not tell.

    Without images, texts and series each weight is met once. With them layers are laid on many places, and what
    matrix products and convolutions do is counted while one row of zeros (of ones, for tokens) is answered.

    >>> from lamina.foundation.signature import Field, Signature
    >>> from lamina.networks import MLP, Conv, ConvNet, Table
    >>> signature = Signature(features=0, scores=2, fields=(Field(holds="image", shape=(1, 8, 8)),))
    >>> image = ConvNet(layers=(Conv(channels=4, padding="same"),), head="mean")
    >>> spec = Table(image=image, trunk=MLP(widths=()))
    >>> module = spec.build(signature, seed=0)
    >>> weights = {name: one[None] for name, one in module.state_dict().items()}
    >>> multiply_adds(Predictor(spec=spec, signature=signature, weights=weights)) == 8 * 8 * 4 * 9 + 4 * 2
    True
    """
    signature = predictor.signature
    if not signature.fields:
        return predictor.size * predictor.members
    network = predictor.spec.build(signature, seed=0)
    if any(isinstance(module, Recurrence) for module in network.modules()):
        return None
    row = Batch(
        numbers=np.zeros((1, signature.features), np.float32),
        categories=np.zeros((1, len(signature.categories)), np.int64),
        fields=tuple(np.full((1, *one.shape), one.holds == "text", one.dtype) for one in signature.fields),
    )
    counted = _Operations()  # type: ignore[no-untyped-call]
    with sdpa_kernel(SDPBackend.MATH), counted, torch.inference_mode():  # products that the counter can see
        predictor.scores(row)
    return counted.total // 2


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts additions and multiplications of products and convolutions, by torch's own formulas.

    What torch's `FlopCounterMode` counts in all, without loading its compiler first: that takes seconds.
    """

    total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, formula = kwargs or {}, flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:  # it may be made of others, which are then counted
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        made = func(*args, **kwargs)
        self.total += 0 if formula is None else int(formula(*args, **kwargs, out_val=made))
        return made
