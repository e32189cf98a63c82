"""What is asked of a model: one row, or many."""

from __future__ import annotations

from lamina.model.asking import rows_of


def test_the_bytes_of_an_image_are_one_value() -> None:
    """A row with an image in it is a row, not columns of letters."""
    assert rows_of({"photo": b"\x89PNG", "age": 3}) == {"photo": [b"\x89PNG"], "age": [3]}
    assert rows_of({"photo": [b"\x89PNG"], "age": [3]}) == {"photo": [b"\x89PNG"], "age": [3]}
