"""The commands. Each parses, calls one function of the house, and shows what came back."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time as time_of_day
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from lamina.cli.failures import INTERRUPTED, plain, show_defect, show_error
from lamina.foundation.errors import LaminaError

WIDE = 160  # columns of what is no terminal
STARTED = time_of_day.monotonic()  # a budget counts from here: the libraries take seconds to load

app = typer.Typer(
    help="Deep learning from raw data to one safe file, with an honest verdict.",
    epilog="Any command with --debug shows where in the program an error arose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DataArgument = Annotated[str, typer.Argument(help="CSV, TSV, Parquet, Feather, JSON lines, Excel, or a built-in name.")]
ModelArgument = Annotated[str, typer.Argument(help="A file that lamina wrote, such as run/model.lamina.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Missing = Annotated[list[str] | None, typer.Option("--missing", help="One more spelling of a missing value.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="COLUMN=KIND where a guess would be wrong.")]


@app.command()
def fit(
    data: DataArgument,
    target: Annotated[str | None, typer.Argument(help="The column to predict; built-in sets know theirs.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the models, the report and result.json.")] = Path("run"),
    from_model: Annotated[
        Path | None, typer.Option("--from", help="Go on from this model of networks instead of starting anew.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A first look in about a quarter of the time.")] = False,
    budget: Annotated[str | None, typer.Option(help="Time for everything: 30s, 5m, 2h.")] = None,
    contender: Annotated[
        list[str] | None,
        typer.Option(help="A rival: linear, forest, ..., none, or package.module:Class of an estimator."),
    ] = None,
    choose: Annotated[str | None, typer.Option(help="Keep this contender, whatever the verdict says.")] = None,
    metric: Annotated[str | None, typer.Option(help="What decides: accuracy, log_loss, roc_auc, rmse, ...")] = None,
    network: Annotated[str | None, typer.Option(help='Such as "64 relu, 64 relu"; see `lamina networks`.')] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training rows.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks that answer together.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Length of a step.")] = None,
    folds: Annotated[int | None, typer.Option(min=1, help="Folds; 1 holds out one part.")] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="How often the folds are drawn anew.")] = None,
    test: Annotated[float | None, typer.Option(help="Share of the rows that is opened once, at the end.")] = None,
    group: Annotated[str | None, typer.Option(help="Column whose equal values stay on one side.")] = None,
    time: Annotated[str | None, typer.Option(help="Column by which the past trains and the future tests.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression.")] = None,
    kind: Kinds = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train a network and its simpler rivals on a table, and say which to use."""
    from lamina.cli.parse import kinds_of, missing_of, seconds_left, seconds_of, task_of, typed_again
    from lamina.cli.progress import study_display
    from lamina.cli.render import show_study
    from lamina.evaluation import Protocol, check_folder
    from lamina.evaluation import fit as fit_study
    from lamina.training import training_with

    check_folder(out)
    console = _console(as_json)
    if from_model is not None:
        asked = epochs is not None or learning_rate is not None
        training = training_with(epochs=epochs, learning_rate=learning_rate, device=device) if asked else None
        _renew(from_model, data, out, training, seed, as_json)
        return
    with study_display(console) as on_step:
        study = fit_study(
            data,
            target,
            contenders=contender,
            network=network,
            training=training_with(epochs=epochs, learning_rate=learning_rate, device=device),
            task=task_of(task),
            protocol=Protocol(folds=folds, repeats=repeats, test=test, group=group, time=time),
            metric=metric,
            choose=choose,
            members=members,
            kinds=kinds_of(kind),
            missing=missing_of(missing),
            seed=seed,
            seconds=seconds_left(seconds_of(budget), STARTED),
            quick=quick,
            command=typed_again(sys.argv),
            on_step=on_step,
        )
    written = study.save(out)
    if as_json:
        _print_json(study.facts())
    else:
        show_study(study, written, console)


