"""Columns of pictures: from file names, bytes or pixels to one tensor a row, and the size that suits them all.

The size is chosen once, when the schema is inferred: the median height and width of up to `LOOKED_AT` pictures spread
over the column, no side longer than `MOST_SIDE`, in one channel if all of these are grey. So pictures are decoded once,
whatever the folds, and next year's come to the same size.
"""

from __future__ import annotations

import itertools
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from lamina.data.cells import array_of, is_tensor, tensor_column
from lamina.data.columns import Image
from lamina.data.decoding import IMAGE_ENDINGS, BadImageError, Look, Picture, decode, fit_pixels, look_at, need_pillow

LOOKED_AT = 128  # pictures that decide about size and colour
MOST_SIDE = 96  # pixels on the longer side, unless a column says otherwise
_THREADS = 8  # at most, and only for files of which each is work enough
_THREADED_BYTES = 16 << 10  # a file of fewer bytes is decoded sooner than another thread is told to


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """A column of pictures once read: ``column`` is a tensor a row, null where there is none.

    ``bad`` says of each row that holds something else what is wrong with it; ``animated`` are rows with more frames.
    """

    column: pa.Array
    bad: dict[int, str] = field(default_factory=dict)
    animated: tuple[int, ...] = ()


def read_pictures(cells: pa.Array, shape: tuple[int, int, int], folder: Path | None) -> Pictures:
    """All cells of a column as pictures of one shape (channel, height, width).

    Args:
        cells: bytes of files, names of files (relative to ``folder``), or tensors of pixels; blank ones null.
        shape: what they are brought to.
        folder: where the files are; None is the working folder.

    Raises:
        DataError: Pillow is not installed.
    """
    if is_tensor(cells.type):
        return Pictures(column=_fitted(cells, shape))
    need_pillow()
    pixels = np.zeros((len(cells), *shape), np.uint8)
    gone = np.asarray(cells.is_null()).copy()
    bad: dict[int, str] = {}
    animated: list[int] = []
    with warnings.catch_warnings():  # Pillow's are about what is told here by row
        warnings.simplefilter("ignore")
        for row, found in enumerate(_decoded(cells, shape, folder)):
            if isinstance(found, str):
                bad[row], gone[row] = found, True
            elif found is not None:
                pixels[row] = found.pixels
                animated.extend([row] if found.animated else [])
    return Pictures(column=tensor_column(pixels, gone), bad=bad, animated=tuple(animated))


def picture_column(name: str, cells: pa.Array, folder: Path | None) -> Image:
    """The column that suits these cells, none of which is missing: its size and channels from a look at some of them.

    >>> from lamina.data.cells import tensor_column
    >>> picture_column("scan", tensor_column(np.zeros((9, 1, 200, 100), np.uint8)), None).shape
    (1, 96, 48)
    """
    if is_tensor(cells.type):
        channels, height, width = cells.type.shape
        return _suited(name, [Look(height, width, channels == 1)])
    need_pillow()
    places = np.unique(np.linspace(0, len(cells) - 1, min(LOOKED_AT, len(cells))).astype(np.int64))
    looks = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in _sources(cells.take(pa.array(places)), folder):
            try:
                looks.append(look_at(source) if source is not None else None)
            except BadImageError:
                continue
    return _suited(name, [look for look in looks if look is not None])


def names_of_images(names: Sequence[str], folder: Path | None) -> bool:
    """Whether nearly all of these are names of image files, and most of the first of them are there."""
    like = [name for name in names if name.lower().endswith(IMAGE_ENDINGS)]
    if len(like) < 0.9 * len(names):
        return False
    first = like[:20]
    return 2 * sum(_is_file(place_of(name, folder)) for name in first) >= len(first) > 0


def picture_bytes(cells: pa.Array, folder: Path | None) -> int:
    """About how many bytes a picture of this column takes once read; 0 if it holds none."""
    if pa.types.is_string(cells.type):
        names = cells.drop_null().slice(0, 20)
        if not len(names) or not names_of_images(names.to_pylist(), folder):
            return 0
    elif not pa.types.is_large_binary(cells.type):
        return 0
    return math.prod(picture_column("image", cells.drop_null().slice(0, 20), folder).shape)


def place_of(name: str, folder: Path | None) -> Path:
    """Where the file of that name is."""
    return (folder or Path()) / name


def _suited(name: str, looks: Sequence[Look]) -> Image:
    if not looks:
        return Image(name=name)
    heights, widths = [look.height for look in looks], [look.width for look in looks]
    tall, wide = float(np.median(heights)), float(np.median(widths))
    shrink = min(1.0, MOST_SIDE / max(tall, wide))
    height, width = max(1, round(tall * shrink)), max(1, round(wide * shrink))
    return Image(
        name=name,
        channels=1 if all(look.grey for look in looks) else 3,
        height=height,
        width=width,
        reason=_size_words(heights, widths, (height, width)),
    )


def _size_words(heights: Sequence[int], widths: Sequence[int], size: tuple[int, int]) -> str:
    height, width = size
    if {*heights} == {height} and {*widths} == {width}:
        return ""
    smallest, largest = (f"{end(heights):,} by {end(widths):,}" for end in (min, max))
    found = f"are {smallest}" if smallest == largest else f"are between {smallest} and {largest}"
    return f"its pictures {found} pixels high and wide, and are all brought to {height} by {width}."


def _decoded(cells: pa.Array, shape: tuple[int, int, int], folder: Path | None) -> Iterator[Picture | str | None]:
    """Each cell as a picture, as words if it cannot be read as one, as None if blank."""

    def one(source: bytes | Path | None) -> Picture | str | None:
        try:
            return None if source is None else decode(source, shape)
        except BadImageError as error:
            return str(error)

    sources = _sources(cells, folder)
    threads = min(_THREADS, os.cpu_count() or 1) if _typical_bytes(cells, folder) > _THREADED_BYTES else 1
    if threads == 1:
        yield from map(one, sources)
        return
    with ThreadPoolExecutor(threads) as pool:
        while stretch := list(itertools.islice(sources, 64 * threads)):
            yield from pool.map(one, stretch)


def _sources(cells: pa.Array, folder: Path | None) -> Iterator[bytes | Path | None]:
    named = pa.types.is_string(cells.type)
    for start in range(0, len(cells), 1024):
        for found in cells.slice(start, 1024).to_pylist():
            yield place_of(found, folder) if named and found is not None else found


def _typical_bytes(cells: pa.Array, folder: Path | None) -> int:
    """About how many bytes the file of a cell has."""
    first = list(itertools.islice(_sources(cells.drop_null().slice(0, 16), folder), 16))
    sizes = [len(source) if isinstance(source, bytes) else _size(source) for source in first if source is not None]
    return int(np.median(sizes)) if sizes else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _fitted(cells: pa.Array, shape: tuple[int, int, int]) -> pa.Array:
    if tuple(cells.type.shape) == shape:
        return cells
    need_pillow()
    values, gone = array_of(cells)
    pixels = np.stack([fit_pixels(one, shape) for one in values]) if len(values) else np.zeros((0, *shape), np.uint8)
    return tensor_column(pixels, gone)
