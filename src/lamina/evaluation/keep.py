"""The models that are kept: the chosen contender's and the network's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.classical import LEARNT
from lamina.data import Note
from lamina.estimators import classic_model
from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.race import NetworkRecipe, network_model
from lamina.evaluation.score import finite_or_none
from lamina.evaluation.tally import Tally
from lamina.model import Model
from lamina.rivals import encode

LIMITS = ("Rows unlike those it learnt from: other places, times or ways of measuring.",)


def can_be_kept(tally: Tally) -> bool:
    """Whether there is a way to write what it learnt into a file without running code from it."""
    return tally.contender.name == NETWORK or getattr(tally.kept.learnt, "kind", None) in LEARNT


def kept_model(
    prepared: Prepared, plan: Plan, tally: Tally, recipe: NetworkRecipe, *, seed: int, **facts: Any
) -> Model:
    """The model of a contender, with what held-out rows taught about how sure it may be.

    ``facts`` are more fields of the `Card`.
    """
    card = {
        "name": prepared.name,
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "notes": tuple(note.sentence for note in prepared.notes),
        "limits": LIMITS,
        **card_scores(plan, tally),
        **facts,
    }
    trial = plan.trials[plan.kept]
    if tally.contender.name == NETWORK:
        return network_model(
            prepared, len(trial.train), recipe, tally.kept.learnt, calibration=tally.calibration, **card
        )
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


def card_scores(plan: Plan, tally: Tally) -> dict[str, Mapping[str, Mapping[str, Any]]]:
    """The scores on held-out rows, as the card has them."""
    judged = len(plan.judged)
    split = "held out" if judged == 1 else f"{judged} folds"
    return {"metrics": {split: {score.name: finite_or_none(score.mean) for score in tally.scores}}}
