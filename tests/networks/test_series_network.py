"""Convolutional networks of series: padding and gaps have no part, short series do, members and rows stay apart."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.data import Batch
from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.foundation.specs import from_json, to_json
from lamina.model import Predictor
from lamina.networks import NETWORK_KINDS, Table
from lamina.networks.fcn import FCN
from lamina.networks.inception_time import InceptionTime
from lamina.networks.series_network import STEPS_AT_ONCE, SeriesNetwork

FIELD = Field(holds="series", shape=(2, 12))
SPECS: tuple[Any, ...] = (
    FCN(widths=(5, 6, 4), sizes=(8, 5, 3)),
    FCN(widths=(5, 4), sizes=(5, 3), stride=4),
    InceptionTime(filters=3, depth=4, sizes=(6, 3), shortcut=2),
    InceptionTime(filters=2, depth=3, sizes=(9,), shortcut=2),
)
every = pytest.mark.parametrize("spec", SPECS, ids=["fcn", "strides", "inception", "one size"])
both = pytest.mark.parametrize("training", [True, False], ids=["learning", "answering"])


def built(spec: Any, seed: int = 0, field: Field = FIELD) -> SeriesNetwork:
    """A network in double precision, settled on rows, whose norms know them too."""
    network = spec.build(field, stream=torch.Generator().manual_seed(seed))
    stream = torch.Generator().manual_seed(seed)
    for name, parameter in network.named_parameters():
        if name.endswith(("gain", "bias")):
            nn.init.normal_(parameter, 0.5, 1.0, generator=stream)
    x = series(20, *field.shape, seed=seed)
    network.standardise.settle(x)
    network = network.double()
    network(x)
    return network


def series(rows: int, channels: int = 2, steps: int = 12, *, seed: int = 1) -> Tensor:
    """Normal numbers around 5."""
    stream = torch.Generator().manual_seed(seed)
    return 5 + 3 * torch.randn(rows, channels, steps, generator=stream, dtype=torch.float64)


def gradients(network: nn.Module, x: Tensor, slopes: Tensor) -> list[Tensor]:
    """What the parameters would be moved by."""
    return list(torch.autograd.grad((network(x) * slopes).sum(), list(network.parameters())))


def unlike(spec: Any) -> Tensor:
    """Slopes that differ from row to row and unit to unit: a norm would hide equal ones."""
    return torch.randn(6, built(spec).width, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@every
@both
@pytest.mark.parametrize("before", [0, 4])
def test_padding_has_no_part(spec: Any, training: bool, before: int) -> None:
    """However much padding is behind or before a series: the same features, gradients and running averages."""
    x = series(6, steps=9)
    gone = torch.full((6, 2, 7), torch.nan, dtype=torch.float64)
    padded = torch.cat((gone[:, :, :before], x, gone), dim=-1)
    plain, other = (built(spec).train(training) for _ in range(2))
    torch.testing.assert_close(other(padded), plain(x), rtol=0, atol=1e-12)
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(other.get_buffer(name), buffer, rtol=0, atol=1e-12)
    slopes = unlike(spec)
    for ours, theirs in zip(gradients(other, padded, slopes), gradients(plain, x, slopes), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@every
def test_a_row_answers_alike_beside_longer_ones(spec: Any) -> None:
    """Lengths may differ within a batch: each row is answered as if it were alone and cut to its end."""
    network, x, lengths = built(spec).eval(), series(6), (12, 9, 5, 3, 2, 1)
    for row, length in enumerate(lengths):
        x[row, :, length:] = torch.nan
    answers = network(x)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(answers[row : row + 1], network(x[row : row + 1, :, :length]), rtol=0, atol=1e-12)


@every
@both
def test_gaps_get_no_gradient(spec: Any, training: bool) -> None:
    """The gradient at what is missing is exactly 0, at each value it is finite, and so is every parameter's."""
    network, x = built(spec).train(training), series(6)
    x[0, :, 8:] = torch.nan
    x[1, :, 3:6] = torch.nan
    x[2, 1, 7] = torch.nan
    x[3] = torch.nan
    x.requires_grad_()
    (slopes,) = torch.autograd.grad((network(x) * unlike(spec)).sum(), x)
    assert (slopes[x.isnan()] == 0).all()
    assert slopes.isfinite().all()
    assert slopes[[0, 1, 2, 4, 5]].flatten(1).any(1).all()
    assert all(own.isfinite().all() for own in gradients(network, x.detach(), unlike(spec)))


@every
def test_a_gap_is_kept_in_its_length(spec: Any) -> None:
    """A gap is not closed up: that steps are missing between two values is seen."""
    network, x = built(spec).eval(), series(1)
    x[0, :, 4:8] = torch.nan
    closed = torch.cat((x[..., :4], x[..., 8:]), dim=-1)
    assert (network(x) - network(closed)).abs().max() > 1e-3


@every
def test_a_value_missing_in_one_channel_reads_as_its_mean(spec: Any) -> None:
    """As if the channel's mean over the training rows stood there."""
    network, x = built(spec).eval(), series(3)
    filled = x.clone()
    filled[1, 0, 5] = network.standardise.mean[0]
    x[1, 0, 5] = torch.nan
    torch.testing.assert_close(network(x), network(filled), rtol=0, atol=1e-12)


