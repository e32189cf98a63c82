"""The house: who may import whom, what loads when, and how rooms and tests introduce themselves."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lamina

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lamina"
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
TEST_FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
HEAVY = {"matplotlib", "narwhals", "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn", "torch"}

# one forbidden line for each contract: the file it is added to, and the line
BREACHES = {
    "house": [
        ("foundation/errors.py", "from lamina.cli import app"),
        ("model/card.py", "import lamina.training"),
        ("data/raw.py", "from lamina.metrics import accuracy"),
        ("classical/linear.py", "from lamina.data import Schema"),
        ("classical/forest.py", "def fit():\n    from lamina.networks import MLP"),
        ("rivals/crew.py", "from lamina.estimators import Fitted"),
        ("estimators/fitting.py", "import lamina.rivals"),
        ("rivals/worker.py", "def serve_more():\n    from lamina.evaluation import Protocol"),
        ("explain/rows.py", "from lamina.training import Training"),
        ("explain/rows.py", "import lamina.estimators"),
        ("explain/hidden.py", "from lamina.evaluation import Study"),
        ("evaluation/study.py", "from lamina.tuning import tune"),
        ("tuning/journal.py", "def show():\n    from lamina.cli.app import main"),
        ("training/loop.py", "import lamina.explain"),
        ("model/model.py", "from lamina.explain import explain_rows"),
        ("surprise.py", "ROOM = 'nobody announced it'"),
    ],
    "siblings": [("foundation/errors.py", "import lamina.foundation.specs")],
    "pickle": [("model/card.py", "import pickle"), ("data/raw.py", "def read(path):\n    from joblib import load")],
    "web": [("data/read.py", "from urllib.request import urlopen"), ("model/card.py", "import http.client")],
    "faces": [("cli/app.py", "import numpy"), ("cli/app.py", "def run():\n    import torch")],
    "loop": [
        ("training/loop.py", "from lamina.data import Batch"),
        ("networks/mlp.py", "import pyarrow"),
        ("training/loop.py", "from lamina.metrics import rmse"),
    ],
    "tables": [
        ("data/raw.py", "import torch"),
        ("metrics/rows.py", "import lamina.foundation.devices"),
        ("classical/linear.py", "import torch"),
        ("rivals/attempt.py", "def fit():\n    import torch"),
        ("rivals/crew.py", "from lamina.networks import MLP"),
        ("rivals/worker.py", "import safetensors"),
    ],
    "metrics": [("metrics/rows.py", "import sklearn.metrics")],
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says about the house that stands under ``root``."""
    start = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", start, "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def loaded_by(statement: str) -> set[str]:
    """The packages that a fresh Python holds after a statement."""
    script = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_every_contract_is_kept() -> None:
    """Imports point down, in no circle, and keep away from what each room must not know."""
    report = lint_imports(ROOT)
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.parametrize(
    ("contract", "file", "line"), [(c, *breach) for c, lines in BREACHES.items() for breach in lines]
)
def test_every_contract_bites(tmp_path: Path, contract: str, file: str, line: str) -> None:
    """One forbidden import, wherever it hides in a file, breaks the contract that is there for it."""
    shutil.copytree(SOURCE, tmp_path / "src" / "lamina", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "src" / "lamina" / file).open("a") as source:
        source.write(f"\n{line}\n")
    report = lint_imports(tmp_path)
    assert report.returncode == 1, report.stdout + report.stderr
    assert f"{contract_name(contract)} BROKEN" in report.stdout


def contract_name(contract: str) -> str:
    """The name under which import-linter reports a contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (name,) = (entry["name"] for entry in settings["contracts"] if entry["id"] == contract)
    return name


def test_no_contract_goes_untried() -> None:
    """A contract that is added later is broken on purpose too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert {entry["id"] for entry in settings["contracts"]} == set(BREACHES)


def test_importing_lamina_loads_nothing_heavy() -> None:
    """`import lamina` costs next to nothing: no arrays, no tables, no tensors."""
    assert not loaded_by("import lamina") & HEAVY


def test_help_loads_nothing_heavy() -> None:
    """`lamina --help` answers before anything heavy is needed."""
    asked = "from lamina.cli.app import main\ntry: main(['--help'])\nexcept SystemExit as end: assert not end.code"
    assert not loaded_by(asked) & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "lamina.classical",
        "lamina.data",
        "lamina.metrics",
        "lamina.rivals",
        "lamina.rivals.worker",
        *(f"lamina.foundation.{f}" for f in ("errors", "specs", "signature", "storage", "randomness")),
    ],
)
def test_tables_and_metrics_start_without_tensors(module: str) -> None:
    """Reading a table needs neither torch nor scikit-learn nor pandas until someone asks for them."""
    assert not loaded_by(f"import {module}") & {"pandas", "polars", "sklearn", "torch"}


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_name_at_the_front_door_opens(name: str) -> None:
    """Names load when first used, and they are the objects that they are called after."""
    assert getattr(lamina, name).__name__ == name
    assert name in dir(lamina)


def test_a_name_that_is_not_at_the_door_is_an_attribute_error() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = lamina.fitt


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_introduces_itself(room: str) -> None:
    """What enters, what leaves, and what it must not know stand at the door."""
    text = ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text())) or ""
    words = " ".join(text.split())  # wherever a line ends
    assert all(word in words for word in ("Enters:", "Leaves:", "Must not know:"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_exported_name_exists(room: str) -> None:
    """`from room import *` would find all that the room promises, in alphabetical order."""
    module = __import__(f"lamina.{room}", fromlist=["__all__"])
    names = getattr(module, "__all__", [])
    assert all(hasattr(module, name) for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("file", TEST_FILES)
def test_every_test_says_its_promise(file: str) -> None:
    """The docstring of a test is the promise it keeps."""
    tree = ast.parse((ROOT / file).read_text())
    tests = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name.startswith("test_")]
    assert [f.name for f in tests if not ast.get_docstring(f)] == []
