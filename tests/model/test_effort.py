"""What an answer costs is what torch's own counter says, and nothing heavy is loaded to find it out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lamina.data import Batch
from lamina.foundation.signature import Field, Signature
from lamina.model import Predictor
from lamina.model.effort import multiply_adds
from lamina.networks import FCN, Table, TextTransformer, usual_encoders

LOADED = """
import sys
from lamina.foundation.signature import Field, Signature
from lamina.model import Predictor
from lamina.model.effort import multiply_adds
from lamina.networks import Piecewise, Table, usual_encoders

fields = (Field(holds="image", shape=(1, 8, 8)),)
signature = Signature(features=3, scores=2, fields=fields)
spec = usual_encoders(Table(numbers=Piecewise(bins=4)), fields, rows=100)
weights = {name: one[None] for name, one in spec.build(signature, seed=0).state_dict().items()}
assert multiply_adds(Predictor(spec=spec, signature=signature, weights=weights)) > 0
sys.exit("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        (Field(holds="image", shape=(1, 8, 8)), Table()),
        (Field(holds="text", shape=(12,), codes=30), Table(text=TextTransformer())),
        (Field(holds="series", shape=(2, 40)), Table(series=FCN())),
    ],
)
def test_operations_are_those_of_torchs_own_counter(field: Field, spec: Table) -> None:
    """Products within attention and convolutions count as torch counts them."""
    signature = Signature(features=3, scores=4, fields=(field,))
    spec = usual_encoders(spec, (field,), rows=100)
    weights = {name: one[None] for name, one in spec.build(signature, seed=0).state_dict().items()}
    predictor = Predictor(spec=spec, signature=signature, weights=weights)
    cells = np.full((1, *field.shape), field.holds == "text", field.dtype)
    row = Batch(numbers=np.zeros((1, 3), np.float32), categories=np.zeros((1, 0), np.int64), fields=(cells,))
    counted = FlopCounterMode(display=False)
    with sdpa_kernel(SDPBackend.MATH), counted, torch.inference_mode():
        predictor.scores(row)
    assert multiply_adds(predictor) == counted.get_total_flops() // 2 > 0


def test_no_compiler_is_loaded() -> None:
    """Neither the shapes of a network nor the cost of its answer load torch's compiler, which takes seconds."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
