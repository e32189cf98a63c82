r"""The nearest training row, where series may run faster or slower in places: 1-NN with dynamic time warping.

    distance = sum over series of their warped distance (see `warping`) + |other numbers - other numbers|^2

Series are standardised by channel and pooled to at most 256 steps; whatever else a row holds is read as `Plain` does.
How far a step may be moved is one of four shares of the steps, none among them (then it is the Euclidean distance): the
smallest with the fewest errors when training rows are answered without themselves. Probabilities are smoothed as in
`neighbours`: p_c = (1 if the nearest is of class c + share_c) / 2.

Sources: Sakoe and Chiba (1978), doi:10.1109/TASSP.1978.1163055; Ratanamahatana and Keogh (2005), "Three myths about
dynamic time warping data mining" (a narrow band is better, and should be learnt).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from lamina.classical.folds import some_rows
from lamina.classical.learnt import Array, Axes, Floats, check_arrays, log_shares
from lamina.classical.read import reader_arrays, split_reader
from lamina.classical.reader import Reader
from lamina.classical.readings import Plain
from lamina.classical.rows import Rows, check_rows, some_at_a_time
from lamina.classical.steps import Steps
from lamina.classical.warping import warped
from lamina.classical.wide import Wide
from lamina.foundation.errors import SpecError, require
from lamina.foundation.specs import check, setting

MOST_STEPS = 4096  # after pooling
MOST_WORK = 2**32  # multiplications for one answer, a few seconds: a file that asks for more would seem to hang


@dataclass(frozen=True, kw_only=True)
class Warping:
    """The nearest neighbour under dynamic time warping, with a band that is chosen inside the training rows.

    >>> from types import SimpleNamespace
    >>> rows = SimpleNamespace(numbers=np.zeros((8, 0), np.float32), fields=(np.zeros((8, 1, 20), np.float32),))
    >>> rows.fields[0][range(4), 0, [3, 4, 5, 6]], rows.take = 1, lambda _: rows
    >>> learnt = Warping().fit(rows, np.array([0] * 4 + [1] * 4), classes=2, seed=0)
    >>> learnt.scores(rows).argmax(axis=1).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """

    name: ClassVar[str] = "dtw"
    title: ClassVar[str] = "Nearest neighbour with time warping"
    clipped: ClassVar[bool] = True

    bands: tuple[float, ...] = setting((0.0, 0.05, 0.1, 0.2), "shares of the steps to choose from", low=0, high=1)
    most_steps: int = setting(256, "steps of a series at most", low=1, high=MOST_STEPS)
    most_judged: int = setting(250, "training rows that are answered to choose the band by, at most", low=2)
    rows: int = setting(500, "training rows that would not take too long, at most", low=1)

    def __post_init__(self) -> None:
        check(self)
        if not self.bands:
            raise SpecError(
                wrong="Warping has bands=().",
                expected="one share of the steps at least.",
                remedy="try Warping(bands=(0.1,)), or leave it out.",
            )

    @property
    def most_rows(self) -> int | None:
        """More training rows than this would take too long."""
        return self.rows

    @property
    def most_numbers(self) -> int | None:
        """Any number of numbers a row will do: series are pooled."""
        return None

    @property
    def most_cells(self) -> int | None:
        """Rows alone decide."""
        return None

    def numbers_a_row(self, rows: Rows) -> int:
        """How many numbers a row becomes, at most."""
        return int(rows.numbers.shape[1] + sum(self._reading().width(field) for field in rows.fields))

    def fit(self, batch: Rows, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntWarping:
        """Keep the rows and choose the band; one core, whatever ``jobs`` is.

        **Shape**: truth ``(row,)``, int64 codes, or float64 where ``classes`` is 0.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_rows(batch, truth, classes)
        reader = self._reading().fit(batch, seed=seed)
        learnt = LearntWarping(
            reader=reader,
            rows=dense_features(reader, batch),
            truth=np.array(truth, np.int64 if classes else np.float64),
            band=0.0,
            classes=classes,
        )
        judged = some_rows(truth, classes, self.most_judged, seed=seed)
        if len(truth) < 3 or not any(isinstance(part, Steps) for part in reader.parts):
            return replace(learnt, band=self.bands[0], chosen={"band": self.bands[0]})
        errors = [replace(learnt, band=band).left_out_error(judged) for band in self.bands]
        best = int(np.argmin(errors))
        words = "left-out error rate" if classes else "left-out squared error"
        remarks = {words: errors[best], "rows judged": float(len(judged))}
        return replace(learnt, band=self.bands[best], chosen={"band": self.bands[best]}, remarks=remarks)

    def _reading(self) -> Plain:
        return Plain(steps=self.most_steps)


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntWarping:
    """Training rows as numbers. **Shape**: rows float32 ``(row, feature)``, truth int64 or float64 ``(row,)``."""

    kind: ClassVar[str] = "warping"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = True

    reader: Reader
    rows: Array
    truth: Array
    band: float  # a share of the steps
    classes: int
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Everything that is kept."""
        return self.reader.parameters + self.rows.size + self.truth.size

    @property
    def multiply_adds(self) -> int:
        """One for each cell of each table inside its band, about."""
        cells = sum(
            part.shape[0] * part.small[1] * (2 * self.steps_of(part) + 1)
            for part in self.reader.parts
            if isinstance(part, Steps)
        )
        return int(len(self.rows) * (cells + self.rows.shape[1]))

    def scores(self, batch: Rows) -> Floats:
        """Logs of probabilities or numbers for whole rows. **Shape**: float64 ``(row, score)`` out.

        Raises:
            ValueError: rows of another form than those it learnt from.
        """
        parts = [dense_features(self.reader, some) for some in some_at_a_time(batch)]
        return np.concatenate([self._answers(self.distances(part).argmin(axis=1)) for part in parts])

    def left_out_error(self, judged: Array) -> float:
        """The share of wrong answers, or the mean squared error, when training rows are answered without themselves."""
        table = self.distances(self.rows[judged])
        table[np.arange(len(judged)), judged] = np.inf
        off = self.truth[table.argmin(axis=1)] - self.truth[judged]
        return float((off != 0).mean() if self.classes else (off**2).mean())

    def distances(self, features: Array) -> Array:
        """Squared distances from every training row. **Shape**: ``(asked, feature)`` in, ``(asked, row)`` out."""
        total = np.zeros((len(features), len(self.rows)), np.float32)
        for columns, part in _columns(self.reader):
            asked, known = features[:, columns], self.rows[:, columns]
            if isinstance(part, Steps):
                shape = (-1, *part.small)
                total += warped(asked.reshape(shape), known.reshape(shape), self.steps_of(part))
            else:
                for place in range(asked.shape[1]):  # column by column: no sum depends on how many rows are asked
                    total += (asked[:, place, None] - known[:, place]) ** 2
        return total

    def steps_of(self, part: Steps) -> int:
        """The band of a series in steps."""
        return math.ceil(self.band * part.small[1])

    def arrays(self) -> dict[str, Array]:
        """The reader's arrays, rows, truth and band."""
        own = {"rows": self.rows, "truth": self.truth, "band": np.array([self.band], np.float64)}
        return {**reader_arrays(self.reader), **own}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from; ``features`` are the numbers of a row, fields not counted.

        Raises:
            ValueError: they cannot be right.
        """
        reader, own = split_reader(arrays, numbers=features)
        require(all(getattr(part, "dense", True) for part in reader.parts), "a text's zeros are not written out")
        longest = max((part.small[1] for part in reader.parts if isinstance(part, Steps)), default=0)
        require(longest <= MOST_STEPS, f"a series of {longest:,} steps is too long to warp, {MOST_STEPS:,} at most")
        classes = scores if scores > 1 else 0
        wanted: dict[str, tuple[str, Axes]] = {
            "rows": ("float32", ("row", reader.width)),
            "truth": ("int64" if classes else "float64", ("row",)),
            "band": ("float64", (1,)),
        }
        check_arrays(own, wanted)
        truth, band = own["truth"], float(own["band"][0])
        require(0 <= band <= 1, f"'band' is {band}, not a share")
        inside = not classes or bool((truth >= 0).all() and (truth < classes).all())
        require(inside, f"'truth' holds a code outside 0..{classes - 1}")
        found = cls(reader=reader, rows=own["rows"], truth=truth, band=band, classes=classes)
        work = found.multiply_adds
        require(work <= MOST_WORK, f"one answer would take {work:.3g} multiplications, {MOST_WORK:.3g} at most")
        return found

    def _answers(self, nearest: Array) -> Floats:
        if not self.classes:
            return np.asarray(self.truth[nearest][:, None], np.float64)
        shares = np.bincount(self.truth, minlength=self.classes) / len(self.truth)
        return log_shares((np.eye(self.classes)[self.truth[nearest]] + shares) / 2)


def dense_features(reader: Reader, rows: Rows) -> Array:
    """The features of a reader whose parts all write out their zeros."""
    found = reader.features(rows)
    return found.densely() if isinstance(found, Wide) else found


def _columns(reader: Reader) -> Iterator[tuple[slice, object]]:
    """Which features belong to the numbers and to each part."""
    yield slice(0, reader.numbers), None
    start = reader.numbers
    for part in reader.parts:
        yield slice(start, start + part.width), part
        start += part.width
