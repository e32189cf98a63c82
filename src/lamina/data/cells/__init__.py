"""Cells: from what stands in a cell to a value, a whole column at a time.

Enters: Arrow arrays of strings (or of any type a source may have). Leaves: Arrow arrays of numbers, moments, flags,
strings and tensors, null where a cell cannot be read. Must not know: schemas, files, rows of a table.
"""

from lamina.data.cells.arrays import array_of, is_array, is_list, is_tensor, tensor_column, tensor_type
from lamina.data.cells.blanks import blank_cells, present_cells, trimmed
from lamina.data.cells.dates import decide_order, looks_dated, read_moments
from lamina.data.cells.flags import flag_words, read_flags
from lamina.data.cells.numerals import Signs, decide_signs, plain_numbers, read_numbers
from lamina.data.cells.plain import cell_strings, from_values, one_array, pixels_first, plain_array

__all__ = [
    "Signs",
    "array_of",
    "blank_cells",
    "cell_strings",
    "decide_order",
    "decide_signs",
    "flag_words",
    "from_values",
    "is_array",
    "is_list",
    "is_tensor",
    "looks_dated",
    "one_array",
    "pixels_first",
    "plain_array",
    "plain_numbers",
    "present_cells",
    "read_flags",
    "read_moments",
    "read_numbers",
    "tensor_column",
    "tensor_type",
    "trimmed",
]
