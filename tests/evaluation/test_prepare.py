"""From a source to rows that can be learnt from."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lamina.evaluation.prepare import fingerprint


def test_fingerprint_knows_cells_names_and_types() -> None:
    """Any change of a cell, a gap, a name, a type or the order of rows changes the fingerprint."""
    tables = [
        pa.table({"a": [1, 2, 3]}),
        pa.table({"a": [1, 2, 4]}),
        pa.table({"a": [1, 2, None]}),
        pa.table({"b": [1, 2, 3]}),
        pa.table({"a": [1.0, 2.0, 3.0]}),
        pa.table({"a": [3, 2, 1]}),
        pa.table({"a": [1, 2, 3], "b": [1, 2, 3]}),
    ]
    assert len({fingerprint(table) for table in tables}) == len(tables)


@pytest.mark.parametrize(
    "column",
    [pa.array([1, None, 3, 4]), pa.array(["x", "y", None, "zz"]), pa.array(["x", "y", "x", "z"]).dictionary_encode()],
    ids=["numbers", "strings", "dictionary"],
)
def test_fingerprint_is_free_of_how_cells_lie_in_memory(column) -> None:
    """Slices and chunks of one column have the fingerprint of the whole."""
    whole = pa.table({"a": column})
    chunked = pa.concat_tables([whole[:1], whole[1:3], whole[3:]])
    padded = pa.concat_tables([whole, whole])[4:]
    assert fingerprint(chunked) == fingerprint(padded) == fingerprint(whole)


def test_fingerprint_of_dictionaries_knows_the_words() -> None:
    """Equal codes of other words are other data."""
    first, second = (pa.table({"a": pa.array(words).dictionary_encode()}) for words in (["x", "y"], ["p", "q"]))
    assert fingerprint(first) != fingerprint(second)
