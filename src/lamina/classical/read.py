"""A family that reads: images, texts and series become numbers by a reading, and a family learns from these.

Everything that a reading learns (means, words, biases) it learns from the training rows. What comes out answers whole
rows, and its arrays say both what was read and what was learnt:

    reader.0.pixels.mean, reader.1.terms.keys, ...        learnt.linear.weight, ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from lamina.classical.kinds import PLAIN_LEARNT
from lamina.classical.learnt import Array, Floats, Learnt
from lamina.classical.linear import Linear
from lamina.classical.reader import Reader
from lamina.classical.readings import Plain, Reading
from lamina.classical.rows import Rows, check_rows, some_at_a_time
from lamina.foundation.errors import SpecError, require
from lamina.foundation.randomness import derive_seed
from lamina.foundation.specs import check, setting


@dataclass(frozen=True, kw_only=True)
class Read:
    """A reading and a family. Its limits are the family's, and those given here if they are lower.

    Raises:
        SpecError: the family learns from no features, or the reading gives wide rows that it cannot take.

    >>> from types import SimpleNamespace
    >>> rows = SimpleNamespace(numbers=np.zeros((4, 0), np.float32), fields=(np.zeros((4, 1, 8, 8), np.uint8),))
    >>> rows.fields[0][2:] = 255
    >>> rows.take = lambda _: rows
    >>> learnt = Read().fit(rows, np.array([0, 0, 1, 1]), classes=2, seed=0)
    >>> learnt.kind, learnt.scores(rows).argmax(axis=1).tolist()
    ('read', [0, 0, 1, 1])
    """

    reading: Reading = setting(Plain(), "how fields become numbers")
    family: Any = setting(Linear(), "what learns from the numbers")
    rows: int | None = setting(None, "training rows that would not take too long, at most", low=1)
    numbers: int | None = setting(None, "numbers a row that would not take too long, at most", low=1)
    cells: int | None = setting(None, "rows times numbers that would not take too long, at most", low=1)

    def __post_init__(self) -> None:
        check(self)
        takes_wide = getattr(self.family, "wide", False)
        plain = all(hasattr(self.family, name) for name in ("fit", "name", "title", "clipped", "most_rows"))
        fits = plain and not hasattr(self.family, "numbers_a_row")
        if not fits or (self.reading.wide and not takes_wide):
            raise SpecError(
                wrong=f"Read has reading={self.reading!r} and family={self.family!r}.",
                expected="a family that learns from plain features; after TfIdf, one that takes wide rows.",
                remedy="try Read(reading=Plain(), family=Forest()), or Read(reading=TfIdf(), family=SparseLinear()).",
            )

    @property
    def name(self) -> str:
        """The family's name, marked by the reading."""
        return self.reading.named(self.family.name)

    @property
    def title(self) -> str:
        """The family's title and what it is on."""
        return f"{self.family.title} {self.reading.words}".strip()

    @property
    def clipped(self) -> bool:
        """Whether the family wants numbers whose tails are clipped."""
        return bool(self.family.clipped)

    @property
    def most_rows(self) -> int | None:
        """More training rows than this would take too long."""
        limits = [limit for limit in (self.rows, self.family.most_rows) if limit is not None]
        return min(limits, default=None)

    @property
    def most_numbers(self) -> int | None:
        """More numbers a row than this would take too long."""
        return self.numbers

    @property
    def most_cells(self) -> int | None:
        """More than this many rows times numbers would take too long."""
        return self.cells

    def numbers_a_row(self, rows: Rows) -> int:
        """How many numbers the family meets in a row, at most; of a wide row, those that are not 0."""
        return int(rows.numbers.shape[1] + sum(self.reading.width(field) for field in rows.fields))

    def fit(self, batch: Rows, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntRead:
        """Learn to read, read the training rows, and let the family learn from them.

        **Shape**: truth ``(row,)``, int64 codes, or float64 where ``classes`` is 0.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_rows(batch, truth, classes)
        reader = self.reading.fit(batch, seed=derive_seed(seed, "reading"))
        learnt = self.family.fit(reader.features(batch), truth, classes=classes, seed=seed, jobs=jobs)
        return LearntRead(reader=reader, learnt=learnt, chosen=learnt.chosen, remarks=learnt.remarks)


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntRead:
    """A reader, and what was learnt behind it; ``chosen`` and ``remarks`` are those of the latter."""

    kind: ClassVar[str] = "read"

    reader: Reader
    learnt: Learnt
    chosen: dict[str, float | int | str]
    remarks: dict[str, float]

    @property
    def keepable(self) -> bool:
        """Whether what stands behind the reader can be kept."""
        return self.learnt.keepable

    @property
    def why(self) -> str:
        """In words, why it cannot be kept; nothing if it can."""
        return str(getattr(self.learnt, "why", ""))

    @property
    def holds_rows(self) -> bool:
        """Whether encoded training rows lie inside."""
        return self.learnt.holds_rows

    @property
    def parameters(self) -> int:
        """What was learnt for reading and after it."""
        return self.reader.parameters + self.learnt.parameters

    @property
    def multiply_adds(self) -> int:
        """Reading included, about."""
        return self.reader.multiply_adds + self.learnt.multiply_adds

    def scores(self, batch: Rows) -> Floats:
        """Logs of probabilities or numbers for whole rows. **Shape**: float64 ``(row, score)`` out.

        Raises:
            ValueError: rows of another form than those it learnt from.
        """
        parts = [self.learnt.scores(self.reader.features(some)) for some in some_at_a_time(batch)]
        return np.concatenate(parts)

    def arrays(self) -> dict[str, Array]:
        """Arrays of the reader and of what was learnt, with the kinds in their names."""
        behind = {f"learnt.{self.learnt.kind}.{name}": array for name, array in self.learnt.arrays().items()}
        return {**reader_arrays(self.reader), **behind}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from; ``features`` are the numbers of a row, fields not counted.

        Raises:
            ValueError: they cannot be right.
        """
        reader, rest = split_reader(arrays, numbers=features)
        kinds = {name.split(".")[1] if name.count(".") > 1 else name for name in rest if name.startswith("learnt.")}
        require(len(kinds) == 1, f"{len(kinds)} things were learnt, not 1")
        (kind,) = kinds
        require(kind in PLAIN_LEARNT, f"nothing that is called {kind!r} can stand behind a reader")
        first = f"learnt.{kind}."
        for name in rest:
            require(name.startswith(first), f"there is an array {name!r} too many")
        behind = {name.removeprefix(first): array for name, array in rest.items()}
        learnt = PLAIN_LEARNT[kind].from_arrays(behind, features=reader.width, scores=scores)
        return cls(reader=reader, learnt=learnt, chosen={}, remarks={})


def reader_arrays(reader: Reader) -> dict[str, Array]:
    """Arrays of a reader, marked as such."""
    return {f"reader.{name}": array for name, array in reader.arrays().items()}


def split_reader(arrays: Mapping[str, Array], *, numbers: int) -> tuple[Reader, dict[str, Array]]:
    """The reader that some of the arrays came from, and the other arrays.

    Raises:
        ValueError: there can be no such reader.
    """
    read = {name.removeprefix("reader."): array for name, array in arrays.items() if name.startswith("reader.")}
    rest = {name: array for name, array in arrays.items() if not name.startswith("reader.")}
    return Reader.from_arrays(read, numbers=numbers), rest
