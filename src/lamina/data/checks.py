"""Checks before training: what cannot work is refused, what may mislead is said in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.categories import LEVEL_LIMIT
from lamina.data.cells import is_tensor
from lamina.data.columns import Category, Column, Constant, Identifier, Image, Series
from lamina.data.dealing import Rows
from lamina.data.duplicates import cell_keys, check_duplicates
from lamina.data.findings import Finding, column_findings, first_rows
from lamina.data.given import split_column
from lamina.data.guess import EMPTY
from lamina.data.leaks import check_leaks
from lamina.data.notes import Note, row_words
from lamina.data.schema import Schema
from lamina.data.target import Task, all_missing, fit_classes, fit_target, task_of
from lamina.foundation.errors import DataError, SchemaError

FEWEST_ROWS = 10  # below this, a fifth held out is a single row, and no result means anything
MOSTLY_MISSING = 0.5  # share of missing cells above which a column is named
MANY_LEVELS = 50  # levels of a category that are many if there are also few rows a level
ROWS_A_LEVEL = 5
FEW_CLASSES = 5  # rare classes that get a sentence of their own


def rows_with_target(table: pa.Table, target: str) -> Rows:
    """The rows in which the answer is known: int64 ``(row,)``, ascending. Infinite numbers are no answers.

    Raises:
        SchemaError: there is no such column.

    >>> rows_with_target(pa.table({"price": [1.0, None, 3.0]}), "price").tolist()
    [0, 2]
    """
    column = _target_values(table, target)
    known = np.asarray(pc.is_valid(column))
    if pa.types.is_floating(column.type):
        known = np.isfinite(np.asarray(column, dtype=np.float64))
    return np.flatnonzero(known)


def note_rows_without_target(table: pa.Table, target: str) -> tuple[Note, ...]:
    """A note of the rows that `rows_with_target` leaves out, if there are any."""
    dropped = np.setdiff1d(np.arange(table.num_rows), rows_with_target(table, target))
    if not len(dropped):
        return ()
    rows, count = first_rows(dropped), len(dropped)
    words = f"the target {target!r} is missing in {row_words(rows, count)}: left out."
    return (Note(kind="rows", column=target, rows=rows, count=count, sentence=words),)


def check_before_training(
    table: pa.Table, schema: Schema, *, task: Task | None = None, folds: int = 2
) -> tuple[Finding, ...]:
    """What a person should know before this table is learnt from; the worst first.

    Looks only at rows with a target. A split has its own check, `check_split`.

    Args:
        table: conformed to the schema, rows without a target included.
        task: classification or regression; taken from the kind of the target if None.
        folds: how many parts each class is to be dealt to.

    Raises:
        DataError: nothing can be learnt: the target is missing everywhere or does not vary, there are fewer than
            `FEWEST_ROWS` rows, or no input column varies.
        SchemaError: the schema has no target, or one that cannot be predicted.
    """
    target = schema.target_column
    if target is None:
        raise SchemaError(
            wrong="the schema has no target.",
            expected="the name of the column to be predicted.",
            remedy="infer it again with infer_schema(raw, target=...).",
        )
    task = task or task_of(target)
    rows = rows_with_target(table, target.name)
    usable = table.take(pa.array(rows))
    _refuse_hopeless(usable, schema, target, task)
    findings = [
        *check_leaks(table, schema, rows, task),
        *(_check_classes(usable, target, rows, folds) if task == "classification" else ()),
        *check_duplicates(table, schema, rows),
        *_check_missing(usable, schema),
        *_check_unseen(usable, schema),
        *_check_levels(usable, schema),
        *_check_width(usable, schema),
        *_check_left_out(usable, schema),
    ]
    return tuple(sorted(findings, key=lambda finding: ("error", "warning", "info").index(finding.severity)))


def _refuse_hopeless(usable: pa.Table, schema: Schema, target: Column, task: Task) -> None:
    rows = usable.num_rows
    if rows == 0:
        raise all_missing(target.name)
    if rows < FEWEST_ROWS:
        raise DataError(
            wrong=f"there {'is only 1 row' if rows == 1 else f'are only {rows} rows'} with a known target.",
            expected=f"at least {FEWEST_ROWS} rows, to learn from some and to test on others.",
            remedy=f"bring more rows, or check why {target.name!r} is missing in the others.",
        )
    answers = usable.column(target.name)
    if task == "regression" and pc.count_distinct(answers).as_py() == 1:
        raise DataError(
            wrong=f"the target {target.name!r} is {answers[0].as_py()} in every row.",
            expected="at least two different numbers: a constant needs no network.",
            remedy="bring rows with other values, or choose another target.",
        )
    fit_target(answers, target, task)  # refuses a single class, and names where numbers were asked for
    if len(_constant_features(usable, schema)) == len(schema.inputs):
        raise _no_features(schema)


def _no_features(schema: Schema) -> DataError:
    others = len(schema.columns) - 1
    seen = "there is no column beside the target" if not others else f"none of the {others} other columns is usable"
    return DataError(
        wrong=f"{seen} as input for {schema.target!r}.",
        expected="at least one column of numbers, categories, flags, dates, images, texts or series that varies.",
        remedy="add such a column, or declare one that was left out: kinds={'name': 'category'}.",
    )


def _check_classes(usable: pa.Table, target: Column, rows: Rows, folds: int) -> Iterator[Finding]:
    """Classes with fewer rows than parts of the split: some test sides will lack them."""
    parts, answers = max(folds, 2), usable.column(target.name)
    fitted = fit_classes(answers, target)
    codes = fitted.encode(answers)
    counts = np.bincount(codes, minlength=fitted.scores)
    rare = [code for code in np.argsort(counts, kind="stable") if counts[code] < parts]
    for code in rare[:FEW_CLASSES]:
        size = "1 row" if counts[code] == 1 else f"{counts[code]} rows"
        yield Finding(
            kind="class",
            severity="warning",
            column=target.name,
            rows=first_rows(rows[codes == code]),
            count=int(counts[code]),
            sentence=f"class {fitted.classes[code]!r} has {size}, fewer than the split has parts ({parts}): "
            "not every part can test it.",
        )
    if len(rare) > FEW_CLASSES:
        more = len(rare) - FEW_CLASSES
        words = f"{more:,} more classes have fewer than {parts} rows each; is the target a category at all?"
        yield Finding(kind="class", severity="warning", column=target.name, count=more, sentence=words)


def _check_missing(usable: pa.Table, schema: Schema) -> list[Finding]:
    """Columns that are mostly missing; those that are so everywhere are constant, and told as such."""
    shares = {c.name: _missing_count(usable, c.name) / usable.num_rows for c in schema.inputs}
    return column_findings(
        "missing",
        "warning",
        [name for name, share in shares.items() if MOSTLY_MISSING < share < 1],
        lambda name: f"column {name!r} is missing in {shares[name]:.0%} of the rows.",
        f"are missing in more than {MOSTLY_MISSING:.0%} of the rows.",
    )


def _check_levels(usable: pa.Table, schema: Schema) -> list[Finding]:
    levels = {c.name: _distinct(usable, c.name) for c in schema.inputs if isinstance(c, Category)}
    limit = min(LEVEL_LIMIT, max(MANY_LEVELS, usable.num_rows // ROWS_A_LEVEL))
    return column_findings(
        "levels",
        "warning",
        [name for name, count in levels.items() if count > limit],
        lambda name: (
            f"column {name!r} has {levels[name]:,} different names in {usable.num_rows:,} rows: most are too rare to "
            f"learn from{f'; the {LEVEL_LIMIT:,} commonest are kept' if levels[name] > LEVEL_LIMIT else ''}."
        ),
        f"have more than {limit:,} different names each, most of them too rare to learn from.",
    )


def _check_unseen(usable: pa.Table, schema: Schema) -> Iterator[Finding]:
    """Rows without an image or a series: something stands in for it."""
    for column in schema.inputs:
        gone = _missing_count(usable, column.name) if isinstance(column, Image | Series) else 0
        if 0 < gone < usable.num_rows:
            stand_in = "a picture of the mean colour stands" if isinstance(column, Image) else "an empty series stands"
            words = (
                f"column {column.name!r} has no {column.word} in {gone:,} of {usable.num_rows:,} rows: {stand_in} in."
            )
            yield Finding(kind="missing", severity="info", column=column.name, count=gone, sentence=words)


def _check_width(usable: pa.Table, schema: Schema) -> Iterator[Finding]:
    width = len(schema.inputs)
    if width > usable.num_rows:
        words = (
            f"there are more input columns ({width:,}) than rows ({usable.num_rows:,}): a network can learn the rows "
            "by heart. Trust only held-out results, and compare with a linear model."
        )
        yield Finding(kind="wide", severity="warning", count=width, sentence=words)


def _check_left_out(usable: pa.Table, schema: Schema) -> Iterator[Finding]:
    """What is not used as input: constants and identifiers."""
    constant = [*_names(schema, Constant), *_constant_features(usable, schema)]
    empty = [name for name in constant if _is_empty(usable, schema, name)]
    same = [name for name in constant if name not in empty]
    parts = [name for name in _names(schema, Identifier) if name == split_column(usable, schema)]
    names = [name for name in _names(schema, Identifier) if name not in parts]
    said = [name for name in names if not schema.column(name).reason]
    guessed = [name for name in names if name not in said]
    reasons = (
        ("constant", same, "the same value in every row"),
        ("constant", empty, "empty in every row"),
        ("identifier", guessed, "an identifier, which can only be learnt by heart"),
        ("identifier", said, "it was said to be an identifier"),
        ("identifier", parts, "it names the parts of a split that came with the data"),
    )
    for kind, names, reason in reasons:
        yield from column_findings(
            kind, "info", names, f"column {{!r}} is left out: {reason}.".format, f"are left out: {reason}."
        )


def _names(schema: Schema, kind: type[Column]) -> list[str]:
    return [c.name for c in schema.columns if isinstance(c, kind)]


def _is_empty(usable: pa.Table, schema: Schema, name: str) -> bool:
    """Whether a column holds nothing: a constant is not in the table, its reason tells."""
    if name in usable.column_names:
        return _distinct(usable, name) == 0
    return schema.column(name).reason == EMPTY


def _constant_features(usable: pa.Table, schema: Schema) -> list[str]:
    """Features that tell no row from another: one value and none missing, or all missing."""
    return [
        column.name
        for column in schema.inputs
        if _distinct(usable, column.name) + (_missing_count(usable, column.name) > 0) < 2
    ]


def _distinct(table: pa.Table, name: str) -> int:
    column = table.column(name)
    if is_tensor(column.type):  # whether there are none, one or two different arrays
        return min(2, len(np.unique(cell_keys(column)[np.asarray(column.is_valid())])))
    if pa.types.is_floating(column.type):  # counted faster, and with NaN as missing
        values = np.asarray(column, dtype=np.float64)
        values = values[np.isfinite(values)]
        return 0 if not len(values) else 1 if values.min() == values.max() else 2
    return int(pc.count_distinct(column).as_py())


def _missing_count(table: pa.Table, name: str) -> int:
    column = table.column(name)
    if is_tensor(column.type):
        return int(column.null_count)
    return int(pc.sum(column.is_null(nan_is_null=True)).as_py() or 0)


def _target_values(table: pa.Table, target: str) -> pa.ChunkedArray:
    if target not in table.column_names:
        raise SchemaError(
            wrong=f"the table has no target column {target!r}.",
            expected="a table that was conformed with need_target=True.",
            remedy="conform it to the schema again, with the target in the data.",
        )
    return table.column(target)
