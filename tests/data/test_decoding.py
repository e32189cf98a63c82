import io
import struct
import warnings
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lamina.data import decoding, read
from lamina.data.decoding import BadImageError, Look, decode, fit_pixels, look_at, looks_like_image, picture_file
from lamina.foundation.errors import DataError
from pictures import encoded, noise


def huge_png(side):
    """A PNG of a few bytes whose header promises a square of this many pixels on a side."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_pixels_come_back_as_they_are(form):
    """A lossless file of the wanted size gives its own pixels, channels first."""
    pixels = noise(5, 7)
    assert (decode(encoded(pixels, form), (3, 5, 7)).pixels == np.moveaxis(pixels, -1, 0)).all()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_files_are_known_by_their_first_bytes(form):
    """The bytes of an image are told from those of anything else."""
    assert looks_like_image(encoded(noise(8, 8), form))


@pytest.mark.parametrize("content", [b"", b"fLaC\0\0", b"PK\3\4", b"RIFF\0\0\0\0WAVE", b"a,b\n1,2\n"])
def test_other_bytes_are_no_images(content):
    """Sound, archives and tables are not taken for images."""
    assert not looks_like_image(content)


def test_grey_becomes_colour_and_colour_grey():
    """Grey is repeated in three channels; colour becomes its luminance."""
    grey = noise(4, 4, channels=1)
    assert (decode(encoded(grey), (3, 4, 4)).pixels == grey).all()
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(decode(encoded(red), (1, 4, 4)).pixels.astype(int) - round(0.299 * 200)).max() <= 1


def test_exif_turns_the_image_upright():
    """A photograph taken with the camera on its side is turned, pixels and size alike."""
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255  # white on the left
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: left becomes top
    turned = encoded(image, "JPEG", exif=exif, quality=95)
    assert look_at(turned)[:2] == (16, 8)
    found = decode(turned, (1, 16, 8)).pixels[0]
    assert found[:8].mean() > 250
    assert found[8:].mean() < 5


def test_transparency_is_laid_on_white():
    """What cannot be seen is white, whatever colour is stored there."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0] = 255  # one row opaque white, the rest black and transparent
    assert (decode(encoded(Image.fromarray(pixels, "RGBA")), (3, 4, 4)).pixels == 255).all()
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30] * 256)
    assert (decode(encoded(palette, "PNG", transparency=0), (1, 4, 4)).pixels == 255).all()


def test_sixteen_bits_keep_the_upper_eight():
    """A scan of 16 bits a pixel keeps its upper 8, and is not clipped."""
    deep = (np.arange(16, dtype=np.uint16) * 4096).reshape(4, 4)
    assert (decode(encoded(Image.fromarray(deep)), (1, 4, 4)).pixels[0] == deep >> 8).all()


def test_of_an_animation_the_first_frame_is_read():
    """An animated image is its first frame, and is said to have others."""
    frames = [Image.fromarray(np.full((6, 6), shade, np.uint8)) for shade in (10, 200)]
    found = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), (1, 6, 6))
    assert found.animated
    assert np.abs(found.pixels.astype(int) - 10).max() <= 3
    assert not decode(encoded(frames[0], "GIF"), (1, 6, 6)).animated


