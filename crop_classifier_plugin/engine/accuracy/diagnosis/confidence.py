"""Whether a map is as sure as it is right: its confidence raster beside the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster
from ...access.rasters import open_raster
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK
from ...labels.constants import NO_DATA
from ...raster.writer import GDAL_ERRORS, as_rasterio
from ..calibration.reliability import BINS, Reliability
from .comparison import Comparison

_NOTHING = np.zeros(BINS)


def reliability_of(path: str, comparison: Comparison, reporter: Reporter) -> Reliability:
    """Of a raster of per cent on the map's own grid. Raises BadInput for another one, BadRaster."""
    grid = comparison.crop_map.grid
    total = Reliability(_NOTHING.astype(np.int64), _NOTHING, _NOTHING.astype(np.int64))
    try:
        with open_raster(path) as file:
            if (file.height, file.width) != (grid.height, grid.width):
                raise BadInput(f"{path} is of another size than the map: give the confidence of the same run.")
            for window in grid.blocks(BLOCK):
                reporter.check()
                read = file.read(1, window=as_rasterio(window), masked=True)
                mapped, truth = comparison.crop_map.read(window), comparison.truth(window)
                known = (mapped != NO_DATA) & (truth != NO_DATA) & ~np.ma.getmaskarray(read)
                _check(path, read.data[known])
                total += Reliability.count(read.data[known] / 100, (mapped == truth)[known])
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None
    return total


def _check(path: str, percent: NDArray[Any]) -> None:
    if percent.size and not (percent.min() >= 0 and percent.max() <= 100):
        raise BadInput(
            f"{path} holds {percent.min():g} to {percent.max():g}, which is no confidence in per cent: give the "
            "confidence of the same run."
        )
