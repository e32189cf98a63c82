"""Splits: which rows train and which rows test. Pure functions on row indices; equal seeds give equal splits.

One idea serves each kind of split:

- *stratified*: shuffle, order by class, then deal evenly along that order, so that every class is dealt evenly too;
- *by group*: shuffle the groups, then give each, whole, to the side that has the least of what it brings;
- *by time*: order by time and cut, but only between two different times: the past trains, the future tests.

All indices are int64 and ascending. Missing labels or groups count as one value of their own, so rows without a group
stay together rather than leak.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.data.dealing import Rows, Values, class_order, codes_of, deal_groups, spread, time_cuts
from lamina.foundation.errors import DataError, SpecError
from lamina.foundation.randomness import numpy_stream

Split = tuple[Rows, Rows]  # training rows, test rows


def hold_out(
    rows: int,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    labels: Values | None = None,
    groups: Values | None = None,
    time: Values | None = None,
) -> Split:
    """Training and test rows, with about ``fraction`` of the rows held out for the test.

    Args:
        rows: how many rows there are.
        fraction: the share of the rows to test on, above 0 and below 1.
        seed: equal seeds give equal splits; a split by time draws nothing.
        labels: one class a row. Every class is held out in the same proportion, to within one row, and keeps at least
            one row in training; so a class with a single row is never tested, nor counted in the share.
        groups: one group a row. No group stands on both sides; with ``labels`` the classes are balanced as well as
            whole groups allow.
        time: one number or moment a row. All training rows are earlier than all test rows.

    **Shape**: two int64 arrays ``(row,)``, ascending, disjoint, together every row.

    Raises:
        SpecError: ``fraction`` lies outside, or groups and time are both given.
        DataError: a side would be empty, there is only one group or one moment, or a moment is missing.

    >>> train, test = hold_out(10, fraction=0.4, labels=["a"] * 5 + ["b"] * 5)
    >>> len(train), [int((test < 5).sum()), int((test >= 5).sum())]
    (6, [2, 2])
    """
    _check_fraction(fraction)
    _check_lengths(rows, labels=labels, groups=groups, time=time)
    wanted = round(rows * fraction)
    if not 0 < wanted < rows:
        raise _empty_side(rows, fraction)
    if time is not None:
        order, cuts = time_cuts(time, [rows - wanted])
        return np.sort(order[: cuts[0]]), np.sort(order[cuts[0] :])
    random = numpy_stream(seed, "split")
    if groups is not None:
        sides = deal_groups(codes_of(groups), _codes_or_zeros(labels, rows), (1 - fraction, fraction), random)
        return np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    test = spread(_codes_or_zeros(labels, rows), fraction, random)
    if not test.any():
        raise _empty_side(rows, fraction)
    return np.flatnonzero(~test), np.flatnonzero(test)


def folds(
    rows: int,
    *,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    labels: Values | None = None,
    groups: Values | None = None,
    time: Values | None = None,
) -> tuple[Split, ...]:
    """``folds * repeats`` pairs of training and test rows.

    Within one repeat every row is tested once. A class with fewer rows than folds is missing from some test sides; a
    class with a single row is missing from the training side that tests it, so know the classes before you split.
    By time the window expands: the rows are cut into ``folds + 1`` blocks, and fold ``i`` trains on the blocks up to
    ``i`` and tests on the next one (the first block is never tested).

    Args:
        rows: how many rows there are.
        folds: how many parts, at least 2.
        repeats: how often to shuffle anew, at least 1; with ``time`` only 1, since nothing is shuffled.
        seed: equal seeds give equal folds.
        labels: one class a row; each class is dealt evenly, to within one row.
        groups: one group a row; no group stands on both sides.
        time: one number or moment a row.

    **Shape**: pairs of int64 arrays ``(row,)``, ascending; the folds of the first repeat come first.

    Raises:
        SpecError: fewer than 2 folds, fewer than 1 repeat, repeats by time, or groups and time both given.
        DataError: fewer rows, groups or moments than folds need, or a moment is missing.

    >>> [test.tolist() for train, test in folds(6, folds=2, time=[0, 1, 2, 3, 4, 5])]
    [[2, 3], [4, 5]]
    """
    _check_lengths(rows, labels=labels, groups=groups, time=time)
    _check_folds(rows, folds, repeats, by_time=time is not None)
    if time is not None:
        return tuple(_expanding_windows(time, rows, folds))
    classes = _codes_or_zeros(labels, rows)
    parties = None if groups is None else codes_of(groups)
    return tuple(
        split
        for repeat in range(repeats)
        for split in _one_repeat(classes, parties, folds, numpy_stream(seed, "split", repeat))
    )


def _one_repeat(classes: Rows, groups: Rows | None, folds: int, random: np.random.Generator) -> Iterator[Split]:
    if groups is None:
        fold_of = np.empty(len(classes), np.int64)
        fold_of[class_order(classes, random)] = np.arange(len(classes)) % folds
    else:
        fold_of = deal_groups(groups, classes, (1 / folds,) * folds, random)
    for fold in range(folds):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


def _expanding_windows(time: Values, rows: int, folds: int) -> Iterator[Split]:
    order, cuts = time_cuts(time, [rows * i // (folds + 1) for i in range(1, folds + 1)])
    for start, stop in zip(cuts, [*cuts[1:], rows], strict=True):
        yield np.sort(order[:start]), np.sort(order[start:stop])


def _codes_or_zeros(labels: Values | None, rows: int) -> Rows:
    return np.zeros(rows, np.int64) if labels is None else codes_of(labels)


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise SpecError(
            wrong=f"hold_out has fraction={fraction!r}.",
            expected="the share of the rows to test on: above 0, below 1.",
            remedy="try hold_out(rows, fraction=0.2).",
        )


def _check_folds(rows: int, folds: int, repeats: int, *, by_time: bool) -> None:
    if folds < 2 or repeats < 1:
        raise SpecError(
            wrong=f"folds={folds} and repeats={repeats}.",
            expected="at least 2 folds and at least 1 repeat.",
            remedy="try folds=5, repeats=1.",
        )
    if by_time and repeats > 1:
        raise SpecError(
            wrong=f"repeats={repeats} was asked for a split by time.",
            expected="repeats=1: the order of time is never shuffled, so every repeat would be the same.",
            remedy="leave the repeats out.",
        )
    if rows < folds:
        raise DataError(
            wrong=f"{rows} rows cannot make {folds} folds.",
            expected="at least one row a fold.",
            remedy=f"use at most {max(2, rows)} folds, or bring more rows.",
        )


def _check_lengths(rows: int, **given: Values | None) -> None:
    if given["groups"] is not None and given["time"] is not None:
        raise SpecError(
            wrong="a split by group and by time was asked for.",
            expected="one of the two: a cut in time may go through a group.",
            remedy="leave out the group or the time.",
        )
    for name, values in given.items():
        if values is not None and len(values) != rows:
            raise DataError(
                wrong=f"{name} holds {len(values)} values for {rows} rows.",
                expected="one value a row.",
                remedy=f"pass {name} of the same rows, after dropping the same ones.",
            )


def _empty_side(rows: int, fraction: float) -> DataError:
    return DataError(
        wrong=f"holding out {fraction:.3g} of {rows} rows leaves a side of the split empty.",
        expected="at least one row to train on and one to test on, and a class in training before it is tested.",
        remedy="bring more rows, or choose a fraction nearer to 0.5.",
    )
