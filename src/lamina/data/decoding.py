"""Decoding: from the bytes of an image file to pixels of one size, whatever the file holds. By Pillow.

    turned by EXIF        turned upright
    animated              its first frame
    partly transparent    laid on white
    colour, grey wanted   the luminance (0.299 R + 0.587 G + 0.114 B)
    16 bits a channel     the upper 8 bits
    another size          resized as a whole, so that its sides may change their proportion

Files of more than `MOST_PIXELS` pixels are refused by their header, before anything is unpacked.
"""

from __future__ import annotations

import functools
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lamina.foundation.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

MOST_PIXELS = 64_000_000  # of a file, 8,000 by 8,000: as RGB it takes 192 MB
MOST_BYTES = 256 << 20  # of a file
IMAGE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
)
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # no others: fewer ways to be harmed
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_TURN = 0x0112  # the EXIF tag that says which side is up
_TURNED = (5, 6, 7, 8)  # its values that swap height and width
_GREY_SPREAD = 8  # shades between red, green and blue that a lossy file makes of a grey

Pixels = npt.NDArray[np.uint8]


class BadImageError(Exception):
    """Bytes or a file that cannot be read as an image; the message ends a sentence that begins with its name."""


class Picture(NamedTuple):
    """Pixels uint8 ``(channel, height, width)``, and whether they are one frame of several."""

    pixels: Pixels
    animated: bool


class Look(NamedTuple):
    """What a file shows at a glance: its size upright, and whether it is grey, stored as colour or not."""

    height: int
    width: int
    grey: bool


