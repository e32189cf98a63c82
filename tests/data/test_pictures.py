import numpy as np
import pyarrow as pa
import pytest

from lamina.data import conform, infer_schema, pictures, read
from lamina.data.cells import array_of
from lamina.data.columns import Image
from lamina.data.pictures import MOST_SIDE
from lamina.foundation.errors import DataError, SchemaError
from pictures import encoded, noise


def as_column(raw, **schema):
    """The conformed table and the notes of a source, and its schema."""
    found = infer_schema(raw, **schema)
    return found, *conform(raw, found, need_target=True)


def kind_of(contents):
    """The column that is inferred from the bytes of some files."""
    return infer_schema(read(pa.table({"photo": pa.array(contents, pa.binary())}))).column("photo")


def test_a_thousand_files_become_one_tensor_a_row(tmp_path):
    """File names beside a table are opened, in their order, and hold exactly the pixels of the files."""
    pixels = np.stack([noise(9, 11, seed=i) for i in range(1000)])
    (tmp_path / "files").mkdir()
    for i, one in enumerate(pixels):
        (tmp_path / "files" / f"{i}.png").write_bytes(encoded(one))
    (tmp_path / "table.csv").write_text("file,y\n" + "".join(f"files/{i}.png,{i % 3}\n" for i in range(1000)))
    schema, table, notes = as_column(read(tmp_path / "table.csv"), target="y")
    assert schema.column("file") == Image(name="file", channels=3, height=9, width=11)
    values, gone = array_of(table["file"])
    assert (values == np.moveaxis(pixels, -1, 1)).all()
    assert not gone.any()
    assert not notes


def test_files_bytes_and_pixels_say_the_same(tmp_path):
    """The same pictures give the same tensors as file names, as bytes, and as pixels."""
    pixels = np.stack([noise(8, 8, channels=1, seed=i) for i in range(12)])
    contents = [encoded(one) for one in pixels]
    for i, content in enumerate(contents):
        (tmp_path / f"{i}.png").write_bytes(content)
    (tmp_path / "t.csv").write_text("photo\n" + "".join(f"{i}.png\n" for i in range(12)))
    sources = [tmp_path / "t.csv", pa.table({"photo": contents}), {"photo": pixels}, {"photo": list(pixels)}]
    found = [as_column(read(source))[:2] for source in sources]
    assert len({schema for schema, _ in found}) == 1
    assert all((array_of(table["photo"])[0] == pixels[:, None]).all() for _, table in found)