@app.command()
def predict(
    model: ModelArgument,
    data: DataArgument,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; standard output otherwise.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer about rows: the prediction and, for classes, every probability."""
    from lamina.cli.render import show_remarks
    from lamina.cli.tables import print_csv, write_csv
    from lamina.model import load

    answers, notes = load(model).answer_with_notes(data)
    show_remarks([("info", note.sentence) for note in notes], Console(stderr=True))
    if as_json:
        _print_json({"answers": answers.to_pylist()})
    elif out is None:
        print_csv(answers)
    else:
        write_csv(answers, out)
        Console(stderr=True).print(Text(plain(f"Wrote {out} ({answers.num_rows:,} rows).")), soft_wrap=True)


@app.command()
def evaluate(model: ModelArgument, data: DataArgument, as_json: JsonOption = False) -> None:
    """Measure a model on rows whose answer is known."""
    from lamina.cli.render import show_pairs, show_remarks
    from lamina.metrics import METRICS, format_metric
    from lamina.model import load

    found, notes = load(model).evaluate_with_notes(data)
    if as_json:
        _print_json({"metrics": {name: _finite(value) for name, value in found.items()}})
        return
    console = _console(as_json)
    show_remarks([("info", note.sentence) for note in notes], console)
    rows = [(METRICS[name].label, format_metric(METRICS[name], value)) for name, value in found.items()]
    show_pairs(data, rows, console)


@app.command()
def explain(
    model: ModelArgument,
    data: DataArgument,
    rows: Annotated[int, typer.Option(min=1, help="How many rows to explain, from the first on.")] = 5,
    method: Annotated[str, typer.Option(help="shapley for any model, or gradients for networks.")] = "shapley",
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say why a model answers as it does: what each column adds to an answer."""
    from lamina.cli.explaining import explained_rows, explanations_json, show_explanations
    from lamina.cli.parse import method_of
    from lamina.model import load

    opened, chosen = load(model), method_of(method)
    found, notes = explained_rows(opened, data, rows=rows, method=chosen, seed=seed)
    if as_json:
        _print_json(explanations_json(opened, found, chosen))
    else:
        show_explanations(opened, found, notes, chosen, _console(as_json))


@app.command()
def tune(
    data: DataArgument,
    target: Annotated[str | None, typer.Argument(help="The column to predict; built-in sets know theirs.")] = None,
    budget: Annotated[str, typer.Option(help="Time for everything: 30s, 10m, 2h.")] = "10m",
    out: Annotated[Path, typer.Option(help="Folder for the journal, the model and tune.json.")] = Path("tuned"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in the folder, or join it.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds of settings in all, at most.")] = None,
    metric: Annotated[str | None, typer.Option(help="What decides: accuracy, log_loss, roc_auc, rmse, ...")] = None,
    sampler: Annotated[str | None, typer.Option(help="tpe (needs Optuna) or random.")] = None,
    network: Annotated[str | None, typer.Option(help="Where to start from, in place of the default.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training rows of a whole training.")
    ] = None,
    test: Annotated[float | None, typer.Option(help="Share of the rows that the search never sees.")] = None,
    group: Annotated[str | None, typer.Option(help="Column whose equal values stay on one side.")] = None,
    time: Annotated[str | None, typer.Option(help="Column by which the past trains and the future tests.")] = None,
    task: Annotated[str | None, typer.Option(help="classification or regression.")] = None,
    kind: Kinds = None,
    missing: Missing = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Search for settings that beat the default network, and say whether they do."""
    from lamina.cli.parse import kinds_of, missing_of, seconds_of, task_of
    from lamina.cli.tuning import moments_to, show_tuning
    from lamina.evaluation import Protocol
    from lamina.training import training_with
    from lamina.tuning import tune as search

    console = _console(as_json)
    tuning = search(
        data,
        target,
        folder=out,
        seconds=seconds_of(budget),
        rounds=rounds,
        resume=resume,
        network=network,
        training=training_with(epochs=epochs, device=device),
        task=task_of(task),
        protocol=Protocol(test=test, group=group, time=time),
        metric=metric,
        sampler=sampler,
        kinds=kinds_of(kind),
        missing=missing_of(missing),
        seed=seed,
        on_moment=moments_to(console),
    )
    if as_json:
        _print_json(tuning.facts)
    else:
        show_tuning(tuning, console)


@app.command()
def inspect(model: ModelArgument, as_json: JsonOption = False) -> None:
    """Show what is in a model file."""
    from lamina.cli.render import show_facts
    from lamina.model import load

    facts = load(model).facts()
    if as_json:
        _print_json(facts)
    else:
        show_facts(facts, _console(as_json))


@app.command()
def networks(as_json: JsonOption = False) -> None:
    """List the network families, and how to write one down."""
    from lamina.cli.render import show_pairs
    from lamina.networks.catalogue import catalogue

    families = catalogue()
    if as_json:
        _print_json({"networks": families})
        return
    for family in families:
        settings = [(name, f"{s['default']}  {s['meaning']}") for name, s in family["settings"].items()]
        show_pairs(f"{family['name']}: {family['sentence']}", settings, _console(as_json))
    _console(as_json).print('In short: lamina fit penguins --network "64 relu, dropout 0.1, 64 relu"', markup=False)


@app.command()
def data(as_json: JsonOption = False) -> None:
    """List the data sets that come with lamina."""
    from lamina.cli.render import show_pairs
    from lamina.data.builtin import BUILTIN

    sets = [
        {name: getattr(found, name) for name in ("name", "rows", "columns", "target", "task", "sentence", "licence")}
        for found in BUILTIN.values()
    ]
    if as_json:
        _print_json({"sets": sets})
        return
    rows = [(str(s["name"]), f"{s['rows']} rows, predict {s['target']}. {s['sentence']}") for s in sets]
    show_pairs("Built-in sets, for `lamina fit NAME`", rows, _console(as_json))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; ``arguments`` are for a caller in the same process."""
    if arguments is not None:
        _run(arguments)
        return
    try:
        _run(sys.argv[1:])
    except SystemExit as leaving:
        _leave(leaving.code)


def _renew(model: Path, data: str, out: Path, training: Any, seed: int, as_json: bool) -> None:
    """Go on from a model, and show what that did."""
    from lamina.cli.render import show_remarks, show_words
    from lamina.evaluation import renew
    from lamina.model import load

    renewal, console = renew(load(model), data, training=training, seed=seed), _console(as_json)
    out.mkdir(parents=True, exist_ok=True)
    renewal.model.save(out / "model.lamina")
    if as_json:
        _print_json(renewal.facts())
        return
    show_remarks([("info", note.sentence) for note in renewal.notes], console)
    show_words(Text(plain(renewal.sentence()), style="bold"), console)
    show_words(Text(plain(f"Wrote {out / 'model.lamina'}.")), console)


def _leave(code: str | int | None) -> None:
    """End the process at once, everything said. Left to itself, Python would first take the libraries down, and on a
    busy machine the threads of two of them sometimes meet there and abort: a right answer, a wrong exit code.
    """
    with contextlib.suppress(OSError):  # nobody may be listening any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _run(typed: list[str]) -> None:
    debug = "--debug" in typed
    # a terminal or a pipe may know fewer letters than the results have
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    screen = Console(stderr=True, soft_wrap=True)
    try:
        app([word for word in typed if word != "--debug"], prog_name="lamina")
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            _say_interrupted(screen)
        raise
    except KeyboardInterrupt:
        _say_interrupted(screen)
        sys.exit(INTERRUPTED)
    except LaminaError as error:
        if debug:
            raise
        sys.exit(show_error(error, screen))
    except Exception as error:  # whatever it is, a person gets words and an exit code
        if debug:
            raise
        sys.exit(show_defect(error, screen))


def _say_interrupted(screen: Console) -> None:
    screen.print("Interrupted; every file is as it was, or whole.")


def _console(as_json: bool) -> Console:
    """Where progress and results go: standard error if standard output is for JSON. A file or a pipe has no edge."""
    console = Console(stderr=as_json)
    return console if console.is_terminal else Console(stderr=as_json, width=WIDE)


def _print_json(facts: Any) -> None:
    sys.stdout.write(json.dumps(facts, allow_nan=False, default=str) + "\n")


def _finite(value: float) -> float | None:
    return value if value - value == 0 else None
