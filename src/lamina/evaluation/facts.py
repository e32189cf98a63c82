"""The parts of ``result.json`` that are put together from what a study found; the report shows nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import Note, column_drift
from lamina.estimators import Fitted
from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.race import Outcome
from lamina.evaluation.score import article, drawn_interval
from lamina.evaluation.tally import Tally, classes_of, codes_of, first_draw, settings_of, truth_of
from lamina.evaluation.verdict import mean_interval
from lamina.explain import explanation_facts, inside_facts
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.specs import Json, code
from lamina.metrics import METRICS, finite_or_none, format_metric
from lamina.model import Model, environment_here
from lamina.training import diagnose

POINTS = 1_000  # of a picture of residuals
SHOWN_CLASSES = 50  # of a confusion matrix; beyond, it is no picture any more
EXPLAINED_ROWS = 2_000


def metric_facts(tally: Tally) -> dict[str, Json]:
    """What a reader must know of each metric."""
    return {
        score.name: {"label": score.metric.label, "better": score.metric.better, "percent": score.metric.percent}
        for score in tally.scores
    }


def contender_facts(
    prepared: Prepared, plan: Plan, tallies: Sequence[Tally], outcomes: Sequence[Outcome], *, seed: int
) -> list[Json]:
    """Every contender, the best first; those that were left out last, with the reason."""
    done = [_contender(prepared, plan, tally, seed) for tally in tallies]
    out = [
        {"name": one.contender.name, "title": one.contender.title, "left_out": one.left_out}
        for one in outcomes
        if one.left_out is not None
    ]
    return [*done, *out]


def _contender(prepared: Prepared, plan: Plan, tally: Tally, seed: int) -> Json:
    asked, chosen, remarks = settings_of(tally)
    return {
        "name": tally.contender.name,
        "title": tally.contender.title,
        "settings": asked,
        "chosen_settings": chosen,
        "remarks": {name: finite_or_none(float(value)) for name, value in remarks.items()},
        "left_out": None,
        "note": getattr(tally.kept.learnt, "why", None),
        "scores": score_facts(prepared, plan, tally, seed),
        "cost": tally.cost.to_json(),
        "calibration": None
        if tally.honesty is None
        else {"temperature": tally.calibration.temperature, **tally.honesty},
        "coverage": tally.coverage,
    }


def score_facts(prepared: Prepared, plan: Plan, tally: Tally, seed: int) -> dict[str, Json]:
    """Mean, interval and every fold of each metric."""
    return {
        score.name: {
            "mean": finite_or_none(score.mean),
            "interval": [finite_or_none(end) for end in score_interval(prepared, plan, tally, score.name, seed)],
            "folds": [finite_or_none(value) for value in score.folds],
        }
        for score in tally.scores
    }


def score_interval(prepared: Prepared, plan: Plan, tally: Tally, name: str, seed: int) -> tuple[float, float]:
    """95 %: over folds with the corrected error, over the rows of a single test side by drawing them anew."""
    metric, score = METRICS[name], tally.score(name)
    if len(plan.judged) > 1:
        share = metric.percent and metric.needs != "numbers"
        low, high = mean_interval(score.folds, share_tested(plan), share=share, rows=len(plan.known))
        return max(metric.bounds[0], low), min(metric.bounds[1], high)
    rows = plan.judged[0].test
    groups = None if plan.groups is None else plan.groups[rows]
    return drawn_interval(truth_of(prepared, plan.judged[0]), tally.answers_to(name)[0], name, seed, groups=groups)


def share_tested(plan: Plan) -> float:
    """Test rows over training rows of a split, on average."""
    return float(np.mean([len(trial.test) / len(trial.train) for trial in plan.judged]))


def confusion_facts(prepared: Prepared, plan: Plan, tally: Tally, classes: int) -> dict[str, Json] | None:
    """How often each class was taken for each other, every row once: rows are the truth, columns the answers."""
    if not 2 <= classes <= SHOWN_CLASSES:
        return None
    truth, answers = first_draw(prepared, plan, tally)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, answers.argmax(axis=1)), 1)
    return {"contender": tally.contender.name, "counts": counts.tolist()}


def residual_facts(prepared: Prepared, plan: Plan, tally: Tally, seed: int) -> dict[str, Json]:
    """Truth and answer of up to a thousand rows."""
    truth, answers = first_draw(prepared, plan, tally)
    shown = np.sort(numpy_stream(seed, "residuals").permutation(len(truth))[:POINTS])
    return {
        "contender": tally.contender.name,
        "truth": truth[shown].tolist(),
        "predicted": answers[shown].tolist(),
    }


def source_facts(
    prepared: Prepared, plan: Plan, protocol: Protocol, *, metric: str, seed: int, command: str
) -> dict[str, Json]:
    """Where the rows come from, and how it was judged."""
    classes, target = classes_of(prepared), prepared.schema.target
    features = {column.name for column in prepared.schema.inputs}
    return {
        "name": prepared.name,
        "task": prepared.task,
        "target": target,
        "metric": metric,
        "classes": list(classes),
        "columns": {c.name: c.word for c in prepared.schema.columns if c.name in features},
        "left_out": {c.name: c.word for c in prepared.schema.columns if c.name not in {*features, target}},
        "command": command,
        "seed": seed,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "environment": dict(environment_here()),
        "fingerprint": prepared.fingerprint,
        "protocol": protocol_facts(plan, protocol),
        "balance": balance_facts(prepared, classes),
        "drift": drift_facts(prepared, plan),
    }


def answer_facts(prepared: Prepared, plan: Plan, tally: Tally, *, seed: int) -> dict[str, Json]:
    """What the chosen contender answered to rows that it had not seen, and how often its intervals held the truth."""
    numbers = prepared.task == "regression"
    return {
        "confusion": None if numbers else confusion_facts(prepared, plan, tally, len(classes_of(prepared))),
        "residuals": residual_facts(prepared, plan, tally, seed) if numbers else None,
        "coverage": tally.coverage,
    }


def network_facts(first: Fitted | None, inside: Json) -> Json:
    """The network: what it is made of, how its first fold learnt, and what its layers show."""
    if first is None:
        return None
    signature, history = first.predictor.signature, first.histories[0]
    return {
        "code": code(first.predictor.spec),
        "inputs": signature.features + len(signature.categories) + len(signature.fields),
        "scores": signature.scores,
        "members": first.predictor.members,
        "histories": [history.to_json()],
        "diagnoses": [{"kind": d.kind, "sentence": d.sentence, "advice": d.advice} for d in diagnose(history)],
        **(inside or {}),
    }


def explanations(prepared: Prepared, plan: Plan, model: Model, network: Model | None, *, seed: int) -> dict[str, Json]:
    """What the kept model relies on, and what the network's hidden layer has learnt."""
    rows = explained_rows(plan, seed)
    table = prepared.table.take(pa.array(rows))
    said = explanation_facts(model, table, seed=seed)
    inside = said.get("network")
    if network is not None and network is not model:
        inside = inside_facts(network, table, seed=seed)
    return {"importance": said["importance"], "effects": said["effects"], "inside": inside}


