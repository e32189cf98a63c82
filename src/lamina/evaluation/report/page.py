"""From facts to the page: every part in the order in which a colleague would want it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.evaluation.report import field
from lamina.evaluation.report.confusion_figure import confusion_figure
from lamina.evaluation.report.contenders_figure import contenders_figure
from lamina.evaluation.report.curve_figure import curve_figure
from lamina.evaluation.report.effects_figure import effects_figure
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.fields import field_pictures
from lamina.evaluation.report.importance_figure import importance_figure
from lamina.evaluation.report.map_figure import map_figure
from lamina.evaluation.report.network_figure import network_figure
from lamina.evaluation.report.opening import facts_to_remember, sentences_to_remember, verdict_of
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.provenance import limits_of, made_how, model_facts
from lamina.evaluation.report.read import mapping, mappings, number, sequence, text
from lamina.evaluation.report.reliability_figure import reliability_figure
from lamina.evaluation.report.residuals_figure import residuals_figure
from lamina.evaluation.report.tables import balance_table, columns_table, contenders_table, drift_table, fold_tables
from lamina.evaluation.report.training_figure import training_figure
from lamina.evaluation.report.words import listed, rows_words, sentence_of, shown
from lamina.foundation.specs import Json

if TYPE_CHECKING:
    from jinja2 import Environment

FIGURES = (
    contenders_figure,
    curve_figure,
    confusion_figure,
    residuals_figure,
    reliability_figure,
    importance_figure,
    effects_figure,
    training_figure,
    map_figure,
    network_figure,
)
SEVERITIES = {"error": "serious", "warning": "warning", "info": "note"}


def report_html(facts: Mapping[str, Json]) -> str:
    """One page that needs nothing but itself: the facts of ``result.json`` as a colleague would read them.

    Equal facts give equal bytes. A part that is missing or null is left out. Nothing on the page asks another machine
    for anything, and text from the data is only ever text.

    >>> page = report_html({"name": "penguins", "target": "<b>species</b>"})
    >>> page.startswith("<!doctype html>"), "&lt;b&gt;species" in page, "<b>species" in page
    (True, True, False)
    """
    return _environment().get_template("report.html.j2").render(page_of(facts))


def write_report(facts: Mapping[str, Json], path: str | os.PathLike[str]) -> Path:
    """Write `report_html` to a file, whole or not at all; returns where it is.

    Raises:
        OSError: the file cannot be written.
    """
    from lamina.foundation.storage import atomic_write

    place = Path(path)
    atomic_write(place, report_html(facts).encode())
    return place


def page_of(facts: Facts) -> dict[str, Any]:
    """What the template is given, part by part."""
    return {
        "title": shown(text(facts.get("name")) or "Report", 60),
        "summary": summary(facts),
        "verdict": verdict_of(facts),
        "remember": facts_to_remember(facts),
        "sentences": sentences_to_remember(facts),
        "pictures": arranged(pictures_of(facts)),
        "contenders": contenders_table(facts),
        "folds": fold_tables(facts),
        "findings": findings_of(facts),
        "notes": [sentence_of(note) for note in sequence(facts.get("notes")) if sentence_of(note)],
        "naive": sentence_of(mapping(facts.get("naive_split")).get("sentence")),
        "data_tables": [table for table in (balance_table(facts), drift_table(facts)) if table],
        "columns": columns_table(facts),
        "limits": limits_of(facts),
        "made": made_how(facts),
        "model": model_facts(facts),
    }


def pictures_of(facts: Facts) -> list[Picture]:
    """All pictures in their order; those of images, texts and series follow what is said of all columns."""
    drawn = [(figure, figure(facts)) for figure in FIGURES]
    found: list[Picture] = []
    for figure, picture in drawn:
        found += [picture] if picture else []
        found += field_pictures(facts) if figure is effects_figure else []
    return found


def arranged(pictures: list[Picture]) -> list[Picture]:
    """The pictures two in a line; the last of an odd number has a line of its own, and its words beside it."""
    narrow = [place for place, picture in enumerate(pictures) if not picture.wide]
    alone = narrow[-1] if len(narrow) % 2 else None
    return [replace(picture, alone=place == alone) for place, picture in enumerate(pictures)]


def summary(facts: Facts) -> str:
    """One line under the title: what was to be learnt from what.

    >>> summary({"task": "regression", "target": "price", "rows": 1200})
    'Predicting the number “price” from 1,200 rows'
    """
    classes = field.class_names(facts)
    kind = "number" if facts.get("task") == "regression" else f"class ({len(classes)} of them)" if classes else "class"
    target = f"the {kind} “{shown(facts['target'], 40)}”" if text(facts.get("target")) else ""
    rows, columns = number(facts.get("rows")), mapping(facts.get("columns"))
    sources = [rows_words(rows)] if rows else []
    sources += [f"{len(columns):,} column{'s' if len(columns) > 1 else ''}"] if columns else []
    parts = [f"Predicting {target}" if target else "", f"from {listed(sources)}" if sources else ""]
    return " ".join(filter(None, parts))


def findings_of(facts: Facts) -> list[tuple[str, str, str]]:
    """What was noticed about the data: how severe, that in a word, and the sentence."""
    found = [(text(f.get("severity")), sentence_of(f.get("sentence"))) for f in mappings(facts.get("findings"))]
    known = [(kind if kind in SEVERITIES else "info", sentence) for kind, sentence in found if sentence]
    ranked = sorted(known, key=lambda pair: list(SEVERITIES).index(pair[0]))
    return [(kind, SEVERITIES[kind], sentence) for kind, sentence in ranked]


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("lamina.evaluation.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
