"""What a report shows of images, texts and series: examples with answers, the worst errors, and what speaks for them.

Answers are those of held-out rows, as everywhere in a study; what speaks for an answer is asked of the model that is
kept, and is told only where it answers alike. Pictures are kept as small PNG files in text, texts and series are cut:
``result.json`` stays small.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data import ClassTarget, ImageEncoder, TextEncoder
from lamina.data.encoder import FieldEncoder
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.tally import Tally, classes_of, first_draw
from lamina.explain import FieldExplanation, explain_field_of_table, first_filters, overlay, picture, png_of
from lamina.explain.filters import mosaic
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.signature import FieldKind
from lamina.foundation.specs import Json
from lamina.metrics import finite_or_none
from lamina.model import Model, Predictor

SHOWN: dict[FieldKind, tuple[int, int]] = {"image": (5, 5), "text": (5, 5), "series": (3, 3)}  # examples; worst errors
SIDE = 64  # pixels of a picture
LETTERS = 200  # of a text
POINTS = 120  # of a channel of a series
CHANNELS = 2  # of a series: those that tell the most
WORD_ROWS = 60  # texts from which the words that matter are gathered
WORD_TOKENS = 20_000_000  # that these may cost to read, again and again without a word
WORDS, CLASSES = 8, 6  # words that are named for each class, and classes
FAINT = 0.1  # share of what the first word says below which others are not named
HIGHER, LOWER = "higher", "lower"  # what a word may make of a number

Rows = npt.NDArray[np.int64]


class Held(NamedTuple):
    """Held-out rows, each once: their places in the table, the truth, the answer, and how far it is from the truth.

    **Shape**: each ``(row,)``; ``chance`` is None for numbers. ``miss`` is 0 for a right class, else its chance.
    """

    rows: Rows
    truth: list[Any]
    answer: list[Any]
    chance: npt.NDArray[np.float64] | None
    miss: npt.NDArray[np.float64]


def field_facts(
    prepared: Prepared, plan: Plan, tally: Tally, model: Model, network: Model | None, *, seed: int
) -> list[Json]:
    """For each column of images, texts or series that the kept model reads, what is to be shown of it.

    Args:
        prepared: the table.
        plan: which rows judged.
        tally: of the contender that is kept: its answers about held-out rows.
        model: that contender's model.
        network: the network's, whose first layer is shown; it may be the same.
        seed: of the draws.
    """
    if not model.encoder.field_columns:
        return []
    held = held_rows(prepared, plan, tally)
    return [_column(prepared, held, tally, model, network, column, seed) for column in model.encoder.field_columns]


def held_rows(prepared: Prepared, plan: Plan, tally: Tally) -> Held:
    """The held-out rows of the first draw with what was answered about them."""
    truth, answers = first_draw(prepared, plan, tally)
    rows = np.concatenate([trial.test for trial in plan.judged if trial.repeat == 0])
    if prepared.task == "regression":
        return Held(rows, truth.tolist(), answers.tolist(), None, np.abs(answers - truth))
    names, codes = classes_of(prepared), answers.argmax(axis=1)
    chance = answers.max(axis=1)
    miss = np.where(codes == truth, 0.0, chance)
    return Held(rows, [names[code] for code in truth], [names[code] for code in codes], chance, miss)


def with_cell(prepared: Prepared, held: Held, column: str) -> Held:
    """The held-out rows that have an image, a text or a series in this column: of the others there is none to show."""
    cells = prepared.table.column(column).take(pa.array(held.rows))
    here = np.asarray(cells.is_valid())
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        here = np.asarray(pc.fill_null(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(cells)), 0), False))
    places = np.flatnonzero(here)
    chance = None if held.chance is None else held.chance[places]
    truth, answer = ([known[place] for place in places] for known in (held.truth, held.answer))
    return Held(held.rows[places], truth, answer, chance, held.miss[places])


def worst(held: Held, count: int) -> Rows:
    """Places in ``held`` of the worst errors: wrong classes, the surest first; of numbers the furthest off."""
    wrong = np.flatnonzero(held.miss > 0)
    return wrong[np.argsort(-held.miss[wrong], kind="stable")][:count]


def some(held: Held, count: int, *, seed: int) -> Rows:
    """Places in ``held`` of rows drawn by chance, one answer after the other in turn, in the order of the answers."""
    order = numpy_stream(seed, "examples").permutation(len(held.rows))
    if held.chance is None:
        return order[:count]
    seen: dict[Any, int] = defaultdict(int)
    turns = []
    for place in order:
        turns.append(seen[held.answer[place]])
        seen[held.answer[place]] += 1
    first = order[np.argsort(turns, kind="stable")][:count]
    return np.array(sorted(first, key=lambda place: str(held.answer[place])), np.int64)


def _column(
    prepared: Prepared, held: Held, tally: Tally, model: Model, network: Model | None, column: FieldEncoder, seed: int
) -> Json:
    images = isinstance(column, ImageEncoder)
    drawn, wrong = SHOWN[column.field.holds]
    here = with_cell(prepared, held, column.name)
    examples, errors = some(here, drawn, seed=seed), worst(here, wrong)
    return {
        "column": column.name,
        "kind": column.field.holds,
        "shape": list(column.field.shape),
        "contender": tally.contender.name,
        "rows": len(held.rows),
        "without": len(held.rows) - len(here.rows),
        "wrong": None if held.chance is None else int((held.miss > 0).sum()),
        "examples": _shown(prepared, here, model, column, examples, explained=True),
        "errors": _shown(prepared, here, model, column, errors, explained=not images),
        "words": words_facts(prepared, here, model, column, seed=seed) if isinstance(column, TextEncoder) else None,
        "filters": _filters(network, column.name) if images and network is not None else None,
    }


def _shown(
    prepared: Prepared, held: Held, model: Model, column: FieldEncoder, places: Rows, *, explained: bool
) -> list[Json]:
    table = prepared.table.take(pa.array(held.rows[places]))
    found: Sequence[FieldExplanation | None] = [None] * len(places)
    if explained:
        found = explain_field_of_table(model, table, column.name)
    cells = model.encoder.encode(table).fields[model.encoder.field_names.index(column.name)]
    texts = table.column(column.name).to_pylist() if isinstance(column, TextEncoder) else [None] * len(places)
    shown: list[Json] = []
    for place, one, cell, text in zip(places.tolist(), found, cells, texts, strict=True):
        told = {
            "row": int(held.rows[place]),
            "truth": _plain(held.truth[place]),
            "answer": _plain(held.answer[place]),
            "chance": None if held.chance is None else finite_or_none(float(held.chance[place])),
        }
        alike = one is not None and (held.chance is None or _class_of(model, one) == held.answer[place])
        shown.append({**told, **_content(column, cell, text, one if alike else None)})
    return shown


def _content(column: FieldEncoder, cell: Any, text: str | None, found: FieldExplanation | None) -> dict[str, Json]:
    if isinstance(column, ImageEncoder):
        own = {"picture": data_uri(png_of(picture(cell), side=SIDE))}
        return own if found is None else {**own, "overlay": data_uri(png_of(overlay(cell, found.values), side=SIDE))}
    if isinstance(column, TextEncoder):
        return {"pieces": pieces_of(text or "", found)}
    return {"channels": channels_of(cell, found)}


def pieces_of(text: str, found: FieldExplanation | None) -> list[Json]:
    """A text in pieces, each with what it says for the answer (None between words); cut around the word that matters.

    >>> pieces_of("a fine film", None)
    [['a fine film', None]]
    """
    if found is None or not found.words:
        return [[f"{text[:LETTERS]}…" if len(text) > LETTERS else text, None]]
    first = found.words[int(np.abs(found.values).argmax())].start
    start = 0 if first < LETTERS * 3 // 4 or len(text) <= LETTERS else first - LETTERS // 2
    stop, place = min(len(text), start + LETTERS), start
    pieces: list[Json] = [["…", None]] if start else []
    for word, value in zip(found.words, found.values.tolist(), strict=True):
        if start <= word.start and word.stop <= stop and word.text:
            between = text[place : word.start]
            pieces += [[between, None]] if between else []
            pieces.append([word.text, _short(value)])
            place = word.stop
    rest = text[place:stop] + ("…" if stop < len(text) else "")
    return [*pieces, [rest, None]] if rest else pieces


def channels_of(cell: npt.NDArray[np.float32], found: FieldExplanation | None) -> list[Json]:
    """The channels of a series that tell the most, thinned to `POINTS`, standardised, with what each step says.

    **Shape**: ``cell`` float32 ``(channel, step)``.
    """
    values = np.zeros(cell.shape) if found is None else found.values
    telling = np.argsort(-np.abs(values).max(axis=1), kind="stable")[:CHANNELS]
    known = np.flatnonzero(np.isfinite(cell).any(axis=0))
    stop = int(known[-1]) + 1 if len(known) else cell.shape[1]
    steps = np.unique(np.linspace(0, stop - 1, min(POINTS, stop)).round().astype(int))
    return [
        {
            "channel": int(channel),
            "steps": steps.tolist(),
            "values": [_short(value) for value in cell[channel, steps].tolist()],
            "said": None if found is None else [_short(value) for value in values[channel, steps].tolist()],
        }
        for channel in sorted(telling.tolist())
    ]


def words_facts(prepared: Prepared, held: Held, model: Model, column: TextEncoder, *, seed: int) -> Json:
    """The words that mattered most for each answer of the kept model, over some texts; None if none was seen twice."""
    most = max(2, WORD_TOKENS // (column.tokens * min(column.tokens, 192)))
    drawn = np.sort(numpy_stream(seed, "words").permutation(held.rows)[: min(WORD_ROWS, most)])
    numbers = held.chance is None
    said: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in explain_field_of_table(model, prepared.table.take(pa.array(drawn)), column.name):
        for word, value in zip(one.words, one.values.tolist(), strict=True):
            answer = _class_of(model, one) if not numbers else HIGHER if value > 0 else LOWER
            said[answer][word.text.casefold()].append(value)
    groups = [
        {"answer": answer, "words": found}
        for answer, words in sorted(said.items())
        if (found := _top(words, -1 if numbers and answer == LOWER else 1))
    ]
    return {"rows": len(drawn), "answers": groups[:CLASSES]} if groups else None


def _top(words: dict[str, list[float]], sign: int) -> list[Json]:
    """The words that were there at least twice and said most in all; with a negative sign those that lower a number."""
    known = {word: v for word, v in words.items() if len(v) > 1 and any(map(str.isalnum, word)) and sign * sum(v) > 0}
    ranked = sorted(known, key=lambda word: (-sign * sum(known[word]), word))[:WORDS]
    best = [word for word in ranked if abs(sum(known[word])) >= FAINT * abs(sum(known[ranked[0]]))]
    return [{"word": w[:40], "mean": _short(float(np.mean(known[w]))), "count": len(known[w])} for w in best]


def _filters(network: Model, column: str) -> Json:
    if not isinstance(network.predictor, Predictor) or column not in network.encoder.field_names:
        return None
    found = first_filters(network, column)
    if found is None:
        return None
    drawn = data_uri(png_of(picture(mosaic(found))))
    return {"picture": drawn, "count": len(found), "height": int(found.shape[2]), "width": int(found.shape[3])}


def data_uri(png: bytes) -> str:
    """A PNG file as text that a page can show without asking anybody for it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _class_of(model: Model, one: FieldExplanation) -> str:
    """The class that is answered, as the study names it; empty for a number."""
    return model.target.classes[one.output] if isinstance(model.target, ClassTarget) else ""


def _plain(value: Any) -> Json:
    return finite_or_none(value) if isinstance(value, float) else str(value)


def _short(value: float) -> float | None:
    """A number with four digits that count: what is drawn needs no more."""
    return finite_or_none(float(f"{value:.4g}"))
