"""`lamina tune`: one line for each rung while it searches, then what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamina.cli.failures import plain
from lamina.cli.render import show_remarks, show_words

if TYPE_CHECKING:
    from lamina.tuning import Moment, Tuning


def moments_to(console: Console) -> Callable[[Moment], None]:
    """Something to hand every moment of a search to: each is a line."""

    def heard(moment: Moment) -> None:
        show_remarks([(f.severity, f.sentence) for f in moment.findings], console)
        show_remarks([("info", note.sentence) for note in moment.notes], console)
        console.print(Text(plain(moment.words)), soft_wrap=True)

    return heard


def show_tuning(tuning: Tuning, console: Console) -> None:
    """The scores on the rows that the search never saw, what came of it, and the files."""
    facts = tuning.facts
    show_scores(facts, console)
    show_words(Text(plain(tuning.sentence), style="bold"), console)
    place = tuning.folder
    words = f"Wrote {place / 'model.lamina'} ({facts['kept']}) and {place / 'tune.json'} in {facts['seconds']:.0f} s."
    console.print(Text(plain(words)), soft_wrap=True)


def show_scores(facts: Mapping[str, Any], console: Console) -> None:
    """One line each for the default, the best setting and the ensemble; what is kept in bold."""
    from lamina.metrics import METRICS, format_metric

    metric = METRICS[facts["metric"]]

    def shown(value: float | None) -> Text:
        return Text("undefined" if value is None else format_metric(metric, value), justify="right")

    table = Table(box=None, padding=(0, 1), header_style="cyan")
    table.add_column(f"{facts['rows']['outer']:,} rows never seen", no_wrap=True)
    for name in (metric.label, "95 % interval", "where searched"):
        table.add_column(name, justify="right")
    table.add_column("settings", overflow="fold")
    for name in ("default", "tuned", "ensemble"):
        one = facts[name]
        low, high = (str(shown(end)) for end in one["interval"])
        ends = Text(f"{low.removesuffix(' %') if high.endswith(' %') else low} to {high}", justify="right")
        alike = [other for other in ("default", "tuned") if facts[other]["settings"] == one["settings"]]
        settings = f"{alike[0]}, alone" if name == "ensemble" and alike else one["settings"]
        cells = (Text(name), shown(one["score"]), ends, shown(one["inner_score"]), Text(plain(settings)))
        table.add_row(*cells, style="bold" if name == facts["kept"] else None)
    console.print(table)
