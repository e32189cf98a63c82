"""Nearly alike: images and texts of test rows that training rows hold in almost the same form.

Two images are called alike if their small grey versions (16 by 16 means) differ by less than `SHADES` of 256 shades on
average: a copy saved again, resized, or a little brighter at an edge. Candidates are found by two hashes of 64 bits,
so that not all pairs are compared: which of 8 by 8 means are above their median, and which above their right neighbour.
Two texts are alike if their letters and digits are, whatever their case, spaces and signs.

Source of the first hash: "average hash", folklore; of the second: "difference hash", likewise. We differ: a pair of
equal hashes is looked at again, as plain images of one kind (chest X-rays, faces) share them too easily.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import array_of
from lamina.data.columns import Image, Text
from lamina.data.dealing import Rows
from lamina.data.findings import Finding, first_rows
from lamina.data.schema import Schema

SHADES = 2.0  # mean difference of two small versions, of 256 shades
LEAST_CONTRAST = 4.0  # standard deviation of a small version: nearly empty pictures are all alike
LEAST_LETTERS = 12  # of a text, without signs and spaces: shorter ones are equal by chance
FEW = 0.01  # a smaller share is information, a larger one a warning
_SIDE = 16  # of the small version
_MATES = 32  # training rows that a test row of the same hash is compared with
_CHUNK_ROWS = 1024

Small = npt.NDArray[np.float32]


def check_alike(table: pa.Table, schema: Schema, train_rows: Rows, test_rows: Rows) -> tuple[Finding, ...]:
    """A finding for each column whose images or texts in the test rows nearly stand in the training rows too.

    >>> schema = Schema(columns=(Text(name="post"),))
    >>> table = pa.table({"post": ["Buy this watch now!", "buy this  watch, now", "a nice day"]})
    >>> print(check_alike(table, schema, np.array([0]), np.array([1, 2]))[0].sentence)
    1 of 2 test rows (50.0%) has a text in 'post' that training rows hold almost word for word (row 2 is ...
    """
    if not len(train_rows) or not len(test_rows):
        return ()
    return tuple(_checked(table, schema, train_rows, test_rows))


def _checked(table: pa.Table, schema: Schema, train: Rows, test: Rows) -> Iterator[Finding]:
    for column in schema.inputs:
        cells = table.column(column.name)
        if isinstance(column, Image):
            mates, how = (
                _image_mates(cells, train, test),
                "an image in {!r} that training rows hold almost pixel for pixel",
            )
        elif isinstance(column, Text):
            mates, how = _text_mates(cells, train, test), "a text in {!r} that training rows hold almost word for word"
        else:
            continue
        found = np.flatnonzero(mates >= 0)
        if len(found):
            share, first = len(found) / len(test), int(found[0])
            words = (
                f"{len(found):,} of {len(test):,} test rows ({share:.1%}) {'has' if len(found) == 1 else 'have'} "
                f"{how.format(column.name)} (row {test[first] + 1:,} is like row {mates[first] + 1:,}): the test is "
                "easier than new data will be. Drop copies, or split by group."
            )
            yield Finding(
                kind="alike",
                severity="info" if share < FEW else "warning",
                column=column.name,
                rows=first_rows(test[found]),
                count=len(found),
                sentence=words,
            )


def _text_mates(cells: pa.ChunkedArray, train: Rows, test: Rows) -> Rows:
    """For each test row a training row with the same letters, -1 without."""
    plain = pc.replace_substring_regex(pc.utf8_lower(cells), r"[^\pL\pN]+", "")
    long = pc.greater_equal(pc.utf8_length(plain), LEAST_LETTERS)
    plain = pc.if_else(long, plain, pa.scalar(None, pa.string()))
    places = pc.index_in(plain.take(pa.array(test)), value_set=plain.take(pa.array(train)), skip_nulls=True)
    found = np.asarray(pc.fill_null(places, -1)).astype(np.int64)
    return np.where(found >= 0, train[found], -1)


def _image_mates(cells: pa.ChunkedArray, train: Rows, test: Rows) -> Rows:
    """For each test row a training row with nearly the same image, -1 without."""
    small, clear = _small(cells)
    mates = np.full(len(test), -1, np.int64)
    for keys in _hashes(small):
        for place, candidates in _same_key(keys, train[clear[train]], test):
            if mates[place] >= 0 or not clear[test[place]]:
                continue
            apart = np.abs(small[candidates] - small[test[place]]).mean(axis=1)
            if apart.min() < SHADES:
                mates[place] = candidates[int(apart.argmin())]
    return mates


def _same_key(keys: npt.NDArray[np.uint64], train: Rows, test: Rows) -> Iterator[tuple[int, Rows]]:
    """Each place in ``test`` whose key some training rows have, and the first of those."""
    order = train[np.argsort(keys[train], kind="stable")]
    there = keys[order]
    starts, stops = (np.searchsorted(there, keys[test], side=side) for side in ("left", "right"))
    for place in np.flatnonzero(stops > starts).tolist():
        yield place, order[starts[place] : min(stops[place], starts[place] + _MATES)]


def _small(cells: pa.ChunkedArray) -> tuple[Small, npt.NDArray[np.bool_]]:
    """Each image in grey as float32 ``(row, 256)``, and whether there is one that shows anything."""
    values, gone = array_of(cells)
    small = np.empty((len(values), _SIDE * _SIDE), np.float32)
    rows, columns = (_shares(length) for length in values.shape[2:])
    for start in range(0, len(values), _CHUNK_ROWS):
        grey = values[start : start + _CHUNK_ROWS].mean(axis=1, dtype=np.float32)
        small[start : start + len(grey)] = (rows @ grey @ columns.T).reshape(len(grey), -1)
    return small, (small.std(axis=1) >= LEAST_CONTRAST) & ~gone


def _shares(length: int) -> Small:
    """How much of each of ``length`` pixels goes into each of 16 means: ``(16, length)``, each row sums to 1."""
    edges = np.linspace(0, length, _SIDE + 1)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares = np.clip(overlap, 0, None)
    means: Small = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return means


def _hashes(small: Small) -> Iterator[npt.NDArray[np.uint64]]:
    means = small.reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))
    flat = means.reshape(-1, 64)
    yield _as_words(flat > np.median(flat, axis=1, keepdims=True))
    yield _as_words((means > np.roll(means, -1, axis=2)).reshape(-1, 64))


def _as_words(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0]
