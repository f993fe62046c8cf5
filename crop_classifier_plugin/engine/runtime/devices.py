"""Which device is used: one rule for networks that run and networks that learn, and the reason for the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...shared.devices import AUTO, CPU
from ...shared.errors import DeviceMissing


class Device(NamedTuple):
    name: str  # a key of shared.devices.DEVICES
    why: str  # it was taken, for the log


class Offer(NamedTuple):
    """What a runtime says of a device."""

    usable: bool
    why: str  # it can be used, or cannot
    remedy: str = ""  # what to do where it cannot


def choose_device(wanted: str, offers: Mapping[str, Offer]) -> Device:
    """The wanted device; for "auto" the first of the offers that is usable, else the processor, which needs no offer.

    Raises DeviceMissing where another device than the processor is wanted and cannot be used.
    """
    if wanted == CPU:
        return Device(CPU, "the CPU was asked for")
    if wanted == AUTO:
        usable = (Device(name, offer.why) for name, offer in offers.items() if offer.usable)
        return next(usable, Device(CPU, "; ".join(offer.why for offer in offers.values())))
    offer = offers[wanted]
    if not offer.usable:
        raise DeviceMissing(wanted, "; ".join(filter(None, (offer.why, offer.remedy))))
    return Device(wanted, offer.why)
