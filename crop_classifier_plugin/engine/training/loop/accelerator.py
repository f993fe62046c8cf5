"""On what a training computes, in which precision, and why."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ....shared.devices import CUDA
from ....shared.errors import BadInput
from ....shared.jobs.train import HardwareSpec
from ...execution.cores import usable_cores
from ...runtime.devices import Device, Offer, choose_device

FULL = "32-true"


@dataclass(frozen=True)
class Accelerator:
    """What lightning calls accelerator, devices and precision; `message` says it to the user."""

    accelerator: str
    precision: str
    message: str
    devices: int = 1

    @property
    def device(self) -> str:
        """As jobs and results call it."""
        return "cuda" if self.accelerator == "gpu" else "cpu"


def torch_device(requested: str) -> Device:
    """The device that PyTorch trains on. Raises DeviceMissing."""
    found = torch.cuda.is_available()
    return choose_device(
        requested, {CUDA: Offer(found, "PyTorch finds a CUDA device" if found else "PyTorch finds no CUDA device")}
    )


def choose_accelerator(hardware: HardwareSpec, optimizer: str) -> Accelerator:
    """Raises DeviceMissing, and BadInput for a precision or a number of devices that does not go with the rest."""
    device = torch_device(hardware.device)
    if device.name == CUDA:
        precision = _gpu_precision(hardware.precision, optimizer)
        devices = _cards(hardware.devices)
        name = torch.cuda.get_device_name() if devices == 1 else f"{devices} x {torch.cuda.get_device_name()}"
        return Accelerator("gpu", precision, f"Training on {name}, precision {precision}.", devices)
    precision = _cpu_precision(hardware.precision)
    devices = hardware.devices or 1
    shared = f" by {devices} processes" if devices > 1 else ""
    message = f"Training on the processor{shared} ({usable_cores()} cores; {device.why}), precision {precision}."
    return Accelerator("cpu", precision, message, devices)


def _cards(requested: int) -> int:
    found = torch.cuda.device_count()
    if requested > found:
        raise BadInput(f"{requested} graphics cards were asked for, PyTorch finds {found}: give {found} at most, or 0.")
    return requested or found


def _cpu_precision(requested: str) -> str:
    if requested == "16-mixed":
        raise BadInput("The precision 16-mixed needs a graphics card: choose auto, 32 or bf16-mixed.")
    return requested if requested == "bf16-mixed" else FULL


def _gpu_precision(requested: str, optimizer: str) -> str:
    """Mixed where the card can, as bfloat16, which needs no scaling of the loss; SAM's two steps know no scaling."""
    bfloat = torch.cuda.is_bf16_supported(including_emulation=False)
    if requested == "16-mixed" and optimizer == "sam":
        raise BadInput("The precision 16-mixed does not go with SAM: choose auto, 32 or bf16-mixed, or AdamW.")
    if requested == "bf16-mixed" and not bfloat:
        raise BadInput("This graphics card does not know bf16-mixed: choose auto, 32 or 16-mixed.")
    if requested == "auto":
        return "bf16-mixed" if bfloat else FULL if optimizer == "sam" else "16-mixed"
    return FULL if requested == "32" else requested
