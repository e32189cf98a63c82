"""Format 2 of the model file: which part of a model lies in which member, and how it is read back.

    model.json           which predictor (`plan`)                                    schema.json    columns and target
    weights.safetensors  the weights of its networks, or the arrays of its learner   encoder.json   columns to features
    card.json, card.md   what the model is, for programs and for people              target.json    classes, or a scale
    metrics.json         split -> metric -> value                                    environment.json  versions, machine
    history.json         how it learnt (may be absent)                               manifest.json  format, digests
    calibration.json     how sure it may be (may be absent)

Format 1 knew networks only and no calibration; its files are read as ever. A member is read only after all bytes have
been checked (`archive`), and only plain values are read: kinds come from closed lists, so that no file can name code to
run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from lamina.data import TARGET_KINDS, Encoder, Schema
from lamina.foundation import specs
from lamina.foundation.errors import require
from lamina.model.calibration import Calibration
from lamina.model.card import Card
from lamina.model.card_markdown import card_markdown
from lamina.model.parts import Parts
from lamina.model.plain_json import finite, write_json
from lamina.model.plan import MEMBER as PLAN
from lamina.model.plan import read_plan, write_plan
from lamina.model.reading import read_member, reading, unusable
from lamina.model.weights import MEMBER as WEIGHTS

# each count in model.json costs a small object when the network is laid out; ten thousand columns take 100 KiB
LARGEST_PLAN_BYTES = 256 * 2**10
_ELSEWHERE = ("metrics", "environment")  # fields of the card that lie in members of their own
_NOT_FINITE = ("intervals", "groups")  # fields of the card in which a number that is not defined becomes null


def to_members(parts: Parts) -> dict[str, bytes]:
    """The members of a model file; equal parts give equal bytes.

    Raises:
        ModelFileError: the plan is longer than `from_members` would take, or the learner cannot be kept in a file.
        ValueError: a number in the parts is not finite, where only finite ones make sense.
    """
    card, calibration = parts["card"], parts["calibration"]
    plan, weights = write_plan(parts)
    facts = {key: value for key, value in specs.to_json(card).items() if key not in _ELSEWHERE}
    values = {
        PLAN: plan,
        "schema.json": parts["schema"].to_json(),
        "encoder.json": parts["encoder"].to_json(),
        "target.json": specs.to_json(parts["target"]),
        "metrics.json": finite(card.metrics),
        "environment.json": dict(card.environment),
        "card.json": {**facts, **{key: finite(facts[key]) for key in _NOT_FINITE}},
        **({} if parts["history"] is None else {"history.json": finite(parts["history"])}),
        **({} if calibration is None else {"calibration.json": specs.to_json(calibration)}),
    }
    texts = {name: write_json(value) for name, value in values.items()}
    _check_plan(texts)
    return {**texts, "card.md": card_markdown(card).encode(), WEIGHTS: weights}


def from_members(members: Mapping[str, bytes]) -> Parts:
    """The parts of a model from members that `archive.read_archive` has found whole.

    Raises:
        ModelFileError: a member does not hold what its name says, or names a kind that is not known.
    """
    _check_plan(members)
    with reading("schema.json"):
        schema = Schema.from_json(read_member(members, "schema.json"))
    with reading("encoder.json"):
        encoder = Encoder.from_json(read_member(members, "encoder.json"))
    with reading("target.json"):
        target = specs.from_json(read_member(members, "target.json"), TARGET_KINDS)
        require(isinstance(target, TARGET_KINDS), "it names no target")
    with reading("card.json"):
        card = _card(members)
    with reading("calibration.json"):
        calibration = _calibration(members)
    predictor, link, quantiles = read_plan(read_member(members, PLAN), members[WEIGHTS])
    return Parts(
        schema=schema,
        encoder=encoder,
        target=target,
        predictor=predictor,
        link=link,
        card=card,
        quantiles=quantiles,
        history=read_member(members, "history.json") if "history.json" in members else None,
        calibration=calibration,
    )


def _card(members: Mapping[str, bytes]) -> Card:
    facts = read_member(members, "card.json")
    require(isinstance(facts, dict) and not set(facts) & set(_ELSEWHERE), "it is no card")
    elsewhere = {name: read_member(members, f"{name}.json") for name in _ELSEWHERE}
    # a column may be called 'kind', and its groups are no spec for that
    plain = {name: facts.pop(name) for name in _NOT_FINITE if name in facts}
    card = specs.from_json({**facts, **elsewhere}, (Card,))
    if not isinstance(card, Card):
        raise ValueError("it is no card")
    return dataclasses.replace(card, **plain)


def _calibration(members: Mapping[str, bytes]) -> Calibration | None:
    if "calibration.json" not in members:
        return None
    calibration = specs.from_json(read_member(members, "calibration.json"), (Calibration,))
    if not isinstance(calibration, Calibration):
        raise ValueError("it is no calibration")
    return calibration


def _check_plan(members: Mapping[str, bytes]) -> None:
    length = len(members[PLAN])
    if length > LARGEST_PLAN_BYTES:
        raise unusable(PLAN, f"it has {length:,} bytes, and {LARGEST_PLAN_BYTES:,} is the most")
