"""Errors in three parts."""

import copy
import pickle

import pytest

from lamina.foundation import errors
from lamina.foundation.errors import LaminaError, nearest

PARTS = {"wrong": "rows is 0.", "expected": "at least 1 row.", "remedy": "add rows."}
KINDS = [LaminaError, *LaminaError.__subclasses__(), errors.SchemaError]


def test_the_three_parts_are_shown_and_kept() -> None:
    """A person reads one text, a program finds the parts."""
    error = LaminaError(**PARTS)
    assert str(error) == "rows is 0.\nExpected: at least 1 row.\nTo fix it: add rows."
    assert vars(error) == PARTS


@pytest.mark.parametrize("part", PARTS)
def test_no_part_may_be_forgotten(part: str) -> None:
    """Leaving one out is a mistake of ours and stops at once."""
    with pytest.raises(TypeError, match=part):
        LaminaError(**{name: text for name, text in PARTS.items() if name != part})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("carry", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_survive_crossing_processes(kind: type[LaminaError], carry) -> None:
    """What a worker raises arrives with its class and its parts."""
    arrived = carry(kind(**PARTS))
    assert type(arrived) is kind
    assert vars(arrived) == PARTS
    assert str(arrived) == str(kind(**PARTS))


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_value_error_with_an_exit_code(kind: type[LaminaError]) -> None:
    """scikit-learn's contract asks for ValueError; the command line tells data (3) from the rest (1)."""
    assert issubclass(kind, ValueError)
    assert kind.exit_code == (3 if issubclass(kind, errors.DataError) else 1)


@pytest.mark.parametrize(
    ("name", "names", "clause"),
    [
        ("specis", ["island", "species"], "did you mean 'species'?"),
        ("SPECIES", ["Island", "Species"], "did you mean 'Species'?"),
        ("xyz", ["a", "b"], "choose one of 'a', 'b'."),
        ("xyz", [f"column {i}" for i in range(10_000)], "'column 7' and 9992 more."),
        ("age", ["ages", "page"], "did you mean 'page' or 'ages'?"),
        ("age", [], "there is nothing to choose from."),
    ],
)
def test_the_nearest_names_are_offered(name: str, names: list[str], clause: str) -> None:
    """A typing error finds its name; otherwise the first few are listed, never all."""
    assert nearest(name, names).endswith(clause)
