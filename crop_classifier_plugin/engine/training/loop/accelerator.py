"""On what a training computes, in which precision, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from ....shared.devices import CUDA
from ....shared.errors import BadInput
from ....shared.jobs.train import TrainJob
from ...runtime.devices import Device, Offer, choose_device

FULL = "32-true"


@dataclass(frozen=True)
class Accelerator:
    """What lightning calls accelerator, devices and precision; `told` says it to the user."""

    accelerator: str
    precision: str
    told: str
    devices: int = 1


def torch_device(wanted: str) -> Device:
    """The device that PyTorch trains on. Raises DeviceMissing."""
    found = torch.cuda.is_available()
    return choose_device(
        wanted, {CUDA: Offer(found, "PyTorch finds a CUDA device" if found else "PyTorch finds no CUDA device")}
    )


def choose_accelerator(job: TrainJob, optimizer: str) -> Accelerator:
    """Raises DeviceMissing, and BadInput for a precision or a number of devices that does not go with the rest."""
    device = torch_device(job.device)
    if device.name == CUDA:
        precision = _gpu_precision(job.precision, optimizer)
        devices = _cards(job.devices)
        name = torch.cuda.get_device_name() if devices == 1 else f"{devices} x {torch.cuda.get_device_name()}"
        return Accelerator("gpu", precision, f"Training on {name}, precision {precision}.", devices)
    precision = _cpu_precision(job.precision)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    devices = job.devices or 1
    shared = f" by {devices} processes" if devices > 1 else ""
    told = f"Training on the processor{shared} ({cores} cores; {device.why}), precision {precision}."
    return Accelerator("cpu", precision, told, devices)


def _cards(asked: int) -> int:
    found = torch.cuda.device_count()
    if asked > found:
        raise BadInput(f"{asked} graphics cards were asked for, PyTorch finds {found}: give {found} at most, or 0.")
    return asked or found


def _cpu_precision(asked: str) -> str:
    if asked == "16-mixed":
        raise BadInput("The precision 16-mixed needs a graphics card: choose auto, 32 or bf16-mixed.")
    return asked if asked == "bf16-mixed" else FULL


def _gpu_precision(asked: str, optimizer: str) -> str:
    """Mixed where the card can, as bfloat16, which needs no scaling of the loss; SAM's two steps know no scaling."""
    bfloat = torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "16-mixed" and optimizer == "sam":
        raise BadInput("The precision 16-mixed does not go with SAM: choose auto, 32 or bf16-mixed, or AdamW.")
    if asked == "bf16-mixed" and not bfloat:
        raise BadInput("This graphics card does not know bf16-mixed: choose auto, 32 or 16-mixed.")
    if asked == "auto":
        return "bf16-mixed" if bfloat else FULL if optimizer == "sam" else "16-mixed"
    return FULL if asked == "32" else asked
