"""Format 1 of the model file: which part of a model lies in which member, and how it is read back.

    model.json           task, network spec, signature, link, quantiles, members     schema.json    columns and target
    weights.safetensors  every parameter and buffer, (member, *shape)                encoder.json   columns to features
    card.json, card.md   what the model is, for programs and for people              target.json    classes, or a scale
    metrics.json         split -> metric -> value                                    environment.json  versions, machine
    history.json         how it learnt (may be absent)                               manifest.json  format, digests

A member is read only after all bytes have been checked (`archive`), and only plain values are read: kinds come from the
closed lists of `lamina.networks` and `lamina.data`, so that no file can name code to run. Sizes that the network's spec
declares are held against the weights that are really there before any memory is taken for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from lamina.data import TARGET_KINDS, Encoder, Schema
from lamina.foundation import specs
from lamina.foundation.errors import ModelFileError
from lamina.foundation.signature import Signature
from lamina.foundation.specs import Json
from lamina.model.card import Card, card_markdown
from lamina.model.parts import Parts
from lamina.model.plain_json import finite, read_json, write_json
from lamina.model.predictor import Predictor, count_members, member_shapes, with_members
from lamina.model.weights import MEMBER as WEIGHTS
from lamina.model.weights import read_header, read_weights, write_weights
from lamina.networks import NETWORKS

# each count in model.json costs a small object when the network is laid out; ten thousand columns take 100 KiB
LARGEST_PLAN_BYTES = 256 * 2**10
_ELSEWHERE = ("metrics", "environment")  # fields of the card that lie in members of their own


def to_members(parts: Parts) -> dict[str, bytes]:
    """The members of a model file; equal parts give equal bytes.

    Raises:
        ModelFileError: the plan is longer than `from_members` would take.
        ValueError: a number in the parts is not finite, where only finite ones make sense.
    """
    card, predictor = parts["card"], parts["predictor"]
    plan = {
        "task": card.task,
        "network": specs.to_json(predictor.spec),
        "signature": specs.to_json(predictor.signature),
        "link": parts["link"],
        "quantiles": list(parts["quantiles"]),
        "members": predictor.members,
    }
    facts = {key: value for key, value in specs.to_json(card).items() if key not in _ELSEWHERE}
    values = {
        "model.json": plan,
        "schema.json": parts["schema"].to_json(),
        "encoder.json": parts["encoder"].to_json(),
        "target.json": specs.to_json(parts["target"]),
        "metrics.json": finite(card.metrics),
        "environment.json": dict(card.environment),
        "card.json": facts,
        **({} if parts["history"] is None else {"history.json": finite(parts["history"])}),
    }
    texts = {name: write_json(value) for name, value in values.items()}
    _check_plan(texts)
    return {**texts, "card.md": card_markdown(card).encode(), WEIGHTS: write_weights(predictor.weights)}


def from_members(members: Mapping[str, bytes]) -> Parts:
    """The parts of a model from members that `archive.read_archive` has found whole.

    Raises:
        ModelFileError: a member does not hold what its name says, or names a kind that is not known.
    """
    _check_plan(members)
    plan = _read(members, "model.json")
    with _reading("model.json"):
        spec = specs.from_json(plan["network"], NETWORKS)
        signature = specs.from_json(plan["signature"], (Signature,))
        _require(isinstance(spec, NETWORKS) and isinstance(signature, Signature), "it names no network or no signature")
        quantiles, link, count = tuple(plan["quantiles"]), plan["link"], plan["members"]
    with _reading("schema.json"):
        schema = Schema.from_json(_read(members, "schema.json"))
    with _reading("encoder.json"):
        encoder = Encoder.from_json(_read(members, "encoder.json"))
    with _reading("target.json"):
        target = specs.from_json(_read(members, "target.json"), TARGET_KINDS)
        _require(isinstance(target, TARGET_KINDS), "it names no target")
    with _reading("card.json"):
        card = _card(members)
    predictor = _predictor(members, spec, signature, count)
    history = _read(members, "history.json") if "history.json" in members else None
    return Parts(
        schema=schema,
        encoder=encoder,
        target=target,
        predictor=predictor,
        link=link,
        card=card,
        quantiles=quantiles,
        history=history,
    )


def _predictor(members: Mapping[str, bytes], spec: Any, signature: Signature, declared: Json) -> Predictor:
    """The predictor, once the weights that are there are exactly those that its spec asks for."""
    found = read_header(members[WEIGHTS])
    with _reading("model.json"):
        wanted = with_members(member_shapes(spec, signature), count_members(found))
        _require(declared == count_members(found), f"it declares {declared!r} members")
        return Predictor(spec=spec, signature=signature, weights=read_weights(members[WEIGHTS], wanted))


def _card(members: Mapping[str, bytes]) -> Card:
    facts = _read(members, "card.json")
    _require(isinstance(facts, dict) and not set(facts) & set(_ELSEWHERE), "it is no card")
    elsewhere = {name: _read(members, f"{name}.json") for name in _ELSEWHERE}
    card = specs.from_json({**facts, **elsewhere}, (Card,))
    if not isinstance(card, Card):
        raise ValueError("it is no card")
    return card


def _read(members: Mapping[str, bytes], name: str) -> Json:
    return read_json(members[name], name)


def _check_plan(members: Mapping[str, bytes]) -> None:
    length = len(members["model.json"])
    if length > LARGEST_PLAN_BYTES:
        raise _unusable("model.json", f"it has {length:,} bytes, and {LARGEST_PLAN_BYTES:,} is the most")


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    """Say in which member a value was found that nothing can be made of."""
    try:
        yield
    except ModelFileError:
        raise
    # what the readers of specs raise for values of an unexpected shape; a LaminaError is a ValueError
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise _unusable(name, str(getattr(error, "wrong", error))) from error


def _require(fine: bool, complaint: str) -> None:
    if not fine:
        raise ValueError(complaint)


def _unusable(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"{name!r} does not hold what it should: {why[:500].rstrip('.')}.",
        expected="the values that lamina wrote there.",
        remedy="take another copy of the file, or make it again with `lamina fit` or `model.save(path)`.",
    )
