"""The pictures: each says in one sentence what is to be seen, computed from the facts."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from example_facts import classification_facts, regression_facts
from lamina.evaluation.report.confusion_figure import confusion_figure, counts_of, mistakes
from lamina.evaluation.report.contenders_figure import Dot, contenders_figure, dots_of, region_of, view
from lamina.evaluation.report.curve_figure import _scale as scale_of_curve
from lamina.evaluation.report.curve_figure import band_of, curve_figure, points_of
from lamina.evaluation.report.effects_figure import effects_figure
from lamina.evaluation.report.importance_figure import columns_of, importance_figure
from lamina.evaluation.report.map_figure import classes_of, map_figure
from lamina.evaluation.report.network_figure import MOST, network_figure, shortened
from lamina.evaluation.report.network_figure import columns_of as layers_of
from lamina.evaluation.report.page import FIGURES, arranged
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.reliability_figure import bins_of, reliability_figure, sentence_for
from lamina.evaluation.report.residuals_figure import residuals_figure
from lamina.evaluation.report.training_figure import line_of, training_figure


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    "facts", [{}, {"network": {}, "confusion": {}, "contenders": [{}], "learning_curve": {"contenders": {"a": {}}}}]
)
def test_no_picture_without_facts(figure, facts) -> None:
    """Where nothing was measured there is no picture, not an empty one."""
    assert figure(facts) is None


@pytest.mark.parametrize("figure", FIGURES)
def test_the_sentence_is_read_aloud(figure) -> None:
    """Each picture has a sentence, ended by a full stop, which is also in its drawing for those who cannot see it."""
    picture = figure(classification_facts()) or figure(regression_facts())
    assert picture is not None
    assert picture.sentence.endswith(".")
    assert len(picture.drawings) >= 1
    if picture.name not in ("effects", "residuals"):
        assert picture.sentence.split()[0] in picture.drawings[0].splitlines()[0]


def test_contenders_are_sorted_as_told_and_counted() -> None:
    """Best first; how many are practically equal is counted from the means and the region."""
    facts = classification_facts()
    for one, mean in zip(facts["contenders"], (0.991, 0.989, 0.982, 0.98, 0.97, 0.96, 0.4), strict=False):
        one["scores"]["accuracy"] |= {"mean": mean, "interval": [mean - 0.01, mean + 0.005]}
    dots = dots_of(facts)
    assert [dot.name for dot in dots][:2] == ["network", "linear"]
    assert region_of(facts, dots) == pytest.approx((0.981, 1.0, "network"))
    picture = contenders_figure(facts)
    assert picture is not None
    assert "Practically equal to the network (within 1.0 points): 2 of 6 others." in picture.sentence
    assert "Neural network has the best accuracy: 99.1\xa0% (98.1 to 99.6\xa0%)." in picture.sentence


def test_who_is_far_off_does_not_press_the_others_together() -> None:
    """The axis holds those near each other; the far one is drawn at the edge."""
    dots = [Dot(str(m), str(m), m, m - 0.01, m + 0.01) for m in (0.99, 0.98, 0.96, 0.2)]
    left, right = view(dots, None)
    assert left > 0.9
    assert right < 1.05
    assert view(dots[:2], None)[0] < 0.98


def written(drawing: str) -> list[str]:
    """The texts of a drawing."""
    return [text.strip() for text in re.findall(r"<text[^>]*>(.*?)</text>", drawing, re.DOTALL)]


@pytest.mark.parametrize("mean", [0.999, 1.0])
def test_no_score_is_drawn_beyond_its_end(mean) -> None:
    """An area under a curve of 1.005, or an accuracy of 105 %, is none: intervals, region and ticks end at 1."""
    for name, last in (("roc_auc", "1"), ("accuracy", "100\xa0%")):
        facts = classification_facts()
        facts["verdict"] |= {"metric": name, "region": 0.02}
        for one in facts["contenders"]:
            one["scores"][name] = {"mean": mean, "interval": [mean - 0.002, mean + 0.02]}
        dots = dots_of(facts)
        assert max(dot.high for dot in dots) == 1.0
        assert region_of(facts, dots)[1] == 1.0
        ticks = [words for words in written(contenders_figure(facts).drawings[0]) if re.match(r"[\d.]+(\s%)?$", words)]
        assert last in ticks
        assert all(float(words.removesuffix("\xa0%")) <= float(last.removesuffix("\xa0%")) for words in ticks)


def test_smaller_errors_are_better() -> None:
    """For an error the best contender is the one with the smallest."""
    picture = contenders_figure(regression_facts())
    assert picture is not None
    assert picture.sentence.startswith("Linear model has the best root mean squared error")


def test_the_curve_tells_its_fall_and_its_crossing() -> None:
    """From and to, over so many rows, in the words of the facts."""
    facts = classification_facts()
    points = facts["learning_curve"]["contenders"]["network"]["points"]
    points[0]["errors"], points[-1]["errors"] = [0.2, 0.1], [0.02, 0.02]
    picture = curve_figure(facts)
    assert picture is not None
    assert "between 34 and 275 training rows the error rate fell from 15.0\xa0% to 2.0\xa0%" in picture.sentence
    assert "Doubling the rows would lower" in picture.sentence
    assert "cross at about 520 rows (300 to 900)" in picture.sentence
    assert "stroke-dasharray" in picture.drawings[0]
    assert "curves cross" in picture.drawings[0]


def test_the_band_of_an_error_ends_where_errors_end() -> None:
    """No error rate of 118 %, and none below 0; an error without an end keeps its band."""
    facts = classification_facts()
    curve = facts["learning_curve"] | {"metric": "error"}
    for one in curve["contenders"].values():
        one["band"] = [{"rows": rows, "low": -0.1, "middle": 0.3, "high": 1.18} for rows in (34, 275)]
    facts["learning_curve"] = curve
    share = scale_of_curve(facts, curve)
    assert band_of(curve["contenders"]["network"], share) == [(34, 0.0, 0.3, 1.0), (275, 0.0, 0.3, 1.0)]
    assert "100\xa0%" in written(curve_figure(facts).drawings[0])
    assert "120\xa0%" not in written(curve_figure(facts).drawings[0])
    free = scale_of_curve(facts, curve | {"metric": "rmse", "percent": False})
    assert band_of(curve["contenders"]["network"], free)[0] == (34, 0.0, 0.3, 1.18)


def test_a_curve_without_a_law_says_why() -> None:
    """No band and no forecast, but the reason."""
    facts = classification_facts()
    for one in facts["learning_curve"]["contenders"].values():
        one |= {"law": None, "band": [], "why_no_law": "The error does not fall."}
    facts["learning_curve"] |= {"crossing": None, "sentence": None}
    picture = curve_figure(facts)
    assert picture is not None
    assert ("Neural network", "The error does not fall.") in picture.remarks
    assert points_of({"points": [{"rows": 0, "errors": [1]}, {"rows": 5, "errors": [None]}]}) == []


def test_one_size_is_a_curve_too() -> None:
    """A single size, measured once, can be drawn."""
    curve = {"contenders": {"network": {"points": [{"rows": 50, "errors": [0.0]}]}}}
    assert curve_figure({"learning_curve": curve}) is not None


def test_confusion_counts_are_drawn() -> None:
    """Every count that is not 0 is a text in the map; the commonest mistake is named."""
    facts = {"classes": ["a", "b"], "confusion": {"contender": "linear", "counts": [[81, 7], [0, 93]]}}
    picture = confusion_figure(facts)
    assert picture is not None
    texts = [text.strip() for text in re.findall(r"<text[^>]*>(.*?)</text>", picture.drawings[0], re.DOTALL)]
    assert [number for number in texts if number.isdigit()] == ["81", "7", "93"]
    assert "a taken for b (7 rows)" in picture.sentence


def test_many_classes_are_listed_not_drawn() -> None:
    """Above twelve classes the commonest mistakes are a table."""
    counts = [[50 if i == j else i * (j == i + 1) for j in range(20)] for i in range(20)]
    picture = confusion_figure({"confusion": {"counts": counts}})
    assert picture is not None
    assert not picture.drawings
    assert picture.table is not None
    assert [cell.words for cell in picture.table.rows[0]][:3] == ["class 18", "class 19", "18"]


def test_odd_counts_make_no_picture() -> None:
    """Counts that are not square, or all 0, are not drawn; the commonest mistake comes first."""
    assert counts_of({"counts": [[1, 2]]}) is None
    assert counts_of({"counts": [[0, 0], [0, 0]]}) is None
    assert mistakes(np.array([[5, 1], [3, 5]])) == [(1, 0), (0, 1)]
    assert (
        "without a single mistake"
        in (confusion_figure({"confusion": {"counts": [[4]]}}) or Picture(name="", heading="", sentence="")).sentence
    )


def test_a_lean_of_the_errors_is_told() -> None:
    """Predictions that are too high on the whole are called so; rows without a number are passed over."""
    truth = [float(i) for i in range(50)]
    facts = {"residuals": {"truth": [*truth, None], "predicted": [*(t + 2 + (t % 2) for t in truth), 3.0]}}
    picture = residuals_figure(facts)
    assert picture is not None
    assert "On average they are 2.50 too high." in picture.sentence
    assert "half of the predictions are within 3.00" in picture.sentence


def test_confidence_is_judged_by_its_direction() -> None:
    """More confident than right is too sure; the error is that of the facts, or else computed."""
    bins = bins_of(
        {
            "calibration": {
                "bins": [
                    {"confidence": 0.9, "accuracy": 0.6, "low": None, "high": 0.7, "rows": 10},
                    {"confidence": 0.5, "rows": 0},
                ]
            }
        }
    )
    assert len(bins) == 1
    assert bins[0].low == 0.6
    assert "differ by 30.0 points on average" in sentence_for({}, bins, "Forest")
    assert "too sure of itself" in sentence_for({"ece": 0.123}, bins, "Forest")
    assert "12.3 points" in sentence_for({"ece": 0.123, "ece_interval": [0.1, 0.2]}, bins, "Forest")


def test_reliability_is_that_of_the_chosen_one() -> None:
    """The chosen contender's bins are drawn; the next best if it has none."""
    facts = classification_facts()
    picture = reliability_figure(facts)
    assert picture is not None
    assert picture.sentence.startswith("Linear model")
    assert "divided by 1.10" in picture.remarks[0][1]
    facts["contenders"][1]["calibration"] = None
    other = reliability_figure(facts)
    assert other is not None
    assert other.sentence.startswith("Neural network")


