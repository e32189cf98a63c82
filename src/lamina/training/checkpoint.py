"""Checkpoints: a run that is killed at any moment goes on from the last one to bit-identical weights.

A checkpoint is one file, replaced atomically: a sha256 over what follows, then safetensors with every tensor of the
run and, in the header, the run's plain facts as JSON. It belongs to one run: same data, members and settings. The
wall-clock limit is no part of that: a run may be given more time.

Where several processes share a run, the first one reads and writes, and tells the others what it read. All of them
hold the same, so any number of them may go on (but one process alone parts wide members: `plan_fleet`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from lamina.foundation.errors import TrainingError
from lamina.foundation.specs import code
from lamina.foundation.storage import atomic_write, digest
from lamina.training.distributed import ALONE, Ranks
from lamina.training.fleet import Fleet
from lamina.training.rows import Member, Rows
from lamina.training.spec import Training

_DIGEST_BYTES = 64
_NAME_DIGITS = 16  # of a run's identity, in the name of its file


def run_identity(training: Training, members: Sequence[Member], pool: Rows, fleet: Fleet) -> str:
    """A digest that two runs share only if they have the same settings, members, rows and networks.

    Args:
        fleet: before its first step.
    """
    total = hashlib.sha256(code(dataclasses.replace(training, seconds=None)).encode())
    total.update(repr(fleet.template).encode())
    for name, tensor in fleet.tensors().items():
        total.update(f"{name} {tuple(tensor.shape)}".encode())
        total.update(tensor.cpu().contiguous().numpy().tobytes())
    for member in members:
        own = (member.seed, member.learning_rate, member.decay, member.dropout, member.epochs, member.patience)
        total.update(repr(own).encode())
        for rows in (member.train, member.validation):
            total.update(rows.cpu().numpy().tobytes())
    for tensor in (*pool.inputs, pool.truth, *([] if pool.weights is None else [pool.weights])):
        total.update(tensor.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def checkpoint_file(checkpoint: str | os.PathLike[str] | None, run: str) -> Path | None:
    """The file of a run: ``checkpoint`` itself, or one named after the run if that is a folder.

    >>> checkpoint_file(None, "f00d"), checkpoint_file("my.checkpoint", "f00d").name, checkpoint_file(".", "f00d").name
    (None, 'my.checkpoint', 'f00d.checkpoint')
    """
    if checkpoint is None:
        return None
    path = Path(checkpoint)
    return path / f"{run[:_NAME_DIGITS]}.checkpoint" if path.is_dir() else path


def save_checkpoint(
    path: str | os.PathLike[str], run: str, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Replace the checkpoint at ``path``.

    Args:
        run: what identifies the run; `load_checkpoint` refuses another one.
        facts: plain JSON values.
        tensors: copied to the CPU as they are.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    body = safetensors.torch.save(plain, metadata={"run": run, "facts": json.dumps(facts)})
    atomic_write(path, digest(body).encode() + body)


def load_checkpoint(
    path: str | os.PathLike[str] | None, run: str, ranks: Ranks = ALONE
) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """The facts and tensors of the checkpoint at ``path``; None if there is no file.

    Args:
        ranks: the processes that share the run; all of them must call. Only the first one's ``path`` matters.

    Raises:
        TrainingError: the file is damaged, or belongs to another run.
    """
    content = ranks.told(_content(path) if ranks.first else b"")
    if not content:
        return None
    body = content[_DIGEST_BYTES:]
    if content[:_DIGEST_BYTES] != digest(body).encode():
        raise TrainingError(
            wrong=f"the checkpoint {str(path)!r} is damaged.",
            expected="an unchanged file that a training run wrote.",
            remedy="delete it to start the run from the beginning.",
        )
    header = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])["__metadata__"]
    if header["run"] != run:
        raise TrainingError(
            wrong=f"the checkpoint {str(path)!r} was written by another run.",
            expected="the same data, the same members and the same settings as now.",
            remedy="give this run a checkpoint file of its own, or delete the old one.",
        )
    return json.loads(header["facts"]), safetensors.torch.load(body)


def _content(path: str | os.PathLike[str] | None) -> bytes:
    if path is None or not Path(path).exists():
        return b""
    return Path(path).read_bytes() or b"nothing"  # an empty file is a damaged one
