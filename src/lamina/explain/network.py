"""The networks inside a model, opened up: their layers, one member's module, or all members as one function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn

from lamina.foundation.errors import LaminaError
from lamina.foundation.specs import Json
from lamina.model import Model, Predictor
from lamina.networks import Activate, Affine, BatchNorm, Embedding, LayerNorm, OneHot, Ramps, TableNetwork, Waves


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer for a drawing: what comes in, what it is, how many units go out.

    ``name`` is its path in the module; ``weights`` counts its own numbers and those of a norm that follows it, of one
    member. A layer without an activation is "identity".
    """

    name: str
    kind: str  # Affine, Embedding, OneHot, Ramps or Waves of numbers, or what reads a field: Image, Words, ...
    inputs: int
    units: int
    activation: str
    weights: int
    column: str = ""  # that it reads, if it reads a single one
    holds: str = ""  # what a row of this is: image, text, series
    shape: tuple[int, ...] = ()  # the axes of it

    def facts(self) -> dict[str, Json]:
        """The layer as plain values."""
        return {**asdict(self), "shape": list(self.shape)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """A layer and the module whose output is what its units say: the activation, or the layer itself without one."""

    layer: Layer
    speaks: nn.Module


def layers(model: Model) -> tuple[Layer, ...]:
    """The layers of one member's network, from the input on.

    Raises:
        LaminaError: the model is no network.

    >>> import numpy as np
    >>> from lamina import NetworkClassifier, Training
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = NetworkClassifier("4 tanh", Training(epochs=1)).fit(X, X[:, 0] > 0).model_
    >>> [(layer.inputs, layer.units, layer.activation) for layer in layers(model)]
    [(2, 4, 'tanh'), (4, 2, 'identity')]
    """
    found = stages(member_module(predictor_of(model, what="its layers")))
    return tuple(_reading(stage.layer, model) for stage in found)


def _reading(layer: Layer, model: Model) -> Layer:
    """A layer with what it reads, if that is a column."""
    part, _, place = layer.name.partition(".")
    if part == "columns":
        return replace(layer, column=model.encoder.category_names[int(place)])
    if part == "encoders":
        column = model.encoder.field_columns[int(place)]
        return replace(layer, column=column.name, holds=column.field.holds, shape=column.field.shape)
    return layer


def predictor_of(model: Model, *, what: str) -> Predictor:
    """The model's networks.

    Raises:
        LaminaError: the model is none; the sentence names ``what`` was asked for.
    """
    if isinstance(model.predictor, Predictor):
        return model.predictor
    raise LaminaError(
        wrong=f"{what} were asked of the model {model.card.name!r}, which is no network.",
        expected="a model whose answers come from a network.",
        remedy="use explain_rows(model, data), which explains any model, or fit with --choose network.",
    )


def member_module(predictor: Predictor, member: int = 0) -> nn.Module:
    """The network of one member, with its own weights, ready to answer."""
    module: nn.Module = predictor.spec.build(predictor.signature, seed=0)
    module.load_state_dict({name: weight[member] for name, weight in predictor.weights.items()})
    return module.eval()


def stages(module: nn.Module) -> list[Stage]:
    """The layers in the order in which they were built; norms and activations belong to the affine layer before.

    What reads an image, a text or a series is one layer, whatever it is made of.
    """
    found: list[Stage] = []
    encoders = {f"encoders.{place}": one for place, one in enumerate(getattr(module, "encoders", ()))}
    for name, part in module.named_modules():
        if name in encoders:
            found.append(Stage(layer=_encoder_layer(name, part), speaks=part))
        if name.startswith("encoders."):
            continue
        if isinstance(part, Affine | Embedding | OneHot | Ramps | Waves):
            found.append(Stage(layer=_layer(name, part), speaks=part))
        elif found and isinstance(part, LayerNorm | BatchNorm | Activate) and not _looks_up(found[-1]):
            found[-1] = _joined(found[-1], part)
    return found


def hidden_stage(module: nn.Module, name: str | None) -> Stage:
    """The hidden layer called ``name``, or the last one: affine, with an activation.

    Raises:
        LaminaError: there is none.
    """
    hidden = [stage for stage in stages(module) if stage.layer.activation != "identity"]
    chosen = hidden if name is None else [stage for stage in hidden if stage.layer.name == name]
    if chosen:
        return chosen[-1]
    names = [stage.layer.name for stage in hidden]
    raise LaminaError(
        wrong="the network has no hidden layer." if not names else f"the network has no hidden layer {name!r}.",
        expected="a layer with an activation between input and output." if not names else f"one of {', '.join(names)}.",
        remedy='fit with network="16 tanh", for example.' if not names else f"try layer={names[-1]!r}.",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """All members from the inputs, joined to one row of numbers, to scores; in float64, for exact sums.

    What is learnt about categories (an embedding, a place of a one-hot) is part of the joined row, so that a slope
    exists for them too. ``owner`` tells which encoded input each of its units stands for: first the features, then
    the categories.
    """

    module: nn.Module
    weights: Mapping[str, Tensor]
    owner: tuple[int, ...]

    def join(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """Encoded rows ``(row, feature)`` and ``(row, category)`` as ``(row, member, unit)``."""
        members = next(iter(self.weights.values())).shape[0]
        wide = numbers.double().expand(members, *numbers.shape)
        parts = [
            _call(column, self._of(f"columns.{place}."), codes[:, place].expand(members, -1)).double()
            for place, column in enumerate(self._columns())
        ]
        return torch.cat((wide, *parts), dim=-1).movedim(0, 1)

    def scores(self, joined: Tensor) -> Tensor:
        """The scores ``(member, row, score)`` of joined rows ``(row, member, unit)``."""
        rows = joined.movedim(1, 0)
        if isinstance(self.module, TableNetwork):
            return _call(self.module.trunk, self._of("trunk."), rows)
        return _call(self.module, self.weights, rows)

    def answers(self, *inputs: Tensor) -> Tensor:
        """The scores ``(member, row, score)`` of whole rows: numbers, codes if the network takes any, and fields."""
        members = next(iter(self.weights.values())).shape[0]
        wide = tuple(one.double() if one.is_floating_point() else one for one in inputs)
        expanded = tuple(one.expand(members, *one.shape) for one in wide)
        scores: Tensor = torch.func.functional_call(self.module, dict(self.weights), expanded)
        return scores

    def _columns(self) -> Iterator[nn.Module]:
        yield from self.module.columns if isinstance(self.module, TableNetwork) else ()

    def _of(self, path: str) -> dict[str, Tensor]:
        return {name.removeprefix(path): weight for name, weight in self.weights.items() if name.startswith(path)}


def body_of(predictor: Predictor) -> Body:
    """All members of a predictor as one function of joined rows."""
    module = predictor.spec.build(predictor.signature, seed=0).eval()
    weights = {n: w.double() if w.is_floating_point() else w for n, w in predictor.weights.items()}
    features = predictor.signature.features
    columns = module.columns if isinstance(module, TableNetwork) else ()
    coded = [features + place for place, column in enumerate(columns) for _ in range(_width(column))]
    return Body(module=module, weights=weights, owner=(*range(features), *coded))


def _call(module: nn.Module, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    answer: Tensor = torch.func.functional_call(module, dict(weights), (inputs,))
    return answer


def _width(column: nn.Module) -> int:
    assert isinstance(column, Embedding | OneHot)
    return column.width


def _layer(name: str, part: Affine | Embedding | OneHot | Ramps | Waves) -> Layer:
    own = _count(part)
    if isinstance(part, Ramps | Waves):
        kind, units = type(part).__name__, part.features * (1 + part.width)
        return Layer(name=name, kind=kind, inputs=part.features, units=units, activation="identity", weights=own)
    if isinstance(part, OneHot):
        return Layer(name=name, kind="OneHot", inputs=part.size, units=part.width, activation="identity", weights=own)
    if isinstance(part, Embedding):
        inputs, units = part.weight.shape
    else:
        units, inputs = part.weight.shape
    return Layer(name=name, kind=type(part).__name__, inputs=inputs, units=units, activation="identity", weights=own)


def _encoder_layer(name: str, part: nn.Module) -> Layer:
    kind = type(part).__name__.removesuffix("Network")
    width = int(part.width)  # type: ignore[arg-type]
    return Layer(name=name, kind=kind, inputs=0, units=width, activation="identity", weights=_count(part))


def _joined(stage: Stage, part: nn.Module) -> Stage:
    facts = asdict(stage.layer)
    facts["weights"] += _count(part)
    if isinstance(part, Activate):
        facts["activation"] = part.name
    # a norm after the activation, as at the end of a residual network, is no longer what this layer's units say
    speaks = part if stage.layer.activation == "identity" else stage.speaks
    return Stage(layer=Layer(**facts), speaks=speaks)


def _looks_up(stage: Stage) -> bool:
    return stage.layer.kind != "Affine"


def _count(part: nn.Module) -> int:
    return sum(weight.numel() for weight in part.parameters())
