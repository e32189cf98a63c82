"""A try at a trial: what a rival may see, and what becomes of one that fails."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from lamina.classical import FAMILIES, Constant, Foreign, LearntRead, Linear, Plain, Read, families_for
from lamina.data import ClassTarget, NumberTarget
from lamina.rivals import Trial, answers_of, attempt, encode
from lamina.rivals import attempt as attempt_room
from lamina.rivals.attempt import own_family, read_by
from rival_ground import Polite, Refuser, field_ground, ground, two_trials


@pytest.fixture
def seen(monkeypatch) -> list[tuple[set[int], bool]]:
    """The rows that encoders were fitted on, and whether far values were clipped."""
    from lamina.rivals.attempt import fit_encoder

    found: list[tuple[set[int], bool]] = []

    def recorded(table, schema, **settings):
        found.append(({int(value) for value in table.column("row").to_pylist()}, settings["clipped"]))
        return fit_encoder(table, schema, **settings)

    monkeypatch.setitem(attempt_globals(), "fit_encoder", recorded)
    return found


def attempt_globals() -> dict:
    """The names of the file under test; the room has a function of the same name as the file."""
    return attempt_room.__globals__


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("target", ["kind", "cost"])
def test_every_family_answers_about_rows_it_never_saw(name, target, seen) -> None:
    """Encoders are fitted on the rows that teach alone, far values clipped for all but the linear; answers are sane."""
    table, schema, task = ground(target)
    trial = two_trials()["0"]
    family = FAMILIES[name]()
    done = attempt(family, encode(table, schema, task, trial, clipped=family.clipped), seed=0, keep=True)
    assert seen == [(set(trial.train.tolist()), name != "linear")]
    assert done.failed is None
    assert done.answers.shape == ((24, 2) if target == "kind" else (24,))
    assert np.isfinite(done.answers).all()
    if target == "kind":
        np.testing.assert_allclose(done.answers.sum(axis=1), 1, atol=1e-9)
    assert done.learnt.kind
    assert min(done.cpu_seconds, done.predict_seconds) >= 0


def test_the_test_rows_change_nothing_but_their_answers() -> None:
    """Other values in the rows that judge leave what was learnt, bit for bit, as it was."""
    table, schema, task = ground("cost")
    trial = two_trials()["0"]
    wild = table.set_column(0, "size", [[*table.column("size").to_pylist()[:24], *([1e6] * 24)]])
    linear = FAMILIES["linear"]()
    sound, poisoned = (
        attempt(linear, encode(t, schema, task, trial, clipped=False), seed=0, keep=True).learnt for t in (table, wild)
    )
    for name, array in sound.arrays().items():
        np.testing.assert_array_equal(array, poisoned.arrays()[name])


def test_numbers_come_back_in_their_own_unit() -> None:
    """The scale of the target is that of the rows that teach, and it is taken off the answers again."""
    table, schema, task = ground("cost")
    trial = two_trials()["0"]
    encoded = encode(table, schema, task, trial, clipped=False)
    truth = np.asarray(table.column("cost"))
    assert isinstance(encoded.target, NumberTarget)
    assert encoded.classes == 0
    assert encoded.truth.mean() == pytest.approx(0, abs=1e-6)
    done = attempt(FAMILIES["linear"](), encoded, seed=0, keep=False)
    assert np.abs(done.answers - truth[24:]).mean() < 0.5
    assert done.learnt is None  # not asked for
    np.testing.assert_allclose(answers_of(encoded.truth[:, None], encoded.target), truth[:24], atol=1e-5)


def test_a_class_that_is_not_taught_keeps_its_place() -> None:
    """Classes are numbered by the whole table, so that the columns of all trials mean the same."""
    table, schema, task = ground()
    low = np.array([i for i, kind in enumerate(table.column("kind").to_pylist()) if kind == "low"])
    trial = Trial(train=low, test=np.setdiff1d(np.arange(48), low))
    encoded = encode(table, schema, task, trial, clipped=True)
    assert isinstance(encoded.target, ClassTarget)
    assert encoded.target.classes == ("high", "low")
    done = attempt(FAMILIES["constant"](), encoded, seed=0, keep=False)
    assert (done.answers[:, 1] > 0.9).all()


def test_no_rows_have_no_answers() -> None:
    """The trial whose model is kept has nobody to judge it."""
    table, schema, task = ground()
    trial = Trial(train=np.arange(48), test=np.arange(0), purpose="keep")
    done = attempt(FAMILIES["linear"](), encode(table, schema, task, trial, clipped=False), seed=0, keep=True)
    assert done.answers.shape == (0, 2)
    assert done.learnt is not None


def test_an_estimator_that_raises_is_left_out_with_its_words() -> None:
    """What a user brought may fail; the reason is told, and nothing is raised."""
    table, schema, task = ground()
    family = Foreign(estimator=Refuser(), name="Refuser", title="Refuser")
    done = attempt(family, encode(table, schema, task, two_trials()["0"], clipped=True), seed=0, keep=False)
    assert "I never learn on a Monday" in str(done.failed)
    assert len(done.answers) == 0


def test_a_family_of_ours_that_raises_is_a_defect(monkeypatch) -> None:
    """An error in a built-in family is never taken for a property of the data."""
    table, schema, task = ground()
    family = FAMILIES["linear"]()
    monkeypatch.setattr(type(family), "fit", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        attempt(family, encode(table, schema, task, two_trials()["0"], clipped=False), seed=0, keep=False)


def test_more_rows_than_a_family_takes_are_said(monkeypatch) -> None:
    """A contender that would take for ever is left out in words, before it begins; one row fewer is tried."""
    table, schema, task = ground()
    encoded = encode(table, schema, task, two_trials()["0"], clipped=True)
    svm = FAMILIES["svm"]
    monkeypatch.setattr(svm, "most_rows", 23)
    assert attempt(svm(), encoded, seed=0, keep=False).failed == "more than 23 rows to learn from"
    monkeypatch.setattr(svm, "most_rows", 24)
    assert attempt(svm(), encoded, seed=0, keep=False).failed is None


def test_a_guest_answers_like_any_other() -> None:
    """An estimator of a user's own gives chances in the order of the classes."""
    table, schema, task = ground()
    family = Foreign(estimator=Polite(), name="Polite", title="Polite")
    done = attempt(family, encode(table, schema, task, two_trials()["0"], clipped=True), seed=0, keep=False)
    shares = np.bincount(np.asarray([k == "low" for k in table.column("kind").to_pylist()[:24]])) / 24
    np.testing.assert_allclose(done.answers, np.tile(shares, (24, 1)), atol=1e-6)


