"""From what was asked for to the `Setup` of a study: of a table in memory, or of one that is streamed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, get_args

from lamina.data import Source
from lamina.estimators import Task, member_seeds
from lamina.evaluation.asked import headline_of
from lamina.evaluation.clock import Clock
from lamina.evaluation.contenders import Contender, check_names, contenders_of
from lamina.evaluation.curve import DRAWS, curve_plan
from lamina.evaluation.estimate import Work, duration_words, estimated_seconds, work_of
from lamina.evaluation.learning import FEWEST_SIZES, SIZES
from lamina.evaluation.passes import Streamed, stream
from lamina.evaluation.plan import Given, Plan, given_parts, make_plan, saying_what_was_given
from lamina.evaluation.prepare import Prepared, named_target, prepare
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.quick import quick_contenders, quick_rows
from lamina.evaluation.race import NetworkRecipe, Recipe
from lamina.evaluation.setup import OnStep, Setup, workers_for
from lamina.evaluation.step import Step
from lamina.evaluation.streamed import StreamedRecipe, refuse_unstreamed
from lamina.evaluation.unread import saying_what_is_unread
from lamina.foundation.errors import SpecError
from lamina.foundation.signature import FieldKind
from lamina.networks import Network
from lamina.training import Training


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What a study was asked for, whatever its rows are; the fields are the arguments of `fit`."""

    network: Network | None
    training: Training
    contenders: Sequence[Any] | None
    protocol: Protocol
    task: Task | None
    metric: str | None
    members: int | None
    kinds: Mapping[str, str]
    missing: Sequence[str]
    seed: int
    quick: bool
    curve: bool
    workers: int | None
    clock: Clock
    say: OnStep
    checkpoint: str | os.PathLike[str] | None = None


def rivals_of(asked: Asked, kinds: Sequence[FieldKind]) -> tuple[Contender, ...]:
    """Who takes part where the rows hold these kinds of whole arrays.

    Raises:
        SpecError: a name that is not known for such rows.
    """
    return contenders_of(asked.contenders, usual=quick_contenders(kinds) if asked.quick else None, kinds=kinds)


def anyone(asked: Asked) -> tuple[Contender, ...]:
    """All who may take part before it is known which kinds of whole arrays the rows hold.

    Raises:
        SpecError: a name that no rows know, told with all that there are; or a guest that cannot take part.
    """
    check_names(asked.contenders)
    kinds = get_args(FieldKind)
    found: dict[str, Contender] = {}
    refused: list[SpecError] = []
    for held in (some for count in range(len(kinds) + 1) for some in combinations(kinds, count)):
        try:
            found |= {one.name: one for one in rivals_of(asked, held)}
        except SpecError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return tuple(found.values())


def start(data: Any, target: str | None, asked: Asked) -> Setup:
    """The study of a table in memory.

    Raises:
        DataError: the data cannot be read or learnt from.
        SchemaError: the target or another column is not there.
        SpecError: what was asked for makes no sense here.
    """
    seed = asked.seed
    prepared = prepare(data, target, task=asked.task, protocol=asked.protocol, kinds=asked.kinds, missing=asked.missing)
    prepared = quick_rows(prepared, asked.protocol, seed=seed) if asked.quick else prepared
    given = given_parts(prepared, asked.protocol)
    prepared = saying_what_is_unread(saying_what_was_given(prepared, given), asked.network)
    rows, kinds = prepared.table.num_rows, prepared.schema.field_kinds
    rivals = rivals_of(asked, kinds)
    seeds = member_seeds(seed, asked.members or (1 if asked.quick else None), asked.network, rows=rows, kinds=kinds)
    work = work_of(prepared, asked.network, asked.training)
    protocol = _affordable(asked, prepared, rivals, given, work, members=len(seeds))
    plan = make_plan(prepared, protocol, seed=seed, given=given)
    recipe = NetworkRecipe(
        network=asked.network,
        training=asked.training,
        seeds=seeds,
        choosing=len(plan.judged) == 1,
        checkpoint=asked.checkpoint,
    )
    return _assembled(asked, rivals, prepared, plan, recipe, work, protocol)


