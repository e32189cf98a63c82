"""The verdict's sentences, word for word."""

from __future__ import annotations

import pytest

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.standing import Standing
from lamina.evaluation.verdict.words import Found, chance, price_of, sentence_of, times
from lamina.metrics import METRICS


def standing(family: str, mean: float, seconds: float = 1.0) -> Standing:
    """A contender with one score."""
    return Standing(name=family, title=family.title(), family=family, folds=(mean,), seconds=seconds)


NETWORK = standing("network", 0.991)
LINEAR = standing("linear", 0.989)
FOREST = standing("forest", 0.97)


def comparison(difference: float, *, equivalent: float = 0.5, p: float = 0.2, error: float = 0.01) -> Comparison:
    """A comparison with these chances from 344 rows."""
    return Comparison(
        difference=difference,
        interval=(-1.0, 1.0),
        error=error,
        chance_better=1 - equivalent,
        chance_equivalent=equivalent,
        chance_worse=0.0,
        p_value=p,
        region=0.01,
        method="corrected t",
        splits=50,
        rows=344,
    )


EQUIVALENT = comparison(0.002, equivalent=0.9601)
BETTER = comparison(0.014, p=0.004)
WORSE = comparison(-0.022, p=0.01)
UNDECIDED = comparison(0.002, error=0.0091)


def told(found: Comparison, **changed: object) -> str:
    """The sentence for a comparison of the network with the linear model, 60 times cheaper."""
    given: dict[str, object] = {
        "metric": METRICS["accuracy"],
        "comparison": found,
        "network": NETWORK,
        "rival": LINEAR,
        "chosen": LINEAR,
        "constant": None,
        "leader": None,
        "ratio": 60.2,
        "asked": False,
    }
    return sentence_of(Found(**{**given, **changed}))  # type: ignore[arg-type]


def test_equivalent() -> None:
    """The rival comes first: it is the news."""
    assert told(EQUIVALENT) == (
        "A linear model is as good as the network (accuracy 98.9 against 99.1 %; chance that the difference matters: "
        "4 %) and 60 times cheaper to train. Use the linear model."
    )


def test_better() -> None:
    """The best rival is named; the chance is that of a difference of 0 or below."""
    changed = {"network": standing("network", 0.983), "rival": standing("forest", 0.969), "ratio": 12.0}
    assert told(BETTER, chosen=changed["network"], **changed) == (
        "The network is better than the best rival, a random forest (accuracy 98.3 against 96.9 %; chance that it is "
        "not better: 0.2 %), and costs 12 times as much to train. Use the network."
    )


def test_worse() -> None:
    """The network comes first, and the advice is the rival."""
    assert told(WORSE, network=standing("network", 0.967)) == (
        "The network is worse than a linear model (accuracy 96.7 against 98.9 %; chance that it is not worse: 0.5 %) "
        "and costs 60 times as much to train. Use the linear model."
    )


def test_undecided() -> None:
    """The rows there are, the rows that would decide, and what to do until then."""
    assert told(UNDECIDED) == (
        "The network and a linear model cannot be told apart from 344 rows (accuracy 99.1 against 98.9 %; chance that "
        "the difference matters: 50 %); about 1,300 rows would decide it. Until then use the linear model, the simpler "
        "one."
    )
    hopeless = told(comparison(0.0101, error=0.5))
    assert "); far more rows would decide it. Until then" in hopeless


def test_a_sure_difference_that_may_not_matter() -> None:
    """It is not denied: only whether it matters is open."""
    found = comparison(0.009, p=0.01, equivalent=0.6, error=0.003)
    assert told(found).startswith(
        "The network does better than a linear model, but 344 rows cannot tell whether that matters (accuracy 99.1 "
    )
    assert "does worse than" in told(comparison(-0.009, p=0.01, equivalent=0.6, error=0.003))


def test_undecided_on_a_test_set() -> None:
    """There the rows that decide are test rows, and it is said."""
    import dataclasses

    text = told(dataclasses.replace(UNDECIDED, method="McNemar"))
    assert "from 344 test rows" in text
    assert "about 1,300 test rows would decide it" in text


def test_the_best_rival_and_what_was_not_shown() -> None:
    """Both are added to whatever the sentence is."""
    text = told(EQUIVALENT, best=FOREST, unshown=True)
    assert "(accuracy 98.9 against 99.1 %; best rival: the random forest, 97.0 %; chance" in text
    assert text.endswith("Use the linear model. That anything can be learnt could not be shown from 344 rows.")


