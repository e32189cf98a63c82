"""What every family of rivals shares: the contract, class scores that are never infinite, and checks of arrays.

A family is a frozen spec with a ``fit``; what it learns is a frozen dataclass that holds numpy arrays and nothing else,
so that it can lie in a file without pickle and answer without the library that trained it.

Scores of classes are logs of probabilities. A probability below `FLOOR` is lifted to it, and the row is scaled so that
it adds up to 1 again: a class that no training row has gets a tiny chance, never none, and no log loss is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lamina.foundation.errors import require

Array = NDArray[Any]
Floats = NDArray[np.float64]
Axes = tuple[int | str, ...]  # the size of each axis, or a name: equal names must have equal sizes

FLOOR = 1e-12  # the smallest probability that is ever given: one sure mistake costs 27.6 nats
NUMBERS_AT_ONCE = 2**22  # float64 numbers in one block of a distance table: 32 megabytes


class Learnt(Protocol):
    """What a family has learnt.

    ``scores`` gives float64 ``(row, score)``: the log of the probability of each class, or one standardised number.
    ``chosen`` are settings that were chosen inside the training rows and ``remarks`` what was measured on the way; they
    are for people, and `arrays` leaves them out.
    """

    kind: ClassVar[str]

    @property
    def keepable(self) -> bool:
        """Whether arrays say everything, so that a file can hold it."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers were learnt and are kept."""
        ...

    @property
    def multiply_adds(self) -> int:
        """Multiplications with additions that one row costs."""
        ...

    @property
    def holds_rows(self) -> bool:
        """Whether encoded training rows lie inside."""
        ...

    @property
    def chosen(self) -> dict[str, float | int | str]:
        """Settings that were chosen inside the training rows."""
        ...

    @property
    def remarks(self) -> dict[str, float]:
        """What was measured while choosing."""
        ...

    def scores(self, features: Any) -> Floats:
        """**Shape**: float ``(row, feature)`` in, or `Rows` where it learnt from such; float64 ``(row, score)`` out."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Everything that `from_arrays` needs."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from; ValueError, in a plain sentence, if they cannot be right."""
        ...


class Family(Protocol):
    """A spec of a rival: what is asked for, not yet fitted."""

    name: ClassVar[str]
    title: ClassVar[str]  # for a person
    clipped: ClassVar[bool]  # whether it wants numbers whose tails are clipped
    most_rows: ClassVar[int | None]  # more training rows than this would take too long

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> Learnt:
        """**Shape**: float32 ``(row, feature)``; truth int64 codes ``(row,)``, or float64 where ``classes`` is 0."""
        ...


def log_softmax(logits: Floats) -> Floats:
    """Logs of probabilities from logits, without overflow. **Shape**: ``(row, class)`` in and out.

    >>> np.exp(log_softmax(np.array([[0.0, 1000.0]]))).tolist()
    [[0.0, 1.0]]
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def class_scores(logits: Floats, codes: Array, classes: int) -> Floats:
    """Scores of all classes from the logits of those that the training rows had.

    **Shape**: logits ``(row, present)``, codes ``(present,)`` in; logs of probabilities ``(row, class)`` out.

    >>> np.exp(class_scores(np.zeros((1, 2)), np.array([0, 2]), 3)).round(6).tolist()
    [[0.5, 0.0, 0.5]]
    """
    lowest = np.log(FLOOR)
    full = np.full((len(logits), classes), lowest)
    full[:, codes] = np.maximum(log_softmax(logits), lowest)
    return log_softmax(full)


def log_shares(shares: Floats) -> Floats:
    """Scores from probabilities that may be 0. **Shape**: ``(row, class)`` in and out."""
    return log_softmax(np.log(np.maximum(shares, FLOOR)))


def mean_log_loss(scores: Floats, truth: Array) -> float:
    """The mean of ``-log p`` of the true class, in nats."""
    return float(-scores[np.arange(len(truth)), truth].mean())


def blocks(rows: int, numbers_a_row: int) -> Iterator[slice]:
    """Slices of rows whose tables of distances stay below `NUMBERS_AT_ONCE` numbers.

    >>> [(b.start, b.stop) for b in blocks(5, NUMBERS_AT_ONCE // 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    step = max(1, NUMBERS_AT_ONCE // max(1, numbers_a_row))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def check_training(features: Array, truth: Array, classes: int) -> None:
    """Refuse rows from which nothing can be learnt.

    Raises:
        ValueError: no rows, shapes that do not match, values that are not finite, or codes outside the classes.
    """
    require(features.ndim == 2 and len(features) > 0, f"features have the shape {features.shape}, not (row, feature)")
    require(truth.shape == features.shape[:1], f"{len(features)} rows have truth of shape {truth.shape}")
    require(bool(np.isfinite(features).all()), "a feature is not finite")
    if classes == 0:
        require(bool(np.isfinite(truth).all()), "a true value is not finite")
        return
    require(classes >= 2, f"{classes} class cannot be told apart")
    require(truth.dtype.kind in "iu", f"codes of classes have the type {truth.dtype}")
    require(bool((truth >= 0).all() and (truth < classes).all()), f"a code is outside 0..{classes - 1}")


def check_arrays(arrays: Mapping[str, Array], wanted: Mapping[str, tuple[str, Axes]]) -> dict[str, int]:
    """Refuse arrays that are not exactly the wanted ones; returns the sizes of the named axes.

    Args:
        arrays: what a file held.
        wanted: for each name the dtype and the axes; an axis with a name may have any size of at least 1, the same
            wherever the name comes again.

    Raises:
        ValueError: other names, types or shapes, or a value that is not finite.

    >>> check_arrays({"bias": np.zeros(3)}, {"bias": ("float64", ("class",))})
    {'class': 3}
    """
    for name in sorted({*arrays, *wanted}):
        require(name in arrays, f"the array {name!r} is missing")
        require(name in wanted, f"there is an array {name!r} too many")
    sizes: dict[str, int] = {}
    for name, (dtype, axes) in wanted.items():
        array = arrays[name]
        require(array.dtype == np.dtype(dtype), f"{name!r} has the type {array.dtype}, not {dtype}")
        require(array.ndim == len(axes), f"{name!r} has {array.ndim} axes, not {len(axes)}")
        for size, axis in zip(array.shape, axes, strict=True):
            _check_axis(name, size, axis, sizes)
        require(array.dtype.kind != "f" or bool(np.isfinite(array).all()), f"{name!r} holds a value that is not finite")
    return sizes


def check_codes(codes: Array, classes: int) -> None:
    """Refuse class codes that do not rise, or lie outside ``0..classes-1``.

    Raises:
        ValueError: they cannot be the codes of the classes that the training rows had.
    """
    require(bool((np.diff(codes) > 0).all()), "the codes of the classes do not rise")
    require(len(codes) > 0 and codes[0] >= 0 and codes[-1] < classes, f"a code is outside 0..{classes - 1}")


def _check_axis(name: str, size: int, axis: int | str, sizes: dict[str, int]) -> None:
    if isinstance(axis, int):
        require(size == axis, f"{name!r} has an axis of {size}, not {axis}")
        return
    require(size > 0, f"{name!r} has no {axis}")
    known = sizes.setdefault(axis, size)
    require(size == known, f"{name!r} has {size} along the axis {axis!r}, where others have {known}")
