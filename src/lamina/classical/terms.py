r"""Texts as weights of their terms, TF-IDF: often said here, seldom said elsewhere.

    idf_t = ln((1 + rows) / (1 + rows with t)) + 1
    x_t   = f(count of t in the row) idf_t,  then the row is scaled to length 1

f(n) is n, or 1 + ln n ("sublinear": a word said ten times does not say ten times as much). A term is a token or a pair
of neighbouring tokens; code 0 (no token) and 1 (one never met) are none, and no pair reaches over them.

Sources: Sparck Jones (1972), doi:10.1108/eb026526; Salton and Buckley (1988), doi:10.1016/0306-4573(88)90021-0. The
weights are those of scikit-learn's ``TfidfVectorizer`` (smooth idf, L2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np

from lamina.classical.learnt import Array, check_arrays
from lamina.classical.shapes import read_whole
from lamina.classical.wide import Wide
from lamina.foundation.errors import require
from lamina.foundation.signature import FieldKind

UNKNOWN = 1  # the highest code that is no token
TOKENS_AT_ONCE = 2**21


class Occurrences(NamedTuple):
    """Terms as they stand in texts. **Shape**: int64 ``(occurrence,)`` both."""

    row: Array
    key: Array  # a token's code, or (left code << 32) + right code


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """The terms that count and how rare each is. **Shape**: keys int64 rising, idf float64, ``(term,)`` both."""

    kind: ClassVar[str] = "terms"
    holds: ClassVar[FieldKind] = "text"
    shape: ClassVar[tuple[int, ...]] = ()

    keys: Array
    idf: Array
    pairs: bool  # whether neighbouring tokens are terms too
    sublinear: bool
    dense: bool  # whether zeros are written out

    @property
    def width(self) -> int:
        """Terms that count."""
        return len(self.keys)

    @property
    def parameters(self) -> int:
        """A key and a weight a term."""
        return 2 * self.width

    @property
    def multiply_adds(self) -> int:
        """A text meets few of the terms: how many depends on the text, and here it counts as none."""
        return 0

    def read(self, values: Array) -> Array | Wide:
        """**Shape**: int32 ``(row, token)`` in, float32 ``(row, term)`` out, as a `Wide` unless ``dense``."""
        parts = [self._entries(found) for found in _occurrences(values, self.pairs)]
        row, column, weight = (np.concatenate(cells) for cells in zip(*parts, strict=True))
        starts = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(values)))))
        nothing = np.zeros((len(values), 0), np.float32)
        wide = Wide(
            dense=nothing,
            starts=starts.astype(np.int64),
            columns=column,
            values=weight.astype(np.float32),
            width=self.width,
        )
        return wide.densely() if self.dense else wide

    def _entries(self, found: Occurrences) -> tuple[Array, Array, Array]:
        """Row, column and weight of whatever is not 0, in the order of rows and columns."""
        place = np.searchsorted(self.keys, found.key)
        known = self.keys[np.minimum(place, self.width - 1)] == found.key
        entry, count = np.unique(found.row[known] * self.width + place[known], return_counts=True)
        row, column = entry // self.width, entry % self.width
        weight = (1 + np.log(count) if self.sublinear else count) * self.idf[column]
        first = int(row[0]) if len(row) else 0
        squares = np.bincount(row - first, weights=weight**2)
        return row, column, weight / np.sqrt(squares)[row - first]

    def arrays(self) -> dict[str, Array]:
        """Keys, weights and how they are used."""
        flags = {name: np.array([getattr(self, name)], np.int64) for name in ("pairs", "sublinear", "dense")}
        return {"keys": self.keys, "idf": self.idf, **flags}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        flags = {name: bool(read_whole(arrays, name, 0, 1)) for name in ("pairs", "sublinear", "dense")}
        one: tuple[str, tuple[int]] = ("int64", (1,))
        check_arrays(arrays, {"keys": ("int64", ("term",)), "idf": ("float64", ("term",)), **dict.fromkeys(flags, one)})
        keys, idf = arrays["keys"], arrays["idf"]
        require(bool((keys >= 1).all() and (keys[1:] > keys[:-1]).all()), "the keys of the terms do not rise from 1")
        require(bool((idf >= 1).all() and (idf < 100).all()), "'idf' holds a weight that no term has")
        return cls(keys=keys, idf=idf, **flags)


def fit_terms(texts: Array, *, most: int, least: int, pairs: bool, sublinear: bool, dense: bool) -> Terms:
    """The ``most`` terms that the most training texts have, each in at least ``least`` of them if any term is.

    Texts without any token still have one term, the unknown token's: no text will ever have it.
    """
    keys, count = _document_counts(texts, pairs)
    enough = count >= min(least, int(count.max(initial=0)))
    keys, count = keys[enough], count[enough]
    kept = np.sort(np.argsort(-count, kind="stable")[:most])
    keys, count = keys[kept], count[kept]
    if not len(keys):
        keys, count = np.array([UNKNOWN], np.int64), np.zeros(1, np.int64)
    idf = np.log((1 + len(texts)) / (1 + count)) + 1
    return Terms(keys=keys, idf=idf, pairs=pairs, sublinear=sublinear, dense=dense)


def _document_counts(texts: Array, pairs: bool) -> tuple[Array, Array]:
    """Every term, keys rising, and how many texts have it."""
    parts = []
    for found in _occurrences(texts, pairs):
        keys, place = np.unique(found.key, return_inverse=True)
        once = np.unique(found.row * max(1, len(keys)) + place)
        parts.append((keys, np.bincount(once % max(1, len(keys)), minlength=len(keys))))
    keys, place = np.unique(np.concatenate([keys for keys, _ in parts]), return_inverse=True)
    counts = np.bincount(place, weights=np.concatenate([count for _, count in parts]), minlength=len(keys))
    return keys.astype(np.int64), counts.astype(np.int64)


def _occurrences(texts: Array, pairs: bool) -> Iterator[Occurrences]:
    """Tokens and pairs, some rows at a time; at least once."""
    step = max(1, TOKENS_AT_ONCE // max(1, texts.shape[1]))
    for start in range(0, max(1, len(texts)), step):
        codes = texts[start : start + step].astype(np.int64)
        real = codes > UNKNOWN
        row, column = np.nonzero(real)
        found = [(row, codes[row, column])]
        if pairs:
            row, column = np.nonzero(real[:, :-1] & real[:, 1:])
            found.append((row, (codes[row, column] << 32) + codes[row, column + 1]))
        rows, keys = (np.concatenate(cells) for cells in zip(*found, strict=True))
        yield Occurrences(rows + start, keys)
