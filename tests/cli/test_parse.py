"""Words on the command line that need more than the parser does."""

from __future__ import annotations

import shlex

import pytest

from lamina.cli.parse import kinds_of, missing_of, seconds_of, task_of, typed_again
from lamina.data import MISSING_SPELLINGS
from lamina.foundation.errors import SpecError


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1.5h", 5400), (" 7 ", 7), ("2 m", 120), (None, None)]
)
def test_times(text, seconds) -> None:
    """Seconds, minutes and hours; a bare number is seconds."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5d", "1e3", "5m30s", "inf", "nan"])
def test_what_is_no_time(text) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(SpecError, match="no time") as caught:
        seconds_of(text)
    assert caught.value.remedy == "try --budget 5m."


def test_kinds() -> None:
    """The last equals sign divides the column from the kind; without one it is refused."""
    assert kinds_of(["a=b=number", "zip=category"]) == {"a=b": "number", "zip": "category"}
    assert kinds_of(None) == {}
    for word in ("zip", "=category"):
        with pytest.raises(SpecError, match="COLUMN=KIND"):
            kinds_of([word])


def test_missing() -> None:
    """New spellings are added to the usual ones."""
    assert missing_of(["none given"]) == (*MISSING_SPELLINGS, "none given")
    assert missing_of(None) == MISSING_SPELLINGS


def test_tasks() -> None:
    """One of the two, or none; another word gets the nearest."""
    assert (task_of("regression"), task_of(None)) == ("regression", None)
    with pytest.raises(SpecError, match="did you mean 'regression'"):
        task_of("regresion")


def test_what_was_typed_can_be_typed_again() -> None:
    """Whatever the program was called by; a shell reads the words back as they were."""
    typed = ["/usr/lib/lamina/__main__.py", "fit", "my data.csv", "it's", "$HOME", "--kind", "a b=number"]
    again = typed_again(typed)
    assert shlex.split(again) == ["lamina", *typed[1:]]
    assert "/usr/lib" not in again
