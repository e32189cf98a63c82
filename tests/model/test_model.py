"""The model: a table goes in, in whatever form and order, and answers come out, or a clear sentence."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score

from lamina.data import ClassTarget, Encoder, NumberTarget
from lamina.foundation.errors import DataError, LaminaError, ModelFileError, SchemaError
from lamina.foundation.specs import code
from lamina.model import DataWarning, Model
from lamina.networks import MLP, Perceptron
from small_models import make_model, some_calibration, some_data

CLASSES = ("Adelie", "Chinstrap", "Gentoo")


def test_answers_are_labels_chances_or_numbers(classifier: Model, regressor: Model, table: pa.Table) -> None:
    """Classes come as labels with chances that add up to 1, and numbers as float64."""
    chances = classifier.predict_proba(table)
    assert chances.shape == (20, 3)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-12)
    assert classifier.predict(table).tolist() == [CLASSES[i] for i in chances.argmax(axis=1)]
    assert len(set(classifier.predict(some_data(200, seed=2)))) == 3
    assert regressor.predict(table).shape == (20,)
    assert regressor.predict(table).dtype == np.float64


def test_any_form_of_the_data_gives_the_same(classifier: Model, table: pa.Table, tmp_path: Path) -> None:
    """A path, a pandas, polars or pyarrow frame, and a dict of lists are all the same rows."""
    pyarrow.csv.write_csv(table, tmp_path / "rows.csv")
    wanted = classifier.predict_proba(table)
    forms: list[Any] = [tmp_path / "rows.csv", str(tmp_path / "rows.csv"), table.to_pydict(), table.to_pylist()]
    for form in [*forms, pd.DataFrame(table.to_pydict()), pl.DataFrame(table.to_pydict())]:
        np.testing.assert_array_equal(classifier.predict_proba(form), wanted)


def test_one_row_may_be_a_plain_dict(classifier: Model, table: pa.Table) -> None:
    """A dict with one value a column is one row."""
    row = table.slice(1, 1).to_pylist()[0]
    np.testing.assert_allclose(classifier.predict_proba(row), classifier.predict_proba(table)[1:2], atol=1e-6)
    row["mass"] = np.float32(row["mass"])
    assert classifier.predict(row).shape == (1,)


def test_columns_may_come_in_any_order_and_among_others(classifier: Model, table: pa.Table) -> None:
    """Columns are found by name: their order and other columns change nothing; what is passed over is noted."""
    wanted = classifier.predict_proba(table)
    turned = table.select(table.column_names[::-1]).append_column("colour", pa.array(["red"] * 20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(classifier.predict_proba(turned), wanted)
    _, notes = classifier.conform(turned)
    assert any("colour" in note.sentence for note in notes)


def test_the_target_is_neither_needed_nor_used(classifier: Model, table: pa.Table) -> None:
    """An answer does not depend on the target column, which need not be there."""
    wanted = classifier.predict_proba(table)
    np.testing.assert_array_equal(classifier.predict_proba(table.drop_columns(["species"])), wanted)
    other = table.set_column(table.column_names.index("species"), "species", pa.array(["Gentoo"] * 20))
    np.testing.assert_array_equal(classifier.predict_proba(other), wanted)


def test_an_identifier_is_not_needed(classifier: Model, table: pa.Table) -> None:
    """A column that is not used as input may be absent."""
    np.testing.assert_array_equal(classifier.predict_proba(table.drop_columns(["id"])), classifier.predict_proba(table))


def test_a_missing_column_is_refused(classifier: Model, table: pa.Table) -> None:
    """A column that is needed and not there is refused, and the nearest name is offered."""
    with pytest.raises(SchemaError, match=r"(?s)'mass'.*did you mean 'masss'"):
        classifier.predict(table.rename_columns([{"mass": "masss"}.get(n, n) for n in table.column_names]))


def test_an_unseen_category_is_answered_with_a_warning(classifier: Model, table: pa.Table) -> None:
    """A category that training never met is answered, with a warning that names it and its rows."""
    at = table.column_names.index("island")
    towns = pa.array(["Atlantis", *table.column("island").to_pylist()[1:]])
    with pytest.warns(DataWarning, match="Atlantis"):
        assert np.isfinite(classifier.predict_proba(table.set_column(at, "island", towns))).all()


def test_a_cell_that_is_not_understood_warns(classifier: Model, table: pa.Table) -> None:
    """A word where a number should be is read as missing, with a warning that names column, row and word."""
    at = table.column_names.index("length")
    lengths = pa.array([*map(str, table.column("length").to_pylist()[:19]), "long"])
    spoilt = table.set_column(at, "length", lengths)
    with pytest.warns(DataWarning, match=r"'length'.*row 20.*'long'") as caught:
        answers = classifier.predict(spoilt)
    assert caught[0].filename == __file__, "the warning points at the caller"
    answered, notes = classifier.answer_with_notes(spoilt)
    assert answered.column("prediction").to_pylist() == answers.tolist()
    assert [note.kind for note in notes] == ["cells"]


def test_a_column_of_another_type_is_refused(classifier: Model, table: pa.Table) -> None:
    """A column whose values mostly are of another type is refused, not guessed at."""
    at = table.column_names.index("length")
    with pytest.raises(SchemaError, match="'length' is a number"):
        classifier.predict(table.set_column(at, "length", pa.array(["a"] * 20)))


@pytest.mark.parametrize("poison", [1e308, -1e308, float("inf"), float("-inf"), float("nan"), 5e-324, -0.0])
def test_poisonous_numbers_are_answered_finitely(regressor: Model, table: pa.Table, poison: float) -> None:
    """Whatever number stands in a cell, the answer is finite, and the other rows keep theirs."""
    at = table.column_names.index("length")
    values = np.array(table.column("length").to_pylist())
    values[3] = poison
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        answers = regressor.predict(table.set_column(at, "length", pa.array(values)))
    assert np.isfinite(answers).all()
    others = np.arange(20) != 3
    np.testing.assert_allclose(answers[others], regressor.predict(table)[others], atol=1e-4)


def test_all_missing_is_answered(classifier: Model, table: pa.Table) -> None:
    """A row without a single value has an answer: that of a typical row."""
    nothing = {name: [None] for name in table.column_names}
    assert np.isfinite(classifier.predict_proba(nothing)).all()


def test_no_rows_are_refused(classifier: Model, table: pa.Table) -> None:
    """A table without rows is refused by a clear sentence."""
    with pytest.raises(DataError):
        classifier.predict(table.slice(0, 0))


def test_chances_of_a_number_are_refused(regressor: Model, table: pa.Table) -> None:
    """Asking a model of numbers for chances is refused, and the right call is named."""
    with pytest.raises(LaminaError, match=r"(?s)predicts the number 'price'.*model\.predict"):
        regressor.predict_proba(table)


def test_answers_as_a_table(classifier: Model, regressor: Model, table: pa.Table) -> None:
    """The table of answers has the prediction and one column for each class."""
    answers = classifier.answer(table)
    assert answers.column_names == ["prediction", *(f"probability_{name}" for name in CLASSES)]
    assert answers.column("prediction").to_pylist() == classifier.predict(table).tolist()
    chances = np.stack([np.array(answers.column(f"probability_{name}")) for name in CLASSES], axis=1)
    np.testing.assert_array_equal(chances, classifier.predict_proba(table))
    numbers = regressor.answer(table)
    assert numbers.column_names == ["prediction"]
    assert numbers.column("prediction").to_pylist() == regressor.predict(table).tolist()


def test_metrics_are_those_of_scikit_learn(classifier: Model, regressor: Model, table: pa.Table) -> None:
    """Evaluation gives what an independent library computes from the answers."""
    truth, found = table.column("species").to_pylist(), classifier.evaluate(table)
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, classifier.predict(table)))
    assert found["log_loss"] == pytest.approx(log_loss(truth, classifier.predict_proba(table), labels=CLASSES))
    prices, answers, found = np.array(table.column("price")), regressor.predict(table), regressor.evaluate(table)
    assert found["mae"] == pytest.approx(mean_absolute_error(prices, answers))
    assert found["r2"] == pytest.approx(r2_score(prices, answers))


def test_rows_without_an_answer_are_left_out_of_metrics(regressor: Model, table: pa.Table) -> None:
    """A row whose target is missing is not evaluated, and a note says so; without any such row nothing can be said."""
    at = table.column_names.index("price")
    holes = table.set_column(at, "price", pa.array([None, *table.column("price").to_pylist()[1:]]))
    found, notes = regressor.evaluate_with_notes(holes)
    assert found == regressor.evaluate(table.slice(1))
    assert any("'price' is missing" in note.sentence for note in notes)
    with pytest.raises(DataError, match="no row has a value of the target 'price'"):
        regressor.evaluate(table.set_column(at, "price", pa.nulls(20, pa.float64())))


def test_evaluation_needs_the_target(classifier: Model, table: pa.Table) -> None:
    """Evaluating rows without the target column, or with a class that training never met, is refused."""
    with pytest.raises(SchemaError, match="'species'"):
        classifier.evaluate(table.drop_columns(["species"]))
    at = table.column_names.index("species")
    with pytest.raises(SchemaError, match="'Emperor'"):
        classifier.evaluate(table.set_column(at, "species", pa.array(["Emperor"] * 20)))


def test_labels_have_the_type_of_the_data() -> None:
    """Whole numbers as classes come back as whole numbers."""
    model = make_model("ringed", network=MLP(widths=(3,)))
    assert set(model.predict(some_data(30, seed=1))) <= {"yes", "no"}


def test_quantiles_rise_and_the_middle_is_the_prediction(table: pa.Table) -> None:
    """A network of quantiles answers with the one nearest the median, and shows all of them, in order."""
    model = make_model("price", scores=3, quantiles=(0.1, 0.5, 0.9))
    answers = model.answer(table)
    low, middle, high = (np.array(answers.column(f"quantile_{level}")) for level in (0.1, 0.5, 0.9))
    assert ((low <= middle) & (middle <= high)).all()
    np.testing.assert_array_equal(model.predict(table), middle)
    assert set(model.evaluate(table)) == {"rmse", "mae", "r2"}


def test_a_binary_model_may_have_one_score(table: pa.Table) -> None:
    """Two classes may share one score, whose sigmoid is the chance of the second."""
    model = make_model("ringed", network=MLP(widths=(3,)), scores=1, link="sigmoid")
    assert model.predict_proba(table).shape == (20, 2)


def test_a_rate_comes_through_exp(table: pa.Table) -> None:
    """With the link exp all answers are positive."""
    plain = NumberTarget(mean=0.0, scale=1.0, low=0.0, high=9.0)
    rates = dataclasses.replace(make_model("price", link="exp"), target=plain)
    assert (rates.predict(table) > 0).all()


def test_facts_are_plain_and_complete(classifier: Model) -> None:
    """The facts for `inspect` are plain JSON values, and name columns, network, metrics and what was left out."""
    facts = json.loads(json.dumps(classifier.facts(), allow_nan=False))
    assert facts["columns"]["town"] == "category"
    assert facts["left_out"] == {"id": "identifier"}
    assert "species" not in facts["columns"]
    assert facts["network"] == code(classifier.predictor.spec)
    assert (facts["members"], facts["task"], facts["rows"]) == (3, "classification", 60)
    assert facts["metrics"] == {"test": {"accuracy": 0.5, "roc_auc": None}}
    assert (facts["kind"], facts["holds_rows"], facts["calibration"]) == ("network", False, None)
    assert facts["parameters"] == facts["members"] * facts["weights_a_member"] == 3 * classifier.predictor.size
    assert facts["learner"] == f"3 networks: {facts['network']}"


def test_facts_say_what_the_card_says(classifier: Model) -> None:
    """Intervals, groups, use and the words for the learner come from the card; what is not finite becomes None."""
    card = dataclasses.replace(
        classifier.card,
        intervals={"test": {"accuracy": (0.4, math.nan)}},
        groups={"kind": {"a": {"accuracy": 0.5}}},
        learner="A fleet",
        intended_use=("Birds.",),
        out_of_scope=("Fish.",),
    )
    model = dataclasses.replace(classifier, card=card, calibration=some_calibration("species"))
    facts = json.loads(json.dumps(model.facts(), allow_nan=False))
    assert facts["intervals"] == {"test": {"accuracy": [0.4, None]}}
    assert facts["groups"] == {"kind": {"a": {"accuracy": 0.5}}}
    assert (facts["learner"], facts["intended_use"], facts["out_of_scope"]) == ("A fleet", ["Birds."], ["Fish."])
    assert facts["calibration"] == {"temperature": 1.5, "rows": 40, "largest_coverage": pytest.approx(40 / 41)}


def test_one_network_is_one_network() -> None:
    """A single member is spoken of in the singular."""
    assert make_model("species", members=1).facts()["learner"].startswith("1 network: Table(")


def test_nothing_is_changed_by_asking(classifier: Model, table: pa.Table) -> None:
    """Asking twice gives equal bits, and what was given is as it was."""
    given = table.to_pydict()
    before = copy.deepcopy(given)
    first = classifier.predict_proba(given)
    np.testing.assert_array_equal(classifier.predict_proba(given), first)
    assert given == before


def test_a_model_cannot_be_changed(classifier: Model) -> None:
    """No part can be exchanged in place."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        classifier.link = "exp"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"link": "identity"}, "link 'identity'"),
        ({"link": "sigmoid"}, "link 'sigmoid'"),
        ({"link": ["softmax"]}, "link"),
        ({"quantiles": (0.5,)}, "classes have no quantiles"),
        ({"target": ClassTarget(classes=("a",))}, "fewer than two classes"),
        ({"target": NumberTarget(mean=0.0, scale=1.0, low=0.0, high=1.0)}, "the card says classification"),
    ],
)
def test_parts_must_belong_together(classifier: Model, changes: dict[str, Any], words: str) -> None:
    """Parts of different models are refused, and the sentence says which do not fit."""
    with pytest.raises(ModelFileError, match=f"(?s)do not belong together.*{words}"):
        dataclasses.replace(classifier, **changes)


