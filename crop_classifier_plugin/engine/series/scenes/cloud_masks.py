"""Which pixels of a scene not to use: cloud, shadow, snow, saturation, as each product's mask says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import MaskMissing
from ...products.spec import masks
from ...raster.band_ref import BandRef
from ...raster.grid import Grid
from .scene import Scene

Bad = Callable[[NDArray[Any]], NDArray[np.bool_]]


def _layer(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = values != 0
    return bad


@dataclass(frozen=True)
class Mask:
    """The mask of one scene: where to read it, and which of its values are bad. Without references: nothing is bad."""

    name: str
    refs: tuple[BandRef, ...] = ()  # their no data is a product's fill, none in a layer; never what the file declares
    bad: Bad = _layer
    unknown_is_bad: bool = False  # whether a pixel that the mask does not reach counts as bad

    def of(self, values: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(H, W) of what the mask holds, NaN outside it -> (H, W): where not to use the pixel."""
        unknown = np.isnan(values)
        bad = np.full(values.shape, bool(self.refs) and self.unknown_is_bad)
        bad[~unknown] = self.bad(values[~unknown])
        return bad


@dataclass(frozen=True)
class MaskSource:
    """Where a series' masks come from, as its job says."""

    name: str = "auto"  # one of MASKS
    dated: tuple[Scene, ...] = ()  # mask layers, with name="layer"
    undated: tuple[BandRef, ...] = ()  # the one mask layer of all dates

    def mask_of(self, scene: Scene) -> Mask:
        """Raises MaskMissing where a mask that was asked for by name is lacking."""
        if self.name == "none":
            return Mask("none")
        if self.name == "layer":
            refs = next((s.refs for s in self.dated if s.date == scene.date), self.undated)
            if not refs:
                raise MaskMissing("layer", scene.date.isoformat())
            return Mask("layer", _with_fill(refs, None), _layer)
        asked = [mask for name, mask in masks().items() if self.name == "auto" or name.startswith(self.name)]
        for mask in asked:
            refs = scene.of(mask.band)
            if refs:
                return Mask(mask.band, _with_fill(refs, mask.fill), mask.bad, unknown_is_bad=True)
        if self.name == "auto":
            return Mask("none")
        raise MaskMissing(masks()[self.name].band, scene.date.isoformat())


def _with_fill(refs: tuple[BandRef, ...], fill: int | None) -> tuple[BandRef, ...]:
    """Fill gives way to the value of an overlapping tile."""
    return tuple(replace(ref, nodata=fill) for ref in refs)


def reaches(scene: Scene, mask: Mask, bands: tuple[str, ...], grid: Grid) -> bool:
    """Whether the mask lies wherever the scene has these bands (bounding boxes, at 100 x 100 points of the grid)."""
    if not mask.unknown_is_bad:
        return True
    data = _covered([r for band in bands for r in scene.of(band)], grid)
    return not bool((data & ~_covered(mask.refs, grid)).any())


def _covered(refs: Iterable[BandRef], grid: Grid, points: int = 100) -> NDArray[np.bool_]:
    """(points, points): whether any of the files lies there."""
    x0, y0, x1, y1 = grid.bounds
    steps = (np.arange(points) + 0.5) / points
    x, y = x0 + steps[None] * (x1 - x0), y0 + steps[:, None] * (y1 - y0)
    inside = np.zeros((points, points), np.bool_)
    for left, bottom, right, top in {r.bounds_in(grid.crs) for r in refs}:
        inside |= (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    return inside
