"""Where the arithmetic happens; other machines are played by answering torch's questions for it."""

import pytest
import torch

from lamina.foundation import devices
from lamina.foundation.devices import devices_here, pick_device, pick_precision, reckons_halves
from lamina.foundation.errors import DeviceError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with so many CUDA devices, with or without Apple's MPS."""

    def play(*, cuda: int, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return play


@pytest.mark.parametrize(("cuda", "mps", "picked"), [(2, False, "cuda"), (0, True, "mps"), (0, False, "cpu")])
def test_auto_takes_the_fastest_that_is_here(machine, cuda: int, mps: bool, picked: str) -> None:
    """CUDA before MPS before the CPU."""
    machine(cuda=cuda, mps=mps)
    assert pick_device("auto").type == picked
    assert pick_device().type == picked


def test_what_is_listed_can_be_picked(machine) -> None:
    """Every name of `devices_here` is accepted."""
    machine(cuda=2, mps=False)
    assert devices_here() == ("auto", "cpu", "cuda", "cuda:0", "cuda:1")
    assert [str(pick_device(name)) for name in devices_here()] == ["cuda", "cpu", "cuda", "cuda:0", "cuda:1"]


@pytest.mark.parametrize("name", ["cuda:2", "mps", "meta", "toaster", "cuda:x", ""])
def test_what_is_not_here_is_refused(machine, name: str) -> None:
    """The error names the device and those that are here."""
    machine(cuda=2, mps=False)
    with pytest.raises(DeviceError) as caught:
        pick_device(name)
    assert repr(name) in caught.value.wrong
    assert "cuda:1" in caught.value.expected


def test_no_cuda_no_cuda(machine) -> None:
    """On a machine without it, CUDA is an error and not a silent walk on the CPU."""
    machine(cuda=0, mps=False)
    with pytest.raises(DeviceError, match="one of auto, cpu"):
        pick_device("cuda")


def test_precision_is_float32_unless_asked() -> None:
    """Neither more nor fewer bits behind the reader's back."""
    assert {name: pick_precision(name) for name in ("auto", *devices.Precision.__args__)} == {
        "auto": torch.float32,
        "float32": torch.float32,
        "float64": torch.float64,
        "bfloat16": torch.bfloat16,
    }


@pytest.mark.parametrize(("abilities", "able"), [({"amx_bf16": True}, True), ({"amx_bf16": False}, False), ({}, False)])
def test_halves_are_for_processors_made_for_them(monkeypatch: pytest.MonkeyPatch, abilities, able: bool) -> None:
    """A processor with units for bfloat16 says so; one that says nothing, or a torch that cannot tell, has none."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities, raising=False)
    assert reckons_halves(torch.device("cpu")) is able
    assert not reckons_halves(torch.device("mps"))
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not reckons_halves(torch.device("cpu"))


@pytest.mark.parametrize("able", [True, False])
def test_a_gpu_is_asked_itself(monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    """Emulated bfloat16 does not count."""
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **how: asked.append(how) or able)
    assert reckons_halves(torch.device("cuda")) is able
    assert asked == [{"including_emulation": False}]
