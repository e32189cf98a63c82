import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lamina.data import Encoder, Schema, conform, fit_encoder, infer_schema, read
from lamina.data.blocks import block_rows
from lamina.data.columns import Category, Image, Number, Series, Text
from lamina.foundation.errors import DataError
from lamina.foundation.signature import Field
from pictures import noise

WORDS = ["good", "bad", "film", "actor", "story", "long", "short", "fine", "dull", "scene"]


def texts(rows, seed=0):
    """Random sentences of unequal length."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(3, 12))) for _ in range(rows)]


def mixed(rows=40, seed=0):
    """A table with a number, an image, a text and a series, conformed, and its schema."""
    random = np.random.default_rng(seed)
    raw = read(
        {
            "mass": random.normal(size=rows),
            "photo": np.stack([noise(6, 8, seed=seed + i) for i in range(rows)]),
            "remark": texts(rows, seed),
            "walk": [random.normal(3, 5, size=random.integers(5, 9)).tolist() for _ in range(rows)],
        }
    )
    schema = infer_schema(raw)
    return conform(raw, schema, need_target=False)[0], schema


def test_fields_follow_the_columns():
    """Image, text and series stand beside the numbers, in the order of the columns, as the signature says."""
    table, schema = mixed()
    assert [type(column) for column in schema.columns] == [Number, Image, Text, Series]
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    batch = encoder.encode(table)
    image, text, series = encoder.signature(scores=2).fields
    assert image == Field(holds="image", shape=(3, 6, 8))
    assert (text.holds, series) == ("text", Field(holds="series", shape=(1, 8)))
    assert encoder.field_names == ("photo", "remark", "walk")
    assert [field.shape for field in batch.fields] == [(40, *field.shape) for field in (image, text, series)]
    assert [field.dtype for field in batch.fields] == [np.uint8, np.int32, np.float32]
    assert batch.fields[1].max() < text.codes
    assert batch.take(np.array([3])).fields[0].shape == (1, 3, 6, 8)


def test_a_learner_of_numbers_gets_no_fields():
    """Without fields there are only numbers, and a table of nothing else is refused."""
    table, schema = mixed()
    encoder = fit_encoder(table, schema, categories="onehot")
    assert encoder.encode(table).fields == ()
    assert encoder.inputs == ("mass",)
    only = Schema(columns=schema.columns[1:])
    with pytest.raises(DataError, match="reads only numbers"):
        fit_encoder(table, only, categories="onehot")


def test_every_row_is_encoded_by_itself():
    """A row's arrays do not depend on which rows are encoded with it."""
    table, schema = mixed()
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    whole = encoder.encode(table)
    for row in (0, 17, 39):
        alone = encoder.encode(table.slice(row, 1))
        assert all(
            np.array_equal(a[0], b[row], equal_nan=True) for a, b in zip(alone.fields, whole.fields, strict=True)
        )


def test_fitting_looks_at_training_rows_only():
    """Mean colour, vocabulary and scale are those of the rows given, and of no others that share their memory."""
    table, schema = mixed(40)
    half = fit_encoder(table.slice(0, 20), schema, categories="codes", fields=True)
    assert half == fit_encoder(table.take(pa.array(range(20))), schema, categories="codes", fields=True)
    whole = fit_encoder(table, schema, categories="codes", fields=True)
    assert all(a != b for a, b in zip(half.columns, whole.columns, strict=True))


def test_an_encoder_of_fields_survives_json():
    """Written as JSON text and read back, it is equal and encodes bitwise alike."""
    table, schema = mixed()
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    back = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert back == encoder
    pairs = zip(back.encode(table).fields, encoder.encode(table).fields, strict=True)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_rows_without_a_value_are_encoded_all_the_same():
    """No image is the mean colour, no text is padding, no series is NaN throughout."""
    pixels = np.zeros((3, 1, 2, 2), np.uint8)
    pixels[1] = 9
    raw = read(
        {
            "photo": [pixels[0], pixels[1], None],
            "remark": ["a good film", "a bad film, a bad one", None],
            "walk": [[1.0, 2.0], [3.0, 5.0], None],
        }
    )
    kinds = {"remark": "text"}
    schema = infer_schema(raw, kinds=kinds)
    table, _ = conform(raw, schema, need_target=False)
    photo, remark, walk = fit_encoder(table, schema, categories="codes", fields=True).encode(table).fields
    assert (photo[2] == 4).all()  # 4.5, to the even one
    assert (remark[2] == 0).all()
    assert remark[0].any()
    assert np.isnan(walk[2]).all()


def test_a_block_of_images_has_fewer_rows():
    """How many rows are held at once follows from what an encoded row takes, images included."""
    table, schema = mixed()
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    remark = encoder.fields[1].shape[0]
    assert encoder.row_bytes == 4 + 3 * 6 * 8 + 4 * remark + 4 * 8
    assert block_rows(encoder, 16) == (64 << 20) // (encoder.row_bytes + 8)


def fitted():
    """The encoders of `mixed`: a number, an image, a text and a series."""
    table, schema = mixed()
    return fit_encoder(table, schema, categories="codes", fields=True), schema


def test_the_encoders_of_fields_stand_apart():
    """Those of images, texts and series alone, in the order of the columns, and their names and shapes with them."""
    encoder, _ = fitted()
    assert encoder.field_columns == encoder.columns[1:]
    assert encoder.field_names == tuple(one.name for one in encoder.field_columns)
    assert encoder.fields == tuple(one.field for one in encoder.field_columns)


def test_a_blank_is_what_a_row_without_a_value_gets():
    """Of each kind: shape and type of a row, and what `encode` writes where a cell is missing."""
    encoder, schema = fitted()
    row = read({"mass": [1.0], "photo": [None], "remark": [None], "walk": [None]})
    found = encoder.encode(conform(row, schema, need_target=False)[0]).fields
    for column, field, cells in zip(encoder.field_columns, encoder.fields, found, strict=True):
        blank = column.blank
        assert (blank.shape, blank.dtype.name) == (field.shape, field.dtype)
        assert np.array_equal(blank, cells[0], equal_nan=field.holds == "series")


def test_each_encoder_reads_its_own_kind_of_column():
    """Of the very shape that it learnt; no other kind, and no other size."""
    encoder, schema = fitted()
    photo, remark, walk = (schema.column(name) for name in ("photo", "remark", "walk"))
    columns = (photo, remark, walk, Number(name="mass"), Category(name="remark"))
    for one, own in zip(encoder.field_columns, (photo, remark, walk), strict=True):
        assert [one.reads(column) for column in columns] == [column is own for column in columns]
    image, _, series = encoder.field_columns
    assert not image.reads(replace(photo, height=7))
    assert not image.reads(replace(photo, channels=1))
    assert not replace(image, fill=(1,)).reads(photo)
    assert not series.reads(replace(walk, steps=9))
    assert not replace(series, centres=(0.0, 0.0)).reads(walk)
    assert not replace(series, scales=()).reads(walk)


def test_a_vocabulary_with_codes_beyond_is_not_read():
    """The codes that a network has a place for are those below ``codes``."""
    encoder, schema = fitted()
    (text,) = [one for one in encoder.field_columns if one.name == "remark"]
    words = json.loads(text.vocabulary)["model"]["vocab"]
    assert replace(text, codes=len(words)).reads(schema.column("remark"))
    assert not replace(text, codes=len(words) - 1).reads(schema.column("remark"))
