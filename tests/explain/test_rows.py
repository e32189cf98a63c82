"""A row's own explanation: exact in its sum, right in its shares, plain in its words."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.explain import explain_rows, explain_table
from lamina.foundation.errors import SchemaError, SpecError
from lamina.model import DataWarning
from small_models import make_model, some_data

from .conftest import columns, known_model


def assert_adds_up(rows) -> None:
    """The contributions bring the base to the answer, to 1e-9 of the size of the numbers."""
    for row in rows:
        total = row.base + sum(one.contribution for one in row.contributions)
        assert total == pytest.approx(row.explained, abs=1e-9, rel=1e-12)


@pytest.mark.parametrize("count", [4, 15], ids=["all sets", "drawn orders"])
def test_of_a_linear_law_each_column_adds_its_own_term(count) -> None:
    """A slope times the distance from the median, whatever the others are."""
    data = columns(60, count)
    slopes = np.arange(1.0, count + 1)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: 5 + z @ slopes)
    table = model.conform(data)[0]
    encoded = model.encoder.encode(table).numbers
    for place, row in enumerate(explain_table(model, table.slice(0, 5), draws=4)):
        found = {one.column: one.contribution for one in row.contributions}
        wanted = slopes * encoded[place]
        np.testing.assert_allclose([found[f"x{i}"] for i in range(count)], wanted, atol=1e-9)
        assert (row.base, row.chance) == (5.0, None)


def test_of_a_product_each_factor_has_half() -> None:
    """z0 z1 z2: a third each, for all come in every order."""
    data = columns(60, 3)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z.prod(axis=1))
    for row in explain_rows(model, {name: values[:9] for name, values in data.items()}):
        np.testing.assert_allclose([one.contribution for one in row.contributions], row.explained / 3, atol=1e-12)


def test_contributions_add_up_for_networks(penguins, penguin_table) -> None:
    """In float64 to 1e-9, though the network reckons in float32; the chance is that of its answer."""
    some = penguin_table.slice(0, 344).take(list(range(0, 344, 40)))
    rows = explain_table(penguins, some)
    assert_adds_up(rows)
    answers, chances = penguins.decide(some)
    assert [row.answer for row in rows] == answers.tolist()
    np.testing.assert_allclose([row.chance for row in rows], chances.max(axis=1), atol=1e-6)
    assert all(row.error == 0 for row in rows)


@pytest.mark.parametrize("target", ["species", "price"])
def test_contributions_add_up_for_columns_of_every_kind(target) -> None:
    """Codes, flags, dates, gaps; classes and numbers; every used column is there once, the largest first."""
    model = make_model(target)
    rows = explain_table(model, model.conform(some_data(8, seed=3))[0])
    assert_adds_up(rows)
    for row in rows:
        assert sorted(one.column for one in row.contributions) == sorted(model.encoder.inputs)
        sizes = [abs(one.contribution) for one in row.contributions]
        assert sizes == sorted(sizes, reverse=True)


def test_drawn_orders_add_up_and_come_close() -> None:
    """Many columns: the sum is exact, and the shares are those of other draws within their errors."""
    data = columns(40, 14)
    model = known_model(
        {**data, "y": [["a", "b", "c"][i % 3] for i in range(40)]}, "y", lambda z: np.sin(z[:, :3] * z[:, 3:6]) * 3
    )
    table = model.conform(data)[0].slice(0, 2)
    one, other = (explain_table(model, table, seed=seed, draws=100) for seed in (1, 2))
    assert_adds_up((*one, *other))
    assert explain_table(model, table, seed=1, draws=100) == one != other
    for row, again in zip(one, other, strict=True):
        second = {part.column: part.contribution for part in again.contributions}
        assert all(abs(part.contribution - second[part.column]) <= 6 * row.error for part in row.contributions)
        assert row.error > 0


def test_the_baseline_row_has_nothing_to_explain() -> None:
    """A row of medians is its own baseline: every contribution is 0, and so is that of any column at its median."""
    data = {"x0": [1.0, 2.0, 3.0], "x1": [10.0, 20.0, 40.0], "y": [1.0, 2.0, 3.0]}
    model = known_model(data, "y", lambda z: z[:, 0] + z[:, 1] + 3)
    middle, mixed = explain_rows(model, {"x0": [2.0, 2.0], "x1": [20.0, 40.0]})
    assert [one.contribution for one in middle.contributions] == [0, 0]
    assert middle.explained == middle.base == 3
    assert {one.column: one.contribution != 0 for one in mixed.contributions} == {"x0": False, "x1": True}


def test_a_row_is_explained_alone() -> None:
    """Its explanation does not depend on the rows beside it, nor on its place."""
    data = columns(30, 12)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: np.tanh(z).sum(axis=1) ** 2)
    table = model.conform(data)[0]
    assert explain_table(model, table.slice(3, 2))[1] == explain_table(model, table.slice(4, 1))[0]


def test_values_are_said_as_the_data_has_them() -> None:
    """Flags in their spelling, gaps as missing, long numbers short."""
    model = make_model("species")
    data = {**some_data(1), "mass": [None], "length": [0.123456789], "ringed": ["no"], "seen": ["2024-03-01"]}
    row = explain_table(model, model.conform(data)[0])[0]
    found = {one.column: one.value for one in row.contributions}
    assert (found["mass"], found["length"], found["ringed"], found["seen"]) == (
        *("missing", "0.123457", "no", "2024-03-01"),
    )


def test_what_is_wrong_with_the_data_is_said(penguins) -> None:
    """Cells that are not understood warn as in `predict`; a missing column and odd draws are refused."""
    row = {name: [1.0] for name in penguins.encoder.inputs} | {"island": ["Biscoe"], "sex": ["male"]}
    with pytest.warns(DataWarning, match="not seen before"):
        explain_rows(penguins, {**row, "island": ["Atlantis"]})
    with pytest.raises(SchemaError, match="lacks"):
        explain_rows(penguins, {"island": ["Biscoe"]})
    with pytest.raises(SpecError, match="draws is 5"):
        explain_rows(penguins, row, draws=5)


def test_facts_are_plain_values(penguins, penguin_table) -> None:
    """What goes into JSON holds the same numbers."""
    row = explain_table(penguins, penguin_table.slice(0, 1))[0]
    facts = row.facts()
    assert facts["contributions"][0] == row.contributions[0]._asdict()
    assert (facts["answer"], facts["chance"], facts["base"]) == (row.answer, row.chance, row.base)
