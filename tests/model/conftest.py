"""Models and rows that the tests of this room share."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lamina.model import Model
from small_models import make_model, some_data


@pytest.fixture(scope="session")
def classifier() -> Model:
    """A model of three classes."""
    return make_model("species")


@pytest.fixture(scope="session")
def regressor() -> Model:
    """A model of a number."""
    return make_model("price")


@pytest.fixture
def table() -> pa.Table:
    """Rows that no model has seen."""
    return pa.table(some_data(20, seed=1))
