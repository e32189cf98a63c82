"""The rules of the verdict: which rival, which word, which one to use."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.evaluation.verdict.decide import Verdict, decide
from lamina.evaluation.verdict.foldwise import compare_folds
from lamina.evaluation.verdict.judges import by_folds, by_rows, practical_region
from lamina.evaluation.verdict.learnt import Lesson
from lamina.evaluation.verdict.standing import SIMPLICITY, Standing
from lamina.foundation.errors import SpecError
from lamina.metrics import METRICS, Metric

ACCURACY = METRICS["accuracy"]
SECONDS = {"constant": 0.001, "linear": 0.1, "forest": 0.5, "network": 6.0}


def standing(family: str, mean: float, spread: float = 0.006, seed: int | None = None, name: str = "") -> Standing:
    """A contender whose 50 fold scores have exactly this mean and spread."""
    noise = np.random.default_rng(SIMPLICITY.index(family) if seed is None else seed).standard_normal(50)
    folds = mean + spread * (noise - noise.mean()) / noise.std(ddof=1)
    return Standing(
        name=name or family, title=family, family=family, folds=tuple(folds), seconds=SECONDS.get(family, 1.0)
    )


def verdict(*standings: Standing, metric: Metric = ACCURACY, **asked: object) -> Verdict:
    """The verdict under ten times five folds of 344 rows."""
    judge = by_folds(metric, test_share=0.25, rows=344)
    return decide(standings, metric=metric, judge=judge, **asked)  # type: ignore[arg-type]


CONSTANT = standing("constant", 0.44)


def test_equivalent_takes_the_simple_one() -> None:
    """As on penguins: two tenths of a point that do not matter, sixty times the time."""
    found = verdict(standing("network", 0.991), standing("forest", 0.988), standing("linear", 0.989), CONSTANT)
    assert (found.word, found.rival, found.chosen) == ("equivalent", "linear", "linear")
    assert found.difference == pytest.approx(0.002)
    assert found.cost_ratio == pytest.approx(60)
    assert found.price == "The last 0.2 points cost 60 times the training time."
    assert found.sentence.startswith("A linear model is as good as the network (accuracy 98.9 against 99.1 %;")
    assert found.sentence.endswith(" and 60 times cheaper to train. Use the linear model.")


def test_better_is_told_against_the_best_rival() -> None:
    """The simple rival within one error is beaten, then the best one must be, and is named."""
    forest, linear = standing("forest", 0.905), standing("linear", 0.904)
    found = verdict(standing("network", 0.983), forest, linear, CONSTANT)
    assert (found.word, found.rival, found.chosen) == ("better", "forest", "network")
    assert "better than the best rival, a random forest" in found.sentence
    assert found.cost_ratio == pytest.approx(12)


def test_better_than_the_simple_rival_is_not_enough() -> None:
    """Where only the simple rival is beaten, the best one is the rival and the network is not called better."""
    pair = verdict(standing("network", 0.95), standing("linear", 0.915, spread=0.001), CONSTANT)
    assert pair.word == "better"
    found = verdict(
        standing("network", 0.95, spread=0.01),
        standing("forest", 0.94, spread=0.045),
        standing("linear", 0.92, spread=0.001),
        CONSTANT,
    )
    assert (found.rival, found.word) == ("forest", "undecided")


def test_worse_takes_the_rival() -> None:
    """A network that is clearly beaten is not recommended, whatever it costs."""
    found = verdict(standing("network", 0.92), standing("linear", 0.98), standing("forest", 0.95), CONSTANT)
    assert (found.word, found.rival, found.chosen, found.price) == ("worse", "linear", "linear", None)


def test_undecided_takes_the_simplest_that_keeps_up() -> None:
    """Wide errors: everything within one of them of the best may be used, the simplest is."""
    wide = [standing(f, m, spread=0.05) for f, m in (("network", 0.93), ("forest", 0.925), ("linear", 0.92))]
    found = verdict(*wide, CONSTANT)
    assert (found.word, found.chosen) == ("undecided", "linear")
    assert found.rows_to_decide is not None
    assert found.rows_to_decide > 344


def test_undecided_can_take_the_network() -> None:
    """Two errors ahead but not surely: it is the best so far, and is used until more rows decide."""
    network, linear = standing("network", 0.94, spread=0.025), standing("linear", 0.915, spread=0.02)
    found = verdict(network, linear, CONSTANT)
    assert (found.word, found.chosen) == ("undecided", "network")
    assert found.sentence.endswith("Until then use the network, the best so far.")


def test_a_sure_difference_that_does_not_matter_takes_the_simple_one() -> None:
    """Equivalent is about what matters, not about what can be measured."""
    pair = standing("network", 0.983, spread=0.001), standing("linear", 0.98, spread=0.001)
    found = decide(pair, metric=ACCURACY, judge=by_folds(ACCURACY, test_share=0.25, rows=34_400))
    assert found.p_value < 0.05
    assert (found.word, found.chosen) == ("equivalent", "linear")


def test_errors_count_downwards() -> None:
    """Of root mean squared errors the lower is better; the region is one per cent of the best rival's."""
    mean, linear = standing("constant", 77.0, spread=1), standing("linear", 55.0, spread=1)
    found = verdict(mean, linear, standing("network", 45.0, spread=1), metric=METRICS["rmse"])
    assert (found.word, found.chosen, found.region) == ("better", "network", pytest.approx(0.55))
    assert found.difference == pytest.approx(10)
    assert verdict(mean, linear, standing("network", 65.0, spread=1), metric=METRICS["rmse"]).word == "worse"


