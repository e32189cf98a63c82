"""Where a model was made: the versions and the machine that decide whether a run can be repeated to the bit."""

from __future__ import annotations

import functools
import platform
from importlib.metadata import version

import torch

Facts = dict[str, str | int]


@functools.cache
def lamina_version() -> str:
    """The version that is installed; looked up once, for a process may later lose sight of the files that say so."""
    return version("lamina")


def environment_here(device: str | torch.device = "cpu") -> Facts:
    """Python, library versions, platform, threads and device, as they are now.

    The promise of equal bytes holds for equal values of all of these; the thread count is among them because sums are
    taken in another order with another count. Names of people, folders and machines are left out.

    >>> sorted(environment_here())
    ['device', 'lamina', 'numpy', 'platform', 'processor', 'python', 'threads', 'torch']
    """
    return {
        "lamina": lamina_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": version("numpy"),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": _device_words(torch.device(device)),
    }


def _device_words(device: torch.device) -> str:
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type