@every
def test_a_series_without_values(spec: Any) -> None:
    """Nothing to read is zeros; a whole batch of it leaves running averages as they were."""
    network, x = built(spec).eval(), series(3)
    wanted = network(x)
    x[1] = torch.nan
    answers = network(x)
    assert (answers[1] == 0).all()
    torch.testing.assert_close(answers[[0, 2]], wanted[[0, 2]], rtol=0, atol=1e-12)
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    assert (network.train()(torch.full_like(x, torch.nan)) == 0).all()
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())


@every
@pytest.mark.parametrize("channels", [1, 7])
@pytest.mark.parametrize("steps", [1, 3])
def test_short_series_of_any_channels(spec: Any, channels: int, steps: int) -> None:
    """Kernels longer than a series do no harm, and weights that could only meet padding are not there."""
    network = built(spec, field=Field(holds="series", shape=(channels, steps)))
    assert network(series(4, channels, steps)).shape == (4, network.width)
    assert max(weight.shape[-1] for weight in network.parameters() if weight.dim() == 4) <= 2 * steps - 1


@every
@both
def test_a_member_is_a_network_by_itself(spec: Any, training: bool) -> None:
    """A fleet's members answer as each does alone, gradients and running averages too, with gaps of their own."""
    solos = [built(spec, seed=seed).train(training) for seed in range(3)]
    x = torch.stack([series(4, seed=seed) for seed in range(3)])
    x[0, 1, :, 5:] = torch.nan
    stacked = {name: torch.stack([one.state_dict()[name] for one in solos]) for name in solos[0].state_dict()}
    answers = functional_call(solos[0], stacked, (x,))
    for i, solo in enumerate(solos):
        torch.testing.assert_close(answers[i], solo(x[i]), rtol=0, atol=1e-12)
        for name, buffer in solo.named_buffers():
            torch.testing.assert_close(stacked[name][i], buffer, rtol=0, atol=1e-12)


@every
def test_rows_that_fill_a_batch_up_count_for_nothing(spec: Any) -> None:
    """A fleet's padding rows change neither the features of others nor the running averages, with and without gaps."""
    for gap in (False, True):
        x = series(6)
        if gap:
            x[1, :, 7:] = torch.nan
        plain, padded = built(spec), built(spec)
        for module in padded.modules():
            if hasattr(module, "present"):
                module.present = torch.tensor([1.0, 1, 1, 1, 0, 0])
        torch.testing.assert_close(padded(x)[:4], plain(x[:4]), rtol=0, atol=1e-12)
        for name, buffer in plain.named_buffers():
            torch.testing.assert_close(padded.get_buffer(name), buffer, rtol=0, atol=1e-12)


@every
def test_very_many_series_are_answered_a_few_at_a_time(spec: Any) -> None:
    """Cut into pieces or not, every series gets the same features."""
    network = built(spec).eval()
    x = series(STEPS_AT_ONCE // 12 + 5)
    torch.testing.assert_close(network(x)[-9:], network._features(x[-9:]), rtol=0, atol=1e-12)


@every
def test_shapes_without_memory(spec: Any) -> None:
    """On the meta device there are shapes and no numbers; the width is as promised."""
    with torch.device("meta"):
        network = spec.build(FIELD, stream=torch.Generator())
        assert network(torch.zeros(3, 2, 12)).shape == (3, network.width)


@every
def test_saved_weights_answer_alike(spec: Any) -> None:
    """Spec and weights, through JSON and a predictor, are the network again; equal seeds give equal weights."""
    table = Table(series=from_json(to_json(spec), NETWORK_KINDS))
    signature = Signature(features=0, scores=3, fields=(FIELD,))
    network, again = (table.build(signature, seed=4) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    x = series(5).float()
    x[1, :, 9:] = torch.nan
    weights = {name: tensor[None].clone() for name, tensor in network.state_dict().items()}
    empty = {"numbers": np.zeros((5, 0), np.float32), "categories": np.zeros((5, 0), np.int64)}
    scores = Predictor(spec=table, signature=signature, weights=weights).scores(Batch(**empty, fields=(x.numpy(),)))
    wanted = network.eval()(torch.zeros(5, 0), x).detach()
    torch.testing.assert_close(torch.from_numpy(scores[0]), wanted, rtol=0, atol=1e-5)


def test_channels_lie_last_in_memory() -> None:
    """From the first convolution on, for one network and for a fleet of one: the other order is slow."""
    seen: list[bool] = []
    network = built(FCN(widths=(5, 6), sizes=(4, 3)), field=Field(holds="series", shape=(3, 12)))
    for block in network.blocks:
        block.register_forward_hook(lambda _, inputs, y: seen.append(y.flatten(0, -4).movedim(-3, -1).is_contiguous()))
    network(series(4, 3))
    stacked = {name: tensor[None] for name, tensor in network.state_dict().items()}
    functional_call(network, stacked, (series(4, 3)[None],))
    assert seen == [True] * 4


@every
def test_no_field_of_series(spec: Any) -> None:
    """A text is refused in words."""
    with pytest.raises(SpecError, match=f"{type(spec).__name__} was asked to read Field"):
        spec.build(Field(holds="text", shape=(9,), codes=5), stream=torch.Generator())


def test_weights_beyond_any_memory_are_refused() -> None:
    """Without using any memory first."""
    for spec in (FCN(widths=(4096, 4096), sizes=(3, 1023)), InceptionTime(filters=1024, sizes=(1023,), depth=100)):
        with torch.device("meta"), pytest.raises(SpecError, match="weights in its convolutions"):
            spec.build(FIELD, stream=torch.Generator())
