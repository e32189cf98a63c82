"""The tables: contenders, every fold's score, and what was noticed about the data."""

from __future__ import annotations

import json
from collections.abc import Callable

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.picture import Cell, Table
from lamina.evaluation.report.read import mapping, mappings, number, sequence, text
from lamina.evaluation.report.words import (
    NOTHING,
    Scale,
    count,
    duration,
    plain_number,
    scale_of,
    sentence_of,
    share,
    shown,
    size,
)
from lamina.foundation.specs import Json

ALSO = ("log_loss", "mae", "r2")  # shown beside the headline where measured
BALANCE = 20  # classes in the table of their numbers


def contenders_table(facts: Facts) -> Table | None:
    """A row for each contender, with the facts behind every number."""
    scale, running = field.headline(facts), field.competing(facts)
    if not running:
        return None
    scales = [scale_of(facts, name) for name in _others(facts, scale)]
    calibrated = any(mapping(one.get("calibration")) for one in running)
    head = ["Contender", *([_capital(scale.label)] if scale else []), *(_capital(s.label) for s in scales)]
    head += [*(["Calibration error"] if calibrated else []), "Training", "A prediction"]
    head += ["Multiply-adds a row", "Size", "Settings chosen"]
    rows = tuple(_row(facts, one, scale, scales, calibrated) for one in running)
    gone = [f"{field.title(one)} was left out: {sentence_of(one.get('left_out'))}." for one in field.absent(facts)]
    notes = [f"{field.title(one)}: {sentence_of(one.get('note'))}" for one in running if sentence_of(one.get("note"))]
    remarks = tuple(remark.replace("..", ".") for remark in [*gone, *notes])
    return Table(
        caption="Every contender: scores are means over the folds", head=tuple(head), rows=rows, remarks=remarks
    )


def fold_tables(facts: Facts) -> tuple[Table, ...]:
    """For each metric, the score of every contender in every fold."""
    running = field.competing(facts)
    names = dict.fromkeys(name for one in running for name in mapping(one.get("scores")))
    return tuple(table for name in names if (table := _folds(facts, running, scale_of(facts, name))))


def balance_table(facts: Facts) -> Table | None:
    """How many rows each class has, the commonest first."""
    found = [(name, many) for name, each in mapping(facts.get("balance")).items() if (many := number(each)) is not None]
    if not found:
        return None
    every = sum(many for _, many in found) or 1.0
    ranked = sorted(found, key=lambda pair: -pair[1])
    rows = tuple(
        (
            Cell(words=shown(name), heading=True),
            number_cell(many, count),
            Cell(words=share(many / every, 1), numeric=True),
        )
        for name, many in ranked[:BALANCE]
    )
    rest = ranked[BALANCE:]
    held = count(sum(many for _, many in rest))
    remark = f"{len(rest)} further classes hold {held} rows; the rarest {count(ranked[-1][1])}."
    return Table(
        caption="Rows of each class", head=("Class", "Rows", "Share"), rows=rows, remarks=(remark,) if rest else ()
    )


def drift_table(facts: Facts) -> Table | None:
    """Columns that look different in the training and the test rows."""
    rows = tuple(
        (
            Cell(words=shown(each.get("column")), heading=True),
            number_cell(each.get("distance"), plain_number),
            Cell(words=sentence_of(each.get("sentence"))),
        )
        for each in mappings(facts.get("drift"))
    )
    head = ("Column", "Distance", "What was seen")
    return Table(caption="Drift between training and test rows", head=head, rows=rows) if rows else None


def columns_table(facts: Facts) -> Table | None:
    """What each column was taken for, and which were left out and why."""
    used = [(name, shown(kind)) for name, kind in mapping(facts.get("columns")).items()]
    gone = [(name, f"left out: {shown(why)}") for name, why in mapping(facts.get("left_out")).items()]
    rows = tuple((Cell(words=shown(name), heading=True), Cell(words=kind)) for name, kind in [*used, *gone])
    return Table(caption="What each column was taken for", head=("Column", "Read as"), rows=rows) if rows else None


def number_cell(value: Json, words: Callable[[Json], str], detail: str = "") -> Cell:
    """A number in a person's words, with the whole fact behind it.

    >>> number_cell(0.123456, plain_number)
    Cell(words='0.123', value='0.123456', detail='', badge='', numeric=True, heading=False)
    """
    found = number(value)
    if found is None:
        return Cell(words=NOTHING, numeric=True)
    return Cell(words=words(value), value=json.dumps(value), detail=detail, numeric=True)


def _row(facts: Facts, one: Facts, scale: Scale | None, scales: list[Scale], calibrated: bool) -> tuple[Cell, ...]:
    verdict, cost = mapping(facts.get("verdict")), mapping(one.get("cost"))
    badge = "chosen" if one.get("name") == verdict.get("chosen") and one.get("name") else ""
    cells = [Cell(words=field.title(one), heading=True, badge=badge)]
    if scale:
        ends = field.interval(one, scale.name)
        span = scale.range(*ends) if ends else ""
        cells.append(number_cell(field.mean(one, scale.name), scale.words, span))
    cells += [number_cell(field.mean(one, other.name), other.words) for other in scales]
    if calibrated:
        error = mapping(one.get("calibration")).get("ece")
        cells.append(number_cell(error, lambda value: share(value, 1)))
    per_row = cost.get("predict_ms_a_row")
    cells.append(number_cell(cost.get("fit_seconds"), duration))
    cells.append(number_cell(per_row, lambda value: duration((number(value) or 0.0) / 1000)))
    cells.append(number_cell(cost.get("multiply_adds"), count))
    cells.append(number_cell(cost.get("bytes"), size, _parameters(cost)))
    return (*cells, Cell(words=field.settings(one) or NOTHING))


def _parameters(cost: Facts) -> str:
    found = number(cost.get("parameters"))
    return f"{count(found)} parameters" if found is not None else ""


def _others(facts: Facts, scale: Scale | None) -> list[str]:
    measured = {name for one in field.competing(facts) for name in mapping(one.get("scores"))}
    return [name for name in ALSO if name in measured and (scale is None or name != scale.name)]


def _folds(facts: Facts, running: tuple[Facts, ...], scale: Scale) -> Table | None:
    scores = {
        field.title(one): sequence(mapping(mapping(one.get("scores")).get(scale.name)).get("folds")) for one in running
    }
    folds = max(map(len, scores.values()), default=0)
    if not folds:
        return None
    splits = mappings(facts.get("splits"))
    rows = tuple(
        (
            Cell(words=f"Fold {fold + 1}", heading=True, detail=_split(splits, fold)),
            *(number_cell(found[fold] if fold < len(found) else None, scale.words) for found in scores.values()),
        )
        for fold in range(folds)
    )
    return Table(caption=f"{_capital(scale.label)} in every fold", head=("Fold", *scores), rows=rows)


def _split(splits: tuple[Facts, ...], fold: int) -> str:
    found = splits[fold] if fold < len(splits) else {}
    sizes = [
        f"{count(found.get(key))} {word}"
        for key, word in (("train", "learnt"), ("test", "held out"))
        if number(found.get(key))
    ]
    return ", ".join(sizes)


def _capital(label: str) -> str:
    return text(label)[:1].upper() + label[1:]
