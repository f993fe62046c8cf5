"""A small picture of each date: the middle of the area, as the eye would see it, or one band in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..execution.outputs import Outputs
from ..raster.grid import Grid, Window
from ..reporting.png import rgb_png
from ..series.cube.stack import Layer, Stack
from ..series.scenes.quantity import OPTICAL, Float, quantity_of
from ..series.scenes.read_series import SceneSeries
from ..series.scenes.scene import Scene

SIDE = 96  # px (choice)
_TRUE_COLOUR = ("B04", "B03", "B02")
_CUT = (2, 98)  # percentiles that become black and white (choice)
_HIDDEN = 224  # grey of what is masked or no data


class Thumbnails:
    """Pictures of one place of a series, at its own resolution."""

    def __init__(self, series: SceneSeries, grid: Grid, folder: str, outputs: Outputs) -> None:
        """`grid`: of the series; its middle is shown."""
        self._series, self._grid, self._folder, self._outputs = series, grid, Path(folder), outputs
        row, col = max((grid.height - SIDE) // 2, 0), max((grid.width - SIDE) // 2, 0)
        self._window = Window(row, col, SIDE, SIDE).clipped(grid.height, grid.width)

    def write(self, scene: Scene, bands: Sequence[str]) -> str:
        """The path of a PNG file of the scene; `bands`: those that it has of the series."""
        shown = _TRUE_COLOUR if set(_TRUE_COLOUR) <= set(bands) else tuple(bands[:1])
        quantity = quantity_of(shown)
        kind = "" if quantity is OPTICAL else f"_{quantity.name}"
        layer = Layer.of(scene, self._series.masks.mask_of(scene))
        spec = replace(quantity.input_spec(shown), pixel_tolerance=float("inf"))
        with Stack([layer], spec, self._grid) as stack:
            picture = rgb_png(coloured(stack.read(self._window)[0]))
        path = self._folder / f"{scene.date.isoformat()}{kind.replace(' ', '_')}.png"
        Path(self._outputs.path(path)).write_bytes(picture)
        return str(path)


def coloured(values: Float) -> NDArray[np.uint8]:
    """(C, H, W), C is 3 or 1, NaN = hidden -> (3, H, W)."""
    hidden = np.isnan(values).any(axis=0)
    picture = np.full((3, *values.shape[1:]), _HIDDEN, np.uint8)
    if hidden.all():
        return picture
    low, high = np.percentile(values[:, ~hidden], _CUT)
    stretched = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    np.copyto(picture, np.nan_to_num(stretched).astype(np.uint8), where=~hidden)
    return picture
