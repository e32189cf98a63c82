"""Texts: some with the answers and the words that speak for these, the worst errors, and the words that matter."""

from __future__ import annotations

from markupsafe import Markup

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.picture import Cell, Picture, Table
from lamina.evaluation.report.read import mapping, mappings, number, sequence, text
from lamina.evaluation.report.tiles import answer_words, column_words, errors_picture, label, who
from lamina.evaluation.report.words import plain_number, shown
from lamina.foundation.specs import Json

LETTERS = 240  # of a text, whatever the facts hold
LEVELS = 3  # shades of a colour
FAINT = 0.15  # share of the largest contribution below which a word is not coloured


def texts_pictures(facts: Facts, one: Facts, name: str) -> list[Picture]:
    """The pictures of one column of texts, of which any may be missing."""
    found = [_examples(facts, one, name), errors_picture(one, name, [_texts(one, "errors")]), _words(facts, one, name)]
    return [picture for picture in found if picture is not None]


def _examples(facts: Facts, one: Facts, name: str) -> Picture | None:
    said = _texts(one, "examples")
    if not said:
        return None
    sentence = (
        f"Some of the texts in column {column_words(one)}, and what {who(facts, one)} answered about them when it had "
        "not learnt from them. Orange: words without which its answer loses; blue, dotted: without which it gains."
    )
    return Picture(
        name=f"{name}-examples", heading="What it reads, and which words count", sentence=sentence, drawings=(said,)
    )


def _words(facts: Facts, one: Facts, name: str) -> Picture | None:
    found = mapping(one.get("words"))
    numbers = facts.get("task") == "regression"
    rows = [
        _row(group, 1.0 if numbers else 100.0)
        for group in mappings(found.get("answers"))
        if mappings(group.get("words"))
    ]
    if not rows:
        return None
    count = number(found.get("rows")) or 0
    sentence = f"Taken away one by one from {count:,.0f} texts, these words cost the answer most, in all."
    unit = "" if numbers else ", in points of chance,"
    caption = f"Words, with what each costs on average{unit} and how often it was seen"
    table = Table(caption=caption, head=("Makes the number" if numbers else "Answer", "Words"), rows=tuple(rows))
    return Picture(name=f"{name}-words", heading="The words that matter", sentence=sentence, table=table)


def _row(group: Facts, unit: float) -> tuple[Cell, Cell]:
    words = [
        f"{shown(word.get('word'), 40)} ({plain_number(unit * mean)}, {number(word.get('count')) or 0:.0f} times)"
        for word in mappings(group.get("words"))
        if (mean := number(word.get("mean"))) is not None
    ]
    return Cell(words=label(group.get("answer")), heading=True), Cell(words=", ".join(words))


def _texts(one: Facts, part: str) -> Markup:
    items = [_text(each) for each in mappings(one.get(part))]
    return Markup('<ul class="texts">{}</ul>').format(Markup("").join(items)) if items else Markup("")


def _text(each: Facts) -> Markup:
    pieces = [(text(p[0]), number(p[1])) for piece in sequence(each.get("pieces")) if len(p := sequence(piece)) == 2]
    largest = max((abs(value) for _, value in pieces if value is not None), default=0.0)
    marked, left = [], LETTERS
    for words, value in pieces:
        marked.append(_marked(shown_letters(words[:left]), value, largest))
        left = max(0, left - len(words))
    body = Markup("").join(marked) or Markup("<i>empty</i>")
    return Markup("<li><bdi>{}</bdi><span>{}</span></li>").format(body, answer_words(each))


def _marked(words: str, value: float | None, largest: float) -> Markup:
    if value is None or not largest or abs(value) < FAINT * largest:
        return Markup("{}").format(words)
    level = min(LEVELS, 1 + int(LEVELS * abs(value) / largest))
    return Markup('<mark class="{}{}">{}</mark>').format("for" if value > 0 else "against", level, words)


def shown_letters(value: Json) -> str:
    r"""A piece of a text with harmless letters; the blanks at its ends are part of it.

    >>> shown_letters(" a\n "), shown_letters("  ")
    (' a ', ' ')
    """
    whole = text(value)
    inner = shown(whole, LETTERS) if whole.strip() else ""
    before, after = (" " if whole[:1].isspace() else ""), (" " if whole[-1:].isspace() else "")
    return f"{before}{inner}{after}" if inner else before
