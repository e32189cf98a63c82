"""Inference: from a table as it was found to its schema, each column judged over all of its cells."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lamina.data.cells import flag_words, is_array, one_array, present_cells
from lamina.data.columns import COLUMN_KINDS, Column, Constant, Flag, Identifier, Image, Number, Series, Text
from lamina.data.evidence import Cells, category, image, moment, number, series
from lamina.data.formats.folders import IMAGE, LABEL
from lamina.data.guess import guess_column
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.data.schema import Schema
from lamina.data.target import Task, task_of
from lamina.data.whole import numbered_classes
from lamina.foundation.errors import SchemaError, SpecError, nearest


def infer_schema(
    raw: Raw,
    *,
    target: str | None = None,
    kinds: Mapping[str, str | Column] | None = None,
    task: Task | None = None,
) -> Schema:
    """The schema of a table; `lamina.data.guess` has the rules.

    Args:
        raw: what `read` gave.
        target: the column to be predicted, if any.
        kinds: the kinds of some columns, for where a guess would be wrong: a word ("number", "category", "flag",
            "moment", "text", "image", "series", "identifier", "constant") or a column in full:
            ``Moment(name="day", order="mdy")``, ``Image(name="photo", height=64, width=48)``.
        task: "classification" or "regression", for where whole numbers as a target could mean either.

    Raises:
        SchemaError: the target or a column of ``kinds`` is not in the table, or cannot be of the kind asked for.
        SpecError: there is no such kind or task.

    >>> from lamina.data.read import read
    >>> schema = infer_schema(read({"zip": [8001, 3011, 8001], "rent": [21.5, 18.0, 30.0]}), kinds={"zip": "category"})
    >>> [column.word for column in schema.columns]
    ['category', 'number']
    """
    check_asked(raw.table.column_names, raw.name, target=target, kinds=kinds, task=task, notes=raw.notes)
    columns = judge_columns(_evidence(raw, target, task), kinds)
    return Schema(columns=columns, target=target, missing=raw.missing)


def _evidence(raw: Raw, target: str | None, task: Task | None) -> Iterator[Cells]:
    """One column after the other, so that only one is held as strings at a time."""
    for name, found in zip(raw.table.column_names, raw.table.columns, strict=True):
        present = present_cells(one_array(found), raw.missing)
        yield Cells(
            name=name,
            present=present,
            rows=raw.rows,
            target=name == target,
            comma=raw.comma,
            task=task,
            folder=raw.folder,
        )


def judge_columns(evidence: Iterable[Cells], kinds: Mapping[str, str | Column] | None = None) -> tuple[Column, ...]:
    """The kind of each column: the one asked for, or the best guess.

    Raises:
        SchemaError: a column cannot be of the kind asked for.
        SpecError: there is no such kind.
    """
    columns: list[Column] = []
    target: tuple[int, Cells] | None = None
    for cells in evidence:
        asked = (kinds or {}).get(cells.name)
        columns.append(_column(cells, asked))
        if cells.target and cells.task is None and asked is None:
            target = len(columns) - 1, cells
    if target and any(isinstance(column, Image | Series) for column in columns):
        place, cells = target
        found = columns[place]
        if isinstance(found, Number) and found.whole:
            columns[place] = numbered_classes(cells) or found
    return tuple(columns)


def check_asked(
    names: Sequence[str],
    place: str,
    *,
    target: str | None,
    kinds: Mapping[str, str | Column] | None,
    task: Task | None,
    notes: Sequence[Note] = (),
) -> None:
    """Refuse a target or kinds of columns that are not there, and a task that is none; ``notes`` may tell why.

    Raises:
        SchemaError: there is no such column; the nearest names are offered.
        SpecError: there is no such task.
    """
    for name in (*(kinds or {}), *(() if target is None else (target,))):
        if name not in names:
            raise _no_column(name, names, place, notes)
    _check_task(task)


def infer_task(schema: Schema) -> Task:
    """What the target of a schema asks for: classes for categories and flags, numbers for numbers.

    Whether whole numbers are classes was decided by `infer_schema`, which can be told otherwise.

    Raises:
        SchemaError: there is no target, or one of a kind that cannot be predicted.
    """
    column = schema.target_column
    if column is None:
        raise SchemaError(
            wrong="the schema has no target.",
            expected="the name of the column to be predicted.",
            remedy="infer it again with infer_schema(raw, target=...).",
        )
    return task_of(column)


def kind_notes(schema: Schema) -> tuple[Note, ...]:
    """What a person should know about the kinds: why a column is not used, and where a guess could be wrong."""
    return tuple(_note(column) for column in schema.columns if column.reason)


def _note(column: Column) -> Note:
    use = "" if column.used else " and not used as input"
    sentence = f"column {column.name!r} was read as {column.word}{use}: {column.reason}"
    return Note(kind="kinds", column=column.name, count=1, sentence=sentence)


def _column(cells: Cells, kind: str | Column | None) -> Column:
    if isinstance(kind, COLUMN_KINDS):
        return replace(kind, name=cells.name)
    if kind is not None:
        return _forced(cells, kind)
    found = guess_column(cells)
    wants_classes = cells.target and cells.task == "classification"
    return category(cells) if wants_classes and found.word == "number" else found


def _forced(cells: Cells, kind: object) -> Column:
    if not isinstance(kind, str) or kind not in _FORCED:
        raise SpecError(
            wrong=f"kinds has {kind!r} for the column {cells.name!r}.",
            expected=f"one of {', '.join(_FORCED)}; identifier leaves the column out.",
            remedy=_leaving_out(cells.name) if str(kind).lower() in _NOT_WANTED else nearest(str(kind), _FORCED),
        )
    if is_array(cells.present.type) and kind not in ("image", "series", "identifier", "constant"):
        raise _of_arrays(cells, kind)
    return _FORCED[kind](cells)


def _of_arrays(cells: Cells, kind: str) -> SchemaError:
    return SchemaError(
        wrong=f"column {cells.name!r} holds {cells.present.type}, so it is no {kind}.",
        expected="one of image, series and identifier for cells with more than one value each.",
        remedy=f"leave {cells.name!r} out of kinds.",
    )


def _forced_flag(cells: Cells) -> Column:
    levels = cells.levels()
    words = flag_words(levels) or (levels[::-1] if len(levels) == 2 else None)
    if words is None:
        raise SchemaError(
            wrong=f"column {cells.name!r} holds {len(levels):,} different values, so it is no flag.",
            expected="exactly two values, such as yes and no.",
            remedy=f"declare kinds={{{cells.name!r}: 'category'}}, or leave it out of kinds.",
        )
    return Flag(name=cells.name, true=words[0], false=words[1])


_FORCED: dict[str, Callable[[Cells], Column]] = {
    "number": number,
    "category": category,
    "flag": _forced_flag,
    "moment": moment,
    "date": moment,
    "text": lambda cells: Text(name=cells.name),
    "image": image,
    "series": series,
    "identifier": lambda cells: Identifier(name=cells.name),
    "constant": lambda cells: Constant(name=cells.name),
}
_NOT_WANTED = ("ignore", "ignored", "skip", "drop", "exclude", "omit", "remove", "unused", "none", "id")


def _leaving_out(name: str) -> str:
    """How a column is left out, in Python and on the command line."""
    typed = shlex.quote(f"{name}=identifier")
    return f"to leave {name!r} out, say kinds={{{name!r}: 'identifier'}}, or --kind {typed}."


def _check_task(task: str | None) -> None:
    if task not in (None, "classification", "regression"):
        raise SpecError(
            wrong=f"task is {task!r}.",
            expected="'classification', 'regression', or None to let the target decide.",
            remedy=nearest(str(task), ("classification", "regression")),
        )


def _no_column(name: str, names: Sequence[str], place: str, notes: Sequence[Note]) -> SchemaError:
    told = next((f" ({note.sentence.rstrip('.')})" for note in notes if repr(name) in note.sentence), "")
    bare = list(names) == [IMAGE] and name == LABEL
    return SchemaError(
        wrong=f"there is no column {name!r} in {place or 'the table'}{told}.",
        expected="a folder for each class, with its images inside."
        if bare
        else f"the name of one of its {len(names):,} columns.",
        remedy="sort the images into folders named after their classes." if bare else nearest(name, names),
    )
