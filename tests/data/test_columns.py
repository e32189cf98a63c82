import pytest

from lamina.data.columns import COLUMN_KINDS, Constant, Flag, Identifier, Moment, Number
from lamina.foundation.errors import SpecError
from lamina.foundation.specs import from_json, to_json


@pytest.mark.parametrize("kind", COLUMN_KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_survives_json(kind):
    """A column of any kind comes back from JSON as it was."""
    column = kind(name="a", reason="because")
    assert from_json(to_json(column), COLUMN_KINDS) == column


def test_only_what_can_be_learnt_from_is_used():
    """Identifiers and constants are kept, but never used as input."""
    assert {kind for kind in COLUMN_KINDS if not kind.used} == {Identifier, Constant}


def test_every_kind_has_a_word_of_its_own():
    """The words by which a user names kinds are all different."""
    assert len({kind.word for kind in COLUMN_KINDS}) == len(COLUMN_KINDS)


def test_a_flag_has_its_no_first():
    """A flag's levels are no, yes: the codes 0 and 1."""
    assert Flag(name="a", true="ja", false="nein").levels == ("nein", "ja")


@pytest.mark.parametrize("make", [lambda: Number(name="a", decimal=";"), lambda: Moment(name="a", order="ydm")])
def test_nonsense_is_refused(make):
    """A decimal sign or an order of dates that does not exist is an error that lists those that do."""
    with pytest.raises(SpecError, match="one of"):
        make()
