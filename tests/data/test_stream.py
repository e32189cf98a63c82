"""Streams: schema and survey of a table, each from one pass over its source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from lamina.data import conform, fit_encoder, infer_schema, load_builtin, read, rows_with_target
from lamina.data.blocks import Pieces, piece_order
from lamina.data.opening import open_source
from lamina.data.sources import Source
from lamina.data.stream import LEAST_ROWS, infer_stream, survey
from lamina.foundation.errors import DataError, SchemaError, SpecError

DRAW = np.random.default_rng(0)


def motley(rows: int) -> pa.Table:
    """Columns of every kind, and of those that are hard to tell, as strings and as types."""
    rng = np.random.default_rng(1)
    numbers = rng.standard_normal(rows).round(3)
    gaps = rng.random(rows) < 0.1
    days, months = rng.integers(1, 28, rows), rng.integers(1, 12, rows)
    return pa.table(
        {
            "typed": pa.array(numbers, mask=gaps),
            "spelt": pa.array([f"{x}" for x in numbers]),
            "comma": pa.array([f"{x}".replace(".", ",") for x in numbers]),
            "spoilt": pa.array(["abc" if i == rows // 2 else str(i / 2) for i in range(rows)]),
            "amount": pa.array(rng.poisson(9, rows)),
            "whole": pa.array(rng.integers(0, 9, rows).astype(float)),
            "code": pa.array([f"{i:05}" for i in rng.integers(0, 500, rows)]),
            "customer_id": pa.array(rng.permutation(rows)),
            "index": pa.array(range(rows)),
            "key": pa.array([f"k{i:x}" for i in rng.permutation(rows)]),
            "name": pa.array(rng.choice(["red", "green", " blue ", "NA"], rows)),
            "declared": pa.array(rng.choice(["x", "y", "z"], rows)).dictionary_encode(),
            "zero": pa.array(rng.integers(0, 2, rows)),
            "yes": pa.array(rng.choice(["yes", "No", ""], rows)),
            "truth": pa.array(rng.random(rows) < 0.5),
            "stamp": pa.array(rng.integers(0, 10**9, rows)).cast(pa.timestamp("s")),
            "day": pa.array([f"{d:02}/{m:02}/2020" for d, m in zip(days, months, strict=True)]),
            "date": pa.array([20200100 + int(d) for d in rng.integers(1, 30, rows)]),
            "remark": pa.array([f"the cat number {i} sat on the mat and slept" for i in range(rows)]),
            "constant": pa.array(["same"] * rows),
            "half": pa.array(["same" if i % 2 else None for i in range(rows)]),
            "nothing": pa.nulls(rows),
        }
    )  # fmt: skip


@contextmanager
def streamed(folder: Path, table: pa.Table, *, files: int = 1, group: int = 1_000) -> Iterator[Source]:
    """The table as a source of so many Parquet files."""
    size = -(-table.num_rows // files)
    for i in range(files):
        pq.write_table(table.slice(i * size, size), folder / f"part-{i:03}.parquet", row_group_size=group)
    with open_source(folder) as source:
        yield source


@pytest.mark.parametrize("name", ["penguins", "iris", "wine", "breast-cancer", "diabetes"])
def test_schema_of_a_known_set_is_that_of_the_table_in_memory(tmp_path: Path, name: str) -> None:
    """As Parquet in three files, every column gets the kind, the levels and the reason that `infer_schema` gives."""
    table = load_builtin(name)
    target = table.column_names[0]
    with streamed(tmp_path, table, files=3) as source:
        assert infer_stream(source, target=target) == infer_schema(read(table), target=target)


def test_schema_of_delimited_files_is_that_of_the_table_in_memory(tmp_path: Path) -> None:
    """As CSV in two files, strings are judged over all of their cells."""
    table = load_builtin("penguins")
    for i in range(2):
        csv.write_csv(table.slice(i * 172, 172), tmp_path / f"{i}.csv")
    csv.write_csv(table, tmp_path / "whole.txt")
    whole = read(tmp_path / "whole.txt")
    (tmp_path / "whole.txt").unlink()
    with open_source(tmp_path) as source:
        assert infer_stream(source, target="species") == infer_schema(whole, target="species")


@pytest.mark.parametrize("target", [None, "amount", "whole", "typed", "zero", "truth"])
def test_schema_of_motley_columns_is_that_of_the_table_in_memory(tmp_path: Path, target: str | None) -> None:
    """All kinds, hard cases and targets are judged by the same rules from the same evidence."""
    table = motley(3_000)
    with streamed(tmp_path, table, files=4) as source:
        assert infer_stream(source, target=target) == infer_schema(read(table), target=target)


def test_kinds_and_task_that_are_asked_for_are_given(tmp_path: Path) -> None:
    """Forced kinds and a forced task see the same evidence as in memory, and what is not there is refused."""
    table = motley(400)
    asked = {"kinds": {"typed": "category", "day": "text"}, "target": "whole", "task": "regression"}
    with streamed(tmp_path, table) as source:
        assert infer_stream(source, **asked) == infer_schema(read(table), **asked)
        classes = {"target": "typed", "task": "classification"}
        assert infer_stream(source, **classes) == infer_schema(read(table), **classes)
        with pytest.raises(SchemaError, match="there is no column 'typd'"):
            infer_stream(source, target="typd")
        with pytest.raises(SpecError, match="task is 'guess'"):
            infer_stream(source, task="guess")  # type: ignore[arg-type]


def test_kinds_are_the_same_where_only_a_sample_of_the_values_is_held(tmp_path: Path) -> None:
    """With 200 values held of 3,000, every column is still of the kind that all of its cells make it."""
    table = motley(3_000)
    with streamed(tmp_path, table) as source:
        found = infer_stream(source, limit=200)
    whole = infer_schema(read(table))
    assert [(c.name, c.word) for c in found.columns] == [(c.name, c.word) for c in whole.columns]
    assert "different values, 2" in found.column("key").reason


def surveyed(
    folder: Path,
    table: pa.Table,
    target: str,
    *,
    files: int = 1,
    share: float = 0.2,
    apart: float = 0.0,
    seed: int = 0,
) -> object:
    """Schema and survey of a table that is streamed."""
    folder.mkdir()
    with streamed(folder, table, files=files) as source:
        return survey(source, infer_stream(source, target=target), seed=seed, share=share, apart=apart)


def test_encoder_of_a_small_stream_is_that_of_the_table_in_memory(tmp_path: Path) -> None:
    """Where the sample has room for all rows, it is the training rows, in order."""
    table = motley(2_000)
    found = surveyed(tmp_path / "a", table, "amount", share=0.0)
    whole, _ = conform(read(table), found.schema, need_target=True)
    assert found.sample.equals(whole)
    assert found.rows == 2_000
    assert fit_encoder(found.sample, found.schema, categories="codes") == fit_encoder(
        whole, found.schema, categories="codes"
    )


def test_watched_rows_hang_on_the_seed_and_not_on_the_files(tmp_path: Path) -> None:
    """One file or five, the same rows are put aside; another seed puts others aside; none is in both parts."""
    table = pa.table({"x": np.arange(2_000.0) + 0.5, "y": DRAW.standard_normal(2_000)})
    one, five, other = (
        surveyed(tmp_path / "a", table, "y"),
        surveyed(tmp_path / "b", table, "y", files=5),
        surveyed(tmp_path / "c", table, "y", seed=1),
    )
    assert one.watched.equals(five.watched)
    assert one.sample.equals(five.sample)
    assert not one.watched.equals(other.watched)
    parts = [set(part["x"].to_pylist()) for part in (one.sample, one.watched)]
    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == 2_000
    assert one.rows == len(parts[0])
    assert len(parts[1]) == pytest.approx(400, abs=80)


def test_rows_without_a_target_are_left_out_of_both_parts(tmp_path: Path) -> None:
    """Missing answers teach nothing; a target without any answer is refused."""
    table = pa.table({"x": np.arange(500.0), "y": pa.array(DRAW.standard_normal(500), mask=np.arange(500) % 5 == 0)})
    found = surveyed(tmp_path / "a", table, "y")
    assert found.rows + found.watched.num_rows == 400
    assert not found.sample["y"].null_count
    assert not found.watched["y"].null_count
    with pytest.raises(DataError, match="the target 'y' is missing in every row"):
        surveyed(tmp_path / "b", table.set_column(1, "y", pa.nulls(500)), "y")


def test_what_is_rare_joins_a_small_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 sampled rows in 30,000, single levels, a single gap and the extremes are still among them."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", 300)
    names = np.full(30_000, "common")
    names[[17_000, 29_999]] = "rare", "rarest"
    numbers = DRAW.standard_normal(30_000)
    numbers[12_345] = 99.0
    table = pa.table(
        {
            "name": names,
            "number": numbers,
            "gap": pa.array(DRAW.standard_normal(30_000), mask=np.arange(30_000) == 54),
            "answer": np.where(np.arange(30_000) == 7, "yes", "no"),
        }
    )
    found = surveyed(tmp_path / "a", table, "answer", share=0.0)
    assert found.sample.num_rows < 500
    assert set(found.sample["name"].to_pylist()) == {"common", "rare", "rarest"}
    assert set(found.sample["answer"].to_pylist()) == {True, False}
    assert max(found.sample["number"].to_pylist()) == 99.0
    assert found.sample["gap"].null_count == 1


def test_quartiles_of_a_sample_are_as_close_as_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rank error stays within the bound of Dvoretzky, Kiefer and Wolfowitz for a chance of one in a million."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", 2_000)
    values = np.sort(DRAW.lognormal(size=40_000))  # sorted: a sample of the first rows would be far off
    found = surveyed(tmp_path / "a", pa.table({"x": values, "y": DRAW.standard_normal(40_000)}), "y", share=0.0)
    sample = np.sort(found.sample["x"].to_numpy())
    bound = np.sqrt(np.log(2e6) / (2 * len(sample)))
    ranks = np.searchsorted(values, np.quantile(sample, [0.25, 0.5, 0.75])) / len(values)
    assert np.abs(ranks - [0.25, 0.5, 0.75]).max() < bound < 0.07


def test_what_is_held_does_not_grow_with_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 400,000 rows nothing stays in memory but the sample, with rows watched and without."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", 1_000)
    monkeypatch.setattr("lamina.data.stream.WATCHED_ROWS", 1_000)
    pq.write_table(pa.table({"x": DRAW.random(400_000), "y": DRAW.random(400_000)}), tmp_path / "a.parquet")
    for share in (0.0, 0.1):
        before = pa.total_allocated_bytes()
        with open_source(tmp_path / "a.parquet") as source:
            found = survey(source, infer_stream(source, target="y"), seed=0, share=share)
        assert found.rows > 390_000
        assert pa.total_allocated_bytes() - before < 200_000


def test_very_wide_tables_hold_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sample and watched rows are bounded in bytes, not only in rows."""
    monkeypatch.setattr("lamina.data.stream.HELD_BYTES", 1)
    monkeypatch.setattr("lamina.data.sources.READ_BYTES", 1)
    found = surveyed(tmp_path / "a", pa.table({"x": DRAW.random(9_000), "y": DRAW.random(9_000)}), "y", share=0.5)
    assert found.sample.num_rows + found.watched.num_rows < 2 * LEAST_ROWS * 1.1
    with open_source(tmp_path / "a") as source:
        assert {raw.rows for raw in source.pieces()} == {256, 9_000 % 256}