def test_parts_of_another_model_are_refused(classifier: Model, regressor: Model) -> None:
    """Each single part of one model is refused by the other, except the history, which is only a tale."""
    for field in ("schema", "encoder", "target", "predictor", "card"):
        with pytest.raises(ModelFileError, match="do not belong together"):
            dataclasses.replace(classifier, **{field: getattr(regressor, field)})
    with pytest.raises(ModelFileError, match="the card says"):
        dataclasses.replace(classifier, card=dataclasses.replace(classifier.card, classes=("a", "b", "c")))
    for quantiles in [(0.1, 0.9), (1.5,), ("0.5",), (0.0,)]:
        with pytest.raises(ModelFileError, match="do not belong together"):
            dataclasses.replace(regressor, quantiles=quantiles)


def test_an_encoder_for_columns_of_other_kinds_is_refused(classifier: Model) -> None:
    """An encoder that would read words as numbers, or numbers as dates, is refused before any row is asked about."""
    for one, other in [("mass", "town"), ("town", "length"), ("ringed", "mass"), ("seen", "length")]:
        values = classifier.encoder.to_json()
        for column in values["columns"]:
            column["name"] = {one: other, other: one}.get(column["name"], column["name"])
        with pytest.raises(ModelFileError, match="columns of other kinds"):
            dataclasses.replace(classifier, encoder=Encoder.from_json(values))


def test_a_perceptron_is_a_model_too(table: pa.Table) -> None:
    """A network that was not trained by gradients answers, too."""
    assert make_model("species", network=Perceptron(), members=1).predict(table).shape == (20,)
