"""Effects: against functions whose curves are known."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from lamina.explain import effect
from lamina.foundation.errors import DataError, SchemaError

from .conftest import columns, known_model


def slopes(model) -> np.ndarray:
    """By how much a feature grows for each unit of its column."""
    return np.array([one.scale for one in model.encoder.columns])


def test_local_effects_of_a_linear_law_are_its_line() -> None:
    """However strongly columns go together: the slope of each is its own."""
    data = columns(400, 2)
    data["x1"] = data["x0"] + 0.1 * data["x1"]
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: 3 * z[:, 0] - 5 * z[:, 1])
    table = model.conform(data)[0]
    for place, slope in enumerate((3, -5)):
        found = effect(model, table, f"x{place}", kind="ale")
        steps = np.diff(found.y["prediction"]) / np.diff(found.x)
        np.testing.assert_allclose(steps, slope * slopes(model)[place], rtol=1e-4)


def test_partial_dependence_of_a_sum_is_its_part() -> None:
    """Of f(x0) + g(x1) it is f and a constant."""
    data = columns(300, 2)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: np.sin(2 * z[:, 0]) + z[:, 1] ** 2)
    found = effect(model, model.conform(data)[0], "x0", kind="pdp")
    one = model.encoder.columns[0]
    wanted = np.sin(2 * (np.array(found.x) - one.centre) * one.scale)
    rest = np.array(found.y["prediction"]) - wanted
    np.testing.assert_allclose(rest, rest[0], atol=1e-6)


def test_local_effects_stay_where_the_rows_are() -> None:
    """Where two columns are always alike, a wild answer to rows that never occur changes nothing; partial dependence
    is led astray by it.
    """
    data = columns(400, 1)
    data["x1"] = data["x0"].copy()
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, 0] + 100 * (np.abs(z[:, 0] - z[:, 1]) > 1.0))
    table = model.conform(data)[0]
    local, partial = (effect(model, table, "x0", kind=kind, points=40) for kind in ("ale", "pdp"))
    np.testing.assert_allclose(
        np.diff(local.y["prediction"])[1:-1], np.diff(local.x)[1:-1] * slopes(model)[0], rtol=1e-4
    )
    assert max(partial.y["prediction"]) > 20


@pytest.mark.parametrize("kind", ["ale", "pdp"])
def test_curves_lie_at_the_mean_answer(kind) -> None:
    """Averaged over the rows, the curve of a linear law is the mean of the answers."""
    data = columns(300, 2)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: 7 + z[:, 0] + z[:, 1])
    table = model.conform(data)[0]
    found = effect(model, table, "x0", kind=kind, points=200)
    at_rows = np.interp(data["x0"], found.x, found.y["prediction"])
    assert at_rows.mean() == pytest.approx(model.decide(table)[0].mean(), abs=0.02)


@pytest.mark.parametrize("kind", ["ale", "pdp"])
def test_levels_of_a_category_differ_by_what_they_add(kind) -> None:
    """An additive law of a category and a number: levels lie as far apart as their terms, in alphabetic order."""
    islands = [["Torgersen", "Biscoe", "Dream", None][i % 4] for i in range(200)]
    data = {**columns(200, 1), "island": islands}
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, 0] + z[:, 1:] @ [1.0, 20.0, 300.0])
    found = effect(model, model.conform(data)[0], "island", kind=kind)
    assert found.x == ("Biscoe", "Dream", "Torgersen")
    assert found.kind_of_column == "category"
    np.testing.assert_allclose(np.diff(found.y["prediction"]), [19.0, 280.0], atol=1e-6)


def test_levels_are_compared_with_those_that_are_like_them() -> None:
    """Going from Adelie to Bold would ask about birds that do not exist; by way of Crested every bird is likely."""
    mass = np.tile([0.0, 10.0, 5.0], 30) + np.tile([0.1, -0.1], 45)
    data = {"kind": ["Adelie", "Bold", "Crested"] * 30, "mass": mass}
    model = known_model({**data, "y": mass}, "y", lambda z: 0)
    one = model.encoder.columns[1]
    usual = np.array([0.0, 10.0, 5.0])
    model.predictor.function = lambda z: 1000 * (z[:, :3] @ usual - (z[:, 3] / one.scale + one.centre) > 7)
    found = effect(model, model.conform(data)[0], "kind")
    assert found.x == ("Adelie", "Bold", "Crested")
    assert found.y["prediction"] == (0, 0, 0)
    assert max(effect(model, model.conform(data)[0], "kind", kind="pdp").y["prediction"]) > 300


@pytest.mark.parametrize("kind", ["ale", "pdp"])
def test_a_flag_has_two_stops_as_the_data_spells_them(kind) -> None:
    """No before yes; the difference is what the flag adds."""
    data = {**columns(60, 1), "ringed": ["yes", "no", "yes"] * 20}
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, 0] + 2 * z[:, 1])
    found = effect(model, model.conform(data)[0], "ringed", kind=kind)
    assert found.x == ("no", "yes")
    assert np.diff(found.y["prediction"]) == pytest.approx(4.0)


def test_dates_come_as_text_in_order() -> None:
    """The stops of a date are days of the data, from the first to the last."""
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=9 * i) for i in range(60)]
    data = {"seen": [str(day) for day in days], "x0": columns(60, 1)["x0"]}
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, -1])
    found = effect(model, model.conform(data)[0], "seen", points=5)
    assert found.kind_of_column == "moment"
    assert list(found.x) == sorted(found.x)
    assert (found.x[0][:10], found.x[-1][:10]) == (str(days[0]), str(days[-1]))


def test_chances_of_all_classes_come_and_add_up(penguins, penguin_table) -> None:
    """A curve for each class; partial dependence of chances adds up to 1 at every point, local effects as well."""
    for kind in ("ale", "pdp"):
        found = effect(penguins, penguin_table, "body_mass_g", kind=kind)
        assert tuple(found.y) == penguins.target.classes
        np.testing.assert_allclose(np.sum(list(found.y.values()), axis=0), 1, atol=1e-9)
    by_island = effect(penguins, penguin_table, "island")
    assert by_island.x == ("Biscoe", "Dream", "Torgersen")


def test_columns_without_a_curve() -> None:
    """One value gives one point, no value or no such column an error in words; whole numbers stay whole."""
    data = {"x0": np.arange(40.0) % 7, "x1": columns(40, 1)["x0"]}
    model = known_model({**data, "y": data["x1"]}, "y", lambda z: z[:, 0])
    table = model.conform(data)[0]
    assert effect(model, table, "x0", points=30).x == (0, 1, 2, 3, 4, 5, 6)
    alone = effect(model, table.slice(0, 1), "x0")
    assert (len(alone.x), len(alone.y["prediction"])) == (1, 1)
    rare = model.conform({"x0": [None] * 2000 + [3.0], "x1": [1.0] * 2001})[0]
    assert effect(model, rare, "x0", rows=5).x == (3,)
    with pytest.raises(SchemaError, match="does not use a column 'x9'"):
        effect(model, table, "x9")
    with pytest.raises(DataError, match="no row has a value"):
        effect(model, model.conform({"x0": [None, None], "x1": [1.0, 2.0]})[0], "x0")