def _affordable(
    asked: Asked,
    prepared: Prepared,
    rivals: Sequence[Contender],
    given: Given | None,
    work: Work,
    *,
    members: int,
) -> Protocol:
    """The protocol; with one draw of the folds where networks are dear, or the time would not suffice for more.

    A quick look at images, texts or series has one part held out.
    """
    protocol, limit = asked.protocol, asked.clock.seconds
    once = replace(protocol, repeats=protocol.repeats or 1)
    if prepared.schema.field_kinds:
        return replace(once, folds=protocol.folds or 1) if asked.quick and given is None else once
    if protocol.repeats is not None or limit is None:
        return protocol
    plan = make_plan(prepared, protocol, seed=asked.seed, given=given)
    guess = estimated_seconds(
        rivals,
        plan,
        work,
        members=members,
        workers=workers_for(rivals, asked.workers),
        curve=curve_plan(prepared, plan, draws=DRAWS, seed=asked.seed) if asked.curve else (),
    )
    return once if guess > limit else protocol


def start_stream(source: Source, target: str | None, asked: Asked) -> tuple[Setup, Streamed]:
    """The study of a table that is streamed, after the passes over it that come before training.

    Raises:
        DataError: a file is damaged, or nothing can be learnt from it.
        SchemaError: the target or another column is not there.
        SpecError: what was asked for makes no sense, or needs the whole table.
    """
    refuse_unstreamed(asked.protocol, quick=asked.quick)
    named = named_target(source.name, target, source.columns.names)
    asked.say(Step(stage="plan", words=f"Looking through {source.rows:,} rows of {source.name!r}."))
    found = stream(source, named, task=asked.task, protocol=asked.protocol, kinds=asked.kinds, seed=asked.seed)
    found = replace(found, prepared=saying_what_is_unread(found.prepared, asked.network))
    kinds = found.prepared.schema.field_kinds
    seeds = member_seeds(asked.seed, asked.members, asked.network, rows=found.rows, kinds=kinds)
    recipe = StreamedRecipe(
        network=asked.network, training=asked.training, seeds=seeds, streamed=found, checkpoint=asked.checkpoint
    )
    work = work_of(found.prepared, asked.network, asked.training)
    setup = _assembled(asked, rivals_of(asked, kinds), found.prepared, found.plan, recipe, work, asked.protocol)
    return replace(setup, opening=_opening(setup, found, asked.training)), found


def _assembled(
    asked: Asked,
    rivals: tuple[Contender, ...],
    prepared: Prepared,
    plan: Plan,
    recipe: Recipe,
    work: Work,
    protocol: Protocol,
) -> Setup:
    return Setup(
        prepared=prepared,
        plan=plan,
        contenders=rivals,
        recipe=recipe,
        work=work,
        protocol=protocol,
        metric=headline_of(prepared, asked.metric),
        seed=asked.seed,
        sizes=FEWEST_SIZES if asked.quick else SIZES,
        workers=workers_for(rivals, asked.workers),
        clock=asked.clock,
        say=asked.say,
    )


def _opening(setup: Setup, found: Streamed, training: Training) -> str:
    """What is about to be done, and about how long it will take."""
    plan, workers = setup.plan, setup.workers
    network = found.estimated_seconds(training, setup.work, len(setup.recipe.seeds))
    rivals = estimated_seconds(
        setup.contenders,
        plan,
        setup.work,
        members=0,
        workers=workers,
    )
    seconds = max(network, network / 2 + rivals) if workers > 1 else network + rivals
    if setup.clock.seconds is not None:
        seconds = min(seconds, setup.clock.seconds)
    aside = f"; {len(plan.test):,} rows are set aside and opened once" if len(plan.test) else ""
    held = f"{len(plan.judged[0].test):,} rows judge{aside}"
    return f"{found.rows:,} rows, {len(setup.contenders)} contenders, {held}: {duration_words(seconds)}."
