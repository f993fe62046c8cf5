"""Fine and coarse images of one band: which dates they have, and all of them on the fine grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import BadInput, NoOverlap
from ...shared.jobs.sources import Extent, Series
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..series.cube.common_grid import checked_size, common_grid
from ..series.cube.open_stack import layers_of, open_stack
from ..series.cube.stack import Layer
from ..series.scenes.quantity import quantity_of
from ..series.scenes.read_series import SceneSeries, files_of, read_together
from ..series.scenes.scene import Scene
from ..series.selection.coverage import windows_of

DatedImages = dict[dt.date, Layer]


def read_images(series: Mapping[str, Series], band: str, reporter: Reporter) -> dict[str, DatedImages]:
    """Reads the headers of each series; `series`: by what its images are called in messages.

    A table of dates counts for all of them. Raises the sentences of dates and files, and those of images_of.
    """
    found = read_together(tuple(series.values()), reporter)
    return {what: images_of(each, band, what, reporter) for what, each in zip(series, found)}


def read_pairs(fine: Series, coarse: Series, band: str, reporter: Reporter) -> tuple[DatedImages, DatedImages]:
    """The fine and the coarse images."""
    found = read_images({"fine image": fine, "coarse image": coarse}, band, reporter)
    return found["fine image"], found["coarse image"]


def images_of(series: SceneSeries, band: str, what: str, reporter: Reporter) -> DatedImages:
    """The images that have the band; a file of one unnamed band is taken to be that band. Raises BadInput for none."""
    named = [_with_name(scene, band) for scene in series.scenes]
    scenes = [scene for scene in named if band in scene.bands]
    if not scenes:
        seen = ", ".join(sorted({b for scene in named for b in scene.bands})) or "no named band"
        raise BadInput(f"No {what} has the band {band} (found: {seen}): choose another band, or name it in the file.")
    return {layer.scene.date: layer for layer in layers_of(scenes, series, quantity_of([band]), reporter)}


def _with_name(scene: Scene, band: str) -> Scene:
    if len(scene.refs) > 1 or scene.bands:
        return scene
    return replace(scene, refs=(replace(scene.refs[0], band=band),))


def fine_grid(fine: Sequence[Layer], coarse: Sequence[Layer], band: str, extent: Extent | None) -> Grid:
    """The fine images' grid over all that any of them covers, or the extent. Raises NoOverlap for a coarse image that
    lies elsewhere, or that fine and coarse are swapped."""
    grid = checked_size(common_grid([image.scene for image in fine], quantity_of([band]).input_spec([band]), extent))
    sharp = fine[0].scene.of(band)[0]
    for image in coarse:
        if not windows_of(image.scene, [band], grid):
            raise NoOverlap(f"The fine image {sharp.path}", f"the coarse image {image.scene.of(band)[0].path}")
    blurred = coarse[0].scene.of(band)[0]
    if blurred.pixel < 0.99 * sharp.pixel:
        raise BadInput(
            f"The coarse image {blurred.path} has pixels of {blurred.pixel:.4g} m, the fine image {sharp.path} of "
            f"{sharp.pixel:.4g} m: exchange them."
        )
    return grid


class Images:
    """Images of one band on one grid, in their own unit (reflectance 0-1, NDVI); coarse ones bilinear, or `cubic`."""

    def __init__(self, images: Sequence[Layer], band: str, grid: Grid, reporter: Reporter, cubic: bool = False) -> None:
        """Raises the sentences of odd units: reflectance without a scale, a normalised index outside -1 and 1."""
        quantity = quantity_of([band])
        self.grid, self._scale = grid, quantity.scale
        self._stack = open_stack(images, quantity.input_spec([band]), grid, reporter, cubic=cubic)

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
        return self._stack.dates

    @property
    def level(self) -> str:
        """Of processing; "" where it is not known."""
        return self._stack.level

    @property
    def simulated(self) -> bool:
        """Whether any of the files says that it is simulated."""
        return self._stack.simulated

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Images:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def files_of_images(*dated: DatedImages) -> set[str]:
    """Every file that the images are read from."""
    return files_of(image.scene for images in dated for image in images.values())
