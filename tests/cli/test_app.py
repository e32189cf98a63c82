"""The commands: what they print, what they write, and how they end."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

import lamina
from lamina.cli import app as app_module

ALONE = ("--contender", "none", "--quick")  # the network with the constant, in one draw of the folds
QUICK = ("--network", "8 tanh", "--epochs", "3", "--device", "cpu", *ALONE)
SHELL = """import signal, sys; from lamina.cli.app import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background would hand down its deafness
main(sys.argv[1:])"""


def only_json(text: str) -> dict[str, Any]:
    """The one JSON object that a text is, on one line."""
    assert text.endswith("\n")
    assert text.count("\n") == 1
    facts = json.loads(text)
    assert isinstance(facts, dict)
    return facts


def test_fit_shows_progress_and_results_and_writes_files(command, tmp_path) -> None:
    """Without a terminal, ``fit`` prints plain lines: what begins, epochs, the verdict, the table, what was written."""
    ended = command("fit", "penguins", "species", "--out", tmp_path / "run", *QUICK, "--contender", "linear")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("344 rows, 3 contenders, 5 splits")
    epoch = next(line for line in lines if line.startswith("epoch 1/3  loss "))
    for word in ("validation", "accuracy", "rows/s in ", " networks", "s left"):
        assert word in epoch
    assert "\x1b" not in ended.out
    assert any(line.startswith("Verdict: ") for line in lines)
    head = next(place for place, line in enumerate(lines) if line.lstrip().startswith("contender "))
    assert all(word in lines[head] for word in ("accuracy", "95 % interval", "log loss", "calibr. error", "a row"))
    shown = {line.strip().split("  ")[0] for line in lines[head + 1 : head + 4]}
    assert shown == {"Always the same answer", "Linear model", "Network"}
    assert "Wrote " in lines[-1]
    written = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert written == ["model.lamina", "network.lamina", "report.html", "report.json", "result.json"]
    assert all(f"{tmp_path}/run/{name}" in lines[-1] for name in written if name != "report.json")
    assert f"{tmp_path}/run/model.lamina (linear)" in lines[-1]
    assert ended.err == ""
    assert lamina.load(tmp_path / "run" / "model.lamina").card.target == "species"


def test_fit_says_the_sentence_of_the_verdict(command, tmp_path, monkeypatch) -> None:
    """What is printed after "Verdict: " is in result.json and in the report, beside the command that was typed."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/lamina", "fit", "my iris"])
    ended = command("fit", "iris", "--out", tmp_path, *QUICK)
    (said,) = [line.removeprefix("Verdict: ") for line in ended.out.splitlines() if line.startswith("Verdict: ")]
    facts = json.loads((tmp_path / "result.json").read_text())
    assert said == facts["verdict"]["sentence"]
    assert facts["command"] == "lamina fit 'my iris'"
    assert html.escape(said, quote=False) in (tmp_path / "report.html").read_text().replace("&#39;", "'")


def test_fit_as_json_is_one_object_and_the_file(command, tmp_path) -> None:
    """With ``--json`` standard output holds the facts of ``result.json`` and nothing else; progress goes elsewhere."""
    ended = command("fit", "penguins", "--out", tmp_path, "--json", *QUICK)
    assert ended.code == 0
    assert only_json(ended.out) == json.loads((tmp_path / "result.json").read_text())
    assert "epoch 1/3" in ended.err