def test_the_size_is_the_median_and_at_most_96():
    """Sizes that differ give the median and a sentence; large ones shrink with their proportion."""
    column = kind_of([encoded(noise(h, 20)) for h in (10, 12, 30)])
    assert column.shape == (3, 12, 20)
    assert column.reason == (
        "its pictures are between 10 by 20 and 30 by 20 pixels high and wide, and are all brought to 12 by 20."
    )
    assert kind_of([encoded(noise(300, 150))] * 2).shape == (3, MOST_SIDE, MOST_SIDE // 2)


def test_one_channel_if_all_are_grey():
    """Grey pictures, also those stored as colour, need one channel; a single colour picture makes it three."""
    grey = [encoded(noise(8, 8, channels=1, seed=i)) for i in range(3)]
    stored = encoded(np.repeat(noise(8, 8, channels=1)[..., None], 3, axis=2))
    assert kind_of([*grey, stored]).channels == 1
    assert kind_of([*grey, encoded(noise(8, 8))]).channels == 3


def test_a_size_can_be_asked_for():
    """A column declared in full has the size that it says."""
    raw = read(pa.table({"photo": [encoded(noise(8, 8, seed=i)) for i in range(3)]}))
    schema = infer_schema(raw, kinds={"photo": Image(name="photo", channels=1, height=16, width=4)})
    assert array_of(conform(raw, schema, need_target=False)[0]["photo"])[0].shape == (3, 1, 16, 4)


def test_one_bad_file_among_many_is_told_and_missing(tmp_path):
    """A broken, an empty and an absent file become missing, told by row and name; the others are read."""
    for i in range(20):
        (tmp_path / f"{i}.png").write_bytes(encoded(noise(8, 8, seed=i)))
    (tmp_path / "3.png").write_bytes(b"")
    (tmp_path / "7.png").write_bytes(encoded(noise(8, 8))[:80])
    (tmp_path / "9.png").unlink()
    (tmp_path / "t.csv").write_text("file\n" + "".join(f"{i}.png\n" for i in range(20)))
    _, table, notes = as_column(read(tmp_path / "t.csv"))
    assert np.flatnonzero(table["file"].is_null()).tolist() == [3, 7, 9]
    (note,) = notes
    assert note.rows == (4, 8, 10)
    assert note.sentence == (
        "column 'file' should hold an image, but rows 4, 8 and 10 hold values such as '3.png' (is empty), "
        "'7.png' (is damaged (image file is truncated)), '9.png' (is not there): read as missing."
    )


def test_mostly_bad_files_are_refused(tmp_path):
    """If more than half of the files cannot be read, the folder is another: refused, with the place."""
    contents = [encoded(noise(8, 8))] * 4 + [encoded(noise(8, 8))[:60]] * 6
    for i, content in enumerate(contents):
        (tmp_path / f"{i}.png").write_bytes(content)
    (tmp_path / "t.csv").write_text("file\n" + "".join(f"{i}.png\n" for i in range(10)))
    raw = read(tmp_path / "t.csv")
    with pytest.raises(SchemaError) as caught:
        conform(raw, infer_schema(raw), need_target=False)
    assert caught.value.wrong.startswith("column 'file' is an image, but row 5 holds '4.png' (is damaged")
    assert "6 of 10 values do not fit" in caught.value.wrong
    assert str(tmp_path) in caught.value.remedy


def test_an_animation_is_told():
    """A row with an animated image is read as its first frame, and a note says so."""
    frames = [encoded(noise(8, 8, seed=i), "GIF") for i in range(3)]
    moving = encoded(pictures_of(2)[0], "GIF", save_all=True, append_images=pictures_of(2)[1:])
    _, table, notes = as_column(read(pa.table({"photo": [*frames, moving]})))
    assert table["photo"].null_count == 0
    assert [note.sentence for note in notes] == ["column 'photo' is animated in row 4: first frame read."]


def pictures_of(count):
    """Some Pillow images."""
    from PIL import Image as Opened

    return [Opened.fromarray(noise(8, 8, seed=10 + i)) for i in range(count)]


def test_names_without_files_are_no_images():
    """A column of names that look like images is no image column if the files are not there."""
    names = [f"{i}.png" for i in range(30)]
    assert infer_schema(read({"file": names})).column("file").word == "identifier"


def test_threads_change_nothing(monkeypatch):
    """Large files are decoded by several threads, and come out the same, in the same order."""
    contents = pa.array([encoded(noise(16, 16, seed=i)) for i in range(300)], pa.large_binary())
    alone = pictures.read_pictures(contents, (3, 16, 16), None)
    monkeypatch.setattr(pictures, "_THREADED_BYTES", 0)
    monkeypatch.setattr(pictures.os, "cpu_count", lambda: 4)
    together = pictures.read_pictures(contents, (3, 16, 16), None)
    assert together.column.equals(alone.column)


def test_files_kept_with_their_path_are_images():
    """Bytes in a struct beside a path, as some libraries write images to Parquet, are read."""
    files = [{"bytes": encoded(noise(8, 8, seed=i)), "path": f"{i}.png"} for i in range(4)]
    _, table, _ = as_column(read(pa.table({"image": files})))
    assert (array_of(table["image"])[0][2] == np.moveaxis(noise(8, 8, seed=2), -1, 0)).all()


def test_fractions_under_a_name_that_says_image_are_images():
    """An array of fractions of three axes is images if its name says so, and series if not."""
    pixels = np.stack([noise(8, 8, channels=1, seed=i) for i in range(4)])
    found = infer_schema(read({"images": pixels / 255, "other": pixels / 255}))
    assert [column.word for column in found.columns] == ["image", "series"]
    assert (array_of(read({"images": pixels / 255}).table["images"])[0][:, 0] == pixels).all()


def test_numbers_are_no_images():
    """A column of numbers, or of lists of them, cannot be declared to be images, and says what can."""
    for values in ([1.0, 2.0], [[1.0], [2.0]]):
        with pytest.raises(SchemaError, match="are no images"):
            infer_schema(read({"x": values}), kinds={"x": "image"})


def test_without_pillow_the_remedy_is_to_install_it(monkeypatch):
    """Where Pillow is missing, the error says how to get it."""
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(DataError, match="pip install pillow"):
        pictures.read_pictures(pa.array([b"x"], pa.large_binary()), (3, 8, 8), None)
