"""What the values of a band are: reflectance, backscatter or an index; how they are read and stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from ....shared.cards.parts import InputSpec
from ....shared.errors import BadInput
from ...products import bands as names
from ...raster.writer import RasterSpec

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Quantity:
    """Values are read as the physical value x `scale`, and stored so that the file's own scale gives it back."""

    name: str
    bands: tuple[str, ...]
    scale: float
    source_nodata: float  # where a file declares none
    dtype: str
    nodata: float  # stored

    def input_spec(self, bands: Sequence[str]) -> InputSpec:
        """Any number of dates, on the grid of the finest band; 10 m only where a grid is not north-up."""
        return InputSpec(
            model=self.name,
            bands=tuple(bands),
            pixel_tolerance=math.inf,
            scale=self.scale,
            level="",
            nodata=self.source_nodata,
        )

    def raster_spec(self, descriptions: Sequence[str], tags: dict[str, str], dates: Sequence[str] = ()) -> RasterSpec:
        """`dates`: the ISO date of each band, if it has one."""
        scale = 1 / self.scale
        return RasterSpec(
            self.dtype,
            self.nodata,
            tuple(descriptions),
            tags=tags,
            dates=tuple(dates),
            scale=scale,
            resampling=Resampling.average,
        )

    def stored(self, values: Float) -> NDArray[np.int16] | Float:
        """Values as read (NaN = no data) -> as stored; what does not fit into the type is clipped."""
        if self.dtype == "float32":
            return values.astype(np.float32)
        room = np.iinfo(np.int16)
        whole = np.clip(np.rint(values), room.min + 1, room.max)
        return np.where(np.isnan(values), self.nodata, whole).astype(np.int16)


# Reflectance x 10000 in int16 with the scale 0.0001: atmospheric correction gives small negative values (choice).
OPTICAL = Quantity("surface reflectance", names.OPTICAL, 10_000.0, 0.0, "int16", -32_768)
RADAR = Quantity("backscatter", names.RADAR, 1.0, math.nan, "float32", math.nan)
INDEX = Quantity("an index", names.INDICES, 1.0, math.nan, "float32", math.nan)


def model_quantity(bands: Sequence[str]) -> Quantity:
    """What the values of a model's first (or only) series are: reflectance, unless all bands are radar or indices."""
    return next((q for q in (RADAR, INDEX) if set(bands) <= set(q.bands)), OPTICAL)


def quantity_of(bands: Sequence[str]) -> Quantity:
    """The one quantity of these bands. Raises BadInput for bands of several, or of none."""
    found = []
    for band in bands:
        fitting = [q for q in (OPTICAL, RADAR, INDEX) if band in q.bands]
        if not fitting:
            choices = ", ".join((*names.OPTICAL, *names.RADAR, *names.INDICES))
            raise BadInput(f"The band {band!r} is unknown: choose among {choices}.")
        found += fitting
    if not found:
        raise BadInput("No band was named: name one at least, as B04, VV or NDVI.")
    if len(set(found)) > 1:
        first, second = list(dict.fromkeys(found))[:2]
        raise BadInput(
            f"The bands {', '.join(bands)} hold both {first.name} and {second.name}: choose bands of one of them."
        )
    return found[0]