def test_the_region_can_be_given() -> None:
    """Who finds five points small gets another word."""
    pair = standing("network", 0.94), standing("linear", 0.91), CONSTANT
    assert (verdict(*pair).word, verdict(*pair, region=0.05).word) == ("better", "equivalent")
    assert practical_region(METRICS["log_loss"], 0.3) == pytest.approx(0.003)
    assert practical_region(METRICS["r2"], 0.3) == 0.01
    assert practical_region(METRICS["rmse"], math.nan) == 0


def guessing(seed: int, mean: float, worse: float) -> list[Standing]:
    """Everybody about as good as the constant, or worse by so much than it, in a metric of this mean."""
    stream = np.random.default_rng(seed)
    base = mean + stream.normal(0, 0.02, 50)
    return [
        Standing(
            name=f,
            title=f,
            family=f,
            seconds=1.0,
            folds=tuple(base + worse * (f != "constant") + stream.normal(0, 0.03, 50)),
        )
        for f in SIMPLICITY
    ]


def test_with_permuted_labels_there_is_nothing_to_learn() -> None:
    """Everybody right at chance, with chances worse than the constant's: it is chosen in nearly every study."""
    from lamina.evaluation.verdict.decide import lesson

    calls, surprise = [], METRICS["log_loss"]
    for seed in range(40):
        judge = by_folds(surprise, test_share=0.25, rows=344)
        chances = lesson(guessing(seed + 1000, 0.69, 0.01), metric=surprise, judge=judge)
        found = verdict(*guessing(seed, 0.5, 0.0), also=chances)
        calls.append(found.nothing_to_learn)
        assert found.nothing_to_learn == (found.chosen == "constant" and "nothing to learn" in found.sentence)
    assert np.mean(calls) >= 0.9


def test_few_rows_are_no_proof_that_nothing_can_be_learnt() -> None:
    """An error of a third of the constant's in three folds is not shown, and not denied: the constant is no choice."""
    rmse = METRICS["rmse"]
    told = {"constant": (0.9, 0.3, 1.5), "linear": (0.35, 0.1, 0.6), "network": (0.6, 0.2, 0.9)}
    field = [Standing(name=f, title=f, family=f, folds=folds, seconds=1.0) for f, folds in told.items()]
    found = decide(field, metric=rmse, judge=by_folds(rmse, test_share=0.5, rows=12))
    assert (found.nothing_to_learn, found.rival, found.chosen) == (False, "linear", "linear")
    assert found.sentence.endswith("That anything can be learnt could not be shown from 12 rows.")
    alone = decide([field[0], field[2]], metric=rmse, judge=by_folds(rmse, test_share=0.5, rows=12))
    assert (alone.rival, alone.chosen, alone.nothing_to_learn) == ("constant", "network", False)


def test_the_log_loss_can_show_that_something_is_learnt() -> None:
    """As many answers are right as without learning, with better chances: the constant is neither rival nor choice."""
    field = standing("constant", 0.9), standing("linear", 0.899), standing("network", 0.9)
    assert verdict(*field).nothing_to_learn
    found = verdict(*field, also=Lesson(shown=True, nothing=False, by="log loss"))
    assert (found.nothing_to_learn, found.rival, found.chosen) == (False, "linear", "linear")
    assert "could not be shown" not in found.sentence
    doubted = verdict(*field, also=Lesson(shown=False, nothing=False, by="log loss"))
    assert doubted.nothing_to_learn


