"""The commands. Each parses, calls one function of the house, and shows what came back."""

from __future__ import annotations

import sys
import time as time_of_day
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from lamina.cli.failures import plain
from lamina.cli.options import (
    DataArgument,
    Device,
    Epochs,
    Group,
    JsonOption,
    Kinds,
    Members,
    Method,
    Metric,
    Missing,
    ModelArgument,
    Network,
    Seed,
    TargetArgument,
    Task,
    Time,
)
from lamina.cli.output import console_for, print_json
from lamina.cli.running import leave, run
from lamina.foundation.errors import SpecError
from lamina.foundation.processes import place_here

SHORT_NETWORKS = """In short: lamina fit penguins --network "64 relu, dropout 0.1, 64 relu"
For images: lamina fit photos label --network "conv 32 3x3, pool 2, 64 relu"; or lenet-5, resnet-20
For texts and series: --network "Table(text=Phrases())", --network "Table(series=InceptionTime())\""""
STARTED = time_of_day.monotonic()  # a budget counts from here: the libraries take seconds to load

app = typer.Typer(
    help="Deep learning from raw data to one safe file, with an honest verdict.",
    epilog="Any command with --debug shows where in the program an error arose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def fit(
    data: DataArgument,
    target: TargetArgument = None,
    out: Annotated[Path, typer.Option(help="Folder for the models, the report and result.json.")] = Path("run"),
    from_model: Annotated[
        Path | None, typer.Option("--from", help="Go on from this model of networks instead of starting anew.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A first look in about a quarter of the time.")] = False,
    budget: Annotated[str | None, typer.Option(help="Time for everything: 30s, 5m, 2h.")] = None,
    contender: Annotated[
        list[str] | None,
        typer.Option(
            help="A rival: linear, forest, hog-linear (images), kernels (series), ..., none, package.module:Class."
        ),
    ] = None,
    choose: Annotated[str | None, typer.Option(help="Keep this contender, whatever the verdict says.")] = None,
    metric: Metric = None,
    network: Network = None,
    epochs: Epochs = None,
    members: Members = None,
    learning_rate: Annotated[float | None, typer.Option(help="Length of a step, by AdamW.")] = None,
    folds: Annotated[int | None, typer.Option(min=1, help="Folds; 1 holds out one part.")] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="How often the folds are drawn anew.")] = None,
    test: Annotated[float | None, typer.Option(help="Share of the rows that is opened once, at the end.")] = None,
    group: Group = None,
    time: Time = None,
    task: Task = None,
    kind: Kinds = None,
    missing: Missing = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream", help="Learn without holding all rows; beyond a million rows that is the rule."
        ),
    ] = None,
    curve: Annotated[bool, typer.Option("--curve/--no-curve", help="Find out if more rows would help.")] = True,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Folder from which the same command goes on with its networks if it is cut short."),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train a network and its simpler rivals on a table, images, texts or series, and say which to use."""
    from lamina.cli.parse import kinds_of, missing_of, seconds_left, seconds_of, task_of, typed_again
    from lamina.cli.progress import study_display, with_checkpoints
    from lamina.cli.render import show_study
    from lamina.evaluation import Protocol, check_folder
    from lamina.evaluation import fit as fit_study
    from lamina.training import training_with

    check_folder(out)
    console = console_for(as_json)
    if from_model is not None:
        others: dict[str, object] = {"quick": quick or None, "budget": budget, "contender": contender, "choose": choose}
        others |= {"metric": metric, "network": network, "members": members, "folds": folds, "repeats": repeats}
        others |= {"test": test, "time": time, "task": task, "kind": kind, "missing": missing}
        others |= {"stream": stream, "checkpoint": checkpoint, "no-curve": None if curve else True}
        _nothing_else_with_from([name for name, value in others.items() if value is not None])
        asked = epochs is not None or learning_rate is not None
        training = training_with(epochs=epochs, learning_rate=learning_rate, device=device) if asked else None
        _renew(from_model, data, target, out, training, group, seed, as_json)
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
            stream=stream,
            seed=seed,
            seconds=seconds_left(seconds_of(budget), STARTED),
            quick=quick,
            curve=curve,
            command=typed_again(sys.argv),
            checkpoint=checkpoint,
            on_step=with_checkpoints(on_step, checkpoint, console),
        )
    written = study.save(out)
    if as_json:
        print_json(study.facts())
    else:
        show_study(study, written, console)


