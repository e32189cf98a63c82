"""The plan in a model file, ``model.json``, with the arrays it speaks of: which predictor, and what its scores mean.

    a network     "network": its spec, "members": how many      weights.safetensors  every parameter and buffer
    a classical   "classical": its kind                         weights.safetensors  the arrays of that kind
    both          "task", "signature", "link", "quantiles"

Kinds come from closed lists (`lamina.networks.NETWORKS`, `lamina.classical.LEARNT`), so that no file can name code to
run. Sizes that a network's spec declares are held against the weights that are really there before any memory is taken.
"""

from __future__ import annotations

from typing import NamedTuple

from lamina.classical import LEARNT
from lamina.foundation import specs
from lamina.foundation.errors import require
from lamina.foundation.signature import Field, Signature
from lamina.foundation.specs import Json
from lamina.model.arrays import read_arrays, write_arrays
from lamina.model.classic import ClassicPredictor, kept_arrays, learnt_of
from lamina.model.decoder import Link
from lamina.model.parts import Parts
from lamina.model.predictor import Predictor, count_members, member_shapes, with_members
from lamina.model.reading import reading
from lamina.model.weights import MEMBER as WEIGHTS
from lamina.model.weights import read_header, read_weights, write_weights
from lamina.networks import NETWORK_KINDS, NETWORKS

MEMBER = "model.json"


class Read(NamedTuple):
    """What a plan and its arrays give."""

    predictor: Predictor | ClassicPredictor
    link: Link
    quantiles: tuple[float, ...]


def write_plan(parts: Parts) -> tuple[Json, bytes]:
    """The plan as plain values, and the bytes of the arrays.

    Raises:
        ModelFileError: a learner that cannot be kept in a file.
    """
    predictor = parts["predictor"]
    shared = {
        "signature": specs.to_json(predictor.signature),
        "link": parts["link"],
        "quantiles": list(parts["quantiles"]),
    }
    task = {"task": parts["card"].task}
    if isinstance(predictor, ClassicPredictor):
        return {**task, "classical": predictor.kind, **shared}, write_arrays(kept_arrays(predictor))
    network = {"network": specs.to_json(predictor.spec)}
    return {**task, **network, **shared, "members": predictor.members}, write_weights(predictor.weights)


def read_plan(plan: Json, weights: bytes) -> Read:
    """What `write_plan` wrote.

    Raises:
        ModelFileError: values that are no plan, a kind that is not known, or arrays that do not belong to it.
    """
    with reading(MEMBER):
        require("network" in plan or "classical" in plan, "it names no network and no learner")
        require(not ("network" in plan and "classical" in plan), "it names a network and another learner")
        signature = specs.from_json(plan["signature"], (Signature, Field))
        require(isinstance(signature, Signature), "it names no signature")
        link, quantiles = plan["link"], tuple(plan["quantiles"])
        read = _read_network if "network" in plan else _read_classical
        return Read(read(plan, signature, weights), link, quantiles)


def _read_network(plan: Json, signature: Signature, weights: bytes) -> Predictor:
    """The predictor, once the weights that are there are exactly those that its spec asks for."""
    spec = specs.from_json(plan["network"], NETWORK_KINDS)
    require(isinstance(spec, NETWORKS), "it names no network")
    found = read_header(weights)
    wanted = with_members(member_shapes(spec, signature), count_members(found))
    declared = plan["members"]
    require(declared == count_members(found), f"it declares {declared!r} members")
    return Predictor(spec=spec, signature=signature, weights=read_weights(weights, wanted))


def _read_classical(plan: Json, signature: Signature, weights: bytes) -> ClassicPredictor:
    """The predictor, once its kind has found the arrays to be its own."""
    kind = plan["classical"]
    require(isinstance(kind, str) and kind in LEARNT, f"the learner {str(kind)[:50]!r} is not known here")
    with reading(WEIGHTS):
        learnt = learnt_of(kind, read_arrays(weights), signature)
    return ClassicPredictor(learnt=learnt, signature=signature)
