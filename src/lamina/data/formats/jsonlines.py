"""JSON lines: one object a row. A file that holds one list of objects is read as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamina.data.formats.columnar import arrow_raw
from lamina.data.formats.encoding import decoded, find_encoding
from lamina.data.formats.frames import read_records
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

_BLOCK_BYTES = 1 << 24


def read_json(path: Path) -> Raw:
    """A file of JSON objects.

    Arrow's reader is tried first; it is quick, but gives up on columns of mixed types and on lines that are not plain
    UTF-8, and says too little about broken ones. Those files are read line by line.

    Raises:
        DataError: a line is not a JSON object; the message names it.
    """
    from pyarrow import json as arrow_json

    try:
        reading = arrow_json.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES)
        with path.open("rb") as file:
            table = arrow_json.read_json(file, reading)
        table.validate(full=True)  # its reader does not mind bytes that are no UTF-8
        return arrow_raw(table, path.name)
    except (pa.ArrowException, UnicodeError):
        return read_records(_objects(path), path.name)


def _objects(path: Path) -> list[dict[str, Any]]:
    text = _text(path)
    if text.lstrip().startswith("["):
        found = _loads(text, path, 1)
        return [_object(item, path, "item", i) for i, item in enumerate(found, 1)]
    lines = enumerate(text.split("\n"), 1)
    return [_object(_loads(line, path, i), path, "line", i) for i, line in lines if line.strip()]


def _text(path: Path) -> str:
    codec = find_encoding(path).codec
    try:
        return decoded(path.read_bytes(), codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _broken(path, f"is not text in {codec} at byte {error.start:,}") from error


def _loads(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {line + error.lineno - 1:,}, column {error.colno:,}"
        raise _broken(path, f"is not JSON at {place}: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
        raise _broken(path, f"cannot be read at line {line:,}: {str(error)[:80]}") from error


def _object(found: Any, path: Path, unit: str, number: int) -> dict[str, Any]:
    if isinstance(found, dict):
        return found
    raise _broken(path, f"has {json.dumps(found)[:40]} as {unit} {number:,}, which is not an object")


def _broken(path: Path, what: str) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} {what}.",
        expected='one JSON object a line, such as {"age": 31, "city": "Bern"}.',
        remedy="mend that place, or write the table with frame.to_json(path, orient='records', lines=True).",
    )
