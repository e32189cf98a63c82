"""Extent: whether a table is read as a whole, or is so long that it is streamed.

A table that fits comfortably is better read: its rows can be dealt into folds, and every rival learns from all of them.
Comfortably means at most `IN_MEMORY_ROWS` rows and `IN_MEMORY_BYTES` bytes: encoded for several contenders at a time it
takes some ten times as much.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lamina.data.builtin import BUILTIN
from lamina.data.formats import holds_images, recognise
from lamina.data.notes import Note
from lamina.data.opening import open_source
from lamina.data.raw import Raw
from lamina.data.schema import MISSING_SPELLINGS
from lamina.data.sources import Source
from lamina.foundation.errors import DataError

IN_MEMORY_ROWS = 1_000_000
IN_MEMORY_BYTES = 1 << 30  # of the rows as they are found
SMALL_FILE = {"parquet": 32 << 20, "delimited": 128 << 20}  # bytes on disk below which one file is never too long


@contextlib.contextmanager
def as_source(
    data: Any, *, stream: bool | None = None, missing: Sequence[str] = MISSING_SPELLINGS
) -> Iterator[Source | Any]:
    """What a table should be taken from, for as long as the block lasts: a `Source` to stream, or what `read` reads.

    A folder that is not streamed comes as the `Raw` of all its rows.

    Args:
        data: what `read` takes, or a folder of Parquet or delimited files or of images.
        stream: True streams, False does not; None streams what does not fit comfortably into memory.
        missing: how the source spells a missing value, besides the empty cell.

    Raises:
        DataError: a folder or file cannot be read, or what was to be streamed cannot be.
        SchemaError: the files of a folder have different columns.

    >>> with as_source({"a": [1, 2]}) as found:
    ...     found
    {'a': [1, 2]}
    """
    path = _path(data)
    if stream and path is None:
        raise _not_a_path(data)
    if path is None or not (is_folder(path) or stream or (stream is None and _may_be_long(path))):
        yield data
        return
    with open_source(path, missing=missing) as source:
        if stream or (stream is None and not fits(source)):
            yield source
        else:
            yield _whole(source, images=holds_images(path)) if is_folder(path) else data


def fits(source: Source) -> bool:
    """Whether all rows fit comfortably into memory."""
    return source.rows <= IN_MEMORY_ROWS and source.rows * source.row_bytes <= IN_MEMORY_BYTES


def is_folder(data: Any) -> bool:
    """Whether the data is a folder on a disk."""
    path = _path(data)
    try:
        return path is not None and path.is_dir()
    except (OSError, ValueError):  # a name too long, or a zero byte in it: for `read` to refuse
        return False


def _path(data: Any) -> Path | None:
    """Where the data is, if it is on a disk."""
    if not isinstance(data, str | os.PathLike):
        return None
    name = os.fsdecode(os.fspath(data))
    return None if name in BUILTIN or "://" in name else Path(name)


def _may_be_long(path: Path) -> bool:
    """Whether one file is so large that its rows must be counted; what cannot be opened is for `read` to refuse."""
    try:
        return path.is_file() and path.stat().st_size > SMALL_FILE.get(recognise(path), float("inf"))
    except (OSError, ValueError):
        return False


def _whole(source: Source, *, images: bool) -> Raw:
    """All rows of a folder; a folder of images tells of itself."""
    if images:
        return dataclasses.replace(source.raw(0, source.rows), notes=source.notes)
    files = f"{len(source.parts):,} files" if len(source.parts) > 1 else "one file"
    words = f"{source.name!r} was read as one table of {source.rows:,} rows from {files}; --stream would stream it."
    note = Note(kind="source", sentence=words)
    return dataclasses.replace(source.raw(0, source.rows), notes=(note, *source.notes))


def _not_a_path(data: Any) -> DataError:
    what = f"the built-in set {data!r}" if isinstance(data, str) and data in BUILTIN else f"a {type(data).__name__}"
    return DataError(
        wrong=f"{what} was to be streamed, but is in memory already.",
        expected="a Parquet or CSV file, or a folder of them.",
        remedy="leave out --stream (stream=True).",
    )
