"""A study: from a source of data to a verdict and the model to use, with what it is worth on rows that it never saw.

prepare -> plan -> every contender tries every trial -> tally -> verdict -> learning curve -> models -> explanation
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lamina.classical import Constant, Linear
from lamina.data import MISSING_SPELLINGS, Note, Source, as_source
from lamina.estimators import Task, as_network, as_training
from lamina.evaluation import facts as tell
from lamina.evaluation.asked import check_asked
from lamina.evaluation.clock import Clock
from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.curve import DRAWS, costs_of, learning_curve, why_no_curve
from lamina.evaluation.field_facts import field_facts
from lamina.evaluation.final import final_facts
from lamina.evaluation.judge import keepable, ranked, verdict_of
from lamina.evaluation.keep import can_be_kept, kept_model, not_kept_note
from lamina.evaluation.plan import naive_trials
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.quick import QUICK_DRAWS, quick_protocol
from lamina.evaluation.result import Study, check_folder
from lamina.evaluation.setup import OnStep, Setup
from lamina.evaluation.several import taking_part
from lamina.evaluation.starting import Asked, anyone, start, start_stream
from lamina.evaluation.step import Step
from lamina.evaluation.streamed import as_streamed
from lamina.evaluation.tally import Tally, tally, truth_of
from lamina.evaluation.verdict import Verdict
from lamina.foundation.devices import pick_device
from lamina.foundation.energy import joules_between, look
from lamina.foundation.processes import place_here
from lamina.foundation.specs import Json
from lamina.metrics import METRICS
from lamina.model import Model
from lamina.networks import Network
from lamina.training import Training, diagnose

RACE, CURVE, CLOSE = 0.55, 0.8, 0.92  # shares of a budget by which each stage has ended


def fit(
    data: Any,
    target: str | None = None,
    *,
    contenders: Sequence[Any] | None = None,
    network: Network | str | None = None,
    training: Training | None = None,
    task: Task | None = None,
    protocol: Protocol | None = None,
    metric: str | None = None,
    choose: str | None = None,
    members: int | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING_SPELLINGS,
    stream: bool | None = None,
    seed: int = 0,
    seconds: float | None = None,
    quick: bool = False,
    curve: bool = True,
    explain: bool = True,
    workers: int | None = None,
    command: str = "",
    checkpoint: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> Study:
    """Train a network and its simpler rivals on the same rows, and say which to use.

    Under torchrun all processes call this alike; the first one runs the study, and the others help with its networks.

    Args:
        data: a path, a built-in name, any data frame, a dict of lists, or a folder of Parquet or delimited files.
        target: the column to predict; a built-in set knows its own.
        contenders: the network's rivals: names such as ``"linear"``, scikit-learn estimators, or their
            ``"package.module:Class"``; None for all that are built in, empty for the network alone.
        network: a spec, a string such as ``"64 relu, 64 relu"``, or None for the default.
        training: how it learns; None for the default.
        task: classification or regression; None lets the target decide.
        protocol: how the result is judged; None lets the number of rows decide.
        metric: what decides; None is accuracy (ROC AUC where one of two classes is rare), or the error of numbers.
        choose: the contender to keep, whatever the verdict says.
        members: networks that answer together, by the mean of what they say; None lets the number of rows decide.
        kinds: kinds of columns that are not to be inferred, such as ``{"zip": "category"}``.
        missing: how missing values are spelt.
        stream: True to learn from files without ever holding all rows, False to read them whole; None streams a table
            of more than a million rows or a gigabyte (`lamina.data.extent`). A stream is judged by one part held out;
            the network meets every other row, its rivals a sample.
        seed: of everything that is drawn.
        seconds: wall-clock limit; what does not fit is left out, and said.
        quick: a first look in about a quarter of the time: fewer rivals, folds and rows.
        curve: whether to find out if more rows would help.
        explain: whether to find out what the models rely on.
        workers: processes for the rivals; None for as many as there are cores. Results do not depend on it.
        command: what a person typed, for the report.
        checkpoint: a folder where networks keep how far they are: the same study, called again, goes on from there.
        on_step: called at every moment worth telling; the first one has what was found in the data.

    Raises:
        DataError: the data cannot be read or learnt from.
        SchemaError: the target or another column is not there.
        SpecError: what was asked for makes no sense.
        DeviceError: the device is not here.
        TrainingError: training diverged.
        SystemExit: under torchrun, in all processes but the first, with code 0 when the study is over.

    >>> study = fit("iris", network="8 tanh", training=Training(epochs=40), contenders=["linear"], curve=False)
    >>> study.headline.name, study.headline.mean > 0.8, study.verdict.rival
    ('accuracy', True, 'linear')
    """
    clock = Clock(seconds)
    asked = Asked(
        network=as_network(network),
        training=as_training(training),
        contenders=contenders,
        protocol=quick_protocol(protocol or Protocol()) if quick else protocol or Protocol(),
        task=task,
        metric=metric,
        members=members,
        kinds=kinds or {},
        missing=missing,
        seed=seed,
        quick=quick,
        curve=curve,
        workers=workers,
        clock=clock,
        say=on_step if on_step and place_here().first else (lambda step: None),
        checkpoint=checkpoint,
    )
    pick_device(asked.training.device)  # one that is not here is said before anything is read
    check_asked(metric, choose, anyone(asked), seed)
    if checkpoint is not None and place_here().first:
        check_folder(checkpoint)
        Path(checkpoint).mkdir(parents=True, exist_ok=True)
    draws = (QUICK_DRAWS if quick else DRAWS) * curve
    with as_source(data, stream=stream, missing=missing) as found:
        if isinstance(found, Source):
            setup, streamed = start_stream(found, target, asked)
            with taking_part(setup) as setup:
                study = _study(setup, choose=choose, draws=0, explain=explain, command=command)
            return as_streamed(study, streamed, curve=curve)
        setup = start(found, target, asked)
    draws = min(draws, QUICK_DRAWS) if setup.prepared.schema.field_kinds else draws  # such networks are dear
    with taking_part(setup) as setup:
        return _study(setup, choose=choose, draws=draws, explain=explain, command=command)


def _study(setup: Setup, *, choose: str | None, draws: int, explain: bool, command: str) -> Study:
    prepared, plan, seed, metric = setup.prepared, setup.plan, setup.seed, setup.metric
    findings, energy = setup.findings(), look()
    setup.say(Step(stage="plan", words=setup.words(draws=draws), findings=findings, notes=prepared.notes))
    later = draws or setup.protocol.group is not None or setup.protocol.time is not None  # the curve, the naive split
    outcomes = setup.run("contenders", RACE if later else CURVE, setup.contenders, plan.trials)
    done = [one for one in outcomes if one.left_out is None]
    tallies = ranked([tally(prepared, plan, one, metric=metric, seed=seed) for one in done])
    named = tell.by_name(tallies)
    keep = choose if choose is not None and choose in named and can_be_kept(named[choose]) else None
    asked = len(setup.contenders) - (NETWORK in named)
    verdict = verdict_of(prepared, plan, tallies, metric=metric, keep=keep, seed=seed, asked_rivals=asked)
    chosen = keepable(verdict.chosen if verdict is not None else NETWORK, tallies)
    curve = _curve(setup, verdict, named, draws)
    naive = _naive(setup, named[chosen])
    models = {
        name: kept_model(prepared, plan, named[name], setup.recipe, metric=metric, seed=seed)
        for name in dict.fromkeys((chosen, NETWORK))
        if name in named
    }
    said = _explained(setup, models, named[chosen]) if explain else {}
    first, kept = tell.fitted_network(outcomes, 0), tell.fitted_network(outcomes, plan.kept)
    parts = {
        **tell.source_facts(prepared, plan, setup.protocol, metric=metric, seed=seed, command=command),
        "metrics": tell.metric_facts(named[chosen]),
        "contenders": tell.contender_facts(prepared, plan, tallies, outcomes, seed=seed),
        "learning_curve": curve,
        "naive_split": naive,
        "test": final_facts(
            prepared, plan, tallies, models[chosen], metric=metric, seed=seed, asked=setup.protocol.test
        ),
        **tell.answer_facts(prepared, plan, named[chosen], seed=seed),
        "importance": said.get("importance"),
        "effects": said.get("effects"),
        "fields": said.get("fields"),
        "network": tell.network_facts(first, said.get("inside")),
        "joules": joules_between(energy, look()),  # of the whole machine while the study ran
        "histories": [] if kept is None else [history.to_json() for history in kept.histories],
    }
    return Study(
        verdict=verdict,
        model=models[chosen],
        network=models.get(NETWORK),
        tallies=tuple(tallies),
        judged=tuple((len(trial.train), len(trial.test)) for trial in plan.judged),
        rows=prepared.table.num_rows,
        findings=findings,
        notes=(
            *prepared.notes,
            *_instead(verdict, named, chosen),
            *_left_out(choose, named),
            *tell.mirror_notes(outcomes, plan),
            *_no_curve(setup, draws),
            *_too_late(setup, draws=draws, curve=curve, explain=explain, said=said),
        ),
        histories=() if kept is None else kept.histories,
        diagnoses=() if first is None else diagnose(first.histories[0]),
        stopped=() if kept is None else kept.stopped,
        seconds=setup.clock.passed,
        chosen=chosen,
        parts=parts,
    )


def _instead(verdict: Verdict | None, named: Mapping[str, Tally], chosen: str) -> tuple[Note, ...]:
    if verdict is None or verdict.chosen == chosen:
        return ()
    return (not_kept_note(named[verdict.chosen], named[chosen].contender.title),)


def _no_curve(setup: Setup, draws: int) -> tuple[Note, ...]:
    why = why_no_curve(setup.prepared, setup.plan) if draws else None
    return () if why is None else (Note(kind="curve", sentence=why),)


def _left_out(choose: str | None, named: Mapping[str, Tally]) -> tuple[Note, ...]:
    """That the contender that was to be kept could not be."""
    if choose is None or (choose in named and can_be_kept(named[choose])):
        return ()
    why = "was left out" if choose not in named else "cannot be written to a file"
    return (Note(kind="kept", sentence=f"{choose!r} was to be kept, but {why}; the advised contender is kept."),)


def _curve(setup: Setup, verdict: Verdict | None, named: Mapping[str, Tally], draws: int) -> Json:
    """Whether more rows would help the network and its rival; None if there is no time, or nobody wants to know."""
    if not draws:
        return None
    prepared, plan, seed = setup.prepared, setup.plan, setup.seed
    # a constant learns nothing from more rows: beside it the linear model is of more interest
    rival = verdict.rival if verdict is not None and verdict.rival != Constant.name else Linear.name
    who = {name: named[name] for name in dict.fromkeys((NETWORK, rival)) if name in named}
    trials = setup.curve_trials(draws)
    if not trials or not setup.clock.allows(costs_of(who, trials, plan), CURVE):
        return None
    setup.say(Step(stage="learning curve", words="Would more rows help? Learning from ever larger parts of them."))
    outcomes = setup.run("learning curve", CURVE, [one.contender for one in who.values()], trials)
    return learning_curve(prepared, plan, trials, who, outcomes, metric=setup.metric, seed=seed)


def _naive(setup: Setup, chosen: Tally) -> Json:
    """What random splits would have told about the chosen contender; None without groups or time, or too late."""
    protocol = setup.protocol
    if protocol.group is None and protocol.time is None:
        return None
    trials = naive_trials(setup.prepared, setup.plan, seed=setup.seed)
    (outcome,) = setup.run("contenders", CURVE, [chosen.contender], trials)
    if outcome.left_out is not None:
        return None
    pairs = zip(trials, outcome.attempts, strict=True)
    scores = [METRICS[setup.metric].function(truth_of(setup.prepared, trial), one.answers) for trial, one in pairs]
    right = chosen.score(setup.metric).mean
    return tell.naive_facts(setup.metric, sum(scores) / len(scores), right, protocol, folds=scores)


def _too_late(setup: Setup, *, draws: int, curve: Json, explain: bool, said: Json) -> tuple[Note, ...]:
    """What was asked for and is not there because the budget was used up."""
    if setup.clock.seconds is None:
        return ()
    possible = setup.curve_trials(draws)
    wanted = {"the learning curve": possible and curve is None, "what the models rely on": explain and not said}
    missing = [name for name, late in wanted.items() if late]
    words = f"no time was left for {' and '.join(missing)}; give a larger budget."
    return (Note(kind="budget", sentence=words),) if missing else ()


def _explained(setup: Setup, models: Mapping[str, Model], chosen: Tally) -> dict[str, Json]:
    if not setup.clock.allows(0.0, CLOSE):
        return {}
    setup.say(Step(stage="explanation", words="What do the models rely on?"))
    prepared, plan, kept, network = setup.prepared, setup.plan, models[chosen.contender.name], models.get(NETWORK)
    return {
        **tell.explanations(prepared, plan, kept, network, seed=setup.seed),
        "fields": field_facts(prepared, plan, chosen, kept, network, seed=setup.seed),
    }
