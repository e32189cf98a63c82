"""How long it takes, and how much memory, to read, infer, conform and encode a CSV file of floats and categories.

    python benchmarks/read.py [rows] [--wide]

Prints one JSON object: rows, columns, the size of the file, seconds for each step (and of all threads together after
the import, as CPU seconds), and peak MiB of the whole process at the end of each step (the largest resident set so far,
which never falls). The file is written by another process, so that writing it does not count. `--wide` has 10,000
columns and a thousandth of the rows.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import write

_WRITE = """
import sys, numpy as np, pyarrow as pa, pyarrow.csv as csv
rows, floats, categories = map(int, sys.argv[2:])
rng = np.random.default_rng(0)
with open(sys.argv[1], "wb") as file:
    for start in range(0, rows, 50_000):
        count = min(50_000, rows - start)
        table = pa.table({
            **{f"number_{i}": rng.standard_normal(count).round(6) for i in range(floats)},
            **{f"name_{i}": [f"level {k}" for k in rng.integers(0, 5 * (i % 8 + 1), count)] for i in range(categories)},
        })
        csv.write_csv(table, file, csv.WriteOptions(include_header=start == 0, quoting_style="needed"))
"""


def peak_mebibytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def measure(path: Path) -> dict[str, object]:
    start = time.perf_counter()
    from lamina.data import fit_encoder
    from lamina.data.conform import conform
    from lamina.data.infer import infer_schema
    from lamina.data.read import read

    seconds, peaks = {"import": time.perf_counter() - start}, {"import": peak_mebibytes()}
    cpu_start = time.process_time()

    def done(step: str, since: float) -> None:
        seconds[step] = time.perf_counter() - since
        peaks[step] = peak_mebibytes()

    start = time.perf_counter()
    raw = read(path)
    done("read", start)
    start = time.perf_counter()
    schema = infer_schema(raw)
    done("infer", start)
    start = time.perf_counter()
    table, _ = conform(raw, schema, need_target=False)
    done("conform", start)
    start = time.perf_counter()
    batch = fit_encoder(table, schema, categories="codes").encode(table)
    done("encode", start)
    return {
        "rows": table.num_rows,
        "columns": table.num_columns,
        "file_mebibytes": round(path.stat().st_size / 2**20, 1),
        "encoded_mebibytes": round((batch.numbers.nbytes + batch.categories.nbytes) / 2**20, 1),
        "table_mebibytes": round(table.nbytes / 2**20, 1),
        "seconds": {step: round(value, 2) for step, value in seconds.items()},
        "seconds_total": round(sum(seconds.values()), 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
        "peak_mebibytes": peaks,
    }


def main(arguments: list[str]) -> None:
    wide = "--wide" in arguments
    rows = int(next((word for word in arguments if word.isdigit()), "1000000"))
    shape = (rows // 1000, 6000, 4000) if wide else (rows, 12, 8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        subprocess.run([sys.executable, "-c", _WRITE, str(path), *map(str, shape)], check=True)
        figures = measure(path)
    if rows == 1_000_000 and not wide:
        write("read", {"work": "a CSV file of 12 floats and 8 categories a row", **figures})
    else:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