@app.command()
def predict(
    model: ModelArgument,
    data: DataArgument,
    out: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file to write; CSV on standard output otherwise.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer about rows: the prediction and, for classes, every probability."""
    from lamina.cli.render import show_remarks
    from lamina.cli.tables import print_csv, write_answers
    from lamina.model import Answers, load

    with Answers(load(model), data) as answers:
        if as_json:
            print_json({"answers": [row for table in answers for row in table.to_pylist()]})
        elif out is None:
            print_csv(answers)
        else:
            write_answers(answers, out)
    show_remarks([("info", note.sentence) for note in answers.notes], Console(stderr=True))
    if out is not None and not as_json:
        Console(stderr=True).print(Text(plain(f"Wrote {out} ({answers.rows:,} rows).")), soft_wrap=True)


@app.command()
def evaluate(model: ModelArgument, data: DataArgument, as_json: JsonOption = False) -> None:
    """Measure a model on rows whose answer is known."""
    from lamina.cli.render import show_pairs, show_remarks
    from lamina.metrics import METRICS, finite_or_none, format_metric
    from lamina.model import load

    found, notes = load(model).evaluate_with_notes(data)
    if as_json:
        print_json({"metrics": {name: finite_or_none(value) for name, value in found.items()}})
        return
    console = console_for(as_json)
    show_remarks([("info", note.sentence) for note in notes], console)
    rows = [(METRICS[name].label, format_metric(METRICS[name], value)) for name, value in found.items()]
    show_pairs(data, rows, console)


@app.command()
def explain(
    model: ModelArgument,
    data: DataArgument,
    rows: Annotated[int, typer.Option(min=1, help="How many rows to explain, from the first on.")] = 5,
    method: Method = "shapley",
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures of where images speak for the answer.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a model answers as it does: what each column adds to an answer, and what in an image, text or series."""
    from lamina.cli.explaining import check_out, explained_rows, explanations_json, keep_pictures, show_explanations
    from lamina.model import load

    opened = load(model)
    check_out(opened, out)
    found, console = explained_rows(opened, data, rows=rows, method=method, seed=seed), console_for(as_json)
    if as_json:
        print_json(explanations_json(opened, found, method))
    else:
        show_explanations(opened, found, method, console)
    if out is not None:
        keep_pictures(opened, found, out, console)


@app.command()
def tune(
    data: DataArgument,
    target: TargetArgument = None,
    budget: Annotated[str, typer.Option(help="Time for everything: 30s, 10m, 2h.")] = "10m",
    out: Annotated[Path, typer.Option(help="Folder for the journal, the model and tune.json.")] = Path("tuned"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Search on where one has ended; one that was cut short needs no asking.")
    ] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds of settings in all, at most.")] = None,
    metric: Metric = None,
    sampler: Annotated[str | None, typer.Option(help="tpe (needs Optuna) or random.")] = None,
    network: Annotated[str | None, typer.Option(help="Where to start from, in place of the default.")] = None,
    epochs: Epochs = None,
    members: Members = None,
    test: Annotated[float | None, typer.Option(help="Share of the rows that the search never sees.")] = None,
    group: Group = None,
    time: Time = None,
    task: Task = None,
    kind: Kinds = None,
    missing: Missing = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: JsonOption = False,
) -> None:
    """Search for settings that beat the default network, and say whether they do.

    The same command goes on after an interruption, and typed in several places (processes, or machines that share
    the folder) it makes them search together.
    """
    from lamina.cli.parse import kinds_of, missing_of, seconds_left, seconds_of, task_of
    from lamina.cli.tuning import moments_to, show_tuning
    from lamina.evaluation import Protocol
    from lamina.training import training_with
    from lamina.tuning import tune as search

    console = console_for(as_json)
    tuning = search(
        data,
        target,
        folder=out,
        seconds=seconds_left(seconds_of(budget), STARTED),
        rounds=rounds,
        resume=resume,
        network=network,
        training=training_with(epochs=epochs, device=device),
        members=members,
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
        print_json(tuning.facts)
    else:
        show_tuning(tuning, console)


@app.command()
def inspect(model: ModelArgument, as_json: JsonOption = False) -> None:
    """Show what is in a model file."""
    from lamina.cli.render import show_facts
    from lamina.model import load

    facts = load(model).facts()
    if as_json:
        print_json(facts)
    else:
        show_facts(facts, console_for(as_json))


@app.command()
def networks(as_json: JsonOption = False) -> None:
    """List the network families, and how to write one down."""
    from lamina.cli.render import show_pairs
    from lamina.networks.catalogue import catalogue

    families = catalogue()
    if as_json:
        print_json({"networks": families})
        return
    for family in families:
        settings = [(name, f"{s['default']}  {s['meaning']}") for name, s in family["settings"].items()]
        show_pairs(f"{family['name']}: {family['sentence']}", settings, console_for(as_json))
    console_for(as_json).print(SHORT_NETWORKS, markup=False, soft_wrap=True)


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
        print_json({"sets": sets})
        return
    rows = [(str(s["name"]), f"{s['rows']} rows, predict {s['target']}. {s['sentence']}") for s in sets]
    show_pairs("Built-in sets, for `lamina fit NAME`", rows, console_for(as_json))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; ``arguments`` are for a caller in the same process."""
    if arguments is not None:
        run(app, arguments)
        return
    try:
        run(app, sys.argv[1:])
    except SystemExit as leaving:
        leave(leaving.code)


def _nothing_else_with_from(given: Sequence[str]) -> None:
    """Refuse options that going on from a model makes no use of.

    Raises:
        SpecError: there is one.
    """
    if given:
        raise SpecError(
            wrong=f"--{given[0]} was given beside --from, which makes no use of it.",
            expected="--epochs, --learning-rate, --device, --group and --seed at most: all else is the model's.",
            remedy=f"leave out --{given[0]}, or train anew without --from.",
        )


def _renew(
    path: Path, data: str, target: str | None, out: Path, training: Any, group: str | None, seed: int, as_json: bool
) -> None:
    """Go on from a model, and show what that did."""
    from lamina.cli.render import show_remarks, show_words
    from lamina.evaluation import renew
    from lamina.model import load

    model, console = load(path), console_for(as_json)
    if target not in (None, model.schema.target):
        raise SpecError(
            wrong=f"the model answers about {model.schema.target!r}, not about {target!r}.",
            expected="no target beside --from, or the model's own.",
            remedy=f"leave it out, or train anew on {target!r} without --from.",
        )
    renewal = renew(model, data, training=training, group=group, seed=seed)
    if not place_here().first:
        return
    out.mkdir(parents=True, exist_ok=True)
    renewal.model.save(out / "model.lamina")
    if as_json:
        print_json(renewal.facts())
        return
    show_remarks([("info", note.sentence) for note in renewal.notes], console)
    show_words(Text(plain(renewal.sentence()), style="bold"), console)
    show_words(Text(plain(f"Wrote {out / 'model.lamina'}.")), console)
