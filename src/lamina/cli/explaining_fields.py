"""What `lamina explain` says of one image, text or series: where it speaks for the answer, in letters and colours."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from lamina.cli.failures import plain

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.explain import FieldExplanation, FieldMethod
    from lamina.model import Model

LETTERS = 320  # of a text that are shown
NAMED = 5  # words that are named on either side
ACROSS, DOWN = 32, 8  # letters of an image
CHANNELS, STEPS = 4, 64  # of a series: the most telling ones, and letters of one
FOR, AGAINST = " ░▒▓█", " .:-="  # from nothing to the strongest
BARS = " ▁▂▃▄▅▆▇█"
FAINT = 0.15  # share of the strongest word below which none is coloured
STRONG = 0.5  # share from which on a word is bold
Found = Sequence["FieldExplanation"]


def explained_fields(model: Model, table: pa.Table, methods: Mapping[str, FieldMethod]) -> list[Found]:
    """For each row of a conformed table, an explanation of each of its images, texts and series, by these methods."""
    from lamina.explain import explain_field_of_table

    columns = [explain_field_of_table(model, table, name, method=way) for name, way in methods.items()]
    return [[column[row] for column in columns] for row in range(table.num_rows)]


def show_fields(found: Found, texts: Sequence[str | None], console: Console) -> None:
    """A few lines for each image, text and series of one row; ``texts`` has the text where it is one."""
    for one, text in zip(found, texts, strict=True):
        console.print(
            Text.assemble(("  ", ""), (plain(one.column), "cyan"), (f": {_summary(one)}", "")), soft_wrap=True
        )
        if one.holds == "text":
            console.print(_text(one, text or ""))
        elif one.values.any():
            console.print(_map(one) if one.holds == "image" else _lines(one))


def write_overlays(model: Model, table: pa.Table, found: Sequence[Found], folder: Path) -> list[Path]:
    """Each image of each row beside itself coloured by what it says, as ``row-NUMBER-COLUMN.png``; what was written.

    Raises:
        OSError: the folder cannot be written to.
    """
    from lamina.explain import beside, png_of
    from lamina.foundation.storage import atomic_write

    os.makedirs(folder, exist_ok=True)
    fields, written = model.encoder.encode(table).fields, []
    for row, explained in enumerate(found):
        for place, (one, cells) in enumerate(zip(explained, fields, strict=True)):
            if one.holds == "image":
                written.append(folder / f"row-{row + 1}-{_file_name(one.column, place)}.png")
                atomic_write(written[-1], png_of(beside(cells[row], one.values)))
    return written


def texts_of(model: Model, table: pa.Table, row: int) -> list[str | None]:
    """The text of each field of a row; None where it is an image or a series."""
    kinds = zip(model.encoder.field_names, model.encoder.fields, strict=True)
    return [table.column(name)[row].as_py() if field.holds == "text" else None for name, field in kinds]


def _summary(one: FieldExplanation) -> str:
    """The finding in half a sentence."""
    from lamina.explain import said_words, telling_stretch

    if not one.values.any():
        return (
            "no part of it speaks for the answer." if one.method == "grad-cam" else "nothing in it changes the answer."
        )
    if one.holds == "image":
        return f"what its parts say for the answer ({FOR.strip()} for, {AGAINST.strip()} against):"
    if one.holds == "text":
        ranked = sorted(said_words(one), key=lambda said: -abs(said.share))[:NAMED]
        strong = [said for said in ranked if abs(said.share) >= FAINT]
        return ", ".join(f"{plain(said.word.text)} {_amount(one, said.contribution)}" for said in strong)
    stretch = telling_stretch(one.values)
    assert stretch is not None
    channel = f" of channel {stretch.channel + 1}" if len(one.values) > 1 else ""
    steps = f"steps {stretch.start + 1:,} to {stretch.stop:,}{channel}"
    verb = "counted" if one.method == "attention" else "say"
    return f"{steps} {verb} most: {_amount(one, stretch.contribution)}."


def _amount(one: FieldExplanation, value: float) -> str:
    if one.method == "attention":
        return f"{100 * value:.1f} % of the attention"
    points = f"{100 * value:+.1f}" if abs(value) >= 0.0005 or not value else f"{100 * value:+.1g}"
    return f"{points} points" if one.chance is not None else f"{value:+.4g}"


def _text(one: FieldExplanation, text: str) -> Text:
    """The text around its most telling word, every word coloured by what it says."""
    from lamina.explain import said_words

    shown, words = Text("  "), said_words(one)
    first = max(words, key=lambda said: abs(said.share)).word.start if words else 0
    start = 0 if len(text) <= LETTERS or first < LETTERS * 3 // 4 else first - LETTERS // 2
    place, stop = start, start + LETTERS
    shown.append("..." if start else "", style="dim")
    for said in words:
        if start <= said.word.start and said.word.stop <= stop:
            shown.append(_letters(text[place : said.word.start]), style="dim")
            shown.append(_letters(text[said.word.start : said.word.stop]), style=_style(said.share))
            place = said.word.stop
    shown.append(_letters(text[place:stop]), style="dim")
    shown.append("..." if stop < len(text) else "", style="dim")
    return shown


def _style(share: float) -> str:
    if abs(share) < FAINT:
        return "dim"
    return f"{'bold ' if abs(share) >= STRONG else ''}{'green' if share > 0 else 'red'}"


def _map(one: FieldExplanation) -> Text:
    """An image's contributions as a few lines of letters."""
    from lamina.explain import coarse_map

    drawn = Text()
    for row in coarse_map(one.values, across=ACROSS, down=DOWN):
        drawn.append("  ")
        for share in row:
            _letter(drawn, FOR if share > 0 else AGAINST, share)
        drawn.append("\n")
    drawn.rstrip()
    return drawn


def _lines(one: FieldExplanation) -> Text:
    """What each step of the most telling channels says, a line each."""
    from lamina.explain import coarse_lines

    drawn = Text()
    for channel, shares in coarse_lines(one.values, channels=CHANNELS, steps=STEPS):
        drawn.append(f"  {channel + 1:>4} |", style="dim")
        for share in shares:
            _letter(drawn, BARS, share)
        drawn.append("|\n", style="dim")
    drawn.rstrip()
    return drawn


def _letter(drawn: Text, letters: str, share: float) -> None:
    drawn.append(letters[round((len(letters) - 1) * abs(share))], style="green" if share > 0 else "red")


def _letters(text: str) -> str:
    """A piece of a text with harmless letters, the blanks at its ends kept."""
    before, after = (" " if text[:1].isspace() else ""), (" " if text[-1:].isspace() else "")
    return f"{before}{plain(text.strip())}{after}" if text.strip() else before


def _file_name(column: str, place: int) -> str:
    """The name of a column as a part of a file name; its place keeps two of them apart."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", column).strip("-")[:40]
    return safe if safe == column else f"{safe or 'column'}-{place + 1}"
