"""How fast, and in how much memory, a table that need not fit in memory is streamed through one epoch of training.

    python benchmarks/stream.py [rows ...]

For each number of rows (1, 2 and 5 million; 20000000 is the claim) a Parquet file of 20 columns is written piece by
piece to a temporary folder: 13 numbers (three with gaps), a whole number, a date, a flag, 3 categories and the target,
two classes. Then, each in a process of its own, so that every peak is its own:

    reading     all rows decoded once and dropped: the floor
    passes      schema and survey, as `fit_stream` does them, then one epoch of encoded pieces that nobody learns from
    epoch       `fit_stream` with one epoch of the usual network, everything in it

Stated are seconds, rows per second and the peak of the resident memory (MiB), and how time and peak grow with the rows:
the slope of log seconds over log rows, 1 being in proportion. On a busy machine trust the CPU seconds.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import write

ROWS = (1_000_000, 2_000_000, 5_000_000)
PIECE_ROWS = 100_000  # rows made and written at a time: the row groups of the file

_WRITE = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
rows, piece = map(int, sys.argv[2:])
rng, writer = np.random.default_rng(0), None
levels = [np.array([f"level {i}" for i in range(n)]) for n in (5, 40, 600)]
weights = rng.standard_normal(10)
for start in range(0, rows, piece):
    count = min(piece, rows - start)
    numbers = rng.standard_normal((count, 13))
    names = [rng.integers(0, len(own), count) for own in levels]
    logits = np.tanh(numbers[:, :10]) @ weights + 0.5 * (names[0] - 2) + rng.logistic(size=count)
    columns = {f"number_{i}": numbers[:, i] for i in range(13)}
    for i in (3, 6, 9):
        columns[f"number_{i}"] = pa.array(columns[f"number_{i}"], mask=rng.random(count) < 0.05)
    columns["count"] = rng.poisson(7, count)
    columns["day"] = pa.array(rng.integers(10_000, 20_000, count).astype("M8[D]"))
    columns["flag"] = rng.random(count) < 0.3
    columns |= {f"name_{i}": own[codes] for i, (own, codes) in enumerate(zip(levels, names))}
    table = pa.table(columns | {"answer": np.where(logits > 0, "yes", "no")})
    writer = writer or pq.ParquetWriter(sys.argv[1], table.schema)
    writer.write_table(table)
writer.close()
"""


def peak_mebibytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def reading(path: Path) -> dict[str, Any]:
    from pyarrow import parquet

    file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16)
    rows = sum(batch.num_rows for batch in file.iter_batches(65_536, use_threads=False))
    return {"rows": rows}


def passes(path: Path) -> dict[str, Any]:
    from lamina.data import Pieces, block_rows, fit_encoder, infer_stream, open_source, survey

    began = time.perf_counter()
    with open_source(path) as source:
        schema = infer_stream(source, target="answer")
        inferred = time.perf_counter()
        found = survey(source, schema, seed=0, share=0.1)
        surveyed = time.perf_counter()
        encoder = fit_encoder(found.sample, schema, categories="codes")
        pieces = Pieces(source=source, survey=found, encoder=encoder, rows=block_rows(encoder, source.row_bytes))
        rows = sum(batch.rows for batch, _ in pieces.epoch(1))
    return {
        "rows": rows,
        "schema_seconds": round(inferred - began, 2),
        "survey_seconds": round(surveyed - inferred, 2),
        "encoding_seconds": round(time.perf_counter() - surveyed, 2),
    }


def epoch(path: Path) -> dict[str, Any]:
    from lamina.estimators.streaming import fit_stream
    from lamina.training import Progress, Training

    told: list[Progress] = []
    model = fit_stream(path, "answer", training=Training(epochs=1), on_epoch=told.append)
    return {
        "rows": model.card.rows,
        "learner": model.card.learner,
        "epoch_seconds": round(told[0].seconds, 2),
        "epoch_rows_per_second": round(told[0].rows_per_second),
        "metric": {told[0].metric_name: round(told[0].metric or math.nan, 4)},
    }


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {"reading": reading, "passes": passes, "epoch": epoch}


def alone(step: str, path: Path) -> dict[str, Any]:
    """One step in a process of its own."""
    told = subprocess.run([sys.executable, __file__, step, str(path)], check=True, capture_output=True, text=True)
    return dict(json.loads(told.stdout))


def measured(step: str, path: Path) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    figures = STEPS[step](path)
    seconds = time.perf_counter() - began
    return {
        **figures,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "rows_per_second": round(figures["rows"] / seconds),
        "peak_mebibytes": peak_mebibytes(),
    }


def one_size(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        subprocess.run([sys.executable, "-c", _WRITE, str(path), str(rows), str(PIECE_ROWS)], check=True)
        steps = {step: alone(step, path) for step in STEPS}
        floor = round(steps["epoch"]["epoch_seconds"] / steps["reading"]["seconds"], 1)
        size = round(path.stat().st_size / 2**20, 1)
        return {"rows": rows, "file_mebibytes": size, **steps, "epoch_times_reading": floor}


def slope(sizes: list[dict[str, Any]], figure: Callable[[dict[str, Any]], float]) -> float | None:
    """How fast a figure grows between the smallest and the largest table: 0 not at all, 1 in proportion."""
    if len(sizes) < 2:
        return None
    small, large = sizes[0], sizes[-1]
    return round(math.log(figure(large) / figure(small)) / math.log(large["rows"] / small["rows"]), 3)


def main(arguments: list[str]) -> None:
    if arguments and arguments[0] in STEPS:
        print(json.dumps(measured(arguments[0], Path(arguments[1]))))
        return
    sizes = [one_size(rows) for rows in sorted({*map(int, arguments)} or ROWS)]
    growth = {
        "epoch_seconds": slope(sizes, lambda size: size["epoch"]["epoch_seconds"]),
        "cpu_seconds": slope(sizes, lambda size: size["epoch"]["cpu_seconds"]),
        "peak_mebibytes": slope(sizes, lambda size: size["epoch"]["peak_mebibytes"]),
    }
    write(
        "stream",
        {"work": "a Parquet file of 20 columns, one epoch of the usual network", "sizes": sizes, "growth": growth},
    )


if __name__ == "__main__":
    main(sys.argv[1:])