def test_a_noisy_contender_is_not_near_for_its_noise() -> None:
    """A forest behind the simpler linear model is no choice, though it alone is within its wide error of the best."""
    means = {
        "network": (0.0369, 0.001),
        "linear": (0.0421, 0.0065),
        "boosting": (0.0436, 0.001),
        "forest": (0.0441, 0.03),
    }
    field = [standing(family, mean, spread=spread) for family, (mean, spread) in means.items()]
    found = verdict(*field, standing("constant", 1.0), metric=METRICS["log_loss"])
    assert (found.word, found.rival, found.chosen) == ("undecided", "linear", "network")


def test_the_best_rival_is_named_where_another_one_is_compared_with() -> None:
    """A reader who sees a better score in the table need not wonder."""
    field = standing("network", 0.931, spread=0.05), standing("linear", 0.925, spread=0.05)
    found = verdict(*field, standing("forest", 0.93, spread=0.05), CONSTANT)
    assert found.rival == "linear"
    assert "(accuracy 93.1 against 92.5 %; best rival: the random forest, 93.0 %; chance" in found.sentence
    assert "best rival" not in verdict(*field, CONSTANT).sentence


def test_equal_folds_of_a_few_rows_are_no_certainty() -> None:
    """All right in every fold: of 344 rows that is equivalent, of 20 it is nothing."""
    perfect = [Standing(name=f, title=f, family=f, folds=(1.0,) * 50, seconds=1.0) for f in ("linear", "network")]
    words = [
        decide(perfect, metric=ACCURACY, judge=by_folds(ACCURACY, test_share=0.25, rows=r)).word for r in (344, 20)
    ]
    assert words == ["equivalent", "undecided"]


def test_where_something_is_learnt_it_is_not_denied() -> None:
    """One contender that beats the constant is enough; without a constant nothing is said."""
    good, guess = standing("linear", 0.7), standing("network", 0.44)
    assert not verdict(CONSTANT, good, guess).nothing_to_learn
    assert verdict(CONSTANT, guess).nothing_to_learn
    assert not verdict(standing("linear", 0.44), guess).nothing_to_learn


def test_one_lucky_contender_of_several_has_shown_nothing() -> None:
    """A one-sided p value of 0.03 is enough for a single contender and too little for the better of two."""
    constant = standing("constant", 0.44, spread=1e-4)
    alone = verdict(constant, standing("network", 0.47, spread=0.03))
    assert not alone.nothing_to_learn
    assert "could not be shown" not in alone.sentence
    found = verdict(constant, standing("linear", 0.47, spread=0.03), standing("network", 0.43, spread=0.03))
    assert (found.nothing_to_learn, found.chosen) == (False, "linear")
    assert "could not be shown from 344 rows" in found.sentence
    doubted = verdict(constant, standing("linear", 0.447, spread=0.03), standing("network", 0.43, spread=0.03))
    assert (doubted.nothing_to_learn, doubted.chosen) == (True, "constant")


def test_a_network_that_is_better_has_learnt_something() -> None:
    """The word was fixed for one comparison; the number of the other contenders does not take it back."""
    constant, network = standing("constant", 0.44, spread=1e-4), standing("network", 0.476, spread=0.03)
    others = [standing(family, 0.42, spread=0.03) for family in SIMPLICITY[1:7]]
    found = verdict(constant, network, *others)
    assert 0.05 / 14 < found.p_value / 2 < 0.025
    assert (found.word, found.nothing_to_learn, found.chosen) == ("better", False, "network")


def test_what_is_asked_for_is_kept() -> None:
    """``keep`` changes the choice and the last words, nothing else; a wish that the verdict shares changes nothing."""
    field = standing("network", 0.991), standing("linear", 0.989), CONSTANT
    plain, kept, same = verdict(*field), verdict(*field, keep="network"), verdict(*field, keep="linear")
    assert (plain.chosen, kept.chosen) == ("linear", "network")
    assert kept.sentence.endswith("The network is kept, as asked.")
    assert {k for k, v in plain.to_json().items() if v != kept.to_json()[k]} == {"sentence", "chosen"}
    assert same == plain


