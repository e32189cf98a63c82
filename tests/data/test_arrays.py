import numpy as np
import pytest

from lamina.data import conform, given_split, infer_schema, read
from lamina.data.cells import array_of
from lamina.foundation.errors import DataError
from pictures import noise


def saved(tmp_path, **arrays):
    """What `read` makes of these arrays in a file."""
    np.savez(tmp_path / "a.npz", **arrays)
    return read(tmp_path / "a.npz")


def pixels(rows, *shape):
    """Random uint8."""
    return np.random.default_rng(0).integers(0, 256, (rows, *shape), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "array", "word", "shape"),
    [
        ("X", pixels(6, 9, 8), "image", (1, 9, 8)),
        ("X", pixels(6, 9, 8, 3), "image", (3, 9, 8)),
        ("X", pixels(6, 3, 9, 8), "image", (3, 9, 8)),
        ("X", pixels(6, 9, 8, 4), "image", (3, 9, 8)),
        ("images", pixels(6, 8, 8).astype(np.float64), "image", (1, 8, 8)),
        ("X", np.random.default_rng(0).normal(size=(6, 2, 50)), "series", (2, 50)),
        ("X", np.random.default_rng(0).normal(size=(6, 1, 50)).astype(np.float16), "series", (1, 50)),
        ("X", pixels(6, 1, 50).astype(np.int64), "series", (1, 50)),
    ],
)
def test_the_axes_tell_images_from_series(tmp_path, name, array, word, shape):
    """Bytes of three or four axes are images, other numbers of three axes series, unless the name says otherwise."""
    schema = infer_schema(saved(tmp_path, **{name: array, "y": np.arange(6) / 2}), target="y")
    column = schema.column(name)
    assert (column.word, column.shape) == (word, shape)


def test_shades_between_0_and_1_are_stretched(tmp_path):
    """Pixels as fractions come back as shades of 256."""
    array = pixels(6, 5, 5, 3)
    raw = saved(tmp_path, images=array / 255, y=np.arange(6))
    assert (array_of(raw.table["images"])[0] == np.moveaxis(array, -1, 1)).all()


def test_two_axes_are_columns(tmp_path):
    """A matrix is a table of numbers, one column a place, and a note says how it would be a series."""
    raw = saved(tmp_path, X=np.arange(12.0).reshape(4, 3), y=np.array([["a"], ["b"], ["a"], ["b"]]))
    assert raw.table.column_names == ["X0", "X1", "X2", "y"]
    assert raw.table["y"].to_pylist() == ["a", "b", "a", "b"]
    assert "(row, 1, step)" in raw.notes[0].sentence


@pytest.mark.parametrize(
    "names",
    [
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_X", "train_y", "test_X", "test_y"),
        ("Xtrain", "ytrain", "Xtest", "ytest"),
    ],
)
def test_parts_are_put_end_to_end(tmp_path, names):
    """Arrays of a given split become one, and a column that is no input says which part a row was in."""
    train, test = np.random.default_rng(0).normal(size=(2, 5, 1, 7)).astype(np.float32)
    values = (train, np.array(list("ababa")), test[:3], np.array(list("bab")))
    raw = saved(tmp_path, **dict(zip(names, values, strict=True)))
    schema = infer_schema(raw, target="y")
    assert [(column.name, column.word) for column in schema.columns] == [
        ("X", "series"),
        ("y", "category"),
        ("split", "identifier"),
    ]
    table, _ = conform(raw, schema, need_target=True)
    assert np.array_equal(array_of(table["X"])[0], np.concatenate([train, test[:3]]))
    parts = given_split(table, schema)
    assert {part: rows.tolist() for part, rows in parts.items()} == {"train": [0, 1, 2, 3, 4], "test": [5, 6, 7]}
    assert "gives its own split: train 5, test 3 rows" in raw.notes[0].sentence


def test_parts_of_unequal_length_are_filled_up(tmp_path):
    """Series that are shorter in one part end in NaN there."""
    raw = saved(tmp_path, X_train=np.ones((2, 1, 3)), y_train=[0, 1], X_test=np.ones((2, 1, 5)), y_test=[0, 1])
    values = array_of(raw.table["X"])[0]
    assert values.shape == (4, 1, 5)
    assert np.isnan(values[:2, 0, 3:]).all()


def test_arrays_of_other_lengths_are_left_out(tmp_path):
    """What does not have a row for each image, such as the names of the classes, is left out with a note."""
    raw = saved(tmp_path, images=pixels(6, 4, 4), label=np.arange(6), class_names=np.array(["cat", "dog"]), version=3)
    assert raw.table.column_names == ["images", "label"]
    assert raw.notes[0].sentence.startswith("'class_names', 'version': left out")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"X": np.array([[1], [2, 3]], dtype=object)}, "holds Python objects"),
        ({"X": np.zeros((3, 2, 2, 2, 2))}, r"the array 'X' has the shape \(3, 2, 2, 2, 2\)"),
        ({"X_train": np.zeros((3, 1, 2)), "X_test": np.zeros((3, 2, 2))}, "the parts of 'X' have the shapes"),
        ({"X_train": np.zeros((3, 1, 2)), "y_train": [1, 2, 3], "X_test": np.zeros((3, 1, 2))}, "'y' has no mate"),
        (
            {"X_train": np.zeros((3, 1, 2)), "y_train": [1], "X_test": np.zeros((3, 1, 2)), "y_test": [1, 2, 3]},
            "the array 'X' has 3 rows, but 'y' has 1",
        ),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, arrays, words):
    """Objects, other shapes, and parts that do not belong together are refused by name."""
    with pytest.raises(DataError, match=words):
        saved(tmp_path, **{name: np.asarray(array) for name, array in arrays.items()})


def test_a_damaged_file_is_named(tmp_path):
    """A file that is cut off is told by its name."""
    saved(tmp_path, X=pixels(6, 9, 8))
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"b.npz' is not a whole NPZ file"):
        read(tmp_path / "b.npz")


def test_pixels_in_a_frame_are_an_image():
    """An array with a row for each image may be a column of a table in memory too."""
    raw = read({"scan": np.stack([noise(5, 4, seed=i) for i in range(3)]), "y": [1.0, 2.0, 3.0]})
    assert infer_schema(raw, target="y").column("scan").shape == (3, 5, 4)
