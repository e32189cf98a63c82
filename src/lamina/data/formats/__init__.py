"""Formats: one file for each way in which a table can arrive.

Enters: a path, or a frame that some other library holds. Leaves: a `Raw`. Must not know: kinds of
column, built-in sets.
"""

from lamina.data.formats.arrays import read_arrays
from lamina.data.formats.columnar import read_feather, read_parquet
from lamina.data.formats.delimited import read_delimited
from lamina.data.formats.folders import holds_images, read_image, read_images
from lamina.data.formats.frames import read_columns, read_frame, read_matrix, read_records
from lamina.data.formats.jsonlines import read_json
from lamina.data.formats.recognise import recognise
from lamina.data.formats.spreadsheet import read_spreadsheet

__all__ = [
    "holds_images",
    "read_arrays",
    "read_columns",
    "read_delimited",
    "read_feather",
    "read_frame",
    "read_image",
    "read_images",
    "read_json",
    "read_matrix",
    "read_parquet",
    "read_records",
    "read_spreadsheet",
    "recognise",
]
