"""`lamina explain`: why a model answers as it does about some rows, as tables with bars or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamina.cli.explaining_fields import Found, explained_fields, show_fields, texts_of, write_overlays
from lamina.cli.failures import plain
from lamina.cli.render import show_remarks

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.data import Note
    from lamina.explain import Contribution, RowExplanation
    from lamina.model import Model

BAR = 24  # letters of the longest bar, both sides together
SHOWN_LETTERS = 40  # of a name or a value
INSIDE = {
    "occlusion": "what the answer loses without that part; parts do not add up",
    "grad-cam": "where the last layer with places looks; coarse, and without a unit",
    "gradients": "what each word or step adds on the way from nothing to all of it",
    "attention": "how much each word or step counted; no proof that it mattered",
}
SHOWN_COLUMNS = 12  # contributions of one row; the others are summed up


class Explained(NamedTuple):
    """Rows of a table, each explained: its columns, what lies inside its images, texts and series, and notes."""

    table: pa.Table
    rows: tuple[RowExplanation, ...]
    fields: list[Found]
    notes: tuple[Note, ...]


def explained_rows(model: Model, data: Any, *, rows: int, method: str, seed: int) -> Explained:
    """The first rows of the data explained, and what was noticed about these rows.

    Raises:
        DataError: the data cannot be read.
        SchemaError: a column is missing.
        SpecError: the model knows no such method.
    """
    from lamina.explain import explain_by_gradients, explain_table, methods_inside

    inside = methods_inside(model, method)
    table, notes = model.conform(data)
    some = table.slice(0, rows)
    by_gradients = columns_method(model, method) == "gradients"
    found = explain_by_gradients(model, some) if by_gradients else explain_table(model, some, seed=seed)
    return Explained(some, found, explained_fields(model, some, inside), (*notes, *_elsewhere(model, method, inside)))


def columns_method(model: Model, method: str) -> str:
    """How it is told what each column adds: gradients of whole columns are only for numbers and categories."""
    return "gradients" if method == "gradients" and not model.encoder.field_names else "shapley"


def _elsewhere(model: Model, method: str, inside: Mapping[str, str]) -> list[Note]:
    """What the method does not apply to, and what is done there instead."""
    from lamina.data import Note

    if not inside or method == "shapley":
        return []
    others = [name for name, chosen in inside.items() if chosen != method]
    plain_ones = [name for name in model.encoder.inputs if name not in inside]
    told = ((others, "occlusion looks inside"), (plain_ones, "Shapley values tell what it adds"))
    return [
        Note(kind="method", column=name, sentence=f"{method} does not apply to {_some(names)}: {instead}.")
        for names, instead in told
        for name in names[:1]
    ]


def _some(names: Sequence[str]) -> str:
    """A few names.

    >>> _some(["a"]), _some(["a", "b", "c", "d", "e"])
    ("'a'", "'a', 'b', 'c' and 2 more")
    """
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"{', '.join(map(repr, names[:3]))}{more}"


def explanations_json(model: Model, found: Explained, method: str) -> dict[str, Any]:
    """The explanations as one JSON object; each image, text and series names its own method."""
    rows: list[dict[str, Any]] = [{"row": place, **one.facts()} for place, one in enumerate(found.rows, 1)]
    for row, fields in zip(rows, found.fields, strict=True):
        if fields:
            row["fields"] = [one.facts() for one in fields]
    columns = columns_method(model, method)
    facts = {"model": model.card.name, "target": model.card.target, "method": method, "method_of_columns": columns}
    return {**facts, "rows": rows}


def check_out(model: Model, out: Path | None) -> None:
    """Refuse to write pictures for a model that reads no images.

    Raises:
        SpecError: it reads none.
    """
    if out is not None and not any(field.holds == "image" for field in model.encoder.fields):
        from lamina.foundation.errors import SpecError

        raise SpecError(
            wrong=f"--out was given, but the model {model.card.name!r} reads no images.",
            expected="a model that reads images: pictures are all that is written there.",
            remedy="leave --out away; --json gives all numbers.",
        )


def keep_pictures(model: Model, found: Explained, out: Path, console: Console) -> None:
    """Write a picture for each image, and say where."""
    written = write_overlays(model, found.table, found.fields, out)
    words = f"Wrote {len(written):,} picture{'' if len(written) == 1 else 's'} to {out}"
    console.print(Text(plain(f"{words}: orange speaks for the answer, blue against it.")), soft_wrap=True)


def show_explanations(model: Model, found: Explained, method: str, console: Console) -> None:
    """A table for each row: the answer, where it starts from, a bar for what each column adds; and what lies inside."""
    show_remarks([("info", note.sentence) for note in found.notes], console)
    start = _start(model)
    for place, one in enumerate(found.rows):
        console.print(Text(plain(f"Row {place + 1}: {_answer(model, one, start)}"), style="bold"), soft_wrap=True)
        console.print(_bars(one))
        show_fields(found.fields[place], texts_of(model, found.table, place), console)
    if found.rows:
        console.print(Text(_how(found.rows, columns_method(model, method), start), style="dim"))
    for way in dict.fromkeys(one.method for fields in found.fields for one in fields):
        names = _some(list(dict.fromkeys(one.column for one in found.fields[0] if one.method == way)))
        console.print(Text(plain(f"Inside {names}, by {way}: {INSIDE[way]}."), style="dim"), soft_wrap=True)


def _start(model: Model) -> str:
    """The row that contributions start from, in words."""
    names = model.encoder.field_names
    if not names:
        return "a row of medians"
    return "an empty row" if len(names) == len(model.encoder.inputs) else "a row of medians with the rest empty"


def _answer(model: Model, one: RowExplanation, start: str) -> str:
    name = model.card.target
    if one.chance is None:
        return f"{name} {number_words(one.explained)}, for {start} {number_words(one.base)}"
    return f"{name} {one.answer}, chance {100 * one.chance:.1f} %, for {start} {100 * one.base:.1f} %"


def _bars(one: RowExplanation) -> Table:
    """The contributions, the largest first, each with a bar to the left (less) or to the right (more)."""
    longest = max((abs(part.contribution) for part in one.contributions), default=0.0)
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=True)
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for part in _shown(one.contributions):
        style = "green" if part.contribution > 0 else "red" if part.contribution < 0 else "dim"
        words = _contribution_words(part.contribution, chance=one.chance is not None)
        names = (Text(_short(part.column), style="cyan"), Text(_short(part.value)))
        table.add_row(*names, Text(words, style=style), Text(signed_bar(part.contribution, longest), style=style))
    return table


def _shown(parts: Sequence[Contribution]) -> list[Contribution]:
    from lamina.explain import Contribution

    if len(parts) <= SHOWN_COLUMNS + 1:
        return list(parts)
    rest = parts[SHOWN_COLUMNS:]
    others = Contribution(f"{len(rest):,} other columns", "", sum(part.contribution for part in rest))
    return [*parts[:SHOWN_COLUMNS], others]


def signed_bar(value: float, longest: float) -> str:
    """A bar from the middle: to the left for less, to the right for more.

    >>> signed_bar(-0.5, 1.0)
    '      ██████|'
    >>> signed_bar(1.0, 1.0)
    '            |████████████'
    """
    half = BAR // 2
    blocks = "█" * min(half, round(half * abs(value) / longest)) if longest > 0 else ""
    return f"{blocks:>{half}}|" if value < 0 else f"{'':{half}}|{blocks}"


def number_words(value: float) -> str:
    """A number with four digits that count, and commas.

    >>> number_words(4199.79), number_words(0.012344)
    ('4,200', '0.01234')
    """
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def _contribution_words(value: float, *, chance: bool) -> str:
    if chance:
        return f"{100 * value:+.1f} points"
    return f"+{number_words(value)}" if value >= 0 else number_words(value)


def _short(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= SHOWN_LETTERS else f"{shown[: SHOWN_LETTERS - 3]}..."


def _how(found: Sequence[RowExplanation], method: str, start: str) -> str:
    """What the numbers are, and how exact."""
    chance = found[0].chance is not None
    error = max(one.error for one in found)
    unit = f"{100 * error:.2g} points" if chance else f"{error:.2g}"
    name = "Shapley values" if method == "shapley" else "Integrated gradients"
    exact = "exact" if error == 0 else f"accurate to about {unit}"
    whole = "the chance" if chance else "the number"
    return f"{name}, {exact}. From {start} they add up to {whole}."
