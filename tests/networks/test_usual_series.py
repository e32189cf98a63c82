"""The usual encoder of series: one network for any length, and work that stays bounded."""

import pytest
import torch

from lamina.foundation.signature import Field, Signature
from lamina.networks import Table, usual_encoders, usual_trunk
from lamina.networks.usual_series import LEFT, usual_series_encoder, usual_series_trunk


def series(steps: int) -> Field:
    """A field of so many steps."""
    return Field(holds="series", shape=(2, steps))


@pytest.mark.parametrize("steps", [1, 24, 700, 800, 10_000, 32_768])
def test_no_step_escapes_and_the_work_stays_bounded(steps: int) -> None:
    """The first kernel meets every step, and not many more than 500 places are left."""
    spec = usual_series_encoder(series(steps), 50)
    assert spec.sizes[0] >= spec.stride
    assert -(-steps // spec.stride) <= 1.5 * LEFT
    assert spec.build(series(steps), stream=torch.Generator().manual_seed(0)).width == 64


def test_it_is_what_a_column_of_series_gets() -> None:
    """A table that names no encoder for series gets this one, and the trunk that goes with it."""
    field = series(30)
    table = usual_encoders(Table(trunk=usual_trunk([field])), [field], rows=50)
    assert table.series == usual_series_encoder(field, 50)
    assert table.trunk == usual_series_trunk(field)
    network = table.build(Signature(features=0, scores=3, fields=(field,)), seed=0)
    assert network(torch.zeros(4, 0), torch.zeros(4, 2, 30)).shape == (4, 3)


@pytest.mark.parametrize("steps", [40, 800])
def test_it_tells_a_bump_from_a_dip(steps: int) -> None:
    """Wherever it stands: fifteen steps of training, and all series of another draw are right."""

    def drawn(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        stream = torch.Generator().manual_seed(seed)
        truth = torch.arange(rows) % 2
        x = 0.3 * torch.randn(rows, 2, steps, generator=stream)
        starts = torch.randint(0, steps - steps // 4, (rows,), generator=stream)
        for row, start in enumerate(starts.tolist()):
            x[row, 0, start : start + steps // 4] += 2.0 * truth[row] - 1
        return x, truth

    network = usual_series_encoder(series(steps), 40).build(series(steps), stream=torch.Generator().manual_seed(0))
    head = torch.nn.Linear(network.width, 2)
    with torch.no_grad():
        head.weight.zero_()
    optimiser = torch.optim.AdamW([*network.parameters(), *head.parameters()], lr=3e-3)
    x, truth = drawn(24, 1)
    network.standardise.settle(x)
    for _ in range(15):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(head(network(x)), truth).backward()
        optimiser.step()
    network.eval()
    fresh, right = drawn(40, 2)
    assert (head(network(fresh)).argmax(-1) == right).float().mean() > 0.95