def test_fit_on_a_terminal_moves(command, tmp_path, monkeypatch) -> None:
    """A terminal of 80 columns gets a moving display in which nothing is cut off, and that is gone at the end."""
    for name, value in {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    ended = command("fit", "penguins", "--out", tmp_path, *QUICK, "--members", "20")
    assert ended.code == 0
    shown = ended.out[: ended.out.index("Verdict: ")]
    assert "\x1b[?25l" in shown  # the cursor is hidden while it moves
    assert "\x1b[?25h" in shown  # and comes back
    for words in ("epoch 3/3", "rows/s in 120 networks", "s left", "loss ", "validation ", "accuracy "):
        assert words in shown
    assert "…" not in shown


def test_fit_takes_every_option(command, tmp_path) -> None:
    """Budget, folds, repeats, test, groups, kinds, missing spellings, seed, task, metric, choice and members arrive."""
    table = tmp_path / "rooms.csv"
    rows = [f"{i % 7},{'none' if i % 9 == 4 else i * 1.5},{1 + i % 2},house {i // 4}" for i in range(60)]
    table.write_text("\n".join(["zip,area,rooms,house", *rows]))
    options = "--folds 3 --repeats 2 --group house --kind zip=category --missing none --seed 4 --members 2 --budget 90s"
    learning = "--task regression --learning-rate 0.02 --metric mae --choose network --test 0.2"
    words = ("fit", table, "rooms", "--out", tmp_path, "--json", *QUICK, *options.split(), *learning.split())
    facts = only_json(command(*words).out)
    assert len(facts["splits"]) == 6
    assert facts["protocol"] == {"folds": 3, "repeats": 2, "group": "house", "time": None, "test_rows": 12}
    assert facts["metric"] == facts["verdict"]["metric"] == "mae"
    assert facts["chosen"] == "network"
    assert facts["model"]["task"] == "regression"
    assert facts["model"]["columns"] == {"zip": "category", "area": "number"}
    assert facts["model"]["left_out"] == {"house": "identifier"}
    assert facts["model"]["seeds"][0] == 4
    assert facts["model"]["members"] == 2
    assert max(epoch["learning_rate"] for epoch in facts["histories"][0]["epochs"]) == pytest.approx(0.02, rel=0.3)


def test_fit_by_time(command, tmp_path, run_folder) -> None:
    """``--time`` lets the past judge the future."""
    ended = command("fit", run_folder / "new.csv", "cost", "--time", "sold", "--folds", 2, "--out", tmp_path, *QUICK)
    assert ended.code == 0
    assert len(json.loads((tmp_path / "result.json").read_text())["splits"]) == 2
    assert "A random split would have told you" in ended.out


def test_contenders_are_chosen_by_name_and_from_elsewhere(command, tmp_path) -> None:
    """``--contender`` may be repeated, and takes a class that can be imported."""
    words = ("fit", "iris", "--out", tmp_path, "--json", "--quick", "--network", "8 tanh", "--epochs", "2")
    rivals = ("--contender", "linear", "--contender", "sklearn.naive_bayes:GaussianNB")
    facts = only_json(command(*words, *rivals).out)
    assert {one["name"] for one in facts["contenders"]} == {"constant", "linear", "GaussianNB", "network"}


def test_fit_looks_at_the_folder_before_it_trains(command, tmp_path, monkeypatch) -> None:
    """A folder that cannot be is refused at once, not after an hour of training."""
    (tmp_path / "run").write_text("mine")
    monkeypatch.setattr("lamina.evaluation.fit", lambda *a, **k: pytest.fail("it was trained first"))
    ended = command("fit", "penguins", "--out", tmp_path / "run")
    assert ended.code == 3
    assert "is a file" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", "1m"), "--budget was given beside --from"),
        (("--quick",), "--quick was given beside --from"),
        (("--no-curve",), "--no-curve was given beside --from"),
        (("--no-stream",), "--stream was given beside --from"),
        (("island",), "not about 'island'"),
    ],
)
def test_going_on_from_a_model_refuses_what_it_does_not_use(command, tmp_path, run_folder, words, said) -> None:
    """Beside ``--from`` no option is dropped without a word, and the target is the model's."""
    ended = command("fit", "penguins", *words, "--from", run_folder / "model.lamina", "--out", tmp_path)
    assert ended.code == 1
    assert said in ended.err
    assert not list(tmp_path.iterdir())


def test_predict_prints_csv(command, run_folder) -> None:
    """Answers and every probability go to standard output as CSV, and nothing else does."""
    ended = command("predict", run_folder / "model.lamina", run_folder / "new.csv")
    assert ended.code == 0
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert list(rows[0]) == ["prediction", "probability_high", "probability_low"]
    assert len(rows) == 20
    assert all(float(row["probability_high"]) + float(row["probability_low"]) == pytest.approx(1) for row in rows)
    assert ended.err == ""


def test_predict_says_what_it_made_of_the_data(command, run_folder, tmp_path) -> None:
    """Columns that are passed over and categories never seen are told on standard error, beside the answers."""
    table = (run_folder / "new.csv").read_text().replace("Basel", "Zug").splitlines()
    (tmp_path / "other.csv").write_text("\n".join([f"{table[0]},more", *(f"{line},1" for line in table[1:])]))
    ended = command("predict", run_folder / "model.lamina", tmp_path / "other.csv")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 21
    assert "'more' is not part of the schema" in ended.err
    assert "'Zug'" in ended.err


def test_predict_writes_a_file(command, run_folder, tmp_path) -> None:
    """``--out`` writes the same CSV to a file and says so on standard error."""
    printed = command("predict", run_folder / "model.lamina", run_folder / "new.csv").out
    ended = command("predict", run_folder / "model.lamina", run_folder / "new.csv", "--out", tmp_path / "a.csv")
    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / "a.csv").read_text() == printed
    assert f"Wrote {tmp_path}/a.csv (20 rows)." in ended.err


def test_predict_as_json(command, run_folder) -> None:
    """``--json`` gives the answers as one object."""
    ended = command("predict", run_folder / "model.lamina", run_folder / "new.csv", "--json")
    answers = only_json(ended.out)["answers"]
    assert len(answers) == 20
    assert set(answers[0]) == {"prediction", "probability_high", "probability_low"}


