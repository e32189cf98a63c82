"""The content of ``tune.json``."""

from __future__ import annotations

from collections.abc import Mapping

from lamina.evaluation.clock import Clock
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.foundation.devices import pick_device
from lamina.foundation.specs import Json, code
from lamina.model import environment_here
from lamina.tuning.entering import FORMAT
from lamina.tuning.final import Final
from lamina.tuning.records import Records, Told, Trial
from lamina.tuning.setup import Search


def facts_of(
    search: Search,
    prepared: Prepared,
    plan: Plan,
    records: Records,
    final: Final,
    words: Mapping[int, str],
    how: str,
    clock: Clock,
) -> dict[str, Json]:
    """The content of ``tune.json``."""
    finished = records.finished
    return {
        "format": FORMAT,
        "name": prepared.name,
        "task": prepared.task,
        "target": prepared.schema.target,
        "metric": search.ground.metric,
        "sentence": final.sentence,
        **final.facts,
        "rows": {"search": len(plan.known), "outer": len(plan.test), "splits": len(search.ground.splits)},
        "fingerprint": prepared.fingerprint,
        "seed": search.seed,
        "sampler": how,
        "start": {
            "network": code(search.space.start.network),
            "training": code(search.space.start.training),
            "members": search.space.start.members,
        },
        "epochs": search.epochs,
        "space": search.space.to_json(),
        "trials": [_trial(trial, words[trial.number], finished) for trial in records.trials],
        "budget": clock.seconds,
        "seconds": clock.passed,
        "environment": environment_here(pick_device(search.space.start.training.device)),
    }


def _trial(trial: Trial, words: str, finished: Mapping[int, Told]) -> Json:
    return {
        "trial": trial.number,
        "round": trial.round,
        "settings": words,
        "point": trial.point,
        "finished": trial.number in finished,
        "rungs": [
            {
                "rung": told.rung,
                "epochs": told.epochs,
                "networks": told.networks,
                "score": told.score,
                "seconds": told.seconds,
                "whole": told.whole,
            }
            for told in trial.told.values()
        ],
    }
