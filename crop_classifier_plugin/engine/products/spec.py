"""What is known of a sensor's products, and the sensors that are known: every PRODUCT of the files in sensors/."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from re import Pattern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.cards.parts import SURFACE as SURFACE
from ...shared.cards.parts import TOA as TOA
from ...shared.choices import INDICES as INDICES
from . import sensors

OPTICAL = (*(f"B{n:02}" for n in range(1, 9)), "B8A", *(f"B{n:02}" for n in range(9, 13)))
RADAR = ("VV", "VH")
NUMBERS = "calibrated numbers"  # level 1: of the sensor, no reflectance before they are scaled
LEVELS = (SURFACE, TOA, NUMBERS)


@dataclass(frozen=True)
class Coding:
    """How a product stores a measured value: value = number x scale + offset; `nodata` is the number for none."""

    scale: float
    offset: float = 0.0
    nodata: float | None = None


@dataclass(frozen=True)
class BandCoding:
    """The coding of some bands of a product."""

    bands: tuple[str, ...]
    coding: Coding


@dataclass(frozen=True, eq=False)
class Product:
    """One kind of files: how they are named, which band stands under which name, and how its numbers are meant."""

    title: str
    names: Pattern[str]  # in the name of the file, or of a folder around it
    bands: Mapping[str, str] = field(
        default_factory=dict
    )  # as the publisher writes them -> canonical; "" = none of ours
    level: str = ""  # one of LEVELS; "" = the name does not tell
    codings: tuple[BandCoding, ...] = ()
    order: tuple[str, ...] = ()  # the published names in the order of a file that does not name its bands
    examples: tuple[
        str, ...
    ] = ()  # true names; {band} = as the publisher writes it, else a stack's bands are described
    instead: tuple[str, str] = ("", "")  # of files that differ in these words only, the first is left for the second
    loose: bool = False  # a name that people give: tells the sensor and no more


def numbered(form: str, bands: Mapping[int, str]) -> dict[str, str]:
    """Published names that count the bands: `form` takes the number."""
    return {form.format(number): band for number, band in bands.items()}


@dataclass(frozen=True)
class MaskSpec:
    """A mask band: the pixels not to use have one of the bad bits or values, or none of the good values."""

    name: str  # begins as the choice that asks for it: its own, or that of another mask of the same kind
    band: str
    fill: int  # a pixel that the product does not reach
    bad_bits: int = 0
    bad_values: tuple[int, ...] = ()
    good_values: tuple[int, ...] = ()
    title: str = ""  # of the choice that it gives to users (tools/products_page.py); "" = it goes by another's

    def bad(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Of the same shape: where not to use the pixel."""
        if self.good_values:
            return np.isin(values, self.good_values, invert=True)
        bits: NDArray[np.bool_] = (values.astype(np.int32) & self.bad_bits) > 0
        return bits | np.isin(values, self.bad_values)


@dataclass(frozen=True)
class OffsetRule:
    """Products that hold an offset, which not every file declares."""

    names: Pattern[str]  # its first group is the number of the processing baseline
    since: int  # baselines from this one on hold the offset
    until: int  # and from this number on tell nothing
    first_day: dt.date  # on which the first such baseline came into force
    items: tuple[str, ...] = ()  # the properties of STAC items that tell the baseline, as 04.00
    coding: Coding | None = None  # of the bands of such an item, where neither it nor the file tells another

    def coding_of(self, baseline: str) -> Coding | None:
        """Of the bands of an item of this baseline; None where it holds no offset, or the text is none."""
        digits = baseline.replace(".", "")
        held = digits.isdecimal() and len(digits) == 4 and self.since <= int(digits) < self.until
        return self.coding if held else None


@dataclass(frozen=True, eq=False)
class ProductSpec:
    """Everything that is known of a sensor's products by their names and documents: one declarative table."""

    sensors: tuple[tuple[Pattern[str], str], ...]  # names -> what the sensor is called; {} takes the name's groups
    dates: tuple[Pattern[str], ...] = ()  # published names; the group ymd or yj is the day of acquisition
    products: tuple[Product, ...] = ()  # of several that fit, the first one counts
    aliases: Mapping[str, str] = field(default_factory=dict)  # names of bands that mean them in any file
    coding_in_file: Callable[[str, str], tuple[float, float, float] | None] | None = None  # path, band -> scale, ...
    masks: tuple[MaskSpec, ...] = ()
    radar_unit: Callable[[str], str] | None = None  # file name -> power, dB, amplitude or ""
    offset: OffsetRule | None = None
    title: str = ""  # of its part of docs/products.md
    rank: int = 100  # of several that fit, the lower one is asked first


@lru_cache(maxsize=1)
def specs() -> tuple[ProductSpec, ...]:
    """Of all sensors, by rank."""
    names = sorted(module.name for module in pkgutil.iter_modules(sensors.__path__))
    found = [importlib.import_module(f"{sensors.__name__}.{name}").PRODUCT for name in names]
    return tuple(sorted(found, key=lambda spec: spec.rank))


def masks() -> dict[str, MaskSpec]:
    """Of all sensors by name, in the order in which they are looked for."""
    return {mask.name: mask for spec in specs() for mask in spec.masks}
