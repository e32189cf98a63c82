"""A budget of wall-clock seconds, shared among the stages of a study."""

from __future__ import annotations

import math
import time

from lamina.foundation.errors import SpecError

LEAST_SECONDS = 0.01  # of a training whose time was up before it began


class Clock:
    """Runs from the moment it is made; without a limit there is always time.

    Raises:
        SpecError: the limit is no number of seconds above 0.

    >>> Clock(None).left(), Clock(100.0).until(0.5) is not None
    (None, True)
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not (isinstance(seconds, int | float) and 0 < seconds < math.inf):
            raise SpecError(
                wrong=f"the budget is {seconds!r} seconds.",
                expected="a finite number of seconds above 0, or None for no limit.",
                remedy="try seconds=300.",
            )
        self.began, self.seconds = time.monotonic(), seconds

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def until(self, share: float) -> float | None:
        """When (`time.monotonic`) so large a share of the budget is used up; None without a limit."""
        return None if self.seconds is None else self.began + share * self.seconds

    def left(self, share: float = 1.0) -> float | None:
        """Seconds until then, a moment at the least; None without a limit."""
        end = self.until(share)
        return None if end is None else max(LEAST_SECONDS, end - time.monotonic())

    def allows(self, seconds: float, share: float = 1.0) -> bool:
        """Whether something that takes so long fits."""
        end = self.until(share)
        return end is None or time.monotonic() + seconds <= end