def test_a_cell_that_does_not_fit_is_told_by_its_row_in_the_source(tmp_path: Path) -> None:
    """Cells of many pieces make one note a column, whose rows count from the first row of the first file."""
    words = [str(i / 2) for i in range(200_000)]
    for row in (70_001, 70_002, 150_000):
        words[row - 1] = "lost"
    found = surveyed(tmp_path / "a", pa.table({"x": words, "y": DRAW.random(200_000)}), "y", files=3)
    (note,) = found.notes
    assert (note.column, note.rows, note.count) == ("x", (70_001, 70_002), 3)
    assert note.sentence.endswith(
        "rows 70,001 and 70,002 hold values such as 'lost': read as missing. And so on: 3 in all."
    )


def test_a_column_that_does_not_fit_is_refused_by_its_row_in_the_source(tmp_path: Path) -> None:
    """A schema of other data is refused with the place, as in memory."""
    table = pa.table({"x": ["1.5", "2.5"] * 50_000, "y": DRAW.random(100_000)})
    with streamed(tmp_path, table, files=2) as source:
        schema = infer_stream(source, target="y")
    other = table.slice(50_000).set_column(0, "x", pa.array(["1.5"] * 20_000 + ["a"] * 30_000))
    pq.write_table(other, tmp_path / "part-001.parquet")
    with (
        open_source(tmp_path) as source,
        pytest.raises(SchemaError, match="column 'x' is a number, but row 70,001 holds"),
    ):
        survey(source, schema, seed=0)


