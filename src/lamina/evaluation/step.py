"""What a listener hears while a study is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lamina.data import Finding, Note
from lamina.training import Progress

Stage = Literal["plan", "contenders", "learning curve", "explanation", "report"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One moment of a study.

    Args:
        stage: what is being done.
        words: what is about to be done, where a stage begins; else empty.
        epoch: an epoch of the networks, if one has ended.
        done, total: rivals' fits that have ended, and all of them.
        findings, notes: about the data, with the stage "plan", before anything is trained.
    """

    stage: Stage
    words: str = ""
    epoch: Progress | None = None
    done: int = 0
    total: int = 0
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
