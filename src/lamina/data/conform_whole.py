"""Conforming what is larger than a number or a name: images, series and texts."""

from __future__ import annotations

import pyarrow as pa

from lamina.data.cells import is_array, is_tensor
from lamina.data.columns import Image, Series
from lamina.data.fitting import Found, cleared, fitting, present_strings, row_note, stored_type
from lamina.data.notes import FIRST_ROWS, Note, row_words
from lamina.data.pictures import read_pictures
from lamina.data.series import read_series
from lamina.data.texts import MOST_LETTERS, cut_texts


def no_single_values(found: Found) -> tuple[pa.Array, list[Note]]:
    """Lists or bytes where one value is wanted: nothing, or refused where it matters."""
    nothing = pa.nulls(len(found.cells), stored_type(found.column))
    return fitting(found, nothing) if found.column.used else (nothing, [])


def fitted_images(found: Found, column: Image) -> tuple[pa.Array, list[Note]]:
    """Images of one size; notes of those that could not be read, or were animated."""
    kind = found.cells.type
    pixels = is_tensor(kind) and kind.value_type == pa.uint8()
    if not (pixels or pa.types.is_string(kind) or pa.types.is_large_binary(kind)):
        return fitting(found, pa.nulls(len(found.cells), stored_type(column)))
    cells = cleared(found.cells, found.blank) if not pixels else found.cells
    pictures = read_pictures(cells, column.shape, found.raw.folder)
    values, notes = fitting(found, pictures.column, pictures.bad)
    if pictures.animated:
        words = row_words(found.raw.row_numbers(pictures.animated[:FIRST_ROWS]), len(pictures.animated))
        notes.append(
            row_note(found, pictures.animated, f"column {column.name!r} is animated in {words}: first frame read.")
        )
    return values, notes


def fitted_series(found: Found, column: Series) -> tuple[pa.Array, list[Note]]:
    """Series of one length; notes of those that did not fit, or were longer."""
    kind = found.cells.type
    if not is_array(kind) or pa.types.is_large_binary(kind):
        return fitting(found, pa.nulls(len(found.cells), stored_type(column)))
    values, bad, cut = read_series(found.cells, column)
    values, notes = fitting(found, values, bad)
    if cut:
        words = row_words(found.raw.row_numbers(cut[:FIRST_ROWS]), len(cut))
        sentence = f"column {column.name!r} has more than {column.steps:,} steps in {words}: the rest is left out."
        notes.append(row_note(found, cut, sentence))
    return values, notes


def fitted_texts(found: Found) -> tuple[pa.Array, list[Note]]:
    """Texts that are not too long; notes of those that were."""
    texts, cut = cut_texts(present_strings(found))
    if not cut:
        return texts, []
    words = row_words(found.raw.row_numbers(cut[:FIRST_ROWS]), len(cut))
    sentence = f"column {found.column.name!r} has more than {MOST_LETTERS:,} letters in {words}: the rest is left out."
    return texts, [row_note(found, cut, sentence)]