@pytest.mark.parametrize("rows", [1, 7, 8, 100, 1_001])
def test_every_row_is_in_one_piece(rows: int) -> None:
    """Pieces cover all rows once, in an order that changes with the epoch and the seed."""
    orders = [list(piece_order(rows, 80, seed=seed, epoch=epoch)) for seed, epoch in [(0, 1), (0, 1), (0, 2), (1, 1)]]
    for order in orders:
        assert sorted(row for start, stop in order for row in range(start, stop)) == list(range(rows))
    assert orders[0] == orders[1]
    assert (orders[0] != orders[2] and orders[0] != orders[3]) == (rows > 80)


def test_pieces_of_a_block_come_from_all_over_the_table() -> None:
    """A table sorted by its answer gives blocks that are not."""
    starts = [start for start, _ in piece_order(100_000, 800, seed=0, epoch=1)][:8]
    assert starts == sorted(starts)
    assert np.ptp(starts) > 30_000


def test_blocks_give_each_row_to_learn_from_once_and_none_that_is_watched(tmp_path: Path) -> None:
    """Encoded inputs and targets of an epoch belong together, whatever the files are."""
    values = DRAW.standard_normal(3_000)
    table = pa.table({"x": values, "y": pa.array(values * 2, mask=np.arange(3_000) % 11 == 0)})
    epochs = []
    for files in (1, 3):
        folder = tmp_path / str(files)
        folder.mkdir()
        with streamed(folder, table, files=files) as source:
            found = survey(source, infer_stream(source, target="y"), seed=0, share=0.2)
            encoder = fit_encoder(found.sample, found.schema, categories="codes", clipped=False)
            blocks = Pieces(source=source, survey=found, encoder=encoder, rows=400)
            pieces = list(blocks.epoch(1))
        epochs.append(np.concatenate([column.to_numpy() for _, column in pieces]))
        x = np.concatenate([batch.numbers[:, 0] for batch, _ in pieces])
        assert np.corrcoef(x, epochs[-1])[0, 1] == pytest.approx(1.0)
        watched = set(found.watched["y"].to_pylist())
        assert len(watched) + len(epochs[-1]) == len(rows_with_target(table, "y"))
        assert sorted([*watched, *epochs[-1].tolist()]) == sorted(table["y"].drop_null().to_pylist())
    assert np.array_equal(*epochs)


def test_rows_set_aside_hang_on_the_seed_and_are_nowhere_else(tmp_path: Path) -> None:
    """Nobody learns from them, watches them, or has them in a sample; their number is bounded."""
    table = pa.table({"x": np.arange(2_000.0) + 0.5, "y": DRAW.standard_normal(2_000)})
    one, five = (surveyed(tmp_path / name, table, "y", files=files, apart=0.3) for name, files in (("a", 1), ("b", 5)))
    assert one.aside.equals(five.aside)
    parts = [set(part["x"].to_pylist()) for part in (one.sample, one.watched, one.aside)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 2_000
    assert len(parts[2]) == pytest.approx(600, abs=80)
    assert one.by_lot.all()
