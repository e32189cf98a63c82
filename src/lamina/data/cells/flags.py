"""Flags: pairs of words that say yes and no, in any mixture of upper and lower case."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

PAIRS: tuple[tuple[str, str], ...] = (  # (yes, no)
    ("true", "false"),
    ("t", "f"),
    ("yes", "no"),
    ("y", "n"),
    ("on", "off"),
    ("1", "0"),
)


def flag_words(levels: Sequence[str]) -> tuple[str, str] | None:
    """How the levels of a column spell yes and no, if that is what they do; the commoner levels come first.

    >>> flag_words(["no", "Yes", "yes"]), flag_words(["red", "blue"]), flag_words(["yes"])
    (('Yes', 'no'), None, None)
    """
    lowered = [level.lower() for level in levels]
    for yes, no in PAIRS:
        if set(lowered) == {yes, no}:
            return levels[lowered.index(yes)], levels[lowered.index(no)]
    return None


def read_flags(strings: pa.Array, true: str, false: str) -> pa.Array:
    """The flags that trimmed strings spell: bool, null where a string is neither word.

    Besides the two words themselves, in any case, every known pair is understood if the words come from such a pair.

    >>> read_flags(pa.array(["YES", "no", "true", "maybe"]), "yes", "no").to_pylist()
    [True, False, True, None]
    """
    words = [(true.lower(), false.lower()), *(PAIRS if (true.lower(), false.lower()) in PAIRS else ())]
    lowered = pc.utf8_lower(strings)
    yes = pc.is_in(lowered, value_set=pa.array([pair[0] for pair in words], lowered.type))
    no = pc.is_in(lowered, value_set=pa.array([pair[1] for pair in words], lowered.type))
    return pc.if_else(yes, True, pc.if_else(no, False, pa.scalar(None, pa.bool_())))