def test_predict_to_a_place_that_cannot_be(command, run_folder, tmp_path) -> None:
    """An output that cannot be written is a sentence and exit code 3."""
    ended = command("predict", run_folder / "model.lamina", run_folder / "new.csv", "--out", tmp_path / "no" / "a.csv")
    assert (ended.code, ended.out) == (3, "")
    assert "cannot be written" in ended.err


def test_evaluate(command, run_folder) -> None:
    """The metrics on rows whose answer is known, in a table and as JSON; the same as in Python."""
    ended = command("evaluate", run_folder / "model.lamina", run_folder / "new.csv")
    assert ended.code == 0
    assert "accuracy" in ended.out
    facts = only_json(command("evaluate", run_folder / "model.lamina", run_folder / "new.csv", "--json").out)
    known = lamina.load(run_folder / "model.lamina").evaluate(run_folder / "new.csv")
    assert facts["metrics"] == pytest.approx(known)


def test_evaluate_on_one_class_writes_null_for_what_is_not_defined(command, run_folder, tmp_path) -> None:
    """A metric without a value is null in JSON, never NaN."""
    lines = (run_folder / "new.csv").read_text().splitlines()
    (tmp_path / "high.csv").write_text("\n".join([lines[0], *(line for line in lines[1:] if "high" in line)]))
    facts = only_json(command("evaluate", run_folder / "model.lamina", tmp_path / "high.csv", "--json").out)
    assert facts["metrics"]["roc_auc"] is None


def test_explain(command, run_folder) -> None:
    """What each column adds, in words with bars and as one JSON object that adds up."""
    words = ("explain", run_folder / "model.lamina", run_folder / "new.csv", "--rows", "2")
    ended = command(*words)
    assert ended.code == 0
    assert ended.out.count(": grade ") == 2
    assert all(word in ended.out for word in ("size", "town", "fresh", "sold", "points", "Shapley values"))
    facts = only_json(command(*words, "--json").out)
    assert (facts["target"], facts["method"], [row["row"] for row in facts["rows"]]) == ("grade", "shapley", [1, 2])
    for row in facts["rows"]:
        total = row["base"] + sum(part["contribution"] for part in row["contributions"])
        assert total == pytest.approx(row["chance"], abs=1e-6)


def test_explain_by_a_method_that_no_column_knows(command, run_folder) -> None:
    """A table of numbers and words is told what it has; the help names every method that there is."""
    ended = command("explain", run_folder / "model.lamina", run_folder / "new.csv", "--method", "occlusion")
    assert ended.code == 1
    assert "Expected: shapley or gradients for what each column adds." in ended.err
    page = command("explain", "--help").out
    assert all(method in page for method in ("shapley", "gradients", "occlusion", "grad-cam", "attention"))


def test_inspect(command, run_folder) -> None:
    """What a model file knows about itself, in words and as JSON."""
    ended = command("inspect", run_folder / "model.lamina")
    assert ended.code == 0
    for words in ("grade", "size: number", "MLP(widths=(8,)", "high, low", "classification"):
        assert words in ended.out
    facts = only_json(command("inspect", run_folder / "model.lamina", "--json").out)
    assert facts == json.loads(json.dumps(lamina.load(run_folder / "model.lamina").facts()))


def test_networks(command) -> None:
    """Every family with its settings, and how to write one down."""
    ended = command("networks")
    assert ended.code == 0
    for words in ("Table:", "MLP:", "Perceptron:", "widths", "dropout", '--network "64 relu'):
        assert words in ended.out
    names = [family["name"] for family in only_json(command("networks", "--json").out)["networks"]]
    assert names == ["Table", "MLP", "FTTransformer", "Perceptron"]


