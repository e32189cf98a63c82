"""Old files load for ever: each golden file gives the answers that it gave on the day it was made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina.model import load
from lamina.model.archive import FORMAT, FORMATS, read_archive

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.lamina"))
NAMES = {1: ("species", "price"), 2: ("network", "linear", "forest")}


def test_every_format_has_golden_files() -> None:
    """No format that lamina claims to read is without files that prove it, for classes and for numbers."""
    assert set(NAMES) == set(FORMATS)
    wanted = {f"format{number}_{name}.lamina" for number, names in NAMES.items() for name in names}
    assert {path.name for path in FILES} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_answers_as_on_its_first_day(path: Path) -> None:
    """The answers are those that were written down when the file was made, to 1e-6; of learners of arrays, to 1e-12."""
    expected = json.loads(path.with_suffix(".json").read_text())
    model = load(path)
    found = model.answer(expected["rows"], coverage=expected.get("coverage")).to_pydict()
    exactly = 1e-6 if model.facts()["kind"] == "network" else 1e-12
    assert list(found) == list(expected["answers"])
    for name, answers in expected["answers"].items():
        if isinstance(answers[0], str):
            assert found[name] == answers
        else:
            np.testing.assert_allclose(found[name], answers, rtol=exactly, atol=exactly)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_old_file_saved_again_is_of_the_newest_format(tmp_path: Path, path: Path) -> None:
    """An old model that is saved again is a file of today, and answers to the bit as it did."""
    model, rows = load(path), json.loads(path.with_suffix(".json").read_text())["rows"]
    model.save(tmp_path / "new.lamina")
    assert json.loads(read_archive(tmp_path / "new.lamina")["manifest.json"])["format"] == FORMAT
    assert load(tmp_path / "new.lamina").answer(rows).equals(model.answer(rows))


def test_golden_files_are_made_once() -> None:
    """The script that made them refuses to make them again."""
    before = {path: path.read_bytes() for path in FILES}
    done = subprocess.run([sys.executable, FOLDER / "make.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "never again" in done.stderr
    assert {path: path.read_bytes() for path in FILES} == before
