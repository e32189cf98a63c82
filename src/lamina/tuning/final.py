"""The end of a search: the outer rows are opened once, and the default and what was found are held against each other.

Which setting, and whether it or the ensemble, was decided before by the rows that the search saw. The outer rows decide
one thing only, by a test that was fixed in advance: whether what was found is kept, or the default. What is kept has
the better score and a two-sided p < 0.05; whether the difference matters is told beside it, by the verdict's region.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.evaluation.keep import LIMITS, intended_use
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.score import drawn_interval
from lamina.evaluation.tally import metrics_of
from lamina.evaluation.verdict import Comparison, compare_rows, practical_region
from lamina.foundation.specs import Json
from lamina.metrics import Metric, finite_or_none, measure
from lamina.model import Model
from lamina.tuning.contestants import Cast, Contestant, calibration_of, codes_or_numbers
from lamina.tuning.ensemble import Answers
from lamina.tuning.records import DEFAULT
from lamina.tuning.setup import Search
from lamina.tuning.words import Ending, sentence_of

LEVEL = 0.05
DRAWS = 1000


def level_at(looks: int) -> float:
    """The p value asked for at this look: half as much at each, so that all together stay below twice `LEVEL`.

    >>> level_at(1), level_at(2), level_at(3)
    (0.05, 0.025, 0.0125)
    """
    return LEVEL * 0.5 ** (looks - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Final:
    """What came of a search: the model to keep, and everything that was measured on the outer rows."""

    model: Model
    beaten: bool
    sentence: str
    facts: dict[str, Json]


def final_of(
    search: Search, cast: Cast, prepared: Prepared, plan: Plan, words: Mapping[int, str], *, looks: int
) -> Final:
    """Open the outer rows, those that ``plan`` set aside, and judge; rows of one group witness together.

    Args:
        words: the settings of each trial in words.
        looks: how often the rows have been opened, this time included; each look halves the level of the test.
    """
    table = prepared.table.take(pa.array(plan.test))
    groups = None if plan.groups is None else plan.groups[plan.test]
    default_model = cast.default.model
    assert default_model is not None  # a single setting always fits into a file
    truth, metric = codes_or_numbers(default_model, table), search.ground.measure
    who = {"default": cast.default, "tuned": cast.tuned, "ensemble": cast.ensemble}
    given = {name: one.answers(table) for name, one in who.items()}
    worth = {name: _measured(search, prepared, truth, given[name], who[name], groups) for name in who}
    found = "ensemble" if cast.found is cast.ensemble else "tuned"
    compared = {
        name: _compared(metric, truth, given[name], given["default"], search.seed, groups)
        for name in ("tuned", "ensemble")
    }
    same = cast.found.counts == cast.default.counts
    beaten = not same and compared[found].p_value < level_at(looks) and compared[found].difference > 0
    told = Ending(
        metric=metric,
        settings=_words(cast.found, words),
        tried=len(search.records().finished) - 1,
        score=worth[found]["score"],
        default=worth["default"]["score"],
        doubt=compared[found].doubt,
        optimism=worth[found]["optimism"],
        same=same,
        beaten=beaten,
        looks=looks,
        level=level_at(looks),
        cut=not search.records().finished[DEFAULT].whole,
        loose=None if cast.ensemble.model is not None else (len(cast.ensemble.counts), worth["ensemble"]["score"]),
    )
    kept = found if beaten else "default"
    return Final(
        model=_kept(search, prepared, who[kept], given[kept], truth, worth[kept]),
        beaten=beaten,
        sentence=sentence_of(told),
        facts={
            "kept": kept,
            "found": found,
            "beats_default": beaten,
            "opened": looks,
            "level": level_at(looks),
            **{
                name: {**_plain(worth[name]), "settings": _words(one, words), "trials": _counts(one)}
                for name, one in who.items()
            },
            "comparison": {name: _comparison(one) for name, one in compared.items()},
            "optimism": finite_or_none(worth[found]["optimism"]),
            "ensemble_in_one_file": cast.ensemble.model is not None,
        },
    )


def _measured(
    search: Search,
    prepared: Prepared,
    truth: np.ndarray,
    given: Answers,
    one: Contestant,
    groups: np.ndarray | None,
) -> dict[str, Any]:
    """Scores on the outer rows with intervals, the score where it was searched, and by how much that flattered."""
    metric = search.ground.measure
    values = measure(metrics_of(prepared, metric.name), truth, given)
    inner = metric.function(search.ground.truth(), one.fair_inner)
    sign = 1.0 if metric.better == "higher" else -1.0
    return {
        "score": values[metric.name],
        "interval": drawn_interval(truth, given, metric.name, search.seed, groups=groups),
        "inner_score": inner,
        "optimism": sign * (inner - values[metric.name]),
        "scores": values,
    }


def _compared(
    metric: Metric, truth: np.ndarray, one: Answers, default: Answers, seed: int, groups: np.ndarray | None
) -> Comparison:
    region = practical_region(metric, metric.function(truth, default))
    return compare_rows(
        truth,
        one,
        default,
        metric=metric.function,
        better=metric.better,
        region=region,
        seed=seed,
        draws=DRAWS,
        groups=groups,
    )


def _kept(
    search: Search, prepared: Prepared, one: Contestant, given: Answers, truth: np.ndarray, worth: Mapping[str, Any]
) -> Model:
    """The model with its calibration and its card."""
    assert one.model is not None  # what is kept can be kept
    metric, ends = search.ground.metric, worth["interval"]
    split = "rows that the search never saw"
    card = dataclasses.replace(
        one.model.card,
        data=prepared.name,
        fingerprint=prepared.fingerprint,
        notes=tuple(note.sentence for note in prepared.notes),
        limits=LIMITS,
        metrics={split: {name: finite_or_none(value) for name, value in worth["scores"].items()}},
        intervals={split: {metric: ends}} if all(map(math.isfinite, ends)) else {},
        intended_use=intended_use(prepared),
    )
    return dataclasses.replace(one.model, card=card, calibration=calibration_of(one, given, truth))


def _words(one: Contestant, words: Mapping[int, str]) -> str:
    if len(one.counts) == 1:
        return words[next(iter(one.counts))]
    return f"an ensemble of {len(one.counts)} settings ({words[max(one.counts, key=lambda t: one.counts[t])]}, ...)"


def _counts(one: Contestant) -> Json:
    return [{"trial": trial, "counts": count} for trial, count in one.counts.items()]


def _plain(worth: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "score": finite_or_none(worth["score"]),
        "interval": [finite_or_none(end) for end in worth["interval"]],
        "inner_score": finite_or_none(worth["inner_score"]),
        "optimism": finite_or_none(worth["optimism"]),
        "scores": {name: finite_or_none(value) for name, value in worth["scores"].items()},
    }


def _comparison(one: Comparison) -> dict[str, Json]:
    """What is known of the difference to the default, positive in favour of what was found."""
    return {
        "word": one.word,
        "difference": finite_or_none(one.difference),
        "interval": [finite_or_none(end) for end in one.interval],
        "p_value": one.p_value,
        "chance_luck": one.doubt,
        "chance_better": one.chance_better,
        "chance_equivalent": one.chance_equivalent,
        "chance_worse": one.chance_worse,
        "region": one.region,
        "method": one.method,
        "rows_to_decide": one.rows_to_decide,
    }
