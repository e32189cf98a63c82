"""The card of a model: what it answers, what it learnt from, how well it did, and where not to trust it.

The card travels inside the model file twice: as JSON for programs and as Markdown, with the front matter that model
hubs read, for people. Names in it come from data, so none of them is trusted to be harmless text.

Source: Mitchell et al. (2019), "Model Cards for Model Reporting", arXiv:1810.03993; Hugging Face, "Model Cards".
"""

from __future__ import annotations

import datetime
import html
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting

_SHOWN_LETTERS, _SHOWN_CLASSES = 200, 50
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$])")


@dataclass(frozen=True, kw_only=True)
class Card:
    """The facts about a model that a person must know before trusting it.

    >>> Card(name="penguins", task="classification", target="species", classes=("Adelie", "Gentoo"), rows=266,
    ...      created="2026-11-21").title
    'penguins: classification of species'

    Raises:
        SpecError: a field has the wrong type, or ``created`` is not a date.
    """

    name: str = setting(meaning="what the model is called")
    task: Literal["classification", "regression"] = setting(meaning="what kind of answer it gives")
    target: str = setting(meaning="the column that it predicts")
    classes: tuple[str, ...] = setting((), "the answers a classifier can give")
    rows: int = setting(meaning="rows that it learnt from", low=0)
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)  # split -> metric -> value
    created: str = setting(meaning="the day it was made, as YYYY-MM-DD")
    license: str = setting("other", "under which licence it may be used, as an SPDX name")
    seeds: tuple[int, ...] = setting((), "the seed of each member")
    data: str = setting("", "the name of the data it learnt from")
    fingerprint: str = setting("", "a digest of the data it learnt from, to recognise it by")
    environment: Mapping[str, str | int] = field(default_factory=dict)  # see `environment_here`
    notes: tuple[str, ...] = setting((), "what was noticed while it was made")
    limits: tuple[str, ...] = setting((), "where it must not be trusted")

    def __post_init__(self) -> None:
        check(self)
        _check_day(self.created)
        _check_metrics(self.metrics)
        _check_environment(self.environment)

    @property
    def title(self) -> str:
        """One line: the name, the task and the target."""
        return f"{self.name}: {self.task} of {self.target}"


def card_markdown(card: Card) -> str:
    """The card as Markdown with YAML front matter, as model hubs show it; names from data cannot break out of it."""
    return "\n".join([*_front_matter(card), "", *_body(card), ""])


def plain_text(text: str) -> str:
    r"""Text from data as harmless Markdown: one line, no mark-up, no HTML, at most `_SHOWN_LETTERS` letters.

    >>> plain_text("a|b\n<script>")
    'a\\|b &lt;script&gt;'
    """
    return html.escape(_MARKS.sub(r"\\\1", _one_line(text)), quote=False)


def _check_day(created: str) -> None:
    try:
        datetime.date.fromisoformat(created)
    except ValueError as error:
        raise SpecError(
            wrong=f"Card has created={created!r}.",
            expected="a day, as YYYY-MM-DD.",
            remedy="try created=datetime.date.today().isoformat().",
        ) from error


def _check_metrics(metrics: Mapping[str, Mapping[str, float | None]]) -> None:
    for split, values in metrics.items():
        numbers = isinstance(values, Mapping) and all(isinstance(v, float | int | None) for v in values.values())
        if not numbers:
            raise SpecError(
                wrong=f"Card has metrics[{split!r}]={values!r}.",
                expected="a number, or None, for each metric's name.",
                remedy='try metrics={"test": {"accuracy": 0.98}}.',
            )


def _check_environment(facts: Mapping[str, str | int]) -> None:
    for fact, value in facts.items():
        if not isinstance(value, str | int):
            raise SpecError(
                wrong=f"Card has environment[{fact!r}]={value!r}.",
                expected="a word or a whole number for each fact.",
                remedy="try environment=environment_here().",
            )


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
    yield from _metric_lines(card)
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
    rows = [
        (plain_text(split), plain_text(metric), "not defined" if value is None else f"{value:.6g}")
        for split, values in card.metrics.items()
        for metric, value in values.items()
    ]
    return _table("How well it does", ("rows", "metric", "value"), rows) if rows else []


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
