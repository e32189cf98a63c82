"""`lamina tune` as a person types it."""

from __future__ import annotations

import json

import pytest

import lamina

QUICK = ("--network", "4 tanh", "--epochs", "3", "--rounds", "1", "--device", "cpu", "--sampler", "random")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the first search lies."""
    return tmp_path_factory.mktemp("tuned")


def test_tune_shows_a_line_a_rung_and_the_end(command, folder) -> None:
    """What is set aside, the default, each rung, the scores, the sentence, the files."""
    ended = command("tune", "iris", "--out", folder, *QUICK)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert any(line.startswith("45 rows are set aside and opened once; the search sees 105") for line in lines)
    assert any(line.startswith("default: 3 epochs: accuracy ") for line in lines)
    first, second = "18 settings, a third of the epochs", "6 settings, all epochs"
    assert any(line.startswith(f"round 1, rung 1 of 2: {first}: best accuracy ") for line in lines)
    assert any(line.startswith(f"round 1, rung 2 of 2: {second}: best accuracy ") for line in lines)
    facts = json.loads((folder / "tune.json").read_text())
    assert facts["sentence"] in lines
    assert lines[-1].startswith(f"Wrote {folder / 'model.lamina'} ({facts['kept']}) and {folder / 'tune.json'} in ")
    assert lamina.load(folder / "model.lamina").card.target == "species"


def test_a_second_search_in_the_folder_must_be_asked_for(command, folder) -> None:
    """Without --resume it is an error that says so; with it nothing is tried twice."""
    ended = command("tune", "iris", "--out", folder, *QUICK)
    assert ended.code == 3
    assert "--resume" in ended.err
    before = (folder / "journal.jsonl").read_bytes()
    ended = command("tune", "iris", "--out", folder, *QUICK, "--resume", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["trials"][0]["trial"] == 0
    assert (folder / "journal.jsonl").read_bytes() == before


def test_a_budget_that_is_no_time_is_refused(command, tmp_path) -> None:
    """As in `lamina fit`."""
    ended = command("tune", "iris", "--out", tmp_path, "--budget", "soon")
    assert ended.code == 1
    assert "is no time" in ended.err


def test_tune_under_torchrun_says_how_it_is_shared(command, tmp_path, monkeypatch) -> None:
    """A search is not shared by torchrun, and its refusal says what to do instead."""
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}.items():
        monkeypatch.setenv(name, value)
    ended = command("tune", "penguins", "species", "--budget", "1m", "--out", tmp_path / "tuned")
    assert ended.code == 1
    assert "in as many places as you like" in ended.err