def test_the_clock_counts_no_first_time() -> None:
    """A family fits a few rows once a process before it is timed, and answers as if it had not."""
    table, schema, task = ground()
    encoded = encode(table, schema, task, two_trials()["0"], clipped=True)
    fits: list[int] = []

    class Counted(Polite):
        def fit(self, X, y):
            fits.append(len(X))
            return super().fit(X, y)

    family = Foreign(estimator=Counted(), name="counted", title="Counted")
    first, second = (attempt(family, encoded, seed=0, keep=False) for _ in range(2))
    assert fits == [20, 24, 24]
    np.testing.assert_array_equal(first.answers, second.answers)


@pytest.fixture(scope="module")
def of_fields():
    """Images and series of a trial, encoded, and the codes of the classes of the rows that judge."""
    table, schema, task = field_ground()
    encoded = encode(table, schema, task, two_trials()["0"], clipped=True)
    return encoded, encoded.target.encode(table.column("kind"))[24:]


def test_images_and_series_reach_a_rival_whole(of_fields) -> None:
    """The batch is handed on as it is, fields and all; where there are none, the features alone."""
    encoded, _ = of_fields
    assert [field.shape for field in encoded.train.fields] == [(24, 1, 8, 8), (24, 1, 14)]
    assert read_by(encoded.train) is encoded.train
    table, schema, task = ground()
    plain = encode(table, schema, task, two_trials()["0"], clipped=True)
    assert read_by(plain.train) is plain.train.numbers


@pytest.mark.parametrize("name", ["constant", "linear", "hog-linear", "kernels", "dtw", "forest"])
def test_rivals_of_fields_answer_about_rows_they_never_saw(of_fields, name) -> None:
    """Each learns from whole rows; those that look at pixels tell light from dark."""
    encoded, truth = of_fields
    family = families_for(("image", "series"))[name]
    done = attempt(family, encoded, seed=0, keep=True)
    assert done.failed is None
    assert done.answers.shape == (24, 2)
    np.testing.assert_allclose(done.answers.sum(axis=1), 1, atol=1e-9)
    if name in ("linear", "forest"):
        assert (done.answers.argmax(axis=1) == truth).all()
    assert np.array_equal(np.exp(done.learnt.scores(encoded.test)), done.answers)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"rows": 23}, "more than 23 rows to learn from"),
        ({"numbers": 77}, "more than 77 numbers a row"),
        ({"cells": 24 * 78 - 1}, "more than 1,871 numbers in all to learn from"),
        ({"rows": 24, "numbers": 78, "cells": 24 * 78}, None),
    ],
    ids=str,
)
def test_what_would_take_too_long_is_left_out_in_words(of_fields, limits, words) -> None:
    """24 rows of 64 pixels and 14 steps: a limit below that is said before anything is learnt."""
    done = attempt(Read(family=Constant(), **limits), of_fields[0], seed=0, keep=False)
    assert done.failed == words
    assert len(done.answers) == (24 if words is None else 0)


def test_a_guest_learns_from_pixels_or_says_why_not(of_fields) -> None:
    """An estimator of a user's own gets rows of numbers; one that raises is left out, one of ours is a defect."""
    encoded, truth = of_fields
    guest = Foreign(estimator=DecisionTreeClassifier(max_depth=2, random_state=0), name="tree", title="Tree")
    done = attempt(Read(reading=Plain(), family=guest), encoded, seed=0, keep=True)
    assert done.failed is None
    assert (done.answers.argmax(axis=1) == truth).mean() > 0.8
    assert isinstance(done.learnt, LearntRead)
    refuser = Foreign(estimator=Refuser(), name="Refuser", title="Refuser")
    done = attempt(Read(reading=Plain(), family=refuser), encoded, seed=0, keep=False)
    assert "I never learn on a Monday" in str(done.failed)
    assert own_family(Read(family=guest)) is own_family(guest) is guest


def test_a_family_of_ours_behind_a_reading_that_raises_is_a_defect(of_fields, monkeypatch) -> None:
    """What reads pixels is ours as well: its errors are raised."""
    monkeypatch.setattr(Linear, "fit", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        attempt(Read(family=Linear()), of_fields[0], seed=0, keep=False)
