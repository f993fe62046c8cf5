"""Which pixels of a scene not to use: cloud, shadow, snow, saturation, as each product's mask says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import MaskMissing
from ...raster.band_ref import BandRef
from ...raster.grid import Grid
from .scene import Scene

Bad = Callable[[NDArray[Any]], NDArray[np.bool_]]

# Sen2Cor scene classification: no data, saturated, cloud shadow, cloud (medium, high), cirrus, snow.
SCL_BAD = (0, 1, 3, 8, 9, 10, 11)
_FMASK_BITS = 0b00011110  # HLS v2 Fmask: cloud, adjacent to cloud, shadow, snow; 255 = fill
MODIS_GOOD = (0, 1)  # MOD13's pixel reliability: good, marginal; not snow, cloud
_QA_PIXEL_BITS = 0b00111111  # Landsat Collection 2 QA_PIXEL: fill, dilated cloud, cirrus, cloud, shadow, snow


def _scl(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isin(values, SCL_BAD)


def _fmask(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = ((values.astype(np.int32) & _FMASK_BITS) > 0) | (values == 255)
    return bad


def _qa_pixel(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = (values.astype(np.int32) & _QA_PIXEL_BITS) > 0
    return bad


def _reliability(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isin(values, MODIS_GOOD, invert=True)


def _modland(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = (values.astype(np.int32) & 0b11) >= 2  # made from clouds, or not made at all
    return bad


def _layer(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = values != 0
    return bad


_PRODUCTS: dict[str, tuple[str, Bad, int]] = {  # band, bad values, fill: a pixel that the product does not reach
    "scl": ("SCL", _scl, 0),
    "fmask": ("Fmask", _fmask, 255),
    "qa_pixel": ("QA_PIXEL", _qa_pixel, 1),
    "modis": ("pixel_reliability", _reliability, -1),
    "modis_vi": ("VI_Quality", _modland, 65_535),
    "modis_qc": ("QC_250m", _modland, 2995),
}


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
        products = [row for name, row in _PRODUCTS.items() if self.name == "auto" or name.startswith(self.name)]
        for band, bad, fill in products:
            if scene.of(band):
                return Mask(band, _with_fill(scene.of(band), fill), bad, unknown_is_bad=True)
        if self.name == "auto":
            return Mask("none")
        raise MaskMissing(_PRODUCTS[self.name][0], scene.date.isoformat())


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