def test_a_diverged_network_is_worse_and_fits_json() -> None:
    """Infinitely bad in the numbers, null in the file."""
    lost = Standing(name="network", title="", family="network", folds=(math.nan,) * 50, seconds=math.nan)
    found = verdict(lost, standing("linear", 0.9), CONSTANT)
    assert (found.word, found.chosen, found.difference, found.cost_ratio) == ("worse", "linear", -math.inf, None)
    facts = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (facts["difference"], facts["interval"]) == (None, [None, None])


def test_folds_that_say_nothing_about_anybody_are_left_out() -> None:
    """A test fold without one of the classes changes nothing."""
    field = [standing("network", 0.991), standing("linear", 0.989), CONSTANT]
    holed = [
        Standing(name=c.name, title=c.title, family=c.family, folds=(math.nan, *c.folds), seconds=c.seconds)
        for c in field
    ]
    assert verdict(*holed) == verdict(*field)


def test_result_json_has_these_keys() -> None:
    """The report reads them by name."""
    assert set(verdict(standing("network", 0.991), standing("linear", 0.989)).to_json()) == {
        *("word", "sentence", "network", "rival", "chosen", "metric", "region", "difference", "interval"),
        *("chance_better", "chance_equivalent", "chance_worse", "p_value", "method", "rows_to_decide"),
        *("nothing_to_learn", "cost_ratio", "price"),
    }


