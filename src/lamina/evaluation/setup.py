"""What every stage of a study needs to know, made once and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamina.classical import Constant
from lamina.data import Finding, check_split
from lamina.evaluation.clock import Clock
from lamina.evaluation.contenders import Contender
from lamina.evaluation.curve import curve_plan
from lamina.evaluation.estimate import Work, duration_words, estimated_seconds
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.race import Outcome, Recipe, race
from lamina.evaluation.step import Stage, Step
from lamina.rivals import Trial, usual_workers
from lamina.training import Progress

OnStep = Callable[[Step], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """A study before anything is trained: the rows, who takes part, how it is judged, how long it may take."""

    prepared: Prepared
    plan: Plan
    contenders: tuple[Contender, ...]
    recipe: Recipe
    work: Work
    protocol: Protocol
    metric: str
    seed: int
    sizes: int  # of the learning curve, the largest one among them
    workers: int
    clock: Clock
    say: OnStep
    opening: str = ""  # what is about to be done, where the plan cannot tell

    def run(self, stage: Stage, share: float, who: Sequence[Contender], trials: Sequence[Trial]) -> tuple[Outcome, ...]:
        """What these contenders said in these trials, by the time that ``share`` of the budget is used up."""

        def heard(epoch: Progress | None, done: int, total: int) -> None:
            self.say(Step(stage=stage, epoch=epoch, done=done, total=total))

        return race(
            self.prepared,
            who,
            trials,
            recipe=self.recipe,
            protocol=self.protocol,
            seed=self.seed,
            workers=self.workers,
            until=self.clock.until(share),
            on_step=heard,
        )

    def curve_trials(self, draws: int) -> tuple[Trial, ...]:
        """The trials of the learning curve with so many draws of each size; none without draws."""
        if not draws:
            return ()
        return curve_plan(self.prepared, self.plan, draws=draws, sizes=self.sizes, seed=self.seed)

    def findings(self) -> tuple[Finding, ...]:
        """What was found in the data, copies of rows on both sides of the first split among it."""
        first = self.plan.judged[0]
        return (
            *self.prepared.findings,
            *check_split(self.prepared.table, self.prepared.schema, first.train, first.test),
        )

    def words(self, *, draws: int) -> str:
        """What is about to be done, and about how long it will take; ``draws`` are those of the learning curve."""
        if self.opening:
            return self.opening
        plan, judged = self.plan, len(self.plan.judged)
        aside = f"; {len(plan.test):,} rows are set aside and opened once" if len(plan.test) else ""
        splits = f"{judged} splits" if judged > 1 else "one split"
        seconds = estimated_seconds(
            self.contenders,
            plan,
            self.work,
            members=len(self.recipe.seeds),
            workers=self.workers,
            curve=self.curve_trials(draws),
        )
        if self.clock.seconds is not None:
            seconds = min(seconds, self.clock.seconds)
        rows = f"{self.prepared.table.num_rows:,} rows, {len(self.contenders)} contenders, {splits}{aside}"
        return f"{rows}: {duration_words(seconds)}."


def workers_for(contenders: Sequence[Contender], asked: int | None) -> int:
    """Processes for the rivals; none where a process costs more than all they do."""
    if asked is not None:
        return asked
    busy = any(one.family is not None and not isinstance(one.family, Constant) for one in contenders)
    return usual_workers() if busy else 0
