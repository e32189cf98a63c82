"""Tables: from any source to numbers, codes and arrays that a network can take, and back to labels and units.

Enters: files, folders, frames, built-in names. Leaves: a conformed table, its `Schema`, splits of its rows, and
`Batch`es made by an `Encoder` that was fitted on training rows only. Must not know: torch, networks, models.
"""

from lamina.data.batch import Batch
from lamina.data.blocks import Pieces, block_rows
from lamina.data.builtin import BUILTIN, BuiltinSet, load_builtin
from lamina.data.checks import check_before_training, note_rows_without_target, rows_with_target
from lamina.data.columns import (
    COLUMN_KINDS,
    Category,
    Column,
    Constant,
    Flag,
    Identifier,
    Image,
    Moment,
    Number,
    Series,
    Text,
)
from lamina.data.conform import conform
from lamina.data.decoding import is_picture
from lamina.data.drift import Drift, column_drift
from lamina.data.duplicates import check_split
from lamina.data.encoder import ENCODER_KINDS, Encoder, fit_encoder
from lamina.data.extent import as_source
from lamina.data.findings import Finding
from lamina.data.given import given_split, split_column
from lamina.data.images import ImageEncoder
from lamina.data.infer import infer_schema, infer_task, kind_notes
from lamina.data.notes import Note, Notes
from lamina.data.one_row import either, is_one, numbers_of, one_row
from lamina.data.opening import open_source
from lamina.data.raw import Raw
from lamina.data.read import read
from lamina.data.schema import MISSING_SPELLINGS, Schema
from lamina.data.series import SeriesEncoder
from lamina.data.sources import Source
from lamina.data.splits import folds, hold_out
from lamina.data.stream import Survey, infer_stream, survey
from lamina.data.target import TARGET_KINDS, ClassTarget, NumberTarget, Task, fit_target, task_of
from lamina.data.texts import TextEncoder

__all__ = [
    "BUILTIN",
    "COLUMN_KINDS",
    "ENCODER_KINDS",
    "MISSING_SPELLINGS",
    "TARGET_KINDS",
    "Batch",
    "BuiltinSet",
    "Category",
    "ClassTarget",
    "Column",
    "Constant",
    "Drift",
    "Encoder",
    "Finding",
    "Flag",
    "Identifier",
    "Image",
    "ImageEncoder",
    "Moment",
    "Note",
    "Notes",
    "Number",
    "NumberTarget",
    "Pieces",
    "Raw",
    "Schema",
    "Series",
    "SeriesEncoder",
    "Source",
    "Survey",
    "Task",
    "Text",
    "TextEncoder",
    "as_source",
    "block_rows",
    "check_before_training",
    "check_split",
    "column_drift",
    "conform",
    "either",
    "fit_encoder",
    "fit_target",
    "folds",
    "given_split",
    "hold_out",
    "infer_schema",
    "infer_stream",
    "infer_task",
    "is_one",
    "is_picture",
    "kind_notes",
    "load_builtin",
    "note_rows_without_target",
    "numbers_of",
    "one_row",
    "open_source",
    "read",
    "rows_with_target",
    "split_column",
    "survey",
    "task_of",
]