def test_importance_is_sorted_and_noise_is_named() -> None:
    """The most important first; an interval that holds 0 is noise."""
    rows = [
        {"column": "b", "mean": 0.01, "low": -0.1, "high": 0.1},
        {"column": "a", "mean": 0.3, "low": 0.2, "high": 0.4},
        {"column": "c", "mean": None},
    ]
    assert [column.name for column in columns_of({"importance": rows})] == ["a", "b"]
    picture = importance_figure({"importance": rows[:1]})
    assert picture is not None
    assert "costs nothing that can be told from noise" in picture.sentence


def test_effects_are_one_picture_a_column() -> None:
    """Each column has its drawing; for many classes those that change most are kept."""
    facts = classification_facts(tuple(f"c{i}" for i in range(8)))
    picture = effects_figure(facts)
    assert picture is not None
    assert len(picture.drawings) == 6
    assert len(picture.legend) == 5
    assert "The 5 of 8 classes that change most are drawn." in picture.sentence


def test_effects_with_holes_or_wrong_lengths() -> None:
    """A value that was not measured is a gap; a line of another length is not drawn."""
    good = {"column": "a", "kind": "number", "x": [1, 2, 3], "y": {"prediction": [1.0, None, math.nan]}}
    bad = {"column": "b", "kind": "number", "x": [1, 2, 3], "y": {"prediction": [1.0]}}
    picture = effects_figure({"effects": [good, bad]})
    assert picture is not None
    assert len(picture.drawings) == 1


