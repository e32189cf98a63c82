"""`lamina explain`: why a model answers as it does about some rows, as tables with bars or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamina.cli.failures import plain
from lamina.cli.render import show_remarks

if TYPE_CHECKING:
    from lamina.data import Note
    from lamina.explain import Contribution, RowExplanation
    from lamina.model import Model

Method = Literal["shapley", "gradients"]
BAR = 24  # letters of the longest bar, both sides together
SHOWN_LETTERS = 40  # of a name or a value
SHOWN_COLUMNS = 12  # contributions of one row; the others are summed up


def explained_rows(
    model: Model, data: Any, *, rows: int, method: Method, seed: int
) -> tuple[tuple[RowExplanation, ...], tuple[Note, ...]]:
    """The first rows of the data explained, and what was noticed about these rows.

    Raises:
        LaminaError: gradients were asked of a model that is no network.
        DataError: the data cannot be read.
        SchemaError: a column is missing.
    """
    from lamina.explain import explain_by_gradients, explain_table

    table, notes = model.conform(data)
    some = table.slice(0, rows)
    found = explain_by_gradients(model, some) if method == "gradients" else explain_table(model, some, seed=seed)
    return found, notes


def explanations_json(model: Model, found: Sequence[RowExplanation], method: Method) -> dict[str, Any]:
    """The explanations as one JSON object."""
    rows = [{"row": place, **one.facts()} for place, one in enumerate(found, 1)]
    return {"model": model.card.name, "target": model.card.target, "method": method, "rows": rows}


def show_explanations(
    model: Model, found: Sequence[RowExplanation], notes: Sequence[Note], method: Method, console: Console
) -> None:
    """A table for each row: the answer, where it starts from, and a bar for what each column adds."""
    show_remarks([("info", note.sentence) for note in notes], console)
    for place, one in enumerate(found, 1):
        console.print(Text(plain(f"Row {place}: {_answer(model, one)}"), style="bold"), soft_wrap=True)
        console.print(_bars(one))
    if found:
        console.print(Text(_how(found, method), style="dim"))


def _answer(model: Model, one: RowExplanation) -> str:
    name = model.card.target
    if one.chance is None:
        return f"{name} {number_words(one.explained)}, for a row of medians {number_words(one.base)}"
    return f"{name} {one.answer}, chance {100 * one.chance:.1f} %, for a row of medians {100 * one.base:.1f} %"


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


def _how(found: Sequence[RowExplanation], method: Method) -> str:
    """What the numbers are, and how exact."""
    chance = found[0].chance is not None
    error = max(one.error for one in found)
    unit = f"{100 * error:.2g} points" if chance else f"{error:.2g}"
    name = "Shapley values" if method == "shapley" else "Integrated gradients"
    exact = "exact" if error == 0 else f"accurate to about {unit}"
    whole = "the chance" if chance else "the number"
    return f"{name}, {exact}. From a row of medians they add up to {whole}."