def test_nothing_to_learn() -> None:
    """The best of the others is shown beside the constant answer."""
    constant, leader = standing("constant", 0.502), standing("forest", 0.51)
    assert told(UNDECIDED, constant=constant, leader=leader, chosen=constant) == (
        "There is nothing to learn here: no contender does better than always giving the same answer by more than luck "
        "(accuracy 50.2 against 51.0 % for the random forest, the best of the others). Use the constant answer."
    )
    behind = told(UNDECIDED, constant=constant, leader=standing("forest", 0.49), chosen=constant)
    assert "giving the same answer (accuracy 50.2 against 49.0 %" in behind


def test_the_one_that_was_asked_for_is_kept() -> None:
    """The finding stays what it is; only the advice gives way."""
    plain, asked = told(EQUIVALENT), told(EQUIVALENT, chosen=NETWORK, asked=True)
    assert asked == plain.replace("Use the linear model.", "The network is kept, as asked.")
    assert told(UNDECIDED, chosen=NETWORK, asked=True).endswith("decide it. The network is kept, as asked.")


@pytest.mark.parametrize("found", [EQUIVALENT, BETTER, WORSE])
def test_cheaper_is_only_what_is_cheaper(found: Comparison) -> None:
    """Dearer, cheaper, about alike and unknown are four different things to say."""
    dear, cheap, alike, unknown = (told(found, ratio=ratio) for ratio in (3.0, 1 / 3, 1.1, None))
    rival_first = found is EQUIVALENT
    assert ("3 times cheaper" in dear, "3 times as much" in dear) == (rival_first, not rival_first)
    assert ("3 times cheaper" in cheap, "3 times as much" in cheap) == (not rival_first, rival_first)
    assert "costs about as much to train" in alike
    assert "train" not in unknown


def test_why_another_one_is_chosen() -> None:
    """A choice that is neither of the two, or the network, gives its reason."""
    assert told(EQUIVALENT, chosen=FOREST).endswith("Use the random forest, the simplest near the best.")
    assert told(UNDECIDED, chosen=NETWORK).endswith("Until then use the network, the best so far.")
    assert told(EQUIVALENT, ratio=0.1).endswith("Use the linear model, the simpler one.")


def test_errors_are_told_in_their_unit() -> None:
    """Numbers without a per cent sign keep their three digits."""
    text = told(WORSE, metric=METRICS["rmse"], network=standing("network", 56.73), rival=standing("svm", 54.12))
    assert "than a support vector machine (root mean squared error 56.7 against 54.1; chance" in text
    lost = told(WORSE, network=standing("network", float("nan")))
    assert "(accuracy undefined against 98.9 %;" in lost


def test_chances_are_never_nought() -> None:
    """Nothing is impossible and nothing certain."""
    assert [chance(p) for p in (0.0, 0.00099, 0.001, 0.0096, 0.0099, 0.01, 0.5, 0.9949, 0.9951, 0.9991)] == [
        "below 0.1 %",
        "below 0.1 %",
        "0.1 %",
        "1.0 %",
        "1.0 %",
        "1 %",
        "50 %",
        "99 %",
        "99.5 %",
        "above 99.9 %",
    ]


def test_factors_have_two_digits() -> None:
    """More would be boasting."""
    assert [times(r) for r in (1.25, 9.94, 9.96, 12.4, 99.6, 104.0, 98765.0)] == [
        "1.2",
        "9.9",
        "10",
        "12",
        "100",
        "100",
        "99,000",
    ]


def test_price_of_the_last_bit() -> None:
    """Only where there is a gain and it costs more; in points, or in the unit of the metric."""
    accuracy, rmse = METRICS["accuracy"], METRICS["rmse"]
    assert price_of(accuracy, 0.014, 12.0) == "The last 1.4 points cost 12 times the training time."
    assert price_of(accuracy, 0.0001, 12.0) == "The last fraction of 0.1 points cost 12 times the training time."
    assert price_of(rmse, 0.85, 2.0) == "The last 0.850 of root mean squared error cost 2 times the training time."
    for difference, ratio in ((0.0, 60.0), (-0.1, 60.0), (0.1, 1.0), (0.1, None), (float("inf"), 60.0)):
        assert price_of(accuracy, difference, ratio) is None
