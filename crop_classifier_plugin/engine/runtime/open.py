"""The only door to a runtime: which one, on which device, and why, is settled here for every network's file."""

from __future__ import annotations

import importlib
from pathlib import Path

from ...shared.cards.card import Card
from ...shared.devices import AUTO, CPU, DEVICES
from ...shared.errors import DeviceMissing
from .base import Runtime, Session
from .checked_runtime import CheckedRuntime
from .devices import Device, Offer, choose_device


def open_runtime(weights: Path, wanted: str = AUTO, card: Card | None = None) -> Runtime:
    """The classifier in a model's file. Raises BadModel where the file is no network, or (given its card) not the one
    that the card describes; DeviceMissing; OutOfMemory."""
    return CheckedRuntime(open_session(weights, wanted), str(weights), card)


def open_session(weights: str | Path, wanted: str = AUTO, name: str = "") -> Session:
    """Any network's file, whose contract is the caller's. `name`: of the model, for errors; default: the file's.

    A device that fails at its start ends the job if it was asked for; "auto" then takes the processor, and says so.
    """
    path, name = Path(weights), name or str(weights)
    device = choose_device(wanted, _offers(wanted))
    try:
        return _runtime(device.name)(path, device, name)
    except DeviceMissing as missing:
        if wanted != AUTO:
            raise
        return _runtime(CPU)(path, Device(CPU, missing.reason), name)


def _offers(wanted: str) -> dict[str, Offer]:
    """Of the devices that may be chosen; the processor needs none."""
    accelerators = [name for name, row in DEVICES.items() if row.runtime and name != CPU]
    return {name: _offer(name) for name in accelerators if wanted in (AUTO, name)}


def _offer(device: str) -> Offer:
    try:
        return _runtime(device).offer(device)
    except ModuleNotFoundError as error:
        return Offer(False, f"{error.name} is not installed", "install it in the engine")


def _runtime(device: str) -> type[Session]:
    """Imported only now: a runtime that is not used need not be installed."""
    module, _, name = DEVICES[device].runtime.partition(":")
    runtime: type[Session] = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    return runtime
