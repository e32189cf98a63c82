"""What every part of a search needs to know, made once and never changed, and when each part must end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lamina.tuning.ground import Ground
from lamina.tuning.journal import Journal
from lamina.tuning.moment import Moment
from lamina.tuning.records import DEFAULT, Records, records_of
from lamina.tuning.sampler import Way
from lamina.tuning.space import Space

FINAL_SHARE, FINAL_SECONDS = 0.05, (1.0, 30.0)  # of the budget for the end, and its limits
REFITS = 3  # settings that are about to be trained anew at the end, where there are folds
MOST_REFIT_SHARE = 0.4


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """Everything that the search needs to know, made once and never changed.

    ``ends`` is when (`time.monotonic`) the whole search must be over, None for no limit; ``rounds`` how many rounds
    there may be. ``epochs`` are those of the start.
    """

    folder: Path
    journal: Journal
    ground: Ground
    space: Space
    epochs: int
    way: Way
    seed: int
    began: float
    ends: float | None
    rounds: int | None
    say: Callable[[Moment], None]

    def records(self) -> Records:
        """What the journal says now."""
        return records_of(self.journal.read())

    def until(self, records: Records) -> float | None:
        """When training of candidates must end, so that enough is left for the end."""
        if self.ends is None:
            return None
        whole = self.ends - self.began
        low, high = FINAL_SECONDS
        reserve = min(max(FINAL_SHARE * whole, low), high, whole / 2)
        if self.ground.folded:
            default = records.finished.get(DEFAULT)
            once = 0.0 if default is None else default.seconds / (len(self.ground.splits) - 1)  # on all rows
            reserve += min(min(REFITS, 1 + len(records.finished)) * once, MOST_REFIT_SHARE * whole)
        return self.ends - reserve

    def path(self, trial: int, kind: str) -> Path:
        """Where the answers (``npy``) or the model (``lamina``) of a trial are kept."""
        return self.folder / "trials" / f"{trial}.{kind}"
