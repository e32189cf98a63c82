"""Opening: a Parquet or delimited file, or a folder of them, as one `Source`.

The files of a folder follow each other in the alphabetic order of their names. All must have the same columns (in any
order) of the same types; a column that is null throughout a file fits any. Delimited text cannot be entered in the
middle, so it is first rewritten as Parquet of strings, file by file, in a temporary folder that is taken away again.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamina.data.cells import is_array, one_array
from lamina.data.formats import holds_images, read_images, recognise
from lamina.data.formats.columnar import arrow_raw, without_index
from lamina.data.formats.delimited import Delimited, no_rows
from lamina.data.notes import Note
from lamina.data.pictures import picture_bytes
from lamina.data.schema import MISSING_SPELLINGS
from lamina.data.sources import LEAST_ROWS, READ_BYTES, READ_ROWS, Part, Source, failures_named, open_parquet
from lamina.foundation.errors import DataError, SchemaError, nearest

LOOKED_AT = 64  # rows that tell what bytes are
_ENDINGS = {"parquet": (".parquet", ".pq"), "delimited": (".csv", ".tsv", ".tab", ".txt")}


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A file as it is read: as Parquet, whatever it was."""

    path: Path
    name: str
    columns: pa.Schema
    comma: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Its name inside the folder."""
        return Path(self.name).name


@contextlib.contextmanager
def open_source(path: str | os.PathLike[str], *, missing: Sequence[str] = MISSING_SPELLINGS) -> Iterator[Source]:
    r"""A file or a folder of files as one `Source`, for as long as the block lasts.

    A folder is read for its Parquet or its delimited files, whichever it has; other files are left out with a note.
    If it has none, but folders of images, the names of these are the table.

    Args:
        path: a Parquet, CSV or TSV file, or a folder of them or of images.
        missing: how the source spells a missing value, besides the empty cell.

    Raises:
        DataError: there is no such file, no table in it, or a file is damaged; the file is named.
        SchemaError: the files have other columns than the first one, or columns of other types.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.csv").write_text("x\n1\n"), (Path(folder) / "b.csv").write_text("x\n2\n")
    ...     with open_source(folder) as source:
    ...         source.rows, source.raw(1, 2).table.column("x").to_pylist()
    (2, ['2'])
    """
    path = Path(path)
    pictured = path.is_dir() and holds_images(path)
    files, kind, notes = ([path], "images", ()) if pictured else _files(path)
    spellings = tuple(dict.fromkeys(("", *missing)))
    with contextlib.ExitStack() as stack:
        stack.callback(open_parquet.cache_clear)  # also after an error: the next file of that name may be another
        if kind == "parquet":
            found = [_Found(path=file, name=str(file), columns=_types(file, str(file))) for file in files]
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lamina-"))
            write = _listed if pictured else _rewritten
            found = [write(file, Path(folder) / f"{i}.parquet") for i, file in enumerate(files)]
        inside = path if path.is_dir() else path.parent
        source = replace(_source(path, found), folder=inside)
        yield replace(source, missing=spellings, notes=(*notes, *source.notes), row_bytes=_row_bytes(source))


def _source(path: Path, found: Sequence[_Found]) -> Source:
    columns = _common(found)
    if not columns.names:
        raise _no_columns(path)
    parts = tuple(Part(path=file.path, name=file.name, groups=_groups(file.path, file.name)) for file in found)
    if not sum(part.rows for part in parts):
        raise no_rows(str(path))
    notes = tuple(note for file in found for note in file.notes)
    return Source(name=path.name, parts=parts, columns=columns, comma=any(file.comma for file in found), notes=notes)


def _row_bytes(source: Source) -> int:
    """About what a row takes, judged by the first ones; bitmaps and offsets make it 16 bytes a cell at least."""
    raw = replace(source, row_bytes=READ_BYTES // LEAST_ROWS).raw(0, min(LEAST_ROWS, source.rows))
    first = raw.table
    pixels = sum(picture_bytes(one_array(column), source.folder) for column in first.columns)
    return pixels + max(16 * int(first.num_columns), int(first.nbytes) // int(first.num_rows))


def _files(path: Path) -> tuple[list[Path], str, tuple[Note, ...]]:
    """The files of a source in order, what kind they are of, and a note of those left out."""
    if not path.is_dir():
        return [path], _kind(path), ()
    inside = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith((".", "_")))
    found = {kind: [f for f in inside if f.suffix.lower() in endings] for kind, endings in _ENDINGS.items()}
    kinds = [kind for kind, files in found.items() if files]
    if len(kinds) != 1:
        raise _no_files(path, both=bool(kinds))
    files = found[kinds[0]]
    left_out = [file.name for file in inside if file not in files]
    sentence = f"not read in {path.name!r}: {', '.join(repr(name) for name in left_out[:5])}."
    return files, kinds[0], (Note(kind="source", count=len(left_out), sentence=sentence),) if left_out else ()


def _kind(path: Path) -> str:
    try:
        kind = recognise(path)
    except OSError as error:
        raise DataError(
            wrong=f"{str(path)!r} cannot be read: {error.strerror or error}.",
            expected="a Parquet or CSV file, or a folder of them.",
            remedy="check the path and the permissions.",
        ) from error
    if kind not in _ENDINGS:
        raise DataError(
            wrong=f"{str(path)!r} is {'an' if kind[0] in 'ai' else 'a'} {kind} file, which can only be read whole.",
            expected="a Parquet or CSV file, or a folder of them.",
            remedy="save it as Parquet, or read it into memory: lamina.read(path).",
        )
    return kind


def _groups(path: Path, name: str) -> tuple[int, ...]:
    with failures_named(name):
        facts = open_parquet(path).metadata
        return tuple(facts.row_group(i).num_rows for i in range(facts.num_row_groups))


def _types(path: Path, name: str) -> pa.Schema:
    """The plain types of a Parquet file; null for a column that holds nothing."""
    with failures_named(name):
        found = open_parquet(path).schema_arrow
        of_no_use = _useless(open_parquet(path), name)
    names = [one for one in without_index(found.names) if one not in of_no_use]
    plain = arrow_raw(found.empty_table().select(names), name).table
    nulls = {str(field.name).strip() for field in found if pa.types.is_null(field.type)}
    return pa.schema([(f.name, pa.null() if f.name in nulls else f.type) for f in plain.schema])


def _useless(file: Any, name: str) -> list[str]:
    """The columns of bytes or lists that cannot be used, as their first rows show."""
    whole = [one.name for one in file.schema_arrow if is_array(one.type)]
    first = next(file.iter_batches(LOOKED_AT, columns=whole, use_threads=False), None) if whole else None
    if first is None:
        return []
    return [note.column for note in arrow_raw(pa.Table.from_batches([first]), name).notes if note.column is not None]


def _common(files: Sequence[_Found]) -> pa.Schema:
    """The columns of the first file, with the types that all files agree on.

    Raises:
        SchemaError: they do not agree.
    """
    first = files[0]
    types = {f.name: (f.type, first.title) for f in first.columns}
    for file in files[1:]:
        _check_names(file.title, file.columns.names, first.title, first.columns.names)
        for one in file.columns:
            known, since = types[one.name]
            if pa.types.is_null(known):
                types[one.name] = one.type, file.title
            elif one.type != known and not pa.types.is_null(one.type):
                raise _other_type(one.name, (file.title, one.type), (since, known))
    return pa.schema([(name, pa.string() if pa.types.is_null(kind) else kind) for name, (kind, _) in types.items()])


def _check_names(name: str, names: Sequence[str], first_name: str, first: Sequence[str]) -> None:
    lacking, extra = [n for n in first if n not in names], [n for n in names if n not in first]
    if lacking:
        raise SchemaError(
            wrong=f"the file {name!r} lacks the column {lacking[0]!r}, which {first_name!r} has.",
            expected="the same columns in every file of the folder.",
            remedy=nearest(lacking[0], extra) if extra else f"write {name!r} again with it, or move it elsewhere.",
        )
    if extra:
        raise SchemaError(
            wrong=f"the file {name!r} has the column {extra[0]!r}, which {first_name!r} has not.",
            expected="the same columns in every file of the folder.",
            remedy="leave that column out, or move the file to another folder.",
        )


def _other_type(column: str, here: tuple[str, pa.DataType], there: tuple[str, pa.DataType]) -> SchemaError:
    return SchemaError(
        wrong=f"column {column!r} is {here[1]} in {here[0]!r}, but {there[1]} in {there[0]!r}.",
        expected="one type for a column in every file of the folder.",
        remedy=f"write {here[0]!r} again with {column!r} as {there[1]}.",
    )


def _rewritten(path: Path, to: Path) -> _Found:
    """A delimited file as Parquet of strings."""
    from pyarrow import parquet

    text = Delimited(path)
    columns = pa.schema([(name, pa.string()) for name in text.names])
    try:
        with parquet.ParquetWriter(to, columns, compression="lz4") as writer:
            for batch in text.batches():
                writer.write_batch(batch.rename_columns(list(text.names)), row_group_size=READ_ROWS)
    except OSError as error:
        raise _no_room(path, to.parent, error) from error
    return _Found(path=to, name=str(path), columns=columns, comma=text.comma, notes=text.notes)


def _listed(path: Path, to: Path) -> _Found:
    """The names of the images in a folder, as Parquet."""
    from pyarrow import parquet

    raw = read_images(path)
    try:
        parquet.write_table(raw.table, to, row_group_size=READ_ROWS)
    except OSError as error:
        raise _no_room(path, to.parent, error) from error
    return _Found(path=to, name=str(path), columns=raw.table.schema, notes=raw.notes)


def _no_room(path: Path, folder: Path, error: OSError) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} cannot be rewritten in {str(folder)!r}: {error.strerror or error}.",
        expected="room there for about as many bytes as the text has, while it is learnt from.",
        remedy="set TMPDIR to a folder with more room, or save the table as Parquet, which needs none.",
    )


def _no_columns(path: Path) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} has no columns that can be used.",
        expected="at least one column of numbers, words or dates.",
        remedy="give a table with one value a cell.",
    )


def _no_files(path: Path, *, both: bool) -> DataError:
    endings = ", ".join(ending for group in _ENDINGS.values() for ending in group)
    what = "both Parquet and delimited files" if both else "no file of a table and no image"
    return DataError(
        wrong=f"{str(path)!r} is a folder that holds {what}.",
        expected=f"files of one kind, directly inside it, with one of the endings {endings}; or images.",
        remedy="put the files of the table into a folder of their own.",
    )
