"""From tallies to the verdict: when there is none, and which rows witness together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lamina.evaluation import judge
from lamina.evaluation.contenders import NETWORK


def tally(name: str, *, accuracy: tuple[float, ...] = (0.9, 0.8, 0.85), log_loss: float = 0.3) -> Any:
    """As much of a tally as a verdict looks at."""
    scores = {"accuracy": accuracy, "log_loss": (log_loss, log_loss + 0.02, log_loss + 0.01)}
    answers = np.eye(2)[np.tile([0, 1, 1, 1], 10)] if name == NETWORK else np.eye(2)[np.tile([0, 1, 0, 0], 10)]
    return SimpleNamespace(
        contender=SimpleNamespace(
            name=name, title=name, family=None if name == NETWORK else SimpleNamespace(name=name)
        ),
        cost=SimpleNamespace(mean_fit_seconds=1.0),
        answers_to=lambda metric: (answers,),
        score=lambda metric: SimpleNamespace(folds=scores[metric]),
    )


def plan(splits: int, groups: Any = None) -> Any:
    """Splits of 60 rows, 40 of them judge."""
    trial = SimpleNamespace(train=np.arange(40, 60), test=np.arange(40))
    return SimpleNamespace(judged=(trial,) * splits, known=np.arange(60), groups=groups)


PREPARED: Any = SimpleNamespace(task="classification")


def judged(*tallies: Any, splits: int = 3, **asked: Any) -> Any:
    """The verdict by accuracy."""
    return judge.verdict_of(PREPARED, plan(splits), tallies, metric="accuracy", keep=None, seed=0, **asked)


def test_the_constant_alone_is_no_rival_where_others_were_asked_for() -> None:
    """Others that the budget left out might have won; where it was asked for alone, it is compared with."""
    pair = tally(NETWORK), tally("constant", accuracy=(0.5, 0.4, 0.45), log_loss=0.7)
    assert judged(*pair, asked_rivals=3) is None
    assert judged(*pair, asked_rivals=1).rival == judged(*pair).rival == "constant"
    assert judged(tally(NETWORK), asked_rivals=2) is None
    assert judged(*pair, tally("linear"), asked_rivals=3).rival == "linear"


def test_better_chances_show_that_something_is_learnt() -> None:
    """Where no more answers are right, the log loss decides whether the constant is chosen."""
    constant = tally("constant", log_loss=0.7)
    assert judged(constant, tally(NETWORK, log_loss=0.72), tally("linear", log_loss=0.75)).chosen == "constant"
    found = judged(constant, tally(NETWORK, log_loss=0.2), tally("linear", log_loss=0.25))
    assert (found.nothing_to_learn, found.chosen) == (False, "linear")


def test_rows_of_a_group_witness_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are groups, the rows of the part held out are drawn by groups and not judged one by one."""
    monkeypatch.setattr(judge, "truth_of", lambda prepared, trial: np.tile([0, 1, 0, 1], 10))
    field = [tally(name, accuracy=(0.75,)) for name in (NETWORK, "linear")]
    asked: dict[str, Any] = {"metric": "accuracy", "keep": None, "seed": 0}
    alone, grouped = (
        judge.verdict_of(PREPARED, plan(1, groups), field, **asked) for groups in (None, np.arange(60) // 2)
    )
    assert alone is not None
    assert grouped is not None
    assert (alone.method, grouped.method) == ("McNemar", "paired bootstrap")
