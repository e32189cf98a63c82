"""Columns exchanged among encoded rows, images, texts and series like any other."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data import Batch, conform, fit_encoder, infer_schema, read
from lamina.explain.asking import Owners, all_but, exchanged, owners_of, zero_row

from .field_models import images, series, texts


@pytest.fixture(scope="module")
def encoded() -> tuple[Batch, Owners, Batch]:
    """Rows with a number, an image, a category, a text and a series; who owns what, and the row of nothing."""
    stream = np.random.default_rng(0)
    columns = {
        "photo": images()["photo"],
        "age": stream.normal(50, 10, 24),
        "review": texts()["review"],
        "town": [["Aarau", "Basel", "Chur"][row % 3] for row in range(24)],
        "pulse": series()["pulse"],
    }
    raw = read(columns)
    schema = infer_schema(raw, kinds={"review": "text"})
    table, _ = conform(raw, schema, need_target=False)
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    return encoder.encode(table), owners_of(encoder), zero_row(encoder)


def test_every_array_has_its_owner(encoded) -> None:
    """Features, codes and fields are those of the columns that they were made of."""
    batch, owners, _ = encoded
    assert owners.names == ("photo", "age", "review", "town", "pulse")
    assert [owners.names[place] for place in owners.fields] == ["photo", "review", "pulse"]
    assert [owners.names[place] for place in owners.codes] == ["town"]
    assert {owners.names[place] for place in owners.features} == {"age"}
    assert len(owners.features) == batch.numbers.shape[1]


def parts(batch: Batch) -> dict[str, np.ndarray]:
    """The array of each column."""
    arrays = (batch.numbers, batch.categories, *batch.fields)
    return dict(zip(("age", "town", "photo", "review", "pulse"), arrays, strict=True))


@pytest.mark.parametrize("name", ["photo", "age", "review", "town", "pulse"])
def test_one_column_is_exchanged_and_no_other(encoded, name: str) -> None:
    """In every row the column is the donor's; types and all others stay."""
    batch, owners, _ = encoded
    donor = batch.take(np.roll(np.arange(24), 1))
    found = parts(exchanged(batch, donor, all_but(owners.place(name), owners), owners))
    for column, array in found.items():
        wanted = parts(donor if column == name else batch)[column]
        assert array.dtype == wanted.dtype
        np.testing.assert_array_equal(array, wanted)


def test_rows_choose_for_themselves(encoded) -> None:
    """Where a row keeps nothing it is the baseline, where it keeps all it is itself; one row may stand for all."""
    batch, owners, nothing = encoded
    keep = np.repeat(np.arange(24)[:, None] % 2 == 0, 5, axis=1)
    found, own, blank = (parts(one) for one in (exchanged(batch, nothing, keep, owners), batch, nothing))
    for column, array in found.items():
        np.testing.assert_array_equal(array[::2], own[column][::2])
        np.testing.assert_array_equal(array[1::2], np.repeat(blank[column], 12, axis=0))
    alone = exchanged(batch.take(np.array([3])), batch, np.ones((1, 5), np.bool_), owners)
    for column, array in parts(alone).items():
        np.testing.assert_array_equal(array, np.repeat(own[column][3:4], 24, axis=0))


def test_the_baseline_has_nothing_in_it(encoded) -> None:
    """The mean colour, no word, no value, no category, every number at its median."""
    batch, _, nothing = encoded
    assert nothing.rows == 1
    photo, review, pulse = nothing.fields
    assert (photo == np.rint(batch.fields[0].mean())).all()
    assert not review.any()
    assert np.isnan(pulse).all()
    assert not nothing.numbers.any()
    assert not nothing.categories.any()
    assert [field.dtype for field in nothing.fields] == [field.dtype for field in batch.fields]
