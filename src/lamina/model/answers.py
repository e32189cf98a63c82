"""Answers about any number of rows, piece by piece: what is held does not grow with the table."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from lamina.data import Note, Notes, Source, as_source
from lamina.data.extent import is_folder
from lamina.data.formats import holds_images
from lamina.data.formats.folders import IMAGE
from lamina.model.model import Model


class Answers:
    """The answers of a model as tables, in the order of the rows, while the ``with`` block lasts.

    A folder, or a Parquet or delimited file that does not fit comfortably into memory, is read and answered a piece at
    a time; all else is one piece. About a folder of images the answers begin with a column ``file``. ``rows`` and
    ``notes`` tell what was answered so far, and what to know of it.

    Args:
        model: what answers.
        data: what `Model.answer` takes, or a folder of Parquet or delimited files.
        coverage: as of `Model.answer`.

    Raises:
        DataError: the data cannot be read.
        SchemaError: a column is missing.
    """

    def __init__(self, model: Model, data: Any, *, coverage: float | None = None) -> None:
        self.model, self.data, self.coverage = model, data, coverage
        self.rows = 0
        self._told = Notes()
        self._open = contextlib.ExitStack()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a person should know about the data, once for each column and kind."""
        return self._told.all()

    def __enter__(self) -> Answers:
        stream = True if is_folder(self.data) else None
        self.found = self._open.enter_context(as_source(self.data, stream=stream, missing=self.model.schema.missing))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[pa.Table]:
        """The answers of one piece after the other; see `Model.answer` for their columns."""
        self.rows, self._told = 0, Notes()
        if isinstance(self.found, Source):
            self._told.add(self.found.notes)
        for piece in self.found.pieces() if isinstance(self.found, Source) else [self.found]:
            answers, notes = self.model.answer_with_notes(piece, coverage=self.coverage)
            self._told.add(notes)
            self.rows += answers.num_rows
            yield self._named(answers, piece)

    def _named(self, answers: pa.Table, piece: Any) -> pa.Table:
        """The answers, and before them the files of a folder of images: its rows have no other name."""
        if not (is_folder(self.data) and holds_images(Path(os.fspath(self.data)))):
            return answers
        return answers.add_column(0, "file", piece.table.column(IMAGE))
