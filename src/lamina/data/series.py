r"""Series as fields: each channel centred and scaled by the training rows; NaN where there is no value.

    field = (x - mean_c) / deviation_c

over all steps of channel c in the training rows. A channel that does not vary there is only centred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data.cells import array_of, is_tensor, tensor_column
from lamina.data.columns import Column, Series
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting

MOST_STEPS = 32_768  # of a series: what is longer loses its end
MOST_TIMES = 4  # a series longer than so many times the length of 95 % of them loses its end too
LARGEST = 1e30  # a number beyond is none: its square must not overflow

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SeriesEncoder:
    """A column of series as a field.

    >>> SeriesEncoder(name="gesture", shape=(1, 150), centres=(0.0,), scales=(1.0,)).field
    Field(holds='series', shape=(1, 150), codes=0)
    """

    name: str = setting(meaning="the name of the column")
    shape: tuple[int, int] = setting(meaning="channels, and steps in each of them", low=1)
    centres: tuple[float, ...] = setting(meaning="the mean of each channel in training rows")
    scales: tuple[float, ...] = setting(meaning="one over the standard deviation of each channel", low=0)

    def __post_init__(self) -> None:
        check(self)

    @property
    def field(self) -> Field:
        """What a network meets."""
        return Field(holds="series", shape=self.shape)

    @property
    def blank(self) -> Floats:
        """What stands where a row has no series."""
        return np.full(self.shape, np.nan, np.float32)

    def reads(self, column: Column) -> bool:
        """Whether it is for what such a column holds."""
        channels = {len(self.centres), len(self.scales)}
        return isinstance(column, Series) and column.shape == self.shape and channels == {column.channels}

    def write(self, column: pa.ChunkedArray, out: npt.NDArray[Any]) -> None:
        """Encode a column of tensors into ``out``, float32 ``(row, channel, step)``."""
        values, gone = array_of(column)
        for channel, (centre, scale) in enumerate(zip(self.centres, self.scales, strict=True)):
            out[:, channel] = (values[:, channel].astype(np.float64) - centre) * scale
        out[gone] = self.blank


def fit_series(name: str, column: pa.ChunkedArray) -> SeriesEncoder | None:
    """Learn means and deviations from the training rows; None if no channel varies in them."""
    values, gone = array_of(column)
    here = values if not gone.any() else values[~gone]
    found = [_centre_and_scale(here[:, channel]) for channel in range(here.shape[1])]
    if not any(varies for _, _, varies in found):
        return None
    centres, scales = tuple(centre for centre, _, _ in found), tuple(scale for _, scale, _ in found)
    return SeriesEncoder(name=name, shape=here.shape[1:], centres=centres, scales=scales)


def series_column(name: str, cells: pa.Array) -> Series:
    """The column that suits these cells, none of which is missing: as many channels as the most common, steps for all.

    >>> series_column("walk", pa.array([[1.0, 2.0], [3.0]])).shape
    (1, 2)
    """
    if is_tensor(cells.type):
        channels, steps = cells.type.shape
        return Series(name=name, channels=channels, steps=min(steps, MOST_STEPS), reason=_cut_words(steps, MOST_STEPS))
    channels, lengths = _channels_and_lengths(cells)
    longest, usual = int(lengths.max(initial=1)), float(np.quantile(lengths, 0.95)) if len(lengths) else 1.0
    steps = max(1, min(longest, MOST_STEPS, int(MOST_TIMES * usual)))
    return Series(name=name, channels=channels, steps=steps, reason=_cut_words(longest, steps))


def read_series(cells: pa.Array, column: Series) -> tuple[pa.Array, dict[int, str], tuple[int, ...]]:
    """All cells as tensors ``(channel, step)``; what is wrong with those that are none; and the rows that were cut.

    **Shape**: ``cells`` holds tensors, lists of numbers (one channel), or lists of such lists (one a channel).
    """
    if is_tensor(cells.type):
        return _fitted(cells, column)
    gone = np.asarray(cells.is_null()).copy()
    values = np.full((len(cells), *column.shape), np.nan, np.float32)
    bad: dict[int, str] = {}
    cut: list[int] = []
    for row, channels in enumerate(_channel_lists(cells)):
        if gone[row]:
            continue
        if len(channels) != column.channels:
            bad[row], gone[row] = _channel_words(len(channels), column.channels), True
            continue
        for channel, found in enumerate(channels):
            part = found[: column.steps]
            values[row, channel, : len(part)] = part
        if max(map(len, channels), default=0) > column.steps:
            cut.append(row)
    return tensor_column(_finite(values), gone), bad, tuple(cut)


def _fitted(cells: pa.Array, column: Series) -> tuple[pa.Array, dict[int, str], tuple[int, ...]]:
    found, gone = array_of(cells)
    if found.shape[1] != column.channels:
        words = _channel_words(found.shape[1], column.channels)
        return _nothing(len(found), column), {int(row): words for row in np.flatnonzero(~gone)}, ()
    if found.shape[2] == column.steps and np.isfinite(found).all():
        return cells, {}, ()
    values = np.full((len(found), *column.shape), np.nan, np.float32)
    steps = min(column.steps, found.shape[2])
    values[:, :, :steps] = found[:, :, :steps]
    beyond = ~np.isnan(found[:, :, steps:]).all(axis=(1, 2)) & ~gone
    return tensor_column(_finite(values), gone), {}, tuple(np.flatnonzero(beyond).tolist())


def _nothing(rows: int, column: Series) -> pa.Array:
    return tensor_column(np.full((rows, *column.shape), np.nan, np.float32), np.ones(rows, np.bool_))


def _finite(values: Floats) -> Floats:
    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values


def _channel_lists(cells: pa.Array) -> list[list[Floats]]:
    """The channels of each row; no channel for a missing one."""
    nested = pa.types.is_list(cells.type.value_type)
    rows = _pieces(cells)
    if not nested:
        numbers = np.asarray(cells.flatten(), dtype=np.float32)
        return [[numbers[start:stop]] for start, stop in rows]
    inner = cells.flatten()
    numbers = np.asarray(inner.flatten(), dtype=np.float32)
    channels = [numbers[start:stop] for start, stop in _pieces(inner)]
    return [channels[start:stop] for start, stop in rows]


def _pieces(lists: pa.Array) -> list[tuple[int, int]]:
    """Where each list begins and ends in the flattened values; a missing one is empty."""
    lengths = np.asarray(lists.value_lengths().fill_null(0)).astype(np.int64)
    ends = np.cumsum(lengths)
    return list(zip((ends - lengths).tolist(), ends.tolist(), strict=True))


def _channels_and_lengths(cells: pa.Array) -> tuple[int, npt.NDArray[np.int64]]:
    lengths = np.asarray(cells.value_lengths().fill_null(0)).astype(np.int64)
    if not pa.types.is_list(cells.type.value_type):
        return 1, lengths
    counts = lengths[lengths > 0]
    channels = int(np.bincount(counts).argmax()) if len(counts) else 1
    return channels, np.asarray(cells.flatten().value_lengths().fill_null(0)).astype(np.int64)


def _centre_and_scale(values: Floats) -> tuple[float, float, bool]:
    present = values[~np.isnan(values)].astype(np.float64)
    if not len(present) or present.min() == present.max():
        return (float(present[0]) if len(present) else 0.0), 1.0, False
    return float(present.mean()), float(1.0 / present.std()), True


def _channel_words(here: int, wanted: int) -> str:
    channels = "1 channel" if here == 1 else f"{here} channels"
    return f"has {channels} where {wanted} {'is' if wanted == 1 else 'are'} expected"


def _cut_words(longest: int, steps: int) -> str:
    return f"its longest series has {longest:,} steps; only the first {steps:,} are read." if longest > steps else ""
