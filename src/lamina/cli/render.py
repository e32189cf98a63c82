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
NARROWEST_TITLE = 24  # letters of a contender, with its blanks, before anything is left out for it
LEAST_TOLD = ("calibr. error", "size")  # columns that go first where a terminal is narrow
SAID_LATER = ("budget", "curve", "kept")  # kinds of notes that were not there when a study began


def show_study(study: Study, written: Sequence[Any], console: Console) -> None:
    """The results of a fit: the verdict, the contenders, what more rows would do, the diagnosis, the files."""
    facts = study.facts()
    if study.verdict is not None:
        show_words(Text.assemble(("Verdict: ", "bold green"), (plain(study.verdict.sentence), "bold")), console)
    show_words(Text(plain(_title(study)), style="dim"), console)
    show_contenders(facts, console)
    curve, naive, test = facts.get("learning_curve"), facts.get("naive_split"), facts.get("test")
    for part in (naive, curve, test):
        if part and part["sentence"]:
            show_words(Text(plain(part["sentence"])), console)
    show_remarks([("info", note.sentence) for note in study.notes if note.kind in SAID_LATER], console)
    if "seconds" in study.stopped:
        show_words(Text("The network: the budget ended its training before it was done.", style="yellow"), console)
    for diagnosis in study.diagnoses:
        show_words(Text(plain(f"The network: {diagnosis.sentence} {diagnosis.advice}")), console)
    seconds = f"in {study.seconds:.1f} s" if study.seconds < 100 else f"in {study.seconds / 60:.1f} min"
    files = ", ".join(f"{path} ({study.chosen})" if path.name == "model.lamina" else str(path) for path in written)
    console.print(Text(plain(f"Wrote {files} {seconds}.")), soft_wrap=True)


def show_contenders(facts: Mapping[str, Any], console: Console) -> None:
    """One line a contender, the best first, the one that is kept in bold; then who was left out, and why.

    No figure is ever cut: where a terminal is too narrow, titles are folded and the columns that tell least left out.
    """
    ran = [one for one in facts["contenders"] if not one.get("left_out")]
    columns = _fitting(_columns(ran, facts), console.width)
    table = Table(box=None, padding=(0, 1), header_style="cyan")
    table.add_column("contender")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for place, one in enumerate(ran):
        cells = (Text(cells[place]) for cells in columns.values())
        table.add_row(Text(plain(one["title"])), *cells, style="bold" if one["name"] == facts["chosen"] else None)
    console.print(table)
    for one in facts["contenders"]:
        if one.get("left_out"):
            show_words(Text(plain(f"Left out: {one['title']}, {one['left_out']}."), style="dim"), console)


def _columns(ran: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """The figures of those that took part, by heading; the ones that tell most first."""
    headline = facts["metric"]
    columns = {facts["metrics"][headline]["label"]: [_score(headline, one["scores"][headline]["mean"]) for one in ran]}
    columns["95 % interval"] = [_interval(headline, one["scores"][headline]["interval"]) for one in ran]
    for name in _second(facts["task"]):
        if name != headline:
            columns[facts["metrics"][name]["label"]] = [_score(name, one["scores"][name]["mean"]) for one in ran]
    if facts["task"] == "classification":
        columns["calibr. error"] = [_calibration(one["calibration"]) for one in ran]
    columns["training"] = [time_words(one["cost"]["fit_seconds"]) for one in ran]
    columns["a row"] = [time_words(one["cost"]["predict_ms_a_row"] / 1e3) for one in ran]
    columns["size"] = [size_words(one["cost"]["bytes"]) for one in ran]
    return columns


def _fitting(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """The columns for which so many letters leave a title enough room; the score and its interval always stay."""
    score, interval, *others = columns
    kept = [score, interval, *sorted(others, key=lambda name: name in LEAST_TOLD)]
    while len(kept) > 2 and NARROWEST_TITLE + sum(_width(name, columns[name]) for name in kept) > width:
        kept.pop()
    return {name: cells for name, cells in columns.items() if name in kept}


def _width(heading: str, cells: Sequence[str]) -> int:
    """The letters that a column takes, with a blank on either side."""
    return max(map(len, [heading, *cells])) + 2


def _second(task: str) -> tuple[str, ...]:
    return ("log_loss",) if task == "classification" else ("mae",)


def _interval(name: str, ends: Sequence[float | None]) -> str:
    low, high = (_score(name, end) for end in ends)
    return f"{low.removesuffix(' %')} to {high}"


def _calibration(honest: Mapping[str, Any] | None) -> str:
    return _score("ece", honest["ece"]) if honest else ""


def time_words(seconds: float) -> str:
    """A time with two digits that count.

    >>> [time_words(s) for s in (0.0000021, 0.0123, 0.0996, 3.4, 125.0)]
    ['2.1 µs', '12 ms', '100 ms', '3.4 s', '2.1 min']
    """
    for unit, size in (("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}" if seconds < 99.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 1e-6:.2g} µs" if seconds < 99.5e-6 else f"{seconds / 1e-6:.0f} µs"


def size_words(size: float | None) -> str:
    """Bytes with two digits that count; a dash where nobody knows.

    >>> [size_words(n) for n in (260, 45_300, 3_400_000, None)]
    ['260 B', '44 KiB', '3.2 MiB', '–']
    """
    if size is None:
        return "–"
    for unit, width in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= width:
            return f"{size / width:.2g} {unit}" if size < 99.5 * width else f"{size / width:.0f} {unit}"
    return f"{size:.0f} B"


def _score(name: str, value: float | None) -> str:
    from lamina.metrics import METRICS, format_metric

    return "undefined" if value is None else format_metric(METRICS[name], value)


def show_words(words: Text, console: Console) -> None:
    """A sentence: broken between words on a terminal, in one line elsewhere."""
    console.print(words, soft_wrap=not console.is_terminal)


def show_remarks(remarks: Sequence[tuple[str, str]], console: Console) -> None:
    """Sentences about the data, the first few of them."""
    for severity, sentence in remarks[:SHOWN_NOTES]:
        show_words(Text(plain(sentence), style=SEVERITY_STYLE[severity]), console)
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
    pairs = [(name.replace("_", " "), words_of(value)) for name, value in facts.items() if name not in _said(facts)]
    show_pairs(facts["name"], pairs, console)


def _said(facts: Mapping[str, Any]) -> set[str]:
    """What stands elsewhere already: the heading, and the network where it is what the learner is."""
    again = str(facts.get("learner", "")).endswith(str(facts.get("network", "-")))
    return {"name", "network"} if again else {"name"}


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
    rows = study.rows - study.parts["protocol"]["test_rows"]
    return f"{target}: measured by {folds} folds of {rows:,} rows, each on rows that it had not learnt from"
