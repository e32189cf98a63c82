"""The parts of a model, and whether they belong together.

They come from one training, or from a file that may claim anything: columns, types, sizes and names of one part are
held against those of the others, so that a model that exists can answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

import pyarrow as pa

from lamina.data import ClassTarget, Encoder, NumberTarget, Schema
from lamina.foundation.errors import DataError, ModelFileError
from lamina.foundation.specs import Json
from lamina.model.calibration import Calibration
from lamina.model.card import Card
from lamina.model.classic import MOST_NUMBERS, ClassicPredictor, field_numbers
from lamina.model.decoder import Link
from lamina.model.predictor import Predictor

_A_VALUE = {"double": 0.0, "string": "a", "bool": True, "timestamp[us]": 0}  # of each type in which a column is stored


class Parts(TypedDict):
    """All that a model is made of, by the names of `Model`'s fields."""

    schema: Schema
    encoder: Encoder
    target: ClassTarget | NumberTarget
    predictor: Predictor | ClassicPredictor
    link: Link
    card: Card
    quantiles: tuple[float, ...]
    history: Json
    calibration: Calibration | None


def check_parts(parts: Parts) -> None:
    """Refuse parts of different models.

    Raises:
        ModelFileError: they do not belong together; it says which.
    """
    for fits, complaint in _belongings(parts):
        if not fits:
            raise ModelFileError(
                wrong=f"the parts of this model do not belong together: {complaint}.",
                expected="schema, encoder, target, predictor and card of one training.",
                remedy="make the model again with `lamina fit`.",
            )


def _belongings(parts: Parts) -> Iterator[tuple[bool, str]]:
    """Whether each part fits the others, with what is wrong if it does not; each is only asked if the last one did."""
    schema, encoder, target, card = parts["schema"], parts["encoder"], parts["target"], parts["card"]
    predictor, link, quantiles, calibration = (
        parts["predictor"],
        parts["link"],
        parts["quantiles"],
        parts["calibration"],
    )
    signature, classic = predictor.signature, isinstance(predictor, ClassicPredictor)
    wanted = encoder.signature(scores=signature.scores)
    classes = target.classes if isinstance(target, ClassTarget) else ()
    task = "classification" if isinstance(target, ClassTarget) else "regression"
    links = {0: ("identity", "exp"), 2: ("softmax", "sigmoid")}.get(len(classes), ("softmax",))
    answers = len(classes) if classes else len(quantiles) or 1
    scores = answers - 1 if (link, answers) == ("sigmoid", 2) else answers
    numbers = field_numbers(signature)
    offered = {column.name for column in schema.inputs}
    yield offered >= set(encoder.inputs), "the encoder uses columns that the schema does not offer"
    yield _encodes(schema, encoder), "the encoder was made for columns of other kinds"
    yield signature == wanted, f"the encoder makes {wanted}, and the predictor takes {signature}"
    yield numbers <= MOST_NUMBERS, f"a row with images, texts and series of {numbers:.3g} numbers is too large"
    yield card.target == schema.target, f"the card says {card.target!r}, the schema {schema.target!r}"
    yield task == "regression" or len(classes) > 1, "there are fewer than two classes"
    yield card.task == task, f"the card says {card.task}, the target {task}"
    yield card.classes == classes, f"the card says {card.classes!r}, the target {classes!r}"
    yield link in (links[:1] if classic else links), f"a {task} cannot have the link {link!r}"
    yield signature.scores == scores, f"{signature.scores} scores for {answers} answers"
    yield not (classes and quantiles), "classes have no quantiles"
    yield not (classic and quantiles), "a classical learner has no quantiles"
    yield all(isinstance(q, float) and 0 < q < 1 for q in quantiles), "a quantile is not between 0 and 1"
    yield _sure_of(classes, calibration), "the calibration is that of another task"
    yield _answers(predictor), "the learner was made for other features or answers"


def _sure_of(classes: tuple[str, ...], calibration: Calibration | None) -> bool:
    """Whether a calibration can be that of these classes, or of a number: scores of classes are 1 - p."""
    if calibration is None:
        return True
    return max(calibration.conformity, default=0) <= 1 if classes else calibration.temperature == 1


def _answers(predictor: Predictor | ClassicPredictor) -> bool:
    """Whether a learner takes the features of its signature; a network's weights have been held against it already."""
    return predictor.answers() if isinstance(predictor, ClassicPredictor) else True


def _encodes(schema: Schema, encoder: Encoder) -> bool:
    """Whether the encoder can read a row of the types that the schema gives its columns.

    Raises:
        ModelFileError: a vocabulary cannot be read, or the package that reads it is missing.
    """
    named, fields = {column.name: column for column in schema.inputs}, encoder.field_columns
    try:
        if not all(field.reads(named[field.name]) for field in fields):
            return False
    except DataError as error:
        raise ModelFileError(wrong=error.wrong, expected=error.expected, remedy=error.remedy) from error
    kinds = {column.name: pa.type_for_alias(column.stored) for column in schema.features}
    row = {name: pa.array([_A_VALUE[str(kind)]], kind) for name, kind in kinds.items()}
    try:
        Encoder(columns=tuple(one for one in encoder.columns if one not in fields)).encode(pa.table(row or {"": [0]}))
    except (pa.ArrowException, ValueError, TypeError):
        return False
    return True
