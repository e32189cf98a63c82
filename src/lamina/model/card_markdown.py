"""The card of a model as Markdown, with the front matter that model hubs read, for people.

Names in it come from data, so none of them is trusted to be harmless text.

Source: Hugging Face, "Model Cards".
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable

from lamina.model.card import Card, Pair

_SHOWN_LETTERS, _SHOWN_CLASSES = 200, 50
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$])")


def card_markdown(card: Card) -> str:
    """The card as Markdown with YAML front matter, as model hubs show it; names from data cannot break out of it."""
    return "\n".join([*_front_matter(card), "", *_body(card), ""])


def plain_text(text: str) -> str:
    r"""Text from data as harmless Markdown: one line, no mark-up, no HTML, at most `_SHOWN_LETTERS` letters.

    >>> plain_text("a|b\n<script>")
    'a\\|b &lt;script&gt;'
    """
    return html.escape(_MARKS.sub(r"\\\1", _one_line(text)), quote=False)


def _front_matter(card: Card) -> list[str]:
    """YAML whose every string is a JSON string, which YAML reads the same way."""
    kind = f"tabular-{card.task}"
    names = sorted({name for values in card.metrics.values() for name in values})
    lines = [f"license: {_quoted(card.license)}", "library_name: lamina", f"pipeline_tag: {kind}"]
    lines += ["tags:", "- lamina", "- tabular", f"- {kind}"]
    lines += ["metrics:", *(f"- {_quoted(name)}" for name in names)] if names else []
    return ["---", *lines, *_results(card, kind), "---"]


def _results(card: Card, kind: str) -> list[str]:
    rows = [
        f"    - {{type: {_quoted(metric)}, name: {_quoted(f'{metric} ({split})')}, value: {_number(value)}}}"
        for split, values in card.metrics.items()
        for metric, value in values.items()
        if value is not None and math.isfinite(value)
    ]
    if not rows:
        return []
    data = _quoted(card.data or "unnamed")
    head = ["model-index:", f"- name: {_quoted(card.name)}", "  results:", f"  - task: {{type: {kind}}}"]
    return [*head, f"    dataset: {{name: {data}, type: tabular}}", "    metrics:", *rows]


def _body(card: Card) -> Iterable[str]:
    learnt = f"Made on {card.created} from {card.rows:,} rows of {plain_text(card.data) or 'unnamed data'}."
    yield from (f"# {plain_text(card.title)}", "")
    yield from (f"Predicts **{plain_text(card.target)}**{_classes_words(card)}.", learnt)
    yield from [f"What answers: {plain_text(card.learner)}."] if card.learner else []
    yield from _listed("Intended use", card.intended_use)
    yield from _listed("Out of scope", card.out_of_scope)
    yield from _metric_lines(card)
    yield from _group_lines(card)
    yield from _listed("Notes", card.notes)
    yield from _listed("Where not to trust it", card.limits)
    yield from ("", "## How to use it", "")
    yield from ("```python", "import lamina", "", 'model = lamina.load("model.lamina")', "model.predict(rows)", "```")
    made = {**card.environment, "seeds": ", ".join(map(str, card.seeds)), "data sha256": card.fingerprint}
    facts = [(plain_text(fact), plain_text(str(value))) for fact, value in made.items() if value != ""]
    yield from _table("How it was made", ("fact", "value"), facts) if facts else ()


def _classes_words(card: Card) -> str:
    if not card.classes:
        return ""
    shown = ", ".join(plain_text(name) for name in card.classes[:_SHOWN_CLASSES])
    more = len(card.classes) - _SHOWN_CLASSES
    return f" as one of {len(card.classes):,} classes: {shown}{f' and {more:,} more' if more > 0 else ''}"


def _metric_lines(card: Card) -> Iterable[str]:
    """The value of each metric of each split, with its interval where any is known."""
    rows = [
        (plain_text(split), plain_text(metric), _short(value), _range(card.intervals.get(split, {}).get(metric)))
        for split, values in card.metrics.items()
        for metric, value in values.items()
    ]
    head = ("rows", "metric", "value", "interval")
    width = 4 if any(row[3] for row in rows) else 3  # no empty column
    return _table("How well it does", head[:width], (row[:width] for row in rows)) if rows else []


def _group_lines(card: Card) -> Iterable[str]:
    rows = [
        (plain_text(column), plain_text(value), plain_text(metric), _short(number))
        for column, values in card.groups.items()
        for value, metrics in values.items()
        for metric, number in metrics.items()
    ]
    return _table("How well it does by group", ("column", "group", "metric", "value"), rows) if rows else []


def _short(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.6g}"


def _range(ends: Pair | None) -> str:
    return f"{_short(ends[0])} to {_short(ends[1])}" if ends is not None and None not in ends else ""


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield from ("", f"## {title}", "", f"| {' | '.join(head)} |", "|" + " --- |" * len(head))
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _listed(title: str, sentences: Iterable[str]) -> Iterable[str]:
    items = [f"- {plain_text(sentence)}" for sentence in sentences]
    return ["", f"## {title}", "", *items] if items else []


def _quoted(text: str) -> str:
    """A string that neither YAML nor a line-based reader can take for anything else."""
    return json.dumps(_one_line(text), ensure_ascii=False)


def _number(value: float) -> str:
    """A number as YAML 1.1 reads numbers: it takes 1e-05 for a word, and needs 1.0e-05.

    >>> _number(1e-05), _number(0.5), _number(1)
    ('1.0e-05', '0.5', '1.0')
    """
    text = repr(float(value))
    return text if "." in text else text.replace("e", ".0e")


def _one_line(text: str) -> str:
    """Printable letters only, so that nothing starts a line, hides, or turns the reading direction round."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _SHOWN_LETTERS else line[: _SHOWN_LETTERS - 1] + "…"
