import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina.data import Pieces, as_source, conform, fit_encoder, given_split, infer_schema, infer_stream, read, survey
from lamina.data.cells import array_of
from lamina.data.sources import Source
from lamina.foundation.errors import DataError, SchemaError
from pictures import encoded, noise


@pytest.fixture
def photos(tmp_path):
    """A folder with six images each of cats and dogs, a hidden file, and a text."""
    for k, kind in enumerate(("cat", "dog")):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for i in range(6):
            (tmp_path / "photos" / kind / f"{i}.png").write_bytes(encoded(noise(8, 6, seed=10 * k + i)))
    (tmp_path / "photos" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "photos" / "readme.txt").write_text("Photos of cats and dogs.")
    return tmp_path / "photos"


def test_one_folder_a_class(photos):
    """The name of the folder is the label, and the images are those inside."""
    raw = read(photos)
    assert raw.table["label"].to_pylist() == ["cat"] * 6 + ["dog"] * 6
    schema = infer_schema(raw, target="label")
    table, notes = conform(raw, schema, need_target=True)
    assert (array_of(table["image"])[0][7] == np.moveaxis(noise(8, 6, seed=11), -1, 0)).all()
    assert [note.sentence for note in notes] == [
        "'photos' was read as a folder of 12 images in 2 classes.",
        "not read in 'photos': 'readme.txt'.",
    ]


def test_a_bad_file_in_a_folder_is_told_by_name(photos):
    """An empty file does not end the reading: its row is missing and its name is told."""
    (photos / "dog" / "6.jpg").write_bytes(b"")
    raw = read(photos)
    table, notes = conform(raw, infer_schema(raw, target="label"), need_target=True)
    assert table["image"].null_count == 1
    assert notes[-1].sentence == (
        "column 'image' should hold an image, but row 13 holds 'dog/6.jpg' (is empty): read as missing."
    )


def test_folders_of_a_given_split(photos):
    """Folders called train and test above those of the classes are a split, and no classes."""
    (photos / "train").mkdir()
    (photos / "cat").rename(photos / "train" / "cat")
    (photos / "dog").rename(photos / "train" / "dog")
    (photos / "test" / "dog").mkdir(parents=True)
    (photos / "test" / "dog" / "a.png").write_bytes(encoded(noise(8, 6)))
    raw = read(photos)
    schema = infer_schema(raw, target="label")
    assert schema.column("label").levels == ("cat", "dog")
    parts = given_split(conform(raw, schema, need_target=True)[0], schema)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 12, "test": 1}


def test_images_without_classes_can_be_asked_about(photos):
    """A folder of nothing but images is a table without labels, which a model can answer."""
    schema = infer_schema(read(photos), target="label")
    raw = read(photos / "cat")
    assert raw.table.column_names == ["image"]
    assert conform(raw, schema, need_target=False)[0].num_rows == 6


def test_images_beside_the_classes_are_refused(photos):
    """An image that is in no class is named."""
    (photos / "loose.png").write_bytes(encoded(noise(8, 6)))
    with pytest.raises(DataError, match=r"the image 'loose.png' stands beside the folders"):
        read(photos)


def test_folders_without_images_are_refused(tmp_path):
    """A folder of something else says that it has no images."""
    (tmp_path / "a.md").write_text("x")
    with pytest.raises(DataError, match="a folder without images"):
        read(tmp_path)


def test_a_folder_can_be_streamed(photos):
    """Streamed, a folder gives the same schema and the same pixels, and blocks of encoded images."""
    raw = read(photos)
    schema = infer_schema(raw, target="label")
    with as_source(photos, stream=True) as source:
        assert isinstance(source, Source)
        assert infer_stream(source, target="label") == schema
        found = survey(source, schema, seed=0)
        encoder = fit_encoder(found.sample, schema, categories="codes", fields=True)
        pieces = [batch.fields[0] for batch, _ in Pieces(source=source, survey=found, encoder=encoder, rows=8).epoch(1)]
    whole = array_of(conform(raw, schema, need_target=True)[0]["image"])[0]
    assert sorted(map(bytes, np.concatenate(pieces))) == sorted(map(bytes, whole))
    with as_source(photos) as source:
        assert source.table.equals(raw.table)


