"""The words of the command line that several commands share: each with its type, its name and its help, told once."""

from __future__ import annotations

from typing import Annotated

import typer

DataArgument = Annotated[
    str,
    typer.Argument(help="A folder of images, CSV, TSV, Parquet, Feather, JSON lines, Excel, NPZ, or a built-in name."),
]
ModelArgument = Annotated[str, typer.Argument(help="A file that lamina wrote, such as run/model.lamina.")]
TargetArgument = Annotated[str | None, typer.Argument(help="The column to predict; built-in sets know theirs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]

# what is asked of the data
Group = Annotated[str | None, typer.Option(help="Column whose equal values stay on one side.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="COLUMN=KIND where a guess would be wrong; COLUMN=identifier leaves it out."),
]
Missing = Annotated[list[str] | None, typer.Option("--missing", help="One more spelling of a missing value.")]
Task = Annotated[str | None, typer.Option(help="classification or regression.")]
Time = Annotated[str | None, typer.Option(help="Column by which the past trains and the future tests.")]

# how a model is explained
Method = Annotated[
    str,
    typer.Option(
        help="shapley: what each column adds. Networks of numbers and categories: gradients. Inside images: occlusion "
        "(any model), grad-cam. Inside texts and series: occlusion (any model), gradients, attention."
    ),
]

# what is asked of the network and its training
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the training rows.")]
Members = Annotated[int | None, typer.Option(min=1, help="Networks that answer together.")]
Metric = Annotated[str | None, typer.Option(help="What decides: accuracy, log_loss, roc_auc, rmse, ...")]
Network = Annotated[
    str | None,
    typer.Option(help='Such as "64 relu, 64 relu" or "conv 8, pool 2, 32 relu"; see `lamina networks`.'),
]
Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn.")]
