"""Given splits: a column that says which rows its makers learnt from and which they tested on.

Such a column is called split (or part, or subset), and its cells begin with train, val (or dev) or test. It is no input
(see `lamina.data.guess`); whoever deals the rows can honour it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.dealing import Rows
from lamina.data.schema import Schema

LIKE_SPLIT = re.compile(r"(?i)^(?:given[_ ]?)?(?:split|part|subset|set)$")
MOST_PARTS = 12  # different parts of a given split
_WORDS = {"train": ("train", "learn"), "val": ("val", "dev"), "test": ("test", "eval", "hold")}


def are_parts(names: Sequence[str]) -> bool:
    """Whether these are the names of the parts of a split: one to learn from, and another.

    >>> are_parts(["train", "test"]), are_parts(["train", "bus"])
    (True, False)
    """
    parts = [_part(name) for name in names]
    return len(parts) > 1 and "train" in parts and None not in parts and len(set(parts)) > 1


def given_split(table: pa.Table, schema: Schema) -> dict[str, Rows] | None:
    """The rows of each part of a split that came with the data: "train", and "val" or "test" or both; None without.

    Rows whose cell is missing are in no part.

    >>> from lamina.data.columns import Identifier
    >>> schema = Schema(columns=(Identifier(name="split"),))
    >>> found = given_split(pa.table({"split": ["test", "train", "train"]}), schema)
    >>> {part: rows.tolist() for part, rows in found.items()}
    {'train': [1, 2], 'test': [0]}
    """
    name = split_column(table, schema)
    if name is None:
        return None
    cells = table.column(name).to_pylist()
    found = np.array([_part(cell) if cell is not None else None for cell in cells], dtype=object)
    rows = {part: np.flatnonzero(found == part) for part in _WORDS}
    return {part: places for part, places in rows.items() if len(places)}


def split_column(table: pa.Table, schema: Schema) -> str | None:
    """The column that names the part of each row, if a split came with the data; it is no input.

    >>> from lamina.data.columns import Identifier
    >>> split_column(pa.table({"part": ["train", "test"]}), Schema(columns=(Identifier(name="part"),)))
    'part'
    """
    for column in schema.columns:
        if not LIKE_SPLIT.search(column.name) or column.used or column.name not in table.column_names:
            continue
        if are_parts(pc.unique(table.column(column.name)).drop_null().to_pylist()):
            return column.name
    return None


def _part(name: str) -> str | None:
    lower = name.strip().lower()
    return next((part for part, words in _WORDS.items() if lower.startswith(words)), None)
