"""Who takes part."""

from __future__ import annotations

import pytest
from sklearn.naive_bayes import GaussianNB

from lamina.classical import FAMILIES, Foreign, Plain, Read, families_for
from lamina.evaluation.contenders import contenders_of
from lamina.foundation.errors import SpecError

BAYES = "sklearn.naive_bayes:GaussianNB"


def names(asked) -> list[str]:
    """The names of those who take part."""
    return [one.name for one in contenders_of(asked)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, [*FAMILIES, "network"]),
        ([], ["constant", "network"]),
        (["none"], ["constant", "network"]),
        (["none", "linear"], ["constant", "linear", "network"]),
        (["forest", "linear"], ["constant", "linear", "forest", "network"]),  # always in the order of simplicity
        (["constant"], ["constant", "network"]),
        ([BAYES], [*FAMILIES, "GaussianNB", "network"]),  # a guest is an addition
        (["linear", BAYES], ["constant", "linear", "GaussianNB", "network"]),  # unless a choice was made
        ([GaussianNB()], [*FAMILIES, "GaussianNB", "network"]),
        (["none", BAYES], ["constant", "GaussianNB", "network"]),
    ],
    ids=str,
)
def test_names_choose_and_guests_are_added(asked, expected) -> None:
    """The constant and the network always take part; names choose among the built-in ones, guests come on top."""
    assert names(asked) == expected


def test_guests_of_one_class_are_told_apart() -> None:
    """A second one of a class gets a number, in name and title; one that is called like a family does too."""
    guests = [
        GaussianNB(),
        GaussianNB(var_smoothing=0.1),
        BAYES,
        Foreign(estimator=GaussianNB(), name="linear", title="x"),
    ]
    found = contenders_of(["none", *guests])
    assert [one.name for one in found[-5:-1]] == ["GaussianNB", "GaussianNB 2", "GaussianNB 3", "linear 2"]
    assert len({one.name for one in found}) == len(found)
    assert [one.title for one in found[-5:-1]] == [one.name for one in found[-5:-1]]


def test_a_guest_remembers_where_it_can_be_imported_from() -> None:
    """Only what was named by its place can be made in another process."""
    by_name, by_hand = contenders_of(["none", BAYES, GaussianNB()])[-3:-1]
    assert (by_name.source, by_hand.source) == (BAYES, None)
    assert contenders_of(["linear"])[1].source is None
    assert contenders_of(["linear"])[-1].family is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("liner", "did you mean 'linear'?"),
        ("network", "choose one of"),
        (7, "contenders="),
        (int, "contenders="),
        ("no_such_package:Thing", ""),
        ("sklearn.naive_bayes:NoSuchThing", ""),
        ("math:sqrt", ""),
        (":", ""),
    ],
    ids=str,
)
def test_what_cannot_take_part_is_refused(asked, words) -> None:
    """Unknown names and things that neither fit nor predict end in three sentences."""
    with pytest.raises(SpecError) as caught:
        contenders_of([asked])
    assert words in caught.value.remedy
    assert all(part.strip() for part in (caught.value.wrong, caught.value.expected, caught.value.remedy))


@pytest.mark.parametrize("kinds", [("image",), ("text",), ("series",), ("image", "text", "series")], ids=str)
def test_rows_with_fields_have_rivals_of_their_own(kinds) -> None:
    """All families for these kinds, by name, and none that reads numbers alone."""
    found = contenders_of(None, kinds=kinds)
    assert [one.name for one in found] == [*families_for(kinds), "network"]
    assert found[-1].family is None
    assert [one.title for one in found[:-1]] == [family.title for family in families_for(kinds).values()]
    few = contenders_of(None, usual=["linear", "kernels", "hog-linear"], kinds=kinds)
    assert {one.name for one in few} <= {"constant", "linear", "kernels", "hog-linear", "network"}


def test_a_guest_reads_what_the_rows_hold() -> None:
    """Beside images an estimator gets pixels as numbers, by name or as an object; beside numbers it is left alone."""
    for asked in (BAYES, GaussianNB()):
        guest = contenders_of(["none", asked], kinds=("image",))[1]
        assert isinstance(guest.family, Read)
        assert guest.family.reading == Plain()
        assert isinstance(guest.family.family, Foreign)
        assert (guest.name, guest.title) == ("GaussianNB", "GaussianNB")
        assert isinstance(contenders_of(["none", asked])[1].family, Foreign)
    assert contenders_of(["none", BAYES], kinds=("image",))[1].source == BAYES


def test_a_rival_of_another_kind_is_not_known() -> None:
    """The names that there are for these rows are told."""
    with pytest.raises(SpecError, match="'hog-linear'") as caught:
        contenders_of(["hog-linear"], kinds=("series",))
    assert "kernels" in caught.value.expected


def test_cheap_rivals_are_tried_first() -> None:
    """Those of tables in this order, and those of fields in the same; guests come last, however they were asked for."""
    tables = ["constant", "linear", "neighbours", "boosting", "forest", "svm"]
    found = contenders_of([GaussianNB(), *reversed(FAMILIES)])[:-1]
    assert [one.name for one in found] == [*tables, "GaussianNB"]
    fields = [one.name for one in contenders_of(None, kinds=("image", "series"))]
    assert [name for name in fields if name in tables] == tables