def test_other_sizes_are_resized_as_a_whole():
    """Nothing is cut off: the left half stays the left half."""
    pixels = np.zeros((40, 100), np.uint8)
    pixels[:, 50:] = 240
    found = decode(encoded(pixels), (1, 10, 10)).pixels[0]
    assert found[:, :4].max() < 20
    assert found[:, 6:].min() > 220


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"not an image at all", "is no image"),
        (encoded(noise(20, 20))[:200], "is damaged"),
        (encoded(noise(20, 20), "JPEG")[:150], "is damaged"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "is no image"),
        (huge_png(9_000), "9,000 by 9,000 pixels, more than 64,000,000"),
        (huge_png(60_000), "far more than 64,000,000 pixels"),
    ],
    ids=["empty", "words", "cut png", "cut jpeg", "broken header", "huge", "bomb"],
)
def test_what_cannot_be_read_says_why(content, words):
    """Broken, empty and huge files raise one error that says what is wrong, without being unpacked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `read_pictures` does the same
        with pytest.raises(BadImageError, match=words):
            decode(content, (3, 8, 8))


def test_files_that_are_not_there_say_so(tmp_path):
    """An absent file, a folder, and a name with a zero byte are told, not raised as they are."""
    (tmp_path / "folder").mkdir()
    for name, words in [
        ("absent.png", "is not there"),
        ("folder", "cannot be opened"),
        ("a\0.png", "cannot be opened"),
    ]:
        with pytest.raises(BadImageError, match=words):
            decode(tmp_path / name, (3, 8, 8))


def test_files_of_too_many_bytes_are_not_read(tmp_path, monkeypatch):
    """A file beyond the limit is refused by its size."""
    monkeypatch.setattr(decoding, "MOST_BYTES", 100)
    (tmp_path / "a.png").write_bytes(encoded(noise(40, 40)))
    with pytest.raises(BadImageError, match="more than 100 bytes"):
        decode(tmp_path / "a.png", (3, 8, 8))


def test_a_look_knows_grey_however_it_is_stored():
    """A grey picture stored as colour is grey; one coloured corner makes it colour."""
    grey = np.repeat(noise(32, 32, channels=1)[..., None], 3, axis=2)
    assert look_at(encoded(grey, "JPEG", quality=90)) == Look(32, 32, True)
    grey[:8, :8, 0] = 255
    grey[:8, :8, 1:] = 0
    assert look_at(encoded(grey)) == Look(32, 32, False)


def test_pixels_are_fitted_as_files_are():
    """Pixels held in memory come to another size and number of channels just as a file does."""
    pixels = noise(12, 10)
    first = np.moveaxis(pixels, -1, 0)
    assert (fit_pixels(first, (1, 6, 5)) == decode(encoded(pixels), (1, 6, 5)).pixels).all()
    assert fit_pixels(first, (3, 12, 10)) is first


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "RGBA", "CMYK", "I;16", "F", "YCbCr"])
def test_images_in_memory_are_read_as_their_files(mode):
    """A Pillow image of any mode gives what its file gives, in a column or in a frame."""
    image = Image.fromarray(noise(6, 5)).convert("L" if mode == "I;16" else mode)
    image = Image.fromarray(np.asarray(image).astype(np.uint16) * 256) if mode == "I;16" else image
    file = encoded(image, "TIFF")
    wanted = decode(file, (3, 6, 5)).pixels
    for data in ({"photo": [image, None]}, [{"photo": image}], pd.DataFrame({"photo": [image]})):
        cell = read(data).table["photo"][0].as_py()
        assert np.array_equal(decode(cell, (3, 6, 5)).pixels, wanted)


def test_an_image_in_memory_is_turned_upright():
    """EXIF says which side is up, in a file and in what was opened from it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = encoded(noise(6, 5), "JPEG", exif=exif)
    again = picture_file(Image.open(io.BytesIO(file)))
    assert look_at(again)[:2] == look_at(file)[:2] == (5, 6)
    assert np.array_equal(decode(again, (3, 5, 6)).pixels, decode(file, (3, 5, 6)).pixels)


def test_a_damaged_image_in_memory_is_refused():
    """What Pillow opened but cannot unpack is told as that."""
    file = encoded(noise(60, 50))
    with pytest.raises(DataError, match="a Pillow image cannot be read"):
        read({"photo": [Image.open(io.BytesIO(file[: len(file) // 2]))]})


def test_pixels_of_several_sizes_are_files_each():
    """Arrays that do not make one are pictures all the same."""
    small, large = noise(6, 5), noise(9, 8, channels=1)
    cells = read({"photo": [small, None, large]}).table["photo"].to_pylist()
    assert np.array_equal(decode(cells[0], (3, 6, 5)).pixels, np.moveaxis(small, 2, 0))
    assert cells[1] is None
    assert np.array_equal(decode(cells[2], (1, 9, 8)).pixels[0], large)