def looks_like_image(head: bytes) -> bool:
    """Whether bytes begin as an image file does.

    >>> looks_like_image(b"GIF89a..."), looks_like_image(b"fLaC")
    (True, False)
    """
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def need_pillow() -> None:
    """Refuse to go on without Pillow.

    Raises:
        DataError: it is not installed.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise DataError(
            wrong="the data has images, and the library Pillow is not installed here.",
            expected="Pillow, which reads image files.",
            remedy="pip install pillow",
        ) from error


def decode(source: bytes | Path, shape: tuple[int, int, int]) -> Picture:
    """An image file brought to one shape (channel, height, width).

    Raises:
        BadImageError: it is empty, damaged, too large, absent, or no image.
    """
    try:
        return _decoded(source, shape)
    except BadImageError:
        raise
    except Exception as error:  # what Pillow raises on damaged bytes has no common class
        raise BadImageError(f"is damaged ({_words(error)})") from error


def look_at(source: bytes | Path) -> Look:
    """The size of an image file and whether it is grey.

    Raises:
        BadImageError: it cannot be read.
    """
    try:
        return _seen(source)
    except BadImageError:
        raise
    except Exception as error:  # as above
        raise BadImageError(f"is damaged ({_words(error)})") from error


def fit_pixels(pixels: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """Pixels ``(channel, height, width)``, 1 or 3 channels, brought to another shape."""
    from PIL import Image

    if pixels.shape == shape:
        return pixels
    return _as_shape(Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1)), shape)


def is_picture(value: object) -> bool:
    """Whether it is an image that Pillow has opened or made."""
    pillow = sys.modules.get("PIL.Image")  # not there: nobody has made one
    return pillow is not None and isinstance(value, pillow.Image)


def picture_file(image: Opened | Pixels) -> bytes:
    """A Pillow image, or pixels ``(height, width[, channel])``, as the bytes of a file.

    Raises:
        DataError: the file that it was opened from is damaged.
    """
    need_pillow()
    from PIL import Image

    file = io.BytesIO()
    try:
        opened = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        _eight_bits(_upright(opened)).save(file, "PNG", compress_level=1)
    except Exception as error:  # what Pillow raises on damaged bytes has no common class
        raise DataError(
            wrong=f"a Pillow image cannot be read: {_words(error)}.",
            expected="an image whose file is whole and still open.",
            remedy="open it again, or name its file instead.",
        ) from error
    return file.getvalue()


def _decoded(source: bytes | Path, shape: tuple[int, int, int]) -> Picture:
    image = _opened(source)
    animated = image.format in ("GIF", "WEBP", "PNG") and bool(getattr(image, "is_animated", False))
    # a large JPEG is unpacked at a half, a quarter or an eighth of its size, yet at twice what is wanted at least
    image.draft("L" if shape[0] == 1 else None, (2 * max(shape[1:]), 2 * max(shape[1:])))
    return Picture(_as_shape(_upright(image), shape), animated)


def _seen(source: bytes | Path) -> Look:
    image = _opened(source)
    width, height = image.size
    image.draft(None, (64, 64))
    turned = _turn(image) in _TURNED
    small = _eight_bits(image)
    small.thumbnail((64, 64))
    pixels = np.asarray(small)
    grey = pixels.ndim == 2 or int(np.ptp(pixels, axis=-1).max(initial=0)) <= _GREY_SPREAD
    return Look(width, height, grey) if turned else Look(height, width, grey)


def _as_shape(image: Opened, shape: tuple[int, int, int]) -> Pixels:
    channels, height, width = shape
    flat = _eight_bits(image)
    mode = "L" if channels == 1 else "RGB"
    if flat.mode != mode:
        flat = flat.convert(mode)
    if flat.size != (width, height):
        flat = flat.resize((width, height), reducing_gap=3.0)
    pixels = np.asarray(flat)
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)


def _opened(source: bytes | Path) -> Opened:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(_bytes_of(source)), formats=_formats())
    except UnidentifiedImageError as error:
        raise BadImageError("is no image that can be read here") from error
    except Image.DecompressionBombError as error:
        raise BadImageError(f"has far more than {MOST_PIXELS:,} pixels") from error
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise BadImageError(f"has {width:,} by {height:,} pixels, more than {MOST_PIXELS:,} in all")
    return image


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those of `_FORMATS` that this build of Pillow reads; the plugins of some are not loaded by themselves."""
    from PIL import Image

    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _bytes_of(source: bytes | Path) -> bytes:
    if isinstance(source, Path):
        try:
            if source.stat().st_size > MOST_BYTES:
                raise BadImageError(f"has more than {MOST_BYTES:,} bytes")
            source = source.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BadImageError("is not there") from error
        except (OSError, ValueError) as error:  # no right to read, a name too long, a zero byte in it
            raise BadImageError(f"cannot be opened ({getattr(error, 'strerror', None) or _words(error)})") from error
    if not source:
        raise BadImageError("is empty")
    return source


def _turn(image: Opened) -> int:
    """How an image is turned, as EXIF says it; what has no EXIF costs nothing."""
    found: Any = image.getexif().get(_TURN, 1) if "exif" in image.info or image.format in ("TIFF", "MPO") else 1
    return found if isinstance(found, int) else 1


def _upright(image: Opened) -> Opened:
    from PIL import ImageOps

    image.load()  # a PNG may tell how it is turned after its pixels
    return ImageOps.exif_transpose(image) if _turn(image) != 1 else image


def _eight_bits(image: Opened) -> Opened:
    """The image as L or RGB, without transparency."""
    from PIL import Image

    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_upper_bits(np.asarray(image)))
    return image.convert("L" if image.mode == "1" else "RGB")


def _upper_bits(values: npt.NDArray[Any]) -> Pixels:
    """Shades of 16 bits, or of 0 to 1, as shades of 8 bits."""
    if values.dtype.kind == "f":
        bright = np.nan_to_num(values) * (255.0 if np.nanmax(values, initial=0) <= 1 else 1.0)
    else:
        bright = values.astype(np.int64) >> 8
    shades: Pixels = np.clip(bright, 0, 255).astype(np.uint8)
    return shades


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:80]
