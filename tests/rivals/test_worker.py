"""A worker: lines of JSON in, lines of JSON out, arrays in a folder."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina.classical import FAMILIES, LEARNT, Foreign, Plain, Read, families_for, foreign_from
from lamina.rivals import Crew, Job, attempt, encode
from lamina.rivals.worker import Ground, family_json, family_of, serve, write_ground
from rival_ground import HERE, Polite, field_ground, ground, two_trials


def served(folder: Path, *jobs: dict, target: str = "kind") -> list[dict]:
    """What a worker answers to some jobs."""
    table, schema, task = ground(target)
    write_ground(folder, table, schema, task, two_trials())
    said = io.StringIO()
    serve(folder, io.StringIO("".join(json.dumps(job) + "\n" for job in jobs)), said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def job(number: int, family: dict, **changes) -> dict:
    """A job as the crew writes it."""
    return {"id": number, "family": family, "trial": "0", "seed": 7, "keep": False, **changes}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_survives_json(name) -> None:
    """Family, JSON text, family: with the usual settings and with others."""
    family = FAMILIES[name]()
    assert family_of(json.loads(json.dumps(family_json(family, None)))) == family


def test_a_guest_goes_by_where_it_comes_from() -> None:
    """A class that can be imported goes by its name; an object has none, and stays where it is."""
    source = "sklearn.naive_bayes:GaussianNB"
    guest = family_of(json.loads(json.dumps(family_json(foreign_from(source), source))))
    assert type(guest.estimator).__name__ == "GaussianNB"
    assert family_json(Foreign(estimator=Polite(), name="Polite", title="Polite"), None) is None


def test_the_ground_is_read_back_as_it_was(tmp_path) -> None:
    """Table, schema, task and rows of every trial."""
    table, schema, task = ground()
    write_ground(tmp_path, table, schema, task, two_trials())
    back = Ground(tmp_path)
    assert back.table.equals(table)
    assert (back.schema, back.task) == (schema, task)
    for name, trial in two_trials().items():
        np.testing.assert_array_equal(back.trial(name).train, trial.train)
        np.testing.assert_array_equal(back.trial(name).test, trial.test)


@pytest.mark.parametrize("target", ["kind", "cost"])
@pytest.mark.parametrize("name", ["constant", "linear", "neighbours", "svm"])
def test_a_worker_answers_as_this_process_would(tmp_path, name, target) -> None:
    """Answers and what was learnt are the same bits, whoever did the job."""
    family = FAMILIES[name]()
    (said,) = served(tmp_path, job(3, family_json(family, None), keep=True), target=target)
    table, schema, task = ground(target)
    encoded = encode(table, schema, task, two_trials()["0"], clipped=family.clipped)
    here = attempt(family, encoded, seed=7, keep=True)
    assert (said["id"], said["failed"], said["features"]) == (3, None, encoded.train.numbers.shape[1])
    np.testing.assert_array_equal(np.load(tmp_path / "3.npy"), here.answers)
    with np.load(tmp_path / "3.npz") as arrays:
        scores = 2 if target == "kind" else 1
        back = LEARNT[said["learnt"]["kind"]].from_arrays(dict(arrays), features=said["features"], scores=scores)
    np.testing.assert_array_equal(back.scores(encoded.test.numbers), here.learnt.scores(encoded.test.numbers))


def test_a_broken_job_does_not_end_the_others(tmp_path) -> None:
    """Whatever goes wrong in one job is a line with the traceback; the next one is done."""
    linear = family_json(FAMILIES["linear"](), None)
    broken = [job(0, linear, trial="no such"), job(1, {"source": "no.such:Thing"}), job(2, {"kind": "nobody"})]
    *defects, last = served(tmp_path, *broken, job(3, linear))
    assert [said["id"] for said in (*defects, last)] == [0, 1, 2, 3]
    assert all("Traceback" in said["defect"] for said in defects)
    assert last["failed"] is None


def test_what_nobody_asked_for_is_not_kept(tmp_path) -> None:
    """Without keep there are answers and no arrays of what was learnt."""
    (said,) = served(tmp_path, job(0, family_json(FAMILIES["linear"](), None)))
    assert "learnt" not in said
    assert (tmp_path / "0.npy").exists()
    assert not (tmp_path / "0.npz").exists()


@pytest.mark.parametrize("kinds", [("image",), ("text",), ("series",)], ids=str)
def test_a_rival_of_fields_survives_json(kinds) -> None:
    """What is read and how, what learns from it, and its limits."""
    for family in families_for(kinds).values():
        assert family_of(json.loads(json.dumps(family_json(family, None)))) == family


def test_a_guest_of_images_goes_by_where_it_comes_from() -> None:
    """A reading in front of it is told with it; an object without a place stays where it is."""
    source = "sklearn.naive_bayes:GaussianNB"
    wrapped = Read(reading=Plain(), family=foreign_from(source))
    back = family_of(json.loads(json.dumps(family_json(wrapped, source))))
    assert isinstance(back, Read)
    assert back.reading == Plain()
    assert type(back.family.estimator).__name__ == "GaussianNB"
    assert isinstance(family_of(json.loads(json.dumps(family_json(wrapped.family, source)))), Foreign)
    assert family_json(wrapped, None) is None


def jobs_of_fields() -> list[Job]:
    """Rivals of images and series, and a guest."""
    families = families_for(("image", "series"))
    source = "rival_ground:Polite"
    guest = Read(reading=Plain(), family=foreign_from(source))
    return [
        *(Job(contender=name, family=families[name], trial="0", seed=3, keep=True) for name in ("linear", "kernels")),
        Job(contender="Polite", family=guest, trial="0", seed=3, source=source, keep=True),
    ]


def test_another_process_learns_from_fields_as_this_one_does(monkeypatch) -> None:
    """Images and series go there in the table; answers and what was learnt come back, bit for bit."""
    monkeypatch.setattr(sys, "path", [*sys.path, HERE])
    table, schema, task = field_ground()
    found = []
    for workers in (0, 1):
        with Crew(table, schema, task, two_trials(), jobs_of_fields(), workers=workers) as crew:
            assert len(crew.processes) == workers
            found.append(crew.results())
    here, there = found
    assert set(here) == set(there) == {("linear", "0"), ("kernels", "0"), ("Polite", "0")}
    test = encode(table, schema, task, two_trials()["0"], clipped=True).test
    for key, one in here.items():
        assert one.failed is there[key].failed is None
        np.testing.assert_array_equal(one.answers, there[key].answers)
        assert one.learnt.chosen == there[key].learnt.chosen
        if key[0] == "Polite":  # nothing of ours holds it
            assert not one.learnt.keepable
            assert "Polite" in there[key].learnt.why
        else:
            np.testing.assert_array_equal(one.learnt.scores(test), there[key].learnt.scores(test))
