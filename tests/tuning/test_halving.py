"""Successive halving: fewer settings, more epochs, the best go on."""

from __future__ import annotations

import math
from itertools import pairwise

from lamina.tuning.halving import Rung, epochs_of, rungs_of, settings_in_time, survivors
from lamina.tuning.records import Told, make_round, records_of


def told(trial: int, rung: int, worth: float, **changes):
    """A result."""
    usual = {"score": worth, "epochs": 1, "seconds": 0.1}
    return Told(trial=trial, rung=rung, worth=(worth,), **{**usual, **changes})


def played(curves, rungs):
    """The trials that reach the last rung if trial ``i`` is worth ``curves[i](epochs)``."""
    entries = [make_round(0, 0, rungs, [{} for _ in curves]).entry()]
    while (due := records_of(entries).rounds[0].due()) is not None:
        rung, trials = due
        entries += [told(t.number, rung, curves[t.number](rungs[rung].epochs)).entry() for t in trials]
    return set(records_of(entries).finished)


def test_the_best_of_known_curves_is_kept() -> None:
    """Where the order after a few epochs is the order after many, the best setting is found among eighteen."""
    curves = [lambda epochs, i=i: i / 18 - 1 / epochs for i in range(18)]
    assert played(curves, rungs_of(18, 27)) == {16, 17}


def test_a_late_bloomer_survives_if_it_is_not_among_the_worst() -> None:
    """A curve that crosses the others after the first rung is only lost if two thirds are ahead of it there."""
    flat = [lambda epochs, i=i: 0.5 + i / 100 for i in range(8)]
    assert 8 in played([*flat, lambda epochs: 0.555 if epochs < 3 else 0.9], rungs_of(9, 9))


def test_rungs_end_with_the_whole_training() -> None:
    """Whatever the number of settings and epochs."""
    for settings in range(1, 30):
        for epochs in (1, 2, 3, 8, 30, 100):
            rungs = rungs_of(settings, epochs)
            assert rungs[-1].epochs == epochs
            assert rungs[0].settings == settings
            assert all(a.settings >= b.settings and a.epochs < b.epochs for a, b in pairwise(rungs))


def test_a_round_fits_into_its_time() -> None:
    """The largest round whose epochs take no longer; a bigger one would."""
    for seconds in (1.0, 7.0, 40.0, 200.0):
        size = settings_in_time(seconds, 30, 0.1, most=100)
        assert size == 0 or epochs_of(rungs_of(size, 30)) * 0.1 <= seconds
        assert all(epochs_of(rungs_of(more, 30)) * 0.1 > seconds for more in range(size + 1, 100))


def test_what_diverged_comes_last() -> None:
    """Minus infinity loses against everything."""
    assert survivors({0: (-math.inf,), 1: (-3.0,), 2: (-4.0,)}, 2) == (1, 2)


def test_between_equals_the_second_number_decides() -> None:
    """Equal accuracy: the lower log loss."""
    assert survivors({0: (0.9, -0.5), 1: (0.9, -0.4)}, 1) == (1,)


def test_a_result_that_was_cut_short_is_due_again() -> None:
    """It counts until there is a whole one, which then counts for good."""
    entries = [make_round(0, 0, [Rung(settings=1, epochs=3)], [{}]).entry(), told(0, 0, 0.4, whole=False).entry()]
    assert records_of(entries).rounds[0].due() is not None
    assert records_of(entries).finished[0].score == 0.4
    entries += [told(0, 0, 0.6).entry(), told(0, 0, 0.1).entry()]
    assert records_of(entries).rounds[0].due() is None
    assert records_of(entries).finished[0].score == 0.6


def test_in_a_hurry_the_best_go_straight_to_the_last_rung() -> None:
    """As the journal says, so that whoever goes on does the same."""
    entries = [make_round(0, 0, rungs_of(9, 9), [{} for _ in range(9)]).entry()]
    entries += [told(i, 0, i / 10).entry() for i in range(9)]
    straight = records_of(entries).rounds[0].go_straight(1, 2)
    rung, trials = records_of([*entries, straight]).rounds[0].due()
    assert (rung, [trial.number for trial in trials]) == (2, [8, 7])


def test_a_result_survives_the_journal() -> None:
    """What diverged too, though JSON has no infinity."""
    result = told(3, 1, -math.inf, score=None)
    entry = result.entry()
    assert entry["worth"] == [None]
    found = records_of([make_round(0, 3, rungs_of(3, 3), [{}] * 3).entry(), entry])
    assert found.trials[0].told[1] == result
    assert found.finished == {}


def test_members_are_paid_for_on_the_last_rung_only() -> None:
    """One network tells settings apart; those that go to the end train all of theirs."""
    rungs = rungs_of(9, 27)
    assert epochs_of(rungs, 4) - epochs_of(rungs) == 3 * rungs[-1].settings * rungs[-1].epochs
    assert settings_in_time(100.0, 27, 0.5, 4) < settings_in_time(100.0, 27, 0.5)
