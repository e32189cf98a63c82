"""Running the command line from the words that were typed to the exit code, whatever happens on the way."""

from __future__ import annotations

import contextlib
import os
import sys

import typer
from rich.console import Console

from lamina.cli.failures import INTERRUPTED, show_defect, show_error
from lamina.foundation.errors import LaminaError
from lamina.foundation.processes import refuse_several


def run(app: typer.Typer, typed: list[str]) -> None:
    """Run what was typed; an error leaves with its words and its exit code, with ``--debug`` as it is."""
    debug = "--debug" in typed
    # a terminal or a pipe may know fewer letters than the results have
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    screen = Console(stderr=True, soft_wrap=True)
    words = [word for word in typed if word != "--debug"]
    try:
        if words[:1] not in (["fit"], ["tune"]):  # what tune is shared by instead, it says itself
            refuse_several(f"lamina {' '.join(words[:1])}", remedy="type the command without torchrun.")
        app(words, prog_name="lamina")
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            _say_interrupted(screen)
        raise
    except KeyboardInterrupt:
        _say_interrupted(screen)
        sys.exit(INTERRUPTED)
    except LaminaError as error:
        if debug:
            raise
        sys.exit(show_error(error, screen))
    except Exception as error:  # whatever it is, a person gets words and an exit code
        if debug:
            raise
        sys.exit(show_defect(error, screen))


def leave(code: str | int | None) -> None:
    """End the process at once, everything said. Left to itself, Python would first take the libraries down, and on a
    busy machine the threads of two of them sometimes meet there and abort: a right answer, a wrong exit code.
    """
    with contextlib.suppress(OSError):  # nobody may be listening any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _say_interrupted(screen: Console) -> None:
    screen.print("Interrupted; every file is as it was, or whole.")
