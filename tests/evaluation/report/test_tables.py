"""The tables: every number is the fact itself."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from example_facts import FOLDS, classification_facts, regression_facts
from lamina.evaluation.report import report_html
from lamina.evaluation.report.tables import (
    balance_table,
    columns_table,
    contenders_table,
    drift_table,
    fold_tables,
    number_cell,
)
from lamina.evaluation.report.words import duration, size
from lamina.metrics import METRICS, format_metric


def test_every_number_among_the_contenders_is_the_fact() -> None:
    """In the page each cell carries the whole fact and shows it as `format_metric` writes it."""
    facts = classification_facts()
    page = report_html({name: facts[name] for name in ("contenders", "verdict", "metrics")})
    table = page.partition('aria-label="Every contender')[2].partition("</table>")[0]
    rows = [re.findall(r'<data value="([^"]*)">([^<]*)</data>', row) for row in table.split("<tr>")[2:]]
    running = [one for one in facts["contenders"] if not one["left_out"]]
    assert len(rows) == len(running)
    for cells, one in zip(rows, running, strict=True):
        accuracy, loss, cost = one["scores"]["accuracy"]["mean"], one["scores"]["log_loss"]["mean"], one["cost"]
        calibration = [one["calibration"]["ece"]] if one["calibration"] else []
        costs = [cost[name] for name in ("fit_seconds", "predict_ms_a_row", "multiply_adds", "bytes")]
        expected = [accuracy, loss, *calibration, *costs]
        assert [json.loads(value) for value, _ in cells] == expected
        shown = [unescape(words).replace("\xa0", " ") for _, words in cells]
        assert shown[:2] == [format_metric(METRICS["accuracy"], accuracy), format_metric(METRICS["log_loss"], loss)]
        assert shown[-4] == duration(cost["fit_seconds"]).replace("\xa0", " ")
        assert shown[-1] == size(cost["bytes"]).replace("\xa0", " ")


def test_what_nobody_knows_is_a_dash() -> None:
    """Size and multiply-adds of an estimator that cannot be held are not told as zero."""
    facts = classification_facts()
    facts["contenders"][0]["cost"] |= {"bytes": None, "parameters": None, "multiply_adds": None}
    table = contenders_table(facts)
    assert table is not None
    place = table.head.index("Multiply-adds a row")
    assert [cell.words for cell in table.rows[0][place : place + 2]] == ["–", "–"]
    assert table.rows[1][place].words == "33"


def test_the_interval_stands_under_the_score() -> None:
    """The ends of the interval are those of the facts."""
    facts = classification_facts()
    facts["contenders"][0]["scores"]["accuracy"] |= {"mean": 0.9911, "interval": [0.98, 0.995]}
    table = contenders_table(facts)
    assert table is not None
    assert (table.rows[0][1].words, table.rows[0][1].detail) == ("99.1\xa0%", "98.0 to 99.5\xa0%")


def test_the_chosen_one_is_marked_and_who_was_left_out_says_why() -> None:
    """One badge, and one sentence for the contender that did not run."""
    table = contenders_table(classification_facts())
    assert table is not None
    assert [row[0].words for row in table.rows if row[0].badge] == ["Linear model"]
    assert "TabPFN was left out: it is not installed." in table.remarks
    assert "Neural network: a fold ended early" in table.remarks


@pytest.mark.parametrize("make", [classification_facts, regression_facts])
def test_every_fold_of_every_metric_is_listed(make) -> None:
    """A table for each metric, a row for each fold, and the numbers are those of the facts."""
    facts = make()
    running = [one for one in facts["contenders"] if not one["left_out"]]
    metrics = list(running[0]["scores"])
    tables = fold_tables(facts)
    assert len(tables) == len(metrics)
    for table, metric in zip(tables, metrics, strict=True):
        assert len(table.rows) == FOLDS
        for fold, row in enumerate(table.rows):
            assert row[0].detail == "275 learnt, 69 held out"
            expected = [one["scores"][metric]["folds"][fold] for one in running]
            assert [json.loads(cell.value or "null") for cell in row[1:]] == expected


def test_numbers_of_a_regression_have_their_own_columns() -> None:
    """No log loss and no calibration where the answer is a number."""
    table = contenders_table(regression_facts())
    assert table is not None
    assert table.head[:4] == ("Contender", "Root mean squared error", "R²", "Training")


def test_few_facts_make_no_table() -> None:
    """Nothing to list is no table at all."""
    assert contenders_table({}) is None
    assert fold_tables({"contenders": [{"name": "a"}]}) == ()
    assert (balance_table({}), drift_table({"drift": []}), columns_table({})) == (None, None, None)
    assert number_cell(float("nan"), duration).value is None


def test_many_classes_are_counted_not_listed() -> None:
    """The commonest classes are listed first; the others are told in one sentence."""
    table = balance_table({"balance": {f"c{i}": i + 1 for i in range(200)}})
    assert table is not None
    assert table.rows[0][0].words == "c199"
    assert len(table.rows) == 20
    assert table.remarks == ("180 further classes hold 16,290 rows; the rarest 1.",)


def test_left_out_columns_say_why() -> None:
    """Each column is there, with what it was taken for or why it was left out."""
    table = columns_table({"columns": {"age": "number"}, "left_out": {"id": "identifier"}})
    assert table is not None
    assert [(row[0].words, row[1].words) for row in table.rows] == [("age", "number"), ("id", "left out: identifier")]
