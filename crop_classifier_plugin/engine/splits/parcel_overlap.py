"""The ground that parcels lie on, by which those of another series, or of an earlier model, are known again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ..raster.grid import Grid
from ..vector.broken import moving
from ..vector.polygons import rasterize_polygons
from .split import (
    HELD_OUT,
    PARTS,
    TRAIN,
    VALIDATION,
    Parcels,
)

LEARNT = (TRAIN, VALIDATION)  # what decided how the weights are
_TWIN = 0.95  # of the larger parcel's area shared: the same parcel (choice; outlines may be rounded)
_SHARED = 0.01  # of the smaller parcel's area shared: less is drawing accuracy (choice)
_NEAR = 0.05  # px between two points inside parcels that are the same point (choice)

UNKNOWN = "whether parcels that are held out now were learnt from before is not known"


@dataclass(frozen=True, eq=False)
class AssignedParcels:
    """N parcels that are parted already: outlines, or points inside them where outlines are not known."""

    shapes: NDArray[Any]  # (N,) in the CRS
    parts: NDArray[np.uint8]  # (N,) TRAIN, VALIDATION, HELD_OUT; 0 = left out
    crs: Any  # None = that of whoever asks
    simulated: bool = False  # on invented ground, which other simulations may have too: only the same outlines count
    name: str = ""  # of the labels

    def on(self, grid: Grid) -> AssignedParcels:
        """In the grid's CRS; what cannot be told in it is left out."""
        shapes = self.shapes
        if self.crs is not None and len(shapes):
            with moving("the parcels of an earlier split"):
                shapes = geopandas.GeoSeries(shapes, crs=self.crs).to_crs(grid.crs).to_numpy()
        found = np.isfinite(shapely.bounds(shapes)).all(axis=1) if len(shapes) else np.zeros(0, bool)
        return replace(self, shapes=shapely.make_valid(shapes[found]), parts=self.parts[found], crs=grid.crs)


@dataclass(frozen=True, eq=False)
class WeightsProvenance:
    """What the model that a training starts from had learnt from. `grounds`: the parcels that it and the models before
    it learnt from, and those that it held out."""

    name: str
    told: str  # in words, as a card goes on with it
    grounds: tuple[AssignedParcels, ...] = ()
    known: bool = True  # whether the grounds are all there is


def describe_limits(past: WeightsProvenance | None) -> str:
    """What a card has to add to what the model is not good for."""
    if past is None or past.known:
        return ""
    return f" It started from {past.name}, and {UNKNOWN}: its accuracy may be overrated."


class ParcelIndex:
    """What earlier grounds say of the parcels and pixels of a series on `grid`."""

    def __init__(self, grounds: Sequence[AssignedParcels], grid: Grid, simulated: bool) -> None:
        self._grounds = [_once(ground.on(grid)) for ground in grounds]
        self._simulated, self._pixel = simulated, max(grid.pixel)
        self._trees = [STRtree(ground.shapes) for ground in self._grounds]

    def touched(self, parcels: Parcels) -> NDArray[np.bool_]:
        """(N, 4): whether each parcel lies on ground of the part 0..3. A parcel that is there itself is that one
        alone, whatever else overlaps it."""
        parcels, each = _distinct(parcels)
        found = np.zeros((len(parcels.areas), max(PARTS) + 1), bool)
        for ground in self._grounds:
            new, old, twin = self._pairs(parcels, ground)
            itself = np.zeros(len(found), bool)
            itself[new[twin]] = True
            counted = twin | ~itself[new]
            found[new[counted], ground.parts[old[counted]]] = True
        return found[each]

    def twins(self, parcels: Parcels, name: str) -> NDArray[np.bool_]:
        """(N,): whether the same parcel is among the grounds of the labels `name`."""
        parcels, each = _distinct(parcels)
        found = np.zeros(len(parcels.areas), bool)
        for ground in self._grounds:
            if ground.name == name:
                new, _, twin = self._pairs(parcels, ground)
                found[new[twin]] = True
        return found[each]

    def burnt(self, place: Grid, parts: Sequence[int]) -> NDArray[np.bool_]:
        """(H,W) where the pixel's centre lies on real ground of one of the parts."""
        box = shapely.box(*place.bounds)
        shapes = []
        for ground, tree in zip(self._grounds, self._trees):
            if not (ground.simulated or self._simulated):
                here = tree.query(box)
                here = here[np.isin(ground.parts[here], parts)]
                shapes += [shape for each in ground.shapes[here] for shape in shapely.get_parts(each)]
        return rasterize_polygons([(shape, 1) for shape in shapes if shapely.area(shape) > 0], place, "uint8") > 0

    def _pairs(
        self, parcels: Parcels, ground: AssignedParcels
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Which parcel shares ground with which of the ground's, by number, and whether they are the same."""
        outlines, points = parcels.ground, np.asarray(shapely.points(parcels.points))
        new, old = STRtree(ground.shapes).query(outlines, predicate="intersects")
        mine, its = outlines[new], ground.shapes[old]
        both = shapely.area(shapely.intersection(mine, its))
        areas = shapely.area(mine), shapely.area(its)
        dots = areas[1] == 0
        near = shapely.distance(points[new], its) <= _NEAR * self._pixel
        twin = np.where(dots, near, both >= _TWIN * np.maximum(*areas))
        counted = twin if self._simulated or ground.simulated else twin | (both >= _SHARED * np.minimum(*areas))
        return new[counted], old[counted], twin[counted]


def _once(ground: AssignedParcels) -> AssignedParcels:
    """Without parcels on the very same ground as others of their part, as the classes of a square of a raster are."""
    keys = np.array([text + bytes([part]) for text, part in zip(shapely.to_wkb(ground.shapes), ground.parts)], object)
    first = np.unique(keys, return_index=True)[1]
    return replace(ground, shapes=ground.shapes[first], parts=ground.parts[first])


def _distinct(parcels: Parcels) -> tuple[Parcels, NDArray[np.int64]]:
    """One parcel for all on the very same ground, and which of them stands for each."""
    first, each = np.unique(shapely.to_wkb(parcels.ground), return_index=True, return_inverse=True)[1:]
    some = Parcels(parcels.points[first], parcels.areas[first], parcels.classes[first], None, parcels.ground[first])
    return some, each.reshape(-1)


def learnt(touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N,) of what ParcelIndex.touched found."""
    return np.asarray(touched[:, LEARNT].any(axis=1))


def held(touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N,) of what ParcelIndex.touched found."""
    return np.asarray(touched[:, HELD_OUT])