def test_a_test_set_judges_by_rows() -> None:
    """With answers instead of folds McNemar decides, and rows are test rows."""
    truth = np.arange(1000) % 2
    base = np.arange(1000) < 800
    flipped = (np.arange(1000) >= 776) & (np.arange(1000) < 830)  # the network is right in 30 others, wrong in 24
    field = []
    for family, right in (("constant", truth == 0), ("linear", base), ("network", base ^ flipped)):
        answers = np.eye(2)[np.where(right, truth, 1 - truth)]
        field.append(
            Standing(name=family, title=family, family=family, folds=(right.mean(),), seconds=1.0, answers=answers)
        )
    found = decide(field, metric=ACCURACY, judge=by_rows(ACCURACY, truth, seed=0, draws=500))
    assert (found.method, found.word, found.chosen) == ("McNemar", "undecided", "linear")
    assert "from 1,000 test rows" in found.sentence
    assert "test rows would decide it" in found.sentence
    pairs = by_rows(ACCURACY, truth, seed=0, draws=500, groups=np.arange(1000) // 2)
    assert decide(field, metric=ACCURACY, judge=pairs).method == "paired bootstrap"
    silent = Standing(name="linear", title="", family="linear", folds=(0.5,), seconds=1.0)
    with pytest.raises(SpecError, match="no answers to the test rows"):
        decide([silent, *field[2:]], metric=ACCURACY, judge=by_rows(ACCURACY, truth, seed=0))


FIELD = st.lists(st.tuples(st.floats(0.8, 0.95), st.floats(0.0005, 0.05), st.integers(0, 3)), min_size=4, max_size=4)


@settings(max_examples=150, deadline=None)
@given(FIELD)
def test_the_choice_is_never_one_that_is_clearly_beaten(drawn: list[tuple[float, float, int]]) -> None:
    """Neither by the best rival nor by a network that is called better; and three lines are enough to say it."""
    families = ("linear", "svm", "forest", "network")
    field = [standing(f, m, spread=s, seed=seed) for f, (m, s, seed) in zip(families, drawn, strict=True)]
    found = verdict(*field, CONSTANT)
    folds = {contender.name: contender.folds for contender in field}
    best = max(families[:3], key=lambda f: np.mean(folds[f]))
    beaten = compare_folds(folds[best], folds[found.chosen], better="higher", region=0.01, test_share=0.25, rows=344)
    assert beaten.word != "better"
    assert found.word != "better" or np.mean(folds[found.rival]) == pytest.approx(np.mean(folds[best]))
    assert found.word != "worse" or found.chosen == found.rival
    assert len(found.sentence) <= 320


LESSONS = st.sampled_from(
    [None, *(Lesson(shown=s, nothing=n, by="log loss") for s, n in ((True, False), (False, True), (False, False)))]
)


@pytest.mark.parametrize("rivals", [(), ("linear",), ("linear", "forest")])
@settings(max_examples=150, deadline=None)
@given(drawn=FIELD, ahead=st.floats(-0.04, 0.04), also=LESSONS)
def test_what_a_verdict_says_and_what_it_advises_agree(
    drawn: list[tuple[float, float, int]], ahead: float, also: Lesson | None, rivals: tuple[str, ...]
) -> None:
    """Nobody is told to use what is worse, or only as good, without the reason; beside the constant alone neither."""
    families = ("linear", "forest", "network", "constant")
    every = {f: standing(f, m, spread=s, seed=seed) for f, (m, s, seed) in zip(families, drawn, strict=True)}
    _, spread, seed = drawn[3]
    every["constant"] = standing("constant", every["network"].mean - ahead, spread=spread, seed=seed)
    field = [every[family] for family in (*rivals, "network", "constant")]
    found = verdict(*field, also=also)
    told, chosen, learnt = found.sentence, every[found.chosen], "has learnt something" in found.sentence
    others = [one.mean for one in field if one.family != "constant" or not rivals]
    assert f"se {chosen.definite}" in told
    assert found.word != "worse" or found.nothing_to_learn or found.chosen == found.rival
    assert "as good as the network" not in told or found.chosen != "network" or learnt
    assert "the best so far" not in told or chosen.mean == max(others)
    assert not learnt or (found.rival == "constant" and "could not be shown" not in told)
    if found.nothing_to_learn:
        leader = max(one.mean for one in field if one.family != "constant")
        assert ("by more than luck" in told) == (leader > every["constant"].mean)


def test_a_network_that_is_as_often_right_as_the_constant_is_used_for_a_reason() -> None:
    """Alone beside the constant it may be chosen for what its chances show, which is said; never where it is worse."""
    shown = Lesson(shown=True, nothing=False, by="log loss")
    found = verdict(standing("constant", 0.9), standing("network", 0.9), also=shown)
    assert (found.word, found.rival, found.chosen) == ("equivalent", "constant", "network")
    assert found.sentence.startswith("Always giving the same answer is as good as the network (accuracy")
    assert found.sentence.endswith("Use the network, whose log loss shows that it has learnt something.")
    worse = verdict(standing("constant", 0.9), standing("network", 0.85), also=shown)
    assert (worse.word, worse.chosen, worse.nothing_to_learn) == ("worse", "constant", False)
    assert worse.sentence.endswith("Use the constant answer.")


@settings(max_examples=30, deadline=None)
@given(FIELD, st.permutations(range(4)))
def test_the_order_of_the_contenders_is_of_no_matter(drawn: list[tuple[float, float, int]], order: list[int]) -> None:
    """They are a set."""
    families = ("constant", "linear", "forest", "network")
    field = [standing(f, m, spread=s, seed=seed) for f, (m, s, seed) in zip(families, drawn, strict=True)]
    assert verdict(*field) == verdict(*(field[i] for i in order))


def test_several_of_one_family_are_told_apart_by_name() -> None:
    """Two plugged-in rivals and a second network run beside the network on trial."""
    field = standing("foreign", 0.9, name="lgbm", seed=1), standing("foreign", 0.95, name="tabpfn", seed=2)
    found = verdict(*field, standing("network", 0.8, name="small", seed=3), standing("network", 0.7, seed=4), CONSTANT)
    assert (found.network, found.rival, found.word) == ("network", "tabpfn", "worse")


@pytest.mark.parametrize(
    ("families", "asked", "part"),
    [
        (("linear",), {}, "no contender 'network'"),
        (("linear", "network"), {"keep": "liner"}, "did you mean 'linear'"),
        (("network",), {}, "ran alone"),
        (("linear", "linear", "network"), {}, "two contenders are called 'linear'"),
    ],
)
def test_a_field_without_its_contenders_is_refused(families: tuple[str, ...], asked: dict[str, str], part: str) -> None:
    """Nobody on trial, nobody to compare with, an unknown wish and a name twice are said in words."""
    with pytest.raises(SpecError, match=part):
        verdict(*(standing(f, 0.5) for f in families), **asked)


def test_everybody_ran_on_the_same_splits() -> None:
    """Who was stopped half-way is left out by the caller, not here."""
    short = Standing(name="linear", title="", family="linear", folds=(0.5,), seconds=1.0)
    with pytest.raises(SpecError, match="network 50, linear 1"):
        verdict(standing("network", 0.9), short)
