"""Old files load for ever: each golden file gives the answers that it gave on the day it was made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina.model import load
from lamina.model.archive import FORMATS

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.lamina"))


def test_every_format_has_golden_files() -> None:
    """No format that lamina claims to read is without a file that proves it, for classes and for numbers."""
    wanted = {f"format{number}_{target}.lamina" for number in FORMATS for target in ("species", "price")}
    assert {path.name for path in FILES} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_answers_as_on_its_first_day(path: Path) -> None:
    """The answers are those that were written down when the file was made, to 1e-6."""
    expected = json.loads(path.with_suffix(".json").read_text())
    found = load(path).answer(expected["rows"]).to_pydict()
    assert list(found) == list(expected["answers"])
    for name, answers in expected["answers"].items():
        if isinstance(answers[0], str):
            assert found[name] == answers
        else:
            np.testing.assert_allclose(found[name], answers, rtol=1e-6, atol=1e-6)


def test_golden_files_are_made_once() -> None:
    """The script that made them refuses to make them again."""
    before = {path: path.read_bytes() for path in FILES}
    done = subprocess.run([sys.executable, FOLDER / "make.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "never again" in done.stderr
    assert {path: path.read_bytes() for path in FILES} == before
