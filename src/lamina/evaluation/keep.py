"""The models that are kept: the chosen contender's and the network's."""

from __future__ import annotations

import math
from typing import Any

from lamina.classical import LEARNT
from lamina.data import Note
from lamina.estimators import classic_model
from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.facts import score_interval
from lamina.evaluation.groups import group_scores
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.race import Recipe
from lamina.evaluation.tally import Tally
from lamina.metrics import finite_or_none
from lamina.model import Model
from lamina.rivals import encode

LIMITS = ("Rows unlike those it learnt from: other places, times or ways of measuring.",)


def can_be_kept(tally: Tally) -> bool:
    """Whether there is a way to write what it learnt into a file without running code from it."""
    if tally.contender.name == NETWORK:
        return True
    learnt = tally.kept.learnt  # a reader of images that may be kept can have something behind it that may not
    return getattr(learnt, "kind", None) in LEARNT and bool(getattr(learnt, "keepable", True))


def kept_model(prepared: Prepared, plan: Plan, tally: Tally, recipe: Recipe, *, metric: str, seed: int) -> Model:
    """The model of a contender, with what held-out rows taught about how sure it may be."""
    card = card_facts(prepared, plan, tally, metric=metric, seed=seed)
    trial = plan.trials[plan.kept]
    if tally.contender.name == NETWORK:
        return recipe.model(prepared, len(trial.train), tally.kept.learnt, calibration=tally.calibration, **card)
    encoded = encode(prepared.table, prepared.schema, prepared.task, trial, clipped=tally.contender.family.clipped)
    return classic_model(
        tally.kept.learnt,
        encoded.encoder,
        encoded.target,
        prepared.schema,
        task=prepared.task,
        rows=len(trial.train),
        calibration=tally.calibration,
        seeds=(seed,),
        learner=learner_of(tally),
        **card,
    )


def learner_of(tally: Tally) -> str:
    """The learner in words, with the settings that were chosen inside the training rows."""
    chosen = ", ".join(f"{name} {value}" for name, value in tally.kept.learnt.chosen.items())
    return f"{tally.contender.title} ({chosen})" if chosen else tally.contender.title


def not_kept_note(tally: Tally, kept: str) -> Note:
    """That the chosen contender cannot be kept, why, and what is kept in its place."""
    why = getattr(tally.kept.learnt, "why", "nothing of ours can hold it").rstrip(".")
    words = f"{tally.contender.title} was chosen but cannot be written to a file ({why}); {kept} is kept in its place."
    return Note(kind="kept", sentence=words)


def intended_use(prepared: Prepared) -> tuple[str, ...]:
    """What a model of these rows is for, in a sentence of its card."""
    return (f"Answers about {prepared.schema.target!r} for rows like those of {prepared.name!r}, checked by a person.",)


def card_facts(prepared: Prepared, plan: Plan, tally: Tally, *, metric: str, seed: int) -> dict[str, Any]:
    """The fields of the `Card` that a study knows: data, scores with intervals, groups, what it is for and not for."""
    judged = len(plan.judged)
    split = "held out" if judged == 1 else f"{judged} folds"
    ends = {score.name: score_interval(prepared, plan, tally, score.name, seed) for score in tally.scores}
    known = {name: pair for name, pair in ends.items() if all(map(math.isfinite, pair))}
    return {
        "name": prepared.name,
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "notes": tuple(note.sentence for note in prepared.notes),
        "limits": LIMITS,
        "metrics": {split: {score.name: finite_or_none(score.mean) for score in tally.scores}},
        "intervals": {split: known} if known else {},
        "groups": group_scores(prepared, plan, tally, metric),
        "intended_use": intended_use(prepared),
        "out_of_scope": (
            "Rows of another kind or time than those it was judged on, and decisions about people without a review.",
        ),
    }
