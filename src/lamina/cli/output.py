"""Where a command says what came of it: a console for people, one line of JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from lamina.foundation.processes import place_here

WIDE = 160  # columns of what is no terminal


def console_for(as_json: bool) -> Console:
    """Where progress and results go: standard error if standard output is for JSON. A file or a pipe has no edge."""
    console = Console(stderr=as_json, quiet=not place_here().first)
    return console if console.is_terminal or console.quiet else Console(stderr=as_json, width=WIDE)


def print_json(facts: Any) -> None:
    """One JSON object as a line on standard output."""
    sys.stdout.write(json.dumps(facts, allow_nan=False, default=str) + "\n")
