"""Why a model answers as it does, inside one image, text or series: which pixels, words or steps speak for the answer.

occlusion     any model: what the answer loses without a part                  `lamina.explain.erasing`
grad-cam      images, convolutional networks: where they look                  `lamina.explain.grad_cam`
gradients     texts and series, networks: what each token or step adds         `lamina.explain.field_gradients`
attention     networks that attend: how much each word or step counted         `lamina.explain.attention`
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from lamina.data import Batch, ClassTarget, TextEncoder
from lamina.data.encoder import FieldEncoder
from lamina.explain.asking import Floats, decided
from lamina.explain.attention import attention
from lamina.explain.erasing import answer_of, with_field
from lamina.explain.field_gradients import step_gradients, token_gradients
from lamina.explain.grad_cam import grad_cam
from lamina.explain.patches import image_contributions
from lamina.explain.stretches import affordable_answers, series_contributions
from lamina.explain.words import Word, sums_over_words, text_contributions, words_of
from lamina.foundation.errors import SchemaError, SpecError, nearest
from lamina.foundation.signature import FieldKind
from lamina.foundation.specs import Json
from lamina.model import DataWarning, Model

FieldMethod = Literal["occlusion", "grad-cam", "gradients", "attention"]
METHODS: dict[FieldKind, tuple[FieldMethod, ...]] = {
    "image": ("occlusion", "grad-cam"),
    "text": ("occlusion", "gradients", "attention"),
    "series": ("occlusion", "gradients", "attention"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldExplanation:
    """What the parts of one image, text or series say for the answer; positive for it, negative against it.

    In chance of the answer, or in the unit of the number; Grad-CAM and attention have no unit.

    **Shape**: ``values`` float64 ``(height, width)`` of an image, ``(word,)`` of a text as ``words`` lists them,
    ``(channel, step)`` of a series.
    """

    column: str
    holds: FieldKind
    method: FieldMethod
    answer: Any  # the label in the type of the data, or the number
    output: int  # the code of the class that is answered; 0 for a number
    chance: float | None  # of the answer; None for a number
    base: float  # the same without the image, text or series; for gradients, where their way starts
    values: Floats
    words: tuple[Word, ...] = ()
    gap: float | None = None  # what gradients miss of ``chance - base``; None where values add up to nothing

    def facts(self) -> dict[str, Json]:
        """All of it as plain values."""
        answer = self.answer if isinstance(self.answer, str | bool | int | float) else str(self.answer)
        return {
            "column": self.column,
            "holds": self.holds,
            "method": self.method,
            "answer": answer,
            "chance": self.chance,
            "base": self.base,
            "gap": self.gap,
            "values": self.values.tolist(),
            "words": [{"word": word.text, "start": word.start, "stop": word.stop} for word in self.words],
        }


def explain_field(
    model: Model, data: Any, column: str, *, method: FieldMethod = "occlusion"
) -> tuple[FieldExplanation, ...]:
    """Which parts of an image, a text or a series speak for a model's answer about each row.

    Warns with `DataWarning` where cells were not understood.

    Args:
        model: any model that reads such a column; others than "occlusion" need a network.
        data: whatever `Model.predict` takes.
        column: the column of images, texts or series.
        method: how; see the top of this file.

    Raises:
        DataError: the data cannot be read.
        LaminaError: the model has nothing to show by this method.
        SchemaError: a column is missing, or ``column`` is no such column of the model.
        SpecError: the method is not one for this kind of column.

    >>> from lamina import NetworkClassifier, Training
    >>> films = [f"a {word} film in {parts} parts" for parts in range(20, 50) for word in ("dull", "fine")]
    >>> X, y = pa.table({"film": films}), ["bad", "good"] * 30
    >>> model = NetworkClassifier(training=Training(epochs=20)).fit(X, y).model_
    >>> (found,) = explain_field(model, {"film": ["a fine film in 33 parts"]}, "film")
    >>> found.answer, found.words[int(found.values.argmax())].text
    (1, 'fine')
    """
    table, notes = model.conform(data)
    for note in notes:
        if note.kind != "columns":  # a column too many changes no answer
            warnings.warn(note.sentence, DataWarning, stacklevel=2)
    return explain_field_of_table(model, table, column, method=method)


def explain_field_of_table(
    model: Model, table: pa.Table, column: str, *, method: FieldMethod = "occlusion"
) -> tuple[FieldExplanation, ...]:
    """`explain_field` for a table that was conformed."""
    place = _place_of(model, column)
    encoder = model.encoder.field_columns[place]
    _check_method(encoder, method)
    batch = model.encoder.encode(table)
    rows = (batch.take(np.array([row])) for row in range(table.num_rows))
    texts = table.column(column).to_pylist() if isinstance(encoder, TextEncoder) else [None] * table.num_rows
    return tuple(_explained(model, row, place, text, method) for row, text in zip(rows, texts, strict=True))


def _explained(model: Model, row: Batch, place: int, text: str | None, method: FieldMethod) -> FieldExplanation:
    encoder = model.encoder.field_columns[place]
    words = words_of(text or "", encoder.pieces(text or "")) if isinstance(encoder, TextEncoder) else ()
    answers = decided(model, row)[0]
    classes = isinstance(model.target, ClassTarget)
    output = int(answers.argmax()) if classes else 0
    whole = float(answers[output])
    base = float(decided(model, with_field(row, place, encoder.blank[None]))[0, output])
    gap = None
    if method == "occlusion":
        values = _occluded(model, row, place, words, output, whole)
    elif method == "grad-cam":
        values = grad_cam(model, row, place, output)
    elif method == "attention":
        values = attention(model, row, place)
        values = sums_over_words(values, words) if encoder.field.holds == "text" else _by_channel(values, encoder)
    else:
        slope = token_gradients if encoder.field.holds == "text" else step_gradients
        along = slope(model, row, place, output)
        values, base, gap = along.values, along.base, along.gap
        values = sums_over_words(values, words) if encoder.field.holds == "text" else values
    return FieldExplanation(
        column=encoder.name,
        holds=encoder.field.holds,
        method=method,
        answer=model.target.decode(np.array([output]))[0].item() if classes else whole,
        output=output,
        chance=whole if classes else None,
        base=base,
        values=values,
        words=words,
        gap=gap,
    )


def _occluded(model: Model, row: Batch, place: int, words: tuple[Word, ...], output: int, whole: float) -> Floats:
    encoder = model.encoder.field_columns[place]
    own, blank = (np.asarray(array) for array in (row.fields[place][0], encoder.blank))
    answers = answer_of(model, row, place, output)
    if encoder.field.holds == "image":
        return image_contributions(own, blank, whole=whole, answers=answers)
    if encoder.field.holds == "series":
        most = affordable_answers(model)
        return series_contributions(own, whole=whole, answers=answers, most_answers=most)
    return text_contributions(own, words, whole=whole, answers=answers)


def _by_channel(weights: Floats, encoder: FieldEncoder) -> Floats:
    """Weights of whole steps ``(step,)``, shared equally among the channels: ``(channel, step)``."""
    channels = encoder.field.shape[0]
    return np.repeat(weights[None] / channels, channels, axis=0)


def _place_of(model: Model, column: str) -> int:
    names = model.encoder.field_names
    if column in names:
        return names.index(column)
    raise SchemaError(
        wrong=f"the model reads no image, text or series from a column {column!r}.",
        expected=f"one of {', '.join(map(repr, names))}." if names else "a model that reads such a column.",
        remedy=nearest(column, names) if names else "use explain_rows(model, data), which explains any column.",
    )


def _check_method(encoder: FieldEncoder, method: str) -> None:
    able = METHODS[encoder.field.holds]
    if method not in able:
        raise SpecError(
            wrong=f"the method {method!r} is none for a column of {_several(encoder.field.holds)}.",
            expected=f"one of {', '.join(able)}.",
            remedy=nearest(method, able),
        )


def _several(kind: FieldKind) -> str:
    return "series" if kind == "series" else f"{kind}s"
