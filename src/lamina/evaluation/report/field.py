"""Who competed: the contenders in the facts, and which score counts."""

from __future__ import annotations

from collections.abc import Mapping

from lamina.evaluation.report.read import mapping, mappings, number, pair, text
from lamina.evaluation.report.words import Scale, scale_of, shown
from lamina.foundation.specs import Json

Facts = Mapping[str, Json]


def headline(facts: Facts) -> Scale | None:
    """The score that the verdict is about, else the first one there is.

    >>> headline({"verdict": {"metric": "rmse"}}).label, headline({})
    ('root mean squared error', None)
    """
    scores = next((mapping(c.get("scores")) for c in mappings(facts.get("contenders")) if c.get("scores")), {})
    name = text(mapping(facts.get("verdict")).get("metric")) or next(
        iter([*mapping(facts.get("metrics")), *scores]), ""
    )
    return scale_of(facts, name) if name else None


def competing(facts: Facts) -> tuple[Facts, ...]:
    """The contenders that took part, in the order of the facts (best first)."""
    return tuple(c for c in mappings(facts.get("contenders")) if not text(c.get("left_out")))


def absent(facts: Facts) -> tuple[Facts, ...]:
    """The contenders that were left out; each says why."""
    return tuple(c for c in mappings(facts.get("contenders")) if text(c.get("left_out")))


def contender(facts: Facts, name: Json) -> Facts:
    """The contender of a name, or an empty one."""
    return next((c for c in mappings(facts.get("contenders")) if c.get("name") == name), {})


def chosen(facts: Facts) -> Facts:
    """The contender that is to be used, or an empty one."""
    return contender(facts, mapping(facts.get("verdict")).get("chosen"))


def title(one: Facts) -> str:
    """What a contender is called.

    >>> title({"name": "linear", "title": "Linear model"}), title({"name": "linear"}), title({})
    ('Linear model', 'linear', 'model')
    """
    return shown(text(one.get("title")) or text(one.get("name")) or "model", 48)


def title_of(facts: Facts, name: Json) -> str:
    """What the contender of a name is called, even if the facts do not list it."""
    return title(contender(facts, name) or {"name": name})


def settings(one: Facts) -> str:
    """The settings that a contender chose for itself.

    >>> settings({"chosen_settings": {"C": 1.0, "kernel": "rbf"}}), settings({})
    ('C 1, kernel rbf', '')
    """
    found = [f"{shown(name, 24)} {_setting(value)}" for name, value in mapping(one.get("chosen_settings")).items()]
    return shown(", ".join(found), 120) if found else ""


def mean(one: Facts, metric: str) -> float | None:
    """A contender's mean score."""
    return number(mapping(mapping(one.get("scores")).get(metric)).get("mean"))


def interval(one: Facts, metric: str) -> tuple[float, float] | None:
    """The interval round a contender's mean score."""
    return pair(mapping(mapping(one.get("scores")).get(metric)).get("interval"))


def class_names(facts: Facts) -> list[str]:
    """The labels of the classes as they can be shown."""
    classes = facts.get("classes")
    return [shown(name, 40) for name in classes] if isinstance(classes, list | tuple) else []


def _setting(value: Json) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shown(value, 24)
