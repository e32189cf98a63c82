"""The command line, called in this process as a terminal would call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from lamina.cli.app import main
from quick import mixed_columns, quick_fit


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys, monkeypatch) -> Callable[..., Ended]:
    """Runs ``lamina`` with some words; returns exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        code = left.value.code
        return Ended(code if isinstance(code, int) else int(code is not None), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    """A folder with a small fitted model and a table that it can answer about."""
    folder = tmp_path_factory.mktemp("run")
    quick_fit(mixed_columns(), "grade").save(folder)
    import pyarrow as pa
    import pyarrow.csv

    pyarrow.csv.write_csv(pa.table(mixed_columns(20, seed=1)), folder / "new.csv")
    return folder
