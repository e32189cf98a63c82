"""What a person may want to know about a model, as plain values: for `lamina inspect`, a page, a report."""

from __future__ import annotations

from lamina.data import ClassTarget
from lamina.foundation.specs import Json, code
from lamina.model.calibration import Calibration
from lamina.model.classic import ClassicPredictor
from lamina.model.classic import learner_words as classic_words
from lamina.model.parts import Parts
from lamina.model.plain_json import finite
from lamina.model.predictor import Predictor


def model_facts(parts: Parts) -> dict[str, Json]:
    """The facts of a model; the same keys for every predictor, and a few more for networks."""
    schema, card, predictor = parts["schema"], parts["card"], parts["predictor"]
    inputs = set(parts["encoder"].inputs)
    return {
        "name": card.name,
        "task": card.task,
        "target": card.target,
        "classes": list(card.classes),
        "columns": {c.name: c.word for c in schema.columns if c.name in inputs},
        "left_out": {c.name: c.word for c in schema.columns if c.name not in {*inputs, card.target}},
        "learner": card.learner or learner_words(predictor),
        **_predictor_facts(predictor),
        "link": parts["link"],
        "calibration": _calibration_facts(parts["calibration"], classes=isinstance(parts["target"], ClassTarget)),
        "rows": card.rows,
        "metrics": finite(card.metrics),
        "intervals": finite(card.intervals),
        "groups": finite(card.groups),
        "created": card.created,
        "license": card.license,
        "seeds": list(card.seeds),
        "data": card.data,
        "fingerprint": card.fingerprint,
        "environment": dict(card.environment),
        "intended_use": list(card.intended_use),
        "out_of_scope": list(card.out_of_scope),
        "notes": list(card.notes),
        "limits": list(card.limits),
    }


def learner_words(predictor: Predictor | ClassicPredictor) -> str:
    """What answers, in words: "Linear model (C=1)", "4 networks: Table(...)"."""
    if isinstance(predictor, ClassicPredictor):
        return classic_words(predictor.learnt)
    count = "1 network" if predictor.members == 1 else f"{predictor.members} networks"
    return f"{count}: {code(predictor.spec)}"


def _predictor_facts(predictor: Predictor | ClassicPredictor) -> dict[str, Json]:
    if isinstance(predictor, ClassicPredictor):
        return {
            "kind": predictor.kind,
            "features": predictor.signature.features,
            "parameters": predictor.size,
            "holds_rows": predictor.learnt.holds_rows,
        }
    return {
        "kind": "network",
        "network": code(predictor.spec),
        "features": predictor.signature.features,
        "members": predictor.members,
        "weights_a_member": predictor.size,
        "parameters": predictor.members * predictor.size,
        "holds_rows": False,
    }


def _calibration_facts(calibration: Calibration | None, *, classes: bool) -> Json:
    if calibration is None:
        return None
    sure = {"temperature": calibration.temperature} if classes else {}
    return {**sure, "rows": calibration.rows, "largest_coverage": calibration.largest_coverage}
