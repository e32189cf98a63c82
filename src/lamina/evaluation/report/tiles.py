"""What pictures of images, texts and series share: who answered what, and markup in which data is only ever text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup

from lamina.evaluation.report.field import Facts, title_of
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import number, text
from lamina.evaluation.report.words import plain_number, rows_words, share, shown
from lamina.foundation.specs import Json

NAME = 40  # letters of a class or a column
NOUNS = {"image": "an image", "text": "a text", "series": "a series"}
_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+={0,2}")


def column_words(facts: Facts) -> str:
    """The name of a column as a sentence says it.

    >>> column_words({"column": "photo"})
    '“photo”'
    """
    return f"“{shown(facts.get('column'), NAME)}”"


def label(value: Json) -> str:
    """A class, or a number with the digits that count."""
    return plain_number(value) if number(value) is not None else shown(value, NAME)


def answer_words(one: Facts) -> str:
    """What was answered about a row, and whether that is true.

    >>> answer_words({"truth": "cat", "answer": "cat"}), answer_words({"truth": 3.0, "answer": 3.5})
    ('cat: right', '3.50; it is 3.00')
    """
    sure = "" if number(one.get("chance")) is None else f", {share(one['chance'])} sure"
    right = one.get("truth") == one.get("answer")
    return f"{label(one.get('answer'))}{sure}" + (": right" if right else f"; it is {label(one.get('truth'))}")


def who(facts: Facts, one: Facts) -> str:
    """The contender that answered, as a sentence says it."""
    return f"the model that is kept ({title_of(facts, one.get('contender'))})"


def errors_words(one: Facts) -> str:
    """How often it was wrong, and which errors are shown.

    >>> errors_words({"rows": 1797, "wrong": 12, "errors": [{}, {}]})
    'Of 1,797 held-out rows 12 are answered wrong. These are the 2 of them that it was surest about.'
    >>> errors_words({"rows": 1797, "wrong": 1, "errors": [{}]})
    'Of 1,797 held-out rows 1 is answered wrong: this one.'
    >>> errors_words({"rows": 50, "wrong": None, "errors": [{}], "kind": "image", "without": 3})
    'Of 50 held-out rows these are furthest from the truth. Not shown: 3 rows without an image.'
    """
    rows, wrong, drawn = int(number(one.get("rows")) or 0), number(one.get("wrong")), one.get("errors")
    count = len(drawn) if isinstance(drawn, list) else 0
    if wrong is None:
        return f"Of {rows:,} held-out rows these are furthest from the truth.{without_words(one)}"
    if wrong == 1:
        return f"Of {rows:,} held-out rows 1 is answered wrong: this one.{without_words(one)}"
    these = "These are they" if count == wrong else f"These are the {count} of them that it was surest about"
    return f"Of {rows:,} held-out rows {wrong:,.0f} are answered wrong. {these}.{without_words(one)}"


def without_words(one: Facts) -> str:
    """How many rows have nothing in the column and are therefore not shown; nothing where all have.

    >>> without_words({"kind": "text", "without": 1}), without_words({"kind": "text", "without": 0})
    (' Not shown: 1 row without a text.', '')
    """
    what = NOUNS.get(text(one.get("kind")), "a value")
    return f" Not shown: {rows_words(gone)} without {what}." if (gone := number(one.get("without"))) else ""


def errors_picture(one: Facts, name: str, drawings: Sequence[Markup]) -> Picture | None:
    """The picture of the worst errors; None where nothing is drawn."""
    drawn = tuple(drawing for drawing in drawings if drawing)
    if not drawn:
        return None
    heading = "Its worst errors" if number(one.get("wrong")) is not None else "Where it is furthest off"
    return Picture(name=f"{name}-errors", heading=heading, sentence=errors_words(one), drawings=drawn)


def picture_of(value: Json, *, alt: str, kind: str = "") -> Markup:
    """A small picture that lies in the facts themselves; nothing if it is anything but PNG as text.

    >>> picture_of("https://elsewhere/x.png", alt="A cat"), picture_of("data:image/png;base64,AA==", alt="<b>")
    (Markup(''), Markup('<img class="tile" src="data:image/png;base64,AA==" alt="&lt;b&gt;">'))
    """
    source = text(value)
    if not _PNG.fullmatch(source):
        return Markup("")
    return Markup('<img class="tile{}" src="{}" alt="{}">').format(f" {kind}" if kind else "", source, alt)
