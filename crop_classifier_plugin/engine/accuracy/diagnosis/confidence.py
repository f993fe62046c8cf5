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
from ...reporting.charts import Axis, Drawing, Margins
from ..calibration.reliability import BINS, Reliability
from .comparison import Comparison

_SIDE = 320  # units of the drawing
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


def diagram(reliability: Reliability, unit: str = "px") -> Drawing:
    """Accuracy over confidence: on the diagonal a map is as right as it is sure; below, it is too sure.

    `unit`: what was counted."""
    drawing = Drawing(_SIDE, _SIDE, Margins(52, 12, 20, 44), "Accuracy over confidence")
    across, up = Axis(0, 1, _SIDE), Axis(0, 1, _SIDE, upright=True)
    drawing.grid(up.ticks())
    for x, text in across.ticks():
        drawing.add("text", text, x=x, y=_SIDE + 18, text_anchor="middle")
    drawing.add("text", "confidence", x=_SIDE / 2, y=_SIDE + 36, text_anchor="middle")
    drawing.add("line", x1=0, y1=_SIDE, x2=_SIDE, y2=0, stroke="#888", stroke_dasharray="4 4")
    rows = [row for row in reliability.rows() if row["pixels"]]
    sides = [(row["pixels"], float(row["confidence"] or 0), float(row["accuracy"] or 0)) for row in rows]
    points = [(across(sure), up(right)) for _, sure, right in sides]
    titles = [f"{n:,} {unit}: sure by {100 * sure:.0f} %, right {100 * right:.0f} %" for n, sure, right in sides]
    drawing.curve(points, titles)
    drawing.size(_SIDE + 72)
    return drawing
