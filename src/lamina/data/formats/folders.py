"""Folders of images: one folder a class, or none.

photos/cat/1.png, photos/dog/2.png               columns `image` (the file's name inside) and `label`
photos/train/cat/1.png, photos/test/dog/2.png    `split` too
photos/1.png                                     `image` only
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from lamina.data.decoding import IMAGE_ENDINGS
from lamina.data.formats.arrays import PARTS, SPLIT
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

IMAGE, LABEL = "image", "label"  # the names of the columns
_TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".parquet", ".pq")  # no .txt: it may be a note about the images


def holds_images(folder: Path) -> bool:
    """Whether a folder is to be read for the images in it: it has some, and no table beside them."""
    try:
        inside = [entry for entry in os.scandir(folder) if not entry.name.startswith((".", "_"))]
        if any(entry.is_file() and entry.name.lower().endswith(_TABLE_ENDINGS) for entry in inside):
            return False
        return next(_files(folder), None) is not None
    except OSError:
        return False


def read_images(folder: Path) -> Raw:
    """A folder of images as a table of their names; they are opened when the table is conformed.

    Raises:
        DataError: there is no image in it, or images stand beside the folders of the classes.
    """
    names: list[str] = []
    others: list[str] = []
    for name in _files(folder, every=True):
        (names if name.lower().endswith(IMAGE_ENDINGS) else others).append(name)
    if not names:
        raise _no_images(folder)
    steps = [name.split("/") for name in names]
    columns: dict[str, list[str]] = {IMAGE: names}
    given = _is_split(steps)
    if given:
        columns[SPLIT] = [PARTS[step[0].lower()] for step in steps]
    depth = 1 + given
    if all(len(step) > depth for step in steps):
        columns[LABEL] = [step[depth - 1] for step in steps]
    elif any(len(step) > depth for step in steps):
        raise _mixed(folder, names, depth)
    notes = (*_notes(folder, columns, others), *_classes_without_images(folder, names, columns))
    return Raw(table=pa.table(columns), name=folder.name, folder=folder, notes=notes)


def read_image(path: Path) -> Raw:
    """One image as a table of one row, to be asked about."""
    return Raw(table=pa.table({IMAGE: [path.name]}), name=path.name, folder=path.parent)


def _is_split(steps: list[list[str]]) -> bool:
    """Whether the folders on top are parts of a given split, and not classes."""
    tops = {step[0].lower() if len(step) > 1 else "" for step in steps}
    return len(tops) > 1 and tops <= set(PARTS) and all(len(step) > 2 for step in steps)


def _files(folder: Path, *, every: bool = False) -> Iterator[str]:
    """The files in a folder and all below, by their name inside it, in alphabetic order; hidden ones are left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        inside = Path(place).relative_to(folder)
        for name in sorted(files):
            if not name.startswith(".") and (every or name.lower().endswith(IMAGE_ENDINGS)):
                yield (inside / name).as_posix()


def _notes(folder: Path, columns: dict[str, list[str]], others: list[str]) -> tuple[Note, ...]:
    classes = f" in {len({*columns[LABEL]}):,} classes" if LABEL in columns else ""
    words = f"{folder.name!r} was read as a folder of {len(columns[IMAGE]):,} images{classes}."
    found = [Note(kind="source", sentence=words)]
    if others:
        named = ", ".join(repr(name) for name in others[:5])
        found.append(Note(kind="files", count=len(others), sentence=f"not read in {folder.name!r}: {named}."))
    return tuple(found)


def _classes_without_images(folder: Path, names: list[str], columns: dict[str, list[str]]) -> tuple[Note, ...]:
    """A note of folders where those of the classes are that hold no image: whoever made them meant a class."""
    if LABEL not in columns:
        return ()
    held = {"/".join(name.split("/")[: 1 + (SPLIT in columns)]) for name in names}
    above = sorted({folder / name.rpartition("/")[0] for name in held})
    inside = (entry for place in above for entry in sorted(place.iterdir()) if entry.is_dir())
    there = [one.relative_to(folder).as_posix() for one in inside if not one.name.startswith((".", "__"))]
    empty = [name for name in there if name not in held]
    if not empty:
        return ()
    few = f"{', '.join(map(repr, empty[:5]))}{' and others' if len(empty) > 5 else ''}"
    words = f"without an image in {folder.name!r}, so not among its classes: {few}."
    return (Note(kind="files", count=len(empty), sentence=words),)


def _no_images(folder: Path) -> DataError:
    return DataError(
        wrong=f"the folder {str(folder)!r} holds no image.",
        expected=f"files with one of the endings {', '.join(IMAGE_ENDINGS)}, one folder a class.",
        remedy="name another folder.",
    )


def _mixed(folder: Path, names: list[str], depth: int) -> DataError:
    loose = next(name for name in names if name.count("/") < depth)
    return DataError(
        wrong=f"in {str(folder)!r} the image {loose!r} stands beside the folders of the classes.",
        expected="every image in the folder of its class.",
        remedy=f"move {loose!r} into one of them, or elsewhere.",
    )
