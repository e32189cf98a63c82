"""From an error to what a person sees and an exit code.

0 done, 1 the user's error, 2 usage, 3 a data problem, 4 a gate failed, 130 interrupted.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from lamina.foundation.errors import LaminaError

INTERRUPTED = 130


def show_error(error: LaminaError, console: Console) -> int:
    """Print the three parts of an error; returns the exit code."""
    console.print(Text.assemble((f"{type(error).__name__}: ", "bold red"), plain(error.wrong)))
    console.print(Text.assemble(("Expected: ", "bold"), plain(error.expected)))
    console.print(Text.assemble(("To fix it: ", "bold"), plain(error.remedy)))
    return error.exit_code


def show_defect(error: Exception, console: Console) -> int:
    """Say that the mistake is not the user's; returns the exit code."""
    said = f": {error}" if str(error) else ""
    defect = LaminaError(
        wrong=f"lamina itself failed: {type(error).__name__}{said}.",
        expected="an answer, or a sentence about what to mend.",
        remedy="run the same command with --debug, and report what it prints.",
    )
    return show_error(defect, console)


def plain(text: str) -> str:
    r"""Text from data without control characters, so that no cell can move the cursor or forge a line.

    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
