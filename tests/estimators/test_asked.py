"""How many members answer, and with which seeds."""

from __future__ import annotations

import pytest

from lamina.estimators import member_seeds
from lamina.estimators.recipe import usual_members
from lamina.foundation.errors import SpecError
from lamina.networks import MLP


@pytest.mark.parametrize(
    ("kinds", "members"), [((), 4), (("series",), 4), (("image",), 1), (("text",), 1), (("series", "text"), 1)]
)
def test_encoders_of_images_and_texts_stand_alone(kinds, members: int) -> None:
    """Of few rows four networks answer, unless they read images or texts."""
    assert len(member_seeds(3, None, None, rows=100, kinds=kinds)) == usual_members(100, kinds) == members
    assert len(member_seeds(3, None, None, rows=100_000, kinds=kinds)) == 1


def test_who_asks_for_members_gets_them() -> None:
    """A number that was asked for is kept, whatever the rows hold; a network that was asked for is one."""
    seeds = member_seeds(3, 3, None, rows=100, kinds=("image",))
    assert seeds[0] == 3
    assert len(set(seeds)) == 3
    assert member_seeds(3, None, MLP(), rows=100) == (3,)
    assert seeds == member_seeds(3, 3, MLP(), rows=10**6)


@pytest.mark.parametrize("members", [0, -1, True, 1.5])
def test_senseless_members_are_refused(members) -> None:
    """At least one, and a whole number."""
    with pytest.raises(SpecError, match="members is"):
        member_seeds(0, members, None, rows=100)
