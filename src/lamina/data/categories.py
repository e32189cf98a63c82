"""Categories and flags as features or as codes, always with a place for what was never seen in training.

    kind             becomes                               missing or unseen
    FlagEncoder      one number, -1 no or +1 yes           0 (and a mark, if training rows had missing ones)
    PairEncoder      one number, -1 or +1, for two levels  0 (and a mark, likewise)
    OneHotEncoder    one number a level, 0 or 1            all 0
    CodeEncoder      one code, 1 to the number of levels   code 0

A column with very many levels keeps the `LEVEL_LIMIT` most frequent; rare ones share the place of the unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.foundation.specs import check, setting

LEVEL_LIMIT = 1000  # levels kept of one column: beyond, each would be too rare to learn and too wide to hold

Features = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
_NAME = "the name of the column"
_MISSING = "whether training rows had missing values, and a feature marks them"


@dataclass(frozen=True, kw_only=True)
class FlagEncoder:
    """A column of yes and no as one number; ``varies`` is False if training rows held only one of the two.

    >>> FlagEncoder(name="smoker", missing=True).feature_names
    ('smoker', 'smoker is missing')
    """

    name: str = setting(meaning=_NAME)
    varies: bool = setting(True, "whether training rows held both yes and no")
    missing: bool = setting(False, _MISSING)

    def __post_init__(self) -> None:
        check(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature, in order."""
        return _value_and_mark(self.name if self.varies else None, self.name, self.missing)

    def write(self, column: pa.ChunkedArray, features: Features) -> None:
        """Encode a column of bool into ``features``, float32 ``(row, feature)``."""
        signs = np.asarray(pc.fill_null(pc.if_else(column, 1.0, -1.0), 0.0))
        _write_signs(signs, features, value=self.varies, mark=self.missing)


@dataclass(frozen=True, kw_only=True)
class PairEncoder:
    """A category with two levels as one number: -1 for the first, +1 for the second.

    >>> PairEncoder(name="sex", levels=("female", "male")).feature_names
    ('sex=male',)
    """

    name: str = setting(meaning=_NAME)
    levels: tuple[str, str] = setting(meaning="the two levels of the training rows, sorted")
    missing: bool = setting(False, _MISSING)

    def __post_init__(self) -> None:
        check(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature, in order."""
        return _value_and_mark(f"{self.name}={self.levels[1]}", self.name, self.missing)

    def write(self, column: pa.ChunkedArray, features: Features) -> None:
        """Encode a column of strings into ``features``, float32 ``(row, feature)``; an unseen level is 0, unmarked."""
        signs = np.array([0.0, -1.0, 1.0])[codes_of_levels(column, self.levels)]
        _write_signs(signs, features, value=True, mark=False)
        if self.missing:
            features[:, 1] = np.asarray(pc.is_null(column))


@dataclass(frozen=True, kw_only=True)
class OneHotEncoder:
    """A category as one number a level.

    >>> OneHotEncoder(name="island", levels=("Biscoe", "Dream", "Torgersen")).feature_names
    ('island=Biscoe', 'island=Dream', 'island=Torgersen')
    """

    name: str = setting(meaning=_NAME)
    levels: tuple[str, ...] = setting(meaning="the levels of the training rows, sorted")

    def __post_init__(self) -> None:
        check(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature, in order."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    def write(self, column: pa.ChunkedArray, features: Features) -> None:
        """Encode a column of strings into ``features``, float32 ``(row, feature)``."""
        codes = codes_of_levels(column, self.levels)
        known = np.flatnonzero(codes)
        features[:] = 0
        features[known, codes[known] - 1] = 1


@dataclass(frozen=True, kw_only=True)
class CodeEncoder:
    """A category as a code for an embedding.

    >>> CodeEncoder(name="island", levels=("Biscoe", "Dream", "Torgersen")).size
    4
    """

    name: str = setting(meaning=_NAME)
    levels: tuple[str, ...] = setting(meaning="the levels of the training rows, sorted; the first has code 1")

    def __post_init__(self) -> None:
        check(self)

    @property
    def size(self) -> int:
        """How many codes there are, 0 for missing and unseen included."""
        return len(self.levels) + 1

    def write(self, column: pa.ChunkedArray, codes: Codes) -> None:
        """Encode a column of strings into ``codes``, int64 ``(row,)``."""
        codes[:] = codes_of_levels(column, self.levels)


def fit_flag(name: str, column: pa.ChunkedArray) -> FlagEncoder | None:
    """Learn from training rows whether a flag varies and whether it can be missing; None if neither."""
    varies = pc.count_distinct(column, mode="only_valid").as_py() > 1
    missing = 0 < column.null_count < len(column)
    return FlagEncoder(name=name, varies=varies, missing=missing) if varies or missing else None


def fit_category(
    name: str, column: pa.ChunkedArray, *, as_codes: bool
) -> PairEncoder | OneHotEncoder | CodeEncoder | None:
    """Learn the levels from training rows; None if these tell no row from another.

    Two levels become one number in any case. One level is worth a feature only where other rows miss it.
    """
    levels = frequent_levels(column)
    missing = column.null_count > 0
    if len(levels) < (1 if missing else 2):
        return None
    if len(levels) == 2:
        return PairEncoder(name=name, levels=(levels[0], levels[1]), missing=missing)
    return CodeEncoder(name=name, levels=levels) if as_codes else OneHotEncoder(name=name, levels=levels)


def frequent_levels(column: pa.ChunkedArray, limit: int = LEVEL_LIMIT) -> tuple[str, ...]:
    """The most frequent levels of a column of strings, at most ``limit``, sorted; of ties the first in the alphabet.

    >>> frequent_levels(pa.chunked_array([["b", "c", "a", "c", None]]), limit=2)
    ('a', 'c')
    """
    counts = {item["values"]: item["counts"] for item in pc.value_counts(column).to_pylist()}
    counts.pop(None, None)
    return tuple(sorted(sorted(counts, key=lambda level: (-counts[level], level))[:limit]))


def codes_of_levels(column: pa.ChunkedArray, levels: tuple[str, ...]) -> Codes:
    """Code 1 for the first level, 2 for the second and so on; 0 for missing and for any other.

    >>> codes_of_levels(pa.chunked_array([["b", "x", None, "a"]]), ("a", "b")).tolist()
    [2, 0, 0, 1]
    """
    places = pc.index_in(column, value_set=pa.array(levels, column.type))
    return np.asarray(pc.fill_null(places, -1)).astype(np.int64) + 1


def _value_and_mark(value: str | None, name: str, missing: bool) -> tuple[str, ...]:
    return (*([] if value is None else [value]), *([f"{name} is missing"] if missing else []))


def _write_signs(signs: npt.NDArray[np.float64], features: Features, *, value: bool, mark: bool) -> None:
    if value:
        features[:, 0] = signs
    if mark:
        features[:, -1] = signs == 0
