"""Waves: the formula, what a seed decides, and what is left to decay."""

import math

import numpy as np
import pytest
import torch

from lamina.foundation.errors import SpecError
from lamina.networks.periodic import Periodic, Waves


def layer(features: int = 2, waves: int = 4, width: int = 3, spread: float = 0.5, seed: int = 0) -> Waves:
    """A layer with drawn weights."""
    spec = Periodic(waves=waves, width=width, spread=spread)
    return spec.build(features, stream=torch.Generator().manual_seed(seed))


def test_it_is_the_formula() -> None:
    """Out comes the row itself, then for each number its mixture of waves, by numpy."""
    waves = layer().double()
    with torch.no_grad():
        waves.bias += torch.arange(6.0)
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    out = waves(x).detach().numpy()
    np.testing.assert_array_equal(out[:, :5], x)
    frequency, phase = (p.detach().numpy().reshape(2, 4) for p in (waves.frequency, waves.phase))
    weight, bias = waves.weight.detach().numpy(), waves.bias.detach().numpy().reshape(2, 3)
    for feature in range(2):
        turned = np.cos(2 * math.pi * x[:, feature, None].numpy() * frequency[feature] + phase[feature])
        expected = turned @ weight[feature] + bias[feature]
        np.testing.assert_allclose(out[:, 5 + 3 * feature : 8 + 3 * feature], expected, atol=1e-12)


def test_frequencies_are_spread_as_asked() -> None:
    """Their standard deviation at birth is ``spread``; phases lie all round the circle."""
    waves = layer(features=20, waves=100, spread=0.3)
    assert waves.frequency.std().item() == pytest.approx(0.3, rel=0.05)
    assert waves.phase.abs().max().item() == pytest.approx(math.pi, rel=0.01)


def test_only_the_mixture_is_a_matrix() -> None:
    """Decay takes matrices: frequencies, phases and biases must be none."""
    assert [name for name, parameter in layer().named_parameters() if parameter.dim() > 1] == ["weight"]


@pytest.mark.parametrize("settings", [{"waves": 0}, {"width": 0}, {"spread": 0.0}])
def test_what_cannot_be_built_is_refused(settings: dict[str, float]) -> None:
    """A setting that makes no sense is named in the error."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        Periodic(**settings)