def explained_rows(plan: Plan, seed: int) -> npt.NDArray[np.int64]:
    """Rows to explain by: those set aside, else those held out from what is kept, else those it learnt from."""
    kept = plan.trials[plan.kept]
    rows = plan.test if len(plan.test) else kept.test if len(kept.test) else kept.train
    return np.sort(numpy_stream(seed, "explained").permutation(rows)[:EXPLAINED_ROWS])


def protocol_facts(plan: Plan, protocol: Protocol) -> dict[str, Json]:
    """How it was judged."""
    repeats = 1 + max(trial.repeat for trial in plan.judged)
    return {
        "folds": len(plan.judged) // repeats,
        "repeats": repeats,
        "group": protocol.group,
        "time": protocol.time,
        "test_rows": len(plan.test),
    }


def balance_facts(prepared: Prepared, classes: Sequence[str]) -> dict[str, int] | None:
    """Rows of each class."""
    if not classes:
        return None
    return dict(zip(classes, np.bincount(codes_of(prepared), minlength=len(classes)).tolist(), strict=True))


def drift_facts(prepared: Prepared, plan: Plan) -> list[Json]:
    """Columns that differ between the two sides of the first split."""
    first = plan.judged[0]
    found = column_drift(prepared.table, prepared.schema, first.train, first.test)
    return [{"column": one.column, "distance": one.distance, "sentence": one.sentence} for one in found]


def naive_facts(
    metric: str, naive: float, right: float, protocol: Protocol, *, folds: Sequence[float] = ()
) -> dict[str, Json]:
    """What a random split would have told, the mean of its ``folds``, beside the right one."""
    how = "with whole groups held out" if protocol.group is not None else "with the future held out"
    measure = METRICS[metric]
    words = (
        f"A random split would have told you {article(measure.label)} of {format_metric(measure, naive)}; "
        f"{how} it is {format_metric(measure, right)}."
    )
    told = [finite_or_none(value) for value in folds]
    return {"metric": metric, "naive": naive, "right": right, "folds": told, "sentence": words}


def by_name(tallies: Sequence[Tally]) -> Mapping[str, Tally]:
    """The tallies by the names of their contenders."""
    return {tally.contender.name: tally for tally in tallies}


def fitted_network(outcomes: Sequence[Outcome], place: int) -> Fitted | None:
    """The networks of one trial; None if there were none."""
    found = next((one for one in outcomes if one.contender.name == NETWORK and one.attempts), None)
    return None if found is None else found.attempts[place].learnt


def mirror_notes(outcomes: Sequence[Outcome], plan: Plan) -> tuple[Note, ...]:
    """Whether the kept network learnt from mirror images too, and how many of those that judge did otherwise.

    Each asks the rows that it learns from: asked of all rows, some that judge would have had a say.
    """
    *judging, kept = (fitted_network(outcomes, place) for place in range(len(plan.trials)))
    if kept is None or kept.mirrors is None:
        return ()
    mirrored = [one is not None and one.mirrors is not None and one.mirrors.flip for one in judging]
    others = sum(flip is not kept.mirrors.flip for flip in mirrored)
    how = "without them" if kept.mirrors.flip else "from them too"
    also = f" Of the {len(judging)} networks by which it was judged, {others} learnt {how}, each by its own rows."
    return (Note(kind="mirrors", sentence=kept.mirrors.sentence + also * (others > 0)),)