def test_data(command) -> None:
    """Every built-in set with its size and its target."""
    ended = command("data")
    assert ended.code == 0
    assert "344 rows, predict species" in ended.out
    sets = only_json(command("data", "--json").out)["sets"]
    assert {"penguins", "iris", "wine", "digits", "breast-cancer", "diabetes"} <= {one["name"] for one in sets}


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["fit", "penguins", "--network", "64 reluu"], 1, "relu"),
        (["fit", "penguins", "--network", "perceptron"], 1, "not trained by gradients"),
        (["fit", "penguins", "--task", "clasification"], 1, "classification"),
        (["fit", "penguins", "--kind", "species"], 1, "COLUMN=KIND"),
        (["fit", "penguins", "--contender", "liner"], 1, "did you mean 'linear'"),
        (["fit", "penguins", "--contender", "no.such:Thing"], 1, "no.such"),
        (["fit", "penguins", "--metric", "acuracy"], 1, "did you mean 'accuracy'"),
        (["fit", "penguins", "--metric", "rmse"], 1, "cannot judge this classification"),
        (["fit", "penguins", "--contender", "none", "--choose", "linear"], 1, "does not take part"),
        (["fit", "penguins", "--test", "1.5"], 1, "test"),
        (["explain", "no.lamina", "iris"], 1, "no.lamina"),
        (["explain", "no.lamina", "iris", "--rows", "0"], 2, "--rows"),
        (["fit", "penguins", "--budget", "soon"], 1, "--budget 5m"),
        (["fit", "penguins", "--learning-rate", "-1"], 1, "learning_rate=-1"),
        (["fit", "penguins", "--device", "abacus"], 1, "abacus"),
        (["inspect", "no.lamina"], 1, "no.lamina"),
        (["fit", "penguins", "--epochs", "0"], 2, "--epochs"),
        (["fit", "penguins", "--eposch", "3"], 2, "--eposch"),
        (["fitt", "penguins"], 2, "fitt"),
        (["predict", "only-one-word"], 2, "data"),
        (["fit", "pengins"], 3, "did you mean 'penguins'?"),
        (["fit", "penguins", "specie"], 3, "did you mean 'species'?"),
        (["fit", "penguins", "--group", "iland"], 3, "island"),
    ],
)
def test_mistakes_end_with_their_exit_code_and_a_way_out(command, tmp_path, monkeypatch, words, code, part) -> None:
    """1 for a mistake, 2 for usage, 3 for data; no traceback, nothing on standard output, and no file."""
    monkeypatch.chdir(tmp_path)
    ended = command(*words)
    assert (ended.code, ended.out) == (code, "")
    assert part in ended.err
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []
    if code != 2:
        assert [line.split(":")[0] for line in ended.err.splitlines()][1:] == ["Expected", "To fix it"]


def test_debug_shows_where_it_arose() -> None:
    """Only ``--debug`` lets the error itself through."""
    with pytest.raises(lamina.LaminaError):
        app_module.main(["fit", "pengins", "--debug"])


def test_a_defect_is_said_in_words(command, monkeypatch) -> None:
    """A mistake of lamina's own is a sentence that asks for a report, unless ``--debug`` is given."""

    def broken(path: str) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("lamina.model.load", broken)
    ended = command("inspect", "x.lamina")
    assert ended.code == 1
    assert "lamina itself failed: ZeroDivisionError: by nought" in ended.err
    assert "--debug" in ended.err
    with pytest.raises(ZeroDivisionError):
        app_module.main(["--debug", "inspect", "x.lamina"])


def test_letters_that_the_output_lacks_are_spelt(tmp_path, monkeypatch) -> None:
    """An output that knows ASCII only gets every result, with other letters spelt out."""
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    with pytest.raises(SystemExit) as left:
        app_module.main(["fit", "iris", "--out", str(tmp_path), *QUICK])
    assert not left.value.code
    screen.flush()
    assert b"\\xb5s" in screen.buffer.getvalue()  # type: ignore[attr-defined]


def test_help_and_import_load_nothing_heavy() -> None:
    """``lamina --help`` and ``import lamina`` leave torch, scikit-learn, pandas and pyarrow alone."""
    heavy = ["torch", "sklearn", "pandas", "polars", "pyarrow", "numpy", "scipy", "narwhals"]
    look = f"print(sorted(set(sys.modules) & set({heavy})), file=sys.stderr)"
    helped = run_python(f"import sys; from lamina.cli.app import main\ntry: main(['--help'])\nfinally: {look}")
    imported = run_python(f"import sys, lamina; {look}")
    assert helped.returncode == imported.returncode == 0
    assert helped.stderr.strip() == imported.stderr.strip() == b"[]"
    for word in ("fit", "predict", "evaluate", "explain", "inspect", "networks", "data", "--debug"):
        assert word in helped.stdout.decode()


def test_interrupting_a_fit_leaves_no_file(tmp_path) -> None:
    """Control-C ends with 130 and a sentence; there is no traceback, no new file, and old ones are whole."""
    (tmp_path / "model.lamina").write_text("old")
    words = ("fit", "penguins", "--out", str(tmp_path), "--network", "8 tanh", "--epochs", "1000000", "--device", "cpu")
    words += ("--quick", "--contender", "linear")
    running = subprocess.Popen(
        [sys.executable, "-c", SHELL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert running.stdout is not None
    assert any(line.startswith(b"epoch 1/1000000") for line in running.stdout)
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Interrupted" in said
    assert b"Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["model.lamina"]
    assert (tmp_path / "model.lamina").read_text() == "old"


def environment() -> dict[str, str]:
    """The environment of a child process that is no terminal."""
    plain = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    return {**plain, "OMP_NUM_THREADS": "1"}


def run_python(script: str) -> subprocess.CompletedProcess[bytes]:
    """What a script does in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=environment(), timeout=120
    )
