"""What results look like on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamina.cli.failures import plain

if TYPE_CHECKING:
    from lamina.evaluation import Study

SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "info": "dim"}
SHOWN_NOTES = 8


def show_study(study: Study, written: Sequence[Any], console: Console) -> None:
    """The results of a fit: what was noticed, the scores, the diagnosis, the files."""
    show_remarks([(f.severity, f.sentence) for f in study.findings], console)
    show_remarks([("info", note.sentence) for note in study.notes], console)
    show_pairs(_title(study), [(s.metric.label, s.words()) for s in study.scores], console)
    for diagnosis in study.diagnoses:
        console.print(Text(plain(f"{diagnosis.sentence} {diagnosis.advice}")))
    seconds = f"in {study.seconds:.1f} s" if study.seconds < 100 else f"in {study.seconds / 60:.1f} min"
    console.print(Text(plain(f"Wrote {' and '.join(str(path) for path in written)} {seconds}.")), soft_wrap=True)


def show_remarks(remarks: Sequence[tuple[str, str]], console: Console) -> None:
    """Sentences about the data, the first few of them."""
    for severity, sentence in remarks[:SHOWN_NOTES]:
        console.print(Text(plain(sentence), style=SEVERITY_STYLE[severity]))
    if len(remarks) > SHOWN_NOTES:
        console.print(Text(f"... and {len(remarks) - SHOWN_NOTES} more, all in result.json", style="dim"))


def show_pairs(title: str, pairs: Iterable[tuple[str, str]], console: Console) -> None:
    """A heading, then names and values in two columns."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(plain(name)), Text(plain(value)))
    console.print(Text(plain(title), style="bold"))
    console.print(table)


def show_facts(facts: Mapping[str, Any], console: Console) -> None:
    """What is known about a model."""
    pairs = [(name.replace("_", " "), words_of(value)) for name, value in facts.items() if name != "name"]
    show_pairs(facts["name"], pairs, console)


def words_of(value: Any) -> str:
    """A plain value in a few words.

    >>> words_of({"a": 1, "b": [2, 3]})
    'a: 1, b: 2, 3'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {words_of(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(words_of(inner) for inner in value) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None or value == "" else str(value)


def _title(study: Study) -> str:
    target = study.model.card.target
    folds = len(study.judged)
    if folds == 1:
        train, test = study.judged[0]
        return f"{target}: learnt from {train:,} rows, measured on {test:,} others"
    return f"{target}: measured by {folds} folds of {study.rows:,} rows, each on rows that it had not learnt from"
