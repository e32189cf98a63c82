"""Specs: declared once, read many times."""

import json
import math
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import Bounds, check, code, from_json, setting, settings, to_json


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A nested spec."""

    rate: float = setting(0.1, "step size", above=0, below=1, log=True)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Outer:
    """One field of each kind that specs use."""

    size: int = setting(meaning="units", low=1, high=10)
    widths: tuple[int, ...] = setting((4, 4), "units of each layer", low=1)
    pair: tuple[float, str] = setting((0.5, "x"), "a share and a name")
    mode: Literal["a", "b"] = setting("a", "which way")
    seed: int | None = setting(None, "a seed, or none", low=0)
    flag: bool = setting(False, "yes or no")
    label: str = setting("", "a text")
    name: str = setting("one", "one of two names", choices=("one", "two"))
    inner: Inner = setting(Inner(), "how it steps")
    more: tuple[Inner, ...] = setting((), "further steps")

    def __post_init__(self) -> None:
        check(self)


KINDS = (Inner, Outer)
inners = st.builds(Inner, rate=st.floats(0, 1, exclude_min=True, exclude_max=True))
outers = st.builds(
    Outer,
    size=st.integers(1, 10),
    widths=st.lists(st.integers(1, 99)).map(tuple),
    pair=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text()),
    mode=st.sampled_from("ab"),
    seed=st.none() | st.integers(0),
    flag=st.booleans(),
    label=st.text(),
    name=st.sampled_from(["one", "two"]),
    inner=inners,
    more=st.lists(inners, max_size=3).map(tuple),
)


@given(outers)
def test_a_spec_survives_json(spec: Outer) -> None:
    """Spec to JSON text to spec gives an equal one: every field, nested specs and tuples too."""
    assert from_json(json.loads(json.dumps(to_json(spec))), KINDS) == spec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("size", 11),
        ("size", 2.0),
        ("size", True),
        ("size", "3"),
        ("size", None),
        ("widths", (4, 0)),
        ("widths", (4, 1.5)),
        ("widths", [4]),
        ("widths", 4),
        ("pair", (0.5,)),
        ("pair", ("x", 0.5)),
        ("pair", (math.nan, "x")),
        ("mode", "c"),
        ("seed", -1),
        ("flag", 1),
        ("label", 1),
        ("name", "three"),
        ("inner", None),
        ("inner", {"rate": 0.1}),
        ("more", (None,)),
    ],
)
def test_a_value_outside_is_refused_by_name(field: str, value: Any) -> None:
    """The error names spec, field, value, what the field means and its bounds."""
    with pytest.raises(SpecError) as caught:
        Outer(**{"size": 1, field: value})
    assert caught.value.wrong == f"Outer has {field}={value!r}."
    assert caught.value.expected.startswith(f"{settings(Outer)[field].meaning}: ")
    assert f"Outer({field}=" in caught.value.remedy


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.inf, -math.inf, math.nan])
def test_open_bounds_leave_their_ends_out(rate: float) -> None:
    """Above and below exclude the limit itself; infinity and NaN are never inside."""
    with pytest.raises(SpecError, match=r"step size: above 0, below 1"):
        Inner(rate=rate)


def test_closed_bounds_hold_their_ends() -> None:
    """At least and at most include the limit itself, and a whole number is a float."""
    assert Outer(size=1).size == 1
    assert Outer(size=10).size == 10
    assert Outer(size=1, pair=(1, "x")).pair == (1, "x")


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(low=0, below=1), "at least 0, below 1"),
        (Bounds(above=0, high=1), "above 0, at most 1"),
        (Bounds(choices=("a", 2)), "one of 'a', 2"),
        (Bounds(), "a finite value"),
    ],
)
def test_bounds_say_themselves_in_words(bounds: Bounds, words: str) -> None:
    """What errors and forms show is made from the one declaration."""
    assert bounds.words() == words


def test_settings_hand_out_the_bounds() -> None:
    """A search reads where it may look from the declaration itself."""
    assert settings(Inner) == {"rate": Bounds(meaning="step size", above=0, below=1, log=True)}


def test_code_makes_an_equal_spec() -> None:
    """Only what differs from the defaults is written, nested specs included."""
    spec = Outer(size=3, inner=Inner(rate=0.5), more=(Inner(),))
    assert code(spec) == "Outer(size=3, inner=Inner(rate=0.5), more=(Inner(rate=0.1),))"
    assert code(Outer(size=3)) == "Outer(size=3)"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "Outsider"}, "the kind 'Outsider' is not known here"),
        ({"kind": "check"}, "the kind 'check' is not known here"),
        ({"kind": ["Inner"]}, "the kind ['Inner'] is not known here"),
        ({"kind": None}, "the kind None is not known here"),
        ({"kind": "Inner", "rat": 0.5}, "Inner has no setting 'rat'"),
        ({"kind": "Inner", "__class__": 0.5}, "Inner has no setting '__class__'"),
        ({"kind": "Inner", "rate": 2}, "Inner has rate=2"),
        ({"kind": "Inner", "rate": {"kind": "Inner"}}, "Inner has rate=Inner"),
        ({"kind": "Outer"}, "Outer cannot be made"),
        ({"kind": "Outer", "size": 1, "more": [{"kind": "Outsider"}]}, "'Outsider' is not known"),
    ],
)
def test_json_that_is_no_spec_is_refused(data: Any, words: str) -> None:
    """Only kinds from the closed list are made, and only with settings they have."""
    with pytest.raises(SpecError) as caught:
        from_json(data, KINDS)
    assert words in caught.value.wrong


def test_the_nearest_kind_and_setting_are_offered() -> None:
    """A typing error in a hand-written file finds its name."""
    with pytest.raises(SpecError, match="did you mean 'Inner'"):
        from_json({"kind": "Iner"}, KINDS)
    with pytest.raises(SpecError, match="did you mean 'rate'"):
        from_json({"kind": "Inner", "rat": 0.5}, KINDS)


def test_fields_that_a_file_lacks_take_their_defaults() -> None:
    """Files from before a setting existed are still read."""
    assert from_json({"kind": "Outer", "size": 2}, KINDS) == Outer(size=2)


def test_plain_values_come_back_plain() -> None:
    """What names no kind makes nothing: lists become tuples, the rest stays."""
    assert from_json([1, [2], {"a": None}], KINDS) == (1, (2,), {"a": None})
