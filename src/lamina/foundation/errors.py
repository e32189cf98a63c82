"""Errors in three parts: what was wrong, what was expected, what to do.

The parts are separate arguments so that none is forgotten and every face (terminal, page, JSON) can show them
in its own way. All of them are ``ValueError``s, as scikit-learn's contract asks of bad input.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import ClassVar


class LaminaError(ValueError):
    """A mistake the user can mend.

    Args:
        wrong: what was seen, with the value and the place, as one sentence.
        expected: what would have been right.
        remedy: what to do now; a line that can be pasted where possible.

    >>> print(LaminaError(wrong="widths is (0,).", expected="at least 1 unit.", remedy="try widths=(8,)."))
    widths is (0,).
    Expected: at least 1 unit.
    To fix it: try widths=(8,).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *, wrong: str, expected: str, remedy: str) -> None:
        super().__init__(f"{wrong}\nExpected: {expected}\nTo fix it: {remedy}")
        self.wrong = wrong
        self.expected = expected
        self.remedy = remedy

    def __reduce__(self) -> tuple[Callable[..., LaminaError], tuple[type[LaminaError], str, str, str]]:
        # keyword-only arguments do not survive the default protocol between worker processes
        return _rebuild, (type(self), self.wrong, self.expected, self.remedy)


class SpecError(LaminaError):
    """A spec (what was asked for) makes no sense."""


class DataError(LaminaError):
    """The data cannot be read or cannot be learnt from."""

    exit_code = 3


class SchemaError(DataError):
    """The data does not have the columns or the types it should have."""


class ModelFileError(LaminaError):
    """A file is not a whole, unharmed model."""


class TrainingError(LaminaError):
    """Training could not go on, or ended without a usable network."""


class DeviceError(LaminaError):
    """The device that was asked for is not here."""


def require(fine: bool, complaint: str, refusal: Callable[[str], Exception] = ValueError) -> None:
    """Raise what ``refusal`` makes of the complaint, unless all is fine.

    >>> require(False, "there are no rows")
    Traceback (most recent call last):
    ValueError: there are no rows
    """
    if not fine:
        raise refusal(complaint)


def first_line(error: Exception) -> str:
    r"""The first line of what somebody else's error says, without a full stop; its kind if it says nothing.

    >>> first_line(OSError(" no such file.\nTraceback ...")), first_line(KeyError())
    ('no such file', 'KeyError')
    """
    lines = (line.strip().rstrip(".") for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)


def nearest(name: str, names: Iterable[str]) -> str:
    """A clause that offers the names most like ``name``, or lists the first few.

    >>> nearest("specis", ["species", "island"])
    "did you mean 'species'?"
    """
    known = [str(n) for n in names]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    lowered = {k.lower(): k for k in known}
    if not close and name.lower() in lowered:
        close = [lowered[name.lower()]]
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    if not known:
        return "there is nothing to choose from."
    more = "" if len(known) <= 8 else f" and {len(known) - 8} more"
    return f"choose one of {', '.join(repr(k) for k in known[:8])}{more}."


def _rebuild(kind: type[LaminaError], wrong: str, expected: str, remedy: str) -> LaminaError:
    return kind(wrong=wrong, expected=expected, remedy=remedy)
