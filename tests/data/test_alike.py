import io

import numpy as np
import pyarrow as pa
from PIL import Image as Opened

from lamina.data import check_before_training, check_split, column_drift, conform, infer_schema, read
from lamina.data.alike import check_alike
from lamina.data.cells import tensor_column
from lamina.data.columns import Image, Number, Text
from lamina.data.duplicates import cell_keys
from lamina.data.schema import Schema
from pictures import encoded


def smooth(seed, side=32):
    """A picture with large shapes, as photographs have."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Opened.fromarray(coarse).resize((side, side)))


def again(content):
    """The same picture saved again as a JPEG."""
    return encoded(Opened.open(io.BytesIO(content)).convert("RGB"), "JPEG", quality=70)


def images(contents):
    """A table of these files, and its schema."""
    raw = read(pa.table({"photo": contents}))
    schema = infer_schema(raw)
    return conform(raw, schema, need_target=False)[0], schema


def test_a_picture_saved_again_is_found():
    """A copy that was compressed is told with the rows of both; other pictures are not alike."""
    contents = [encoded(smooth(i)) for i in range(40)]
    table, schema = images([*contents, again(contents[5])])
    (finding,) = check_split(table, schema, np.arange(20), np.arange(20, 41))
    assert finding.kind == "alike"
    assert finding.rows == (41,)
    assert finding.sentence.startswith(
        "1 of 21 test rows (4.8%) has an image in 'photo' that training rows hold almost pixel for pixel "
        "(row 41 is like row 6)"
    )
    assert not check_split(table, schema, np.arange(20), np.arange(20, 40))


def test_empty_pictures_are_not_alike():
    """Pictures that show next to nothing are equal without being copies."""
    pixels = np.full((10, 1, 8, 8), 30, np.uint8)
    pixels[:, 0, 0, 0] = np.arange(10)
    table = pa.table({"photo": tensor_column(pixels)})
    schema = Schema(columns=(Image(name="photo", channels=1, height=8, width=8),))
    assert not check_alike(table, schema, np.arange(5), np.arange(5, 10))


def test_texts_that_differ_in_signs_are_alike():
    """Case, spaces and signs do not make a text new; short ones are equal by chance."""
    table = pa.table(
        {"post": ["Win a PRIZE now, call!", "ok then", "a fine day out", "win a prize NOW call", "OK, then"]}
    )
    schema = Schema(columns=(Text(name="post"),))
    (finding,) = check_alike(table, schema, np.array([0, 1, 2]), np.array([3, 4]))
    assert (finding.rows, finding.count) == ((4,), 1)


def test_equal_arrays_have_equal_keys():
    """Keys are equal for equal arrays and for no others, whatever the number of bytes in a row."""
    pixels = np.random.default_rng(0).integers(0, 2, (200, 1, 3, 3), dtype=np.uint8)
    keys = cell_keys(pa.chunked_array([tensor_column(pixels)]))
    _, places = np.unique(pixels.reshape(200, -1), axis=0, return_inverse=True)
    same = places[:, None] == places[None, :]
    assert ((keys[:, None] == keys[None, :]) == same).all()


def test_exact_copies_of_images_are_told():
    """Rows with the same pixels in both sides of a split are found as rows of a table are."""
    contents = [encoded(smooth(i)) for i in range(20)]
    table, schema = images([*contents, contents[3]])
    (finding,) = check_split(table, schema, np.arange(20), np.array([20]))
    assert finding.kind == "split"


def test_the_checks_pass_over_a_table_of_images():
    """Checks before training work with images, and tell of rows without one."""
    contents = [encoded(smooth(i)) for i in range(30)]
    raw = read(pa.table({"photo": [*contents, None], "y": np.arange(31.0)}))
    schema = infer_schema(raw, target="y")
    table, _ = conform(raw, schema, need_target=True)
    (finding,) = check_before_training(table, schema)
    assert finding.sentence == ("column 'photo' has no image in 1 of 31 rows: a picture of the mean colour stands in.")


def test_darker_pictures_are_drift():
    """Fields are compared by a number of each: the mean shade, the length, the mean."""
    pixels = np.random.default_rng(0).integers(0, 100, (200, 1, 4, 4), dtype=np.uint8)
    pixels[100:] += 100
    words = ["short"] * 100 + ["a much longer text"] * 100
    table = pa.table({"photo": tensor_column(pixels), "post": words, "x": np.zeros(200)})
    columns = (Image(name="photo", channels=1, height=4, width=4), Text(name="post"), Number(name="x"))
    found = column_drift(table, Schema(columns=columns), np.arange(100), np.arange(100, 200))
    assert {drift.column: drift.distance for drift in found} == {"photo": 1.0, "post": 1.0}
    assert found[1].sentence.startswith("the length of 'post' is not the same")
