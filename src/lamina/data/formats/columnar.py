"""Columnar files: Parquet and Feather (Arrow). They know their types, so only their shape is checked here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from lamina.data.cells import plain_array
from lamina.data.formats.names import plain_table, settle_names
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

_PANDAS_INDEX = "__index_level_"  # pandas writes its row labels as such columns


def read_parquet(path: Path) -> Raw:
    """A Parquet file.

    Raises:
        DataError: the file is damaged, or two columns have one name.
    """

    def load() -> pa.Table:
        from pyarrow import parquet

        return parquet.ParquetFile(path, page_checksum_verification=True).read()

    return _columnar(path, "Parquet", load)


def read_feather(path: Path) -> Raw:
    """A Feather file, which is an Arrow file.

    Raises:
        DataError: the file is damaged, or two columns have one name.
    """

    def load() -> pa.Table:
        from pyarrow import feather

        return feather.read_table(path, memory_map=False)

    return _columnar(path, "Feather", load)


def arrow_raw(table: pa.Table, name: str) -> Raw:
    """An Arrow table as a `Raw`: names settled, columns that cannot be used left out with a note."""
    names, notes = settle_names(table.column_names, repr(name))
    plain, left_out = plain_table(table.rename_columns(list(names)))
    return Raw(table=plain, name=name, notes=(*notes, *left_out))


def plain_columns(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """These columns of an Arrow table, plain, whatever this piece of them holds."""
    settled, _ = settle_names(table.column_names, "the table")
    chosen = table.rename_columns(list(settled)).select(list(names))
    return pa.table({name: plain_array(chosen.column(name)) for name in names})


def without_index(names: Sequence[str]) -> list[str]:
    """The names of the columns without those that pandas writes for its row labels."""
    return [name for name in names if not name.startswith(_PANDAS_INDEX)]


def damaged(path: Path | str, kind: str, error: Exception) -> DataError:
    """The error for a file that Arrow cannot read to its end."""
    return DataError(
        wrong=f"{str(path)!r} is not a whole {kind} file: {str(error).splitlines()[0].rstrip('.')}.",
        expected=f"a {kind} file that was written to its end.",
        remedy="write or copy the file again.",
    )


def _columnar(path: Path, kind: str, load: Callable[[], pa.Table]) -> Raw:
    try:
        table = load()
        table.validate(full=True)  # offsets or characters out of bounds would crash or mislead later
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, kind, error) from error
    return arrow_raw(table.select(without_index(table.column_names)), path.name)