def test_training_tells_the_best_epoch_and_the_diagnosis() -> None:
    """The lowest loss on held-out rows, and the diagnosis in its own words beside the curves."""
    picture = training_figure(classification_facts())
    assert picture is not None
    assert re.search(r"lowest at epoch \d+", picture.sentence)
    assert picture.remarks == (("The training went well.", "Nothing needs to be changed."),)
    assert line_of(
        {"epochs": [{"epoch": 1, "training_loss": None}, {"epoch": 2, "training_loss": 0.5}]}, "training_loss"
    ) == [(2.0, 0.5)]


def test_the_network_is_drawn_with_sizes_and_both_flows() -> None:
    """Units, activations, weights, and the words for forward and backward are in the drawing."""
    picture = network_figure(classification_facts())
    assert picture is not None
    for words in ("128", "64", "relu", "tanh", "1,536 weights", "forward: data → scores → loss", "backward:", "loss"):
        assert words in picture.drawings[0]
    assert "9,987 weights" in picture.sentence


def test_a_deep_network_is_shown_by_its_ends() -> None:
    """Fifty layers fit: the first and last are drawn, and how many are between is written."""
    layers = [{"kind": "Affine", "units": 9, "activation": "relu"} for _ in range(50)]
    columns = layers_of({"inputs": 4, "layers": layers})
    assert len(columns) == 51
    assert len(shortened(columns)) == MOST
    picture = network_figure({"network": {"inputs": 4, "layers": layers}})
    assert picture is not None
    assert "44 more layers" in picture.drawings[0]


def test_the_map_keeps_the_commonest_classes() -> None:
    """More classes than shapes: the rare ones share one."""
    groups, names = classes_of([f"c{i}" for i in range(12)] * 2 + ["c3"])
    assert len(names) == 8
    assert names[-1] == "5 other classes"
    assert max(groups) == 7


def test_the_map_tells_whether_classes_lie_together() -> None:
    """Two far heaps: every row's neighbour is of its own class; what units respond to stands beside."""
    points = [[0, 0], [0, 1], [9, 9], [9, 8]]
    network = {
        "map": {"explained": [0.5, 0.25], "points": points, "labels": ["a", "a", "b", "b"]},
        "units": [{"unit": 3, "summary": "Likes b."}],
    }
    picture = map_figure({"network": network, "classes": ["a", "b"]})
    assert picture is not None
    assert "keep 75\xa0% of the spread" in picture.sentence
    assert "For 100\xa0% of them" in picture.sentence
    assert picture.remarks == (("Unit 3", "Likes b."),)


def test_an_odd_picture_has_a_line_of_its_own() -> None:
    """Two in a line; the last of an odd number stands alone, wide ones do not count."""
    pictures = [Picture(name=str(i), heading="", sentence="", wide=i == 1) for i in range(4)]
    assert [picture.alone for picture in arranged(pictures)] == [False, False, False, True]
    assert not any(picture.alone for picture in arranged(pictures[:3]))
