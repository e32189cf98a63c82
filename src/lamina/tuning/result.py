"""What a search ends with: the model to keep and ``tune.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.foundation.specs import Json
from lamina.foundation.storage import atomic_write
from lamina.model import Model


@dataclass(frozen=True, kw_only=True, repr=False)
class Tuning:
    """A finished search.

    Args:
        model: what was found if it beats the default beyond noise, else the default.
        beats_default: whether it does.
        sentence: what came of it.
        facts: all of it, as plain JSON values: the content of ``tune.json``.
        folder: where both lie, and the journal from which the search can go on.
    """

    model: Model
    beats_default: bool
    sentence: str
    facts: Mapping[str, Json]
    folder: Path

    def __repr__(self) -> str:
        """One line; everything else is in ``facts``."""
        return f"<Tuning of {self.model.card.target!r}: {self.sentence}>"

    def save(self) -> tuple[Path, ...]:
        """Write ``model.lamina`` and ``tune.json`` into the folder, each whole or not at all.

        Raises:
            ModelFileError: the model cannot be written.
            OSError: the facts cannot be written.
        """
        model, facts = self.folder / "model.lamina", self.folder / "tune.json"
        self.model.save(model)
        atomic_write(facts, json.dumps(dict(self.facts), indent=1, allow_nan=False).encode())
        return model, facts
