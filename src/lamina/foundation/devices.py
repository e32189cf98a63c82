"""Where the arithmetic happens: the device, its precision and its threads, picked in sight and open to change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

import torch

from lamina.foundation.errors import DeviceError

Precision = Literal["float32", "float64", "bfloat16"]


def pick_device(name: str = "auto") -> torch.device:
    """The device called ``name``; ``"auto"`` takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        DeviceError: the name is unknown or that device is not on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(name) from error
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if not present.get(device.type, False) or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise _no_device(name)
    return device


def pick_precision(name: Literal["auto", "float32", "float64", "bfloat16"] = "auto") -> torch.dtype:
    """The numbers of the arithmetic; ``"auto"`` is float32.

    bfloat16 is not picked here: it pays for wide networks on hardware made for it, and must first be seen to
    reach the same accuracy on the task.
    """
    return {"float64": torch.float64, "bfloat16": torch.bfloat16}.get(name, torch.float32)


def reckons_halves(device: torch.device) -> bool:
    """Whether the device has units of its own for bfloat16, so that it takes less time than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    abilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and bool(abilities.get("amx_bf16", False))


@contextlib.contextmanager
def at_most_threads(count: int) -> Iterator[None]:
    """Reckon on the CPU with at most ``count`` threads inside, and with as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def devices_here() -> tuple[str, ...]:
    """The names that `pick_device` accepts on this machine."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ("auto", "cpu", *(["cuda", *cuda] if cuda else []), *(["mps"] if _has_mps() else []))


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _no_device(name: str) -> DeviceError:
    return DeviceError(
        wrong=f"device {name!r} is not on this machine.",
        expected=f"one of {', '.join(devices_here())}.",
        remedy='use device="auto", which takes the fastest one that is here.',
    )
