"""What a listener hears while a search is under way."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.data import Finding, Note


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One moment of a search, as a sentence; with the first one comes what was found in the data."""

    words: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