def test_bytes_and_series_can_be_streamed(tmp_path):
    """A Parquet file of image bytes and lists is judged alike as a whole and in pieces; sound is left out of both."""
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "photo": [encoded(noise(8, 6, seed=i)) for i in range(40)],
            "walk": [random.normal(size=random.integers(3, 9)).tolist() for _ in range(40)],
            "sound": [b"fLaC"] * 40,
            "y": random.normal(size=40),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=7)
    schema = infer_schema(read(tmp_path / "t.parquet"), target="y")
    assert [column.word for column in schema.columns] == ["image", "series", "number"]
    with as_source(tmp_path / "t.parquet", stream=True) as source:
        assert infer_stream(source, target="y") == schema
        assert survey(source, schema, seed=0).sample.num_rows == 40


def test_the_longest_series_of_a_stream_is_met(tmp_path):
    """The length is found in every row, not only in the first of a piece."""
    walks = [[1.0, 2.0, 3.0]] * 200 + [[1.0, 2.0, 3.0, 4.0]] + [[1.0]] * 99
    pq.write_table(pa.table({"walk": walks, "y": np.arange(300.0) / 7}), tmp_path / "t.parquet")
    with as_source(tmp_path / "t.parquet", stream=True) as source:
        assert infer_stream(source, target="y").column("walk").steps == 4


def test_an_image_is_no_target(photos):
    """Images cannot be predicted, and the error says what can."""
    from lamina.data import infer_task

    with pytest.raises(SchemaError, match="the target 'image' is of the kind"):
        infer_task(infer_schema(read({"image": np.zeros((9, 4, 4), np.uint8)}), target="image"))


def test_one_image_is_a_table_of_one_row(photos):
    """An image can be asked about without a folder around it."""
    raw = read(photos / "dog" / "1.png")
    assert (raw.table.column_names, raw.rows, raw.folder) == (["image"], 1, photos / "dog")
    with as_source(photos / "dog" / "1.png") as found:
        assert found == photos / "dog" / "1.png"


def test_images_without_classes_have_no_label_and_the_way_out_is_told(photos):
    """Whoever asks for a label that no folder gives learns how folders give it."""
    with pytest.raises(SchemaError) as caught:
        infer_schema(read(photos / "dog"), target="label")
    assert "folders named after their classes" in caught.value.remedy


def test_an_array_that_was_left_out_is_told_where_it_is_missed(tmp_path):
    """A target of another length than the rows is no secret when it is asked for."""
    np.savez(tmp_path / "walks.npz", walk=np.zeros((10, 2, 5)), y=np.arange(9))
    with pytest.raises(SchemaError, match="'y': left out, for other lengths than the rows have"):
        infer_schema(read(tmp_path / "walks.npz"), target="y")


def test_images_that_could_not_be_read_are_no_copies(photos):
    """Rows that hold nothing are not reported as repeating each other."""
    from lamina.data.duplicates import check_duplicates

    for i in range(6, 9):
        (photos / "dog" / f"{i}.png").write_bytes(b"")
    raw = read(photos)
    schema = infer_schema(raw, target="label")
    table, _ = conform(raw, schema, need_target=True)
    assert check_duplicates(table, schema, np.arange(raw.rows)) == []


def test_a_class_without_an_image_is_told(photos):
    """Folders where those of the classes are that hold no image are named, in parts of a given split too."""
    (photos / "horse" / "deep").mkdir(parents=True)
    (photos / "cat" / "more").mkdir()  # inside a class: nobody's class
    (photos / ".hidden").mkdir()
    words = "without an image in 'photos', so not among its classes: 'horse'."
    assert [note.sentence for note in read(photos).notes if note.kind == "files"][1:] == [words]
    (photos / "readme.txt").unlink()
    for part in ("train", "test"):
        for kind in ("cat", "dog"):
            (photos.parent / "parted" / part / kind).mkdir(parents=True)
            (photos.parent / "parted" / part / kind / "0.png").write_bytes(encoded(noise(8, 6, seed=1)))
    (photos.parent / "parted" / "test" / "horse").mkdir()
    (note,) = (note for note in read(photos.parent / "parted").notes if note.kind == "files")
    assert (note.count, note.sentence[-13:]) == (1, "'test/horse'.")
