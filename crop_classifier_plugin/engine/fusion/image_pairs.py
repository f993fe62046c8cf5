"""Fine and coarse images of one band: which dates they have, and all of them on the fine grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import rasterio
from numpy.typing import NDArray

from ...shared.errors import BadInput, NoOverlap
from ...shared.jobs.sources import DateEntry, Extent, SceneSource
from ..execution.reporter import Reporter
from ..raster.band_ref import BandRef
from ..raster.grid import Grid, Window
from ..raster.provenance import SIMULATED_TAG
from ..series.cube.common_grid import common_grid
from ..series.cube.open_series import check_quantity
from ..series.cube.stack import Layer, Stack
from ..series.scenes.cloud_masks import mask_of
from ..series.scenes.quantity import quantity_of
from ..series.scenes.scene import Scene, read_scenes


def dated_images(
    sources: Sequence[SceneSource], band: str, what: str, reporter: Reporter, dates: Sequence[DateEntry]
) -> dict[dt.date, Scene]:
    """The scenes that have the band, by date. A file of one unnamed band is taken to be that band."""
    scenes = [_with_name(scene, band) for scene in read_scenes(sources, reporter, dates)]
    found = {scene.date: scene for scene in scenes if band in scene.bands}
    if not found:
        seen = ", ".join(sorted({b for scene in scenes for b in scene.bands})) or "no named band"
        raise BadInput(f"No {what} has the band {band} (found: {seen}): choose another band, or name it in the file.")
    return found


def _with_name(scene: Scene, band: str) -> Scene:
    if len(scene.refs) > 1 or scene.bands:
        return scene
    return Scene(scene.date, (replace(scene.refs[0], band=band),))


def fine_grid(fine: Sequence[Scene], coarse: Sequence[Scene], band: str, extent: Extent | None) -> Grid:
    """The fine images' grid over what all images cover (and the extent). Raises NoOverlap, or that they are swapped."""
    grid = common_grid(fine, quantity_of([band]).need([band]), extent)
    xmin, ymin, xmax, ymax = grid.bounds
    for scene in coarse:
        boxes = [ref.bounds_in(grid.crs) for ref in scene.of(band)]
        x0, y0, x1, y1 = zip(*boxes)
        xmin, ymin, xmax, ymax = max(xmin, *x0), max(ymin, *y0), min(xmax, *x1), min(ymax, *y1)
        if xmin >= xmax or ymin >= ymax:
            raise NoOverlap(f"The fine image {_path(fine[0], band)}", f"the coarse image {_path(scene, band)}")
    sharp, blurred = fine[0].of(band)[0], coarse[0].of(band)[0]
    if blurred.pixel < 0.99 * sharp.pixel:
        raise BadInput(
            f"The coarse image {blurred.path} has pixels of {blurred.pixel:.4g} m, the fine image {sharp.path} of "
            f"{sharp.pixel:.4g} m: exchange them."
        )
    return grid.snap((xmin, ymin, xmax, ymax))


def _path(scene: Scene, band: str) -> str:
    return scene.of(band)[0].path


class Images:
    """Scenes of one band on one grid, in their own unit (reflectance 0-1, NDVI); coarse ones bilinear, or `cubic`."""

    def __init__(self, scenes: Sequence[Scene], band: str, grid: Grid, reporter: Reporter, cubic: bool = False) -> None:
        """Raises the sentences of odd units: reflectance without a scale, a normalised index outside -1 and 1."""
        quantity = quantity_of([band])
        self.grid, self._scale, self._scenes = grid, quantity.scale, tuple(scenes)
        layers = [Layer(scene, mask_of(scene, "auto", (), ())) for scene in scenes]
        self._stack = Stack(layers, quantity.need([band]), grid, pure=True, cubic=cubic)
        try:
            check_quantity(self._stack, quantity, reporter)
        except BaseException:
            self._stack.close()
            raise

    def read(self, window: Window, halo: int = 0) -> NDArray[np.float64]:
        """(T, H + 2 halo, W + 2 halo) float64, NaN = no data and outside the grid."""
        row, col = max(window.row - halo, 0), max(window.col - halo, 0)
        bottom = min(window.row + window.height + halo, self.grid.height)
        right = min(window.col + window.width + halo, self.grid.width)
        inside = self._stack.read(Window(row, col, bottom - row, right - col))[:, 0] / self._scale
        shape = (len(inside), window.height + 2 * halo, window.width + 2 * halo)
        cube = np.full(shape, np.nan)
        top, left = row - window.row + halo, col - window.col + halo
        cube[:, top : top + bottom - row, left : left + right - col] = inside
        return cube

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(scene.date for scene in self._scenes)

    @property
    def simulated(self) -> bool:
        """Whether any of the files says that it is simulated."""
        return is_simulated(self._scenes)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Images:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def is_simulated(scenes: Iterable[Scene]) -> bool:
    """Whether any of the files says that it is simulated."""
    return any(_simulated(ref) for scene in scenes for ref in scene.refs)


def _simulated(ref: BandRef) -> bool:
    with rasterio.open(ref.path) as file:
        return SIMULATED_TAG in file.tags()
