"""Sketches and lots: what is held of a column, and how rows are drawn, in bounded memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lamina.data.lots import drawn
from lamina.data.sketch import Sketch


def sketched(values: pa.Array, *, limit: int, piece: int = 700) -> Sketch:
    """The sketch of some values that come in pieces."""
    sketch = Sketch(values.type, limit=limit)
    for start in range(0, len(values), piece):
        sketch.add(values.slice(start, piece))
    return sketch


def test_few_values_are_counted_exactly_in_the_order_of_their_first_row() -> None:
    """Up to the limit nothing is lost."""
    codes = np.random.default_rng(0).integers(0, 50, 5_000)
    tally = sketched(pa.array([f"level {i}" for i in codes]), limit=50).tally()
    first = list(dict.fromkeys(codes.tolist()))
    assert tally.exact
    assert tally.total == 5_000
    assert tally.values.to_pylist() == [f"level {i}" for i in first]
    assert tally.counts.tolist() == [int((codes == i).sum()) for i in first]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.string()])
def test_many_values_are_estimated_to_a_few_percent(kind: pa.DataType) -> None:
    """With 2,000 values held, the number of different ones is right to four standard errors (9 %)."""
    values = pa.array(np.random.default_rng(1).integers(0, 30_000, 60_000)).cast(kind)
    tally = sketched(values, limit=2_000).tally()
    true = len(np.unique(values.to_numpy(zero_copy_only=False)))
    assert not tally.exact
    assert tally.different == pytest.approx(true, rel=4 / np.sqrt(2_000))


def test_values_that_are_held_are_counted_exactly() -> None:
    """A value of the final sample was counted from its first cell on."""
    values = np.random.default_rng(2).integers(0, 5_000, 50_000)
    tally = sketched(pa.array(values), limit=500).tally()
    times = dict(zip(*np.unique(values, return_counts=True), strict=True))
    wrong = [v for v, n in zip(tally.values.to_pylist(), tally.counts.tolist(), strict=True) if times[v] != n]
    assert len(wrong) <= 2  # the smallest and the largest stand for themselves, once


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_what_is_held_does_not_depend_on_the_pieces(kind: pa.DataType) -> None:
    """Files of other lengths give the same sample."""
    values = pa.array(np.random.default_rng(3).permutation(20_000)).cast(kind)
    tallies = [sketched(values, limit=300, piece=piece).tally() for piece in (97, 1_000, 20_000)]
    assert len({frozenset(tally.values.to_pylist()) for tally in tallies}) == 1
    assert len({tally.different for tally in tallies}) == 1


def test_memory_is_bounded_by_values_and_by_bytes() -> None:
    """Never more than half as much again as the limit is held, and long texts count by their length."""
    numbers, texts = Sketch(pa.int64(), limit=200), Sketch(pa.string(), limit=10_000, most_bytes=10_000)
    for start in range(0, 20_000, 500):
        numbers.add(pa.array(range(start, start + 500)))
        texts.add(pa.array([f"{i:0100}" for i in range(start, start + 500)]))
        assert len(numbers.values) <= 300
        assert texts.values.nbytes <= 15_000


def test_the_rare_and_the_heavy_are_not_lost() -> None:
    """Of very many values, the extremes, a fraction, a cell that is no number and a filler stay in sight."""
    numbers = pa.array([*range(20_000), 0.5])
    tally = sketched(numbers, limit=200).tally()
    assert {0.0, 19_999.0, 0.5} <= set(tally.values.to_pylist())
    words = pa.array([*map(str, range(20_000)), "none of it", *["unknown"] * 5_000])
    tally = sketched(words, limit=200).tally()
    counts = dict(zip(tally.values.to_pylist(), tally.counts.tolist(), strict=True))
    assert counts["unknown"] / sum(counts.values()) == pytest.approx(0.2, abs=0.06)
    assert "none of it" in counts


def test_lots_are_fair_independent_and_free_of_pieces() -> None:
    """Shares are kept, purposes do not hang together, and a row's lot is its own."""
    watch, sample = (drawn(0, 100_000, 0.3, 5, purpose) for purpose in ("watch", "sample"))
    assert watch.mean() == pytest.approx(0.3, abs=0.006)
    assert (watch & sample).mean() == pytest.approx(0.09, abs=0.004)
    assert np.array_equal(watch[777:5_000], drawn(777, 5_000, 0.3, 5, "watch"))
    assert not np.array_equal(watch, drawn(0, 100_000, 0.3, 6, "watch"))
    assert not drawn(0, 9, 0.0, 0, "x").any()
    assert drawn(0, 9, 1.0, 0, "x").all()
