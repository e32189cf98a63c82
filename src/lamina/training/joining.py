"""How the processes that torchrun started find each other, in their first life and in every later one."""

from __future__ import annotations

import atexit
import datetime
import secrets
import time
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from lamina.foundation.errors import DeviceError
from lamina.foundation.processes import Place

PATIENCE = datetime.timedelta(days=1)  # a study may do other things for long; whoever dies closes its connection
_PAUSE = 0.01  # seconds between two looks at who has come


def join(place: Place) -> None:
    """Make the process group, unless there is one: CUDA tensors go by NCCL where torch has it, all others by gloo.

    Raises:
        DeviceError: torch has no distributed part, or the caller's own group cannot send from the CPU.
    """
    if not dist.is_available():
        raise DeviceError(
            wrong="this build of torch cannot work in several processes.",
            expected="torch.distributed, as torch for Linux has it.",
            remedy="start the program by itself, without torchrun.",
        )
    if dist.is_initialized():
        _check_group()
        return
    both = torch.cuda.is_available() and dist.is_nccl_available()
    store, _, _ = next(iter(rendezvous("env://")))
    store = dist.PrefixStore(_life(store, place), store)  # type: ignore[attr-defined]  # it is there, but not typed
    backend = "cpu:gloo,cuda:nccl" if both else "gloo"
    dist.init_process_group(backend, store=store, rank=place.rank, world_size=place.size, timeout=PATIENCE)
    atexit.register(_leave)


def _life(store: Any, place: Place) -> str:
    """A name that all processes of this life have, and none of an earlier one.

    torchrun keeps one store through all restarts, and what the dead wrote to it: a newcomer that reads it too early
    calls at the address of somebody who is gone. So rank 0 answers each question under the asker's own name, until it
    is thanked.
    """
    if place.first:
        life = secrets.token_hex(8)
        for rank in range(1, place.size):
            while not store.check([f"lamina/{life}/{rank}"]):
                if store.check([f"lamina/asking/{rank}"]):
                    store.set(f"lamina/answer/{store.get(f'lamina/asking/{rank}').decode()}", life)
                time.sleep(_PAUSE)
        return life
    asker = secrets.token_hex(8)
    store.set(f"lamina/asking/{place.rank}", asker)
    life = str(store.get(f"lamina/answer/{asker}"), "ascii")
    store.set(f"lamina/{life}/{place.rank}", "thanks")
    return life


def _check_group() -> None:
    if "cpu:" not in dist.get_backend_config():
        raise DeviceError(
            wrong=f"the process group sends {dist.get_backend_config()} only.",
            expected="a backend for the CPU too, by which all ranks agree on what to do.",
            remedy='try init_process_group("cpu:gloo,cuda:nccl"), or leave it to lamina to make the group.',
        )


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
