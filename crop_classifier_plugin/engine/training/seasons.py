"""A labelled season on disk: the series' pixels, the class of each, and the part of the split each belongs to.

Arrays are memory-mapped files in a folder that the caller removes; only the surroundings of the labels are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ..errors import LabelsUnusable
from ..events import Reporter
from ..jobs import LabelledSeries, SceneSource
from ..legend import Legend
from ..raster.grid import Grid, Window
from ..raster.vector import burn, read_polygons
from ..series.select import Need
from ..series.stack import Stack, open_stack
from .losses import IGNORE
from .split import Parcels, Split, SplitRule, split

_BLOCK = 256  # px


@dataclass(frozen=True)
class Clouds:
    """Where a series' cloud mask comes from, as in the job."""

    mask: str
    layers: tuple[SceneSource, ...] = ()


@dataclass(frozen=True)
class LabelRule:
    """Where labels come from and how they are parted."""

    field: str
    legend: Legend
    split: SplitRule


@dataclass(frozen=True, eq=False)
class Season:
    """T dates x C bands, H x W px. Blocks farther than `margin` from any label are not filled and never read."""

    name: str
    image: NDArray[np.float32]  # (T,C,H,W) reflectance x scale; NaN marks no data
    target: NDArray[np.int16]  # (H,W) index in the legend; IGNORE where unlabelled or a date has no data
    part: NDArray[np.uint8]  # (H,W) TRAIN, VALIDATION or HELD_OUT where there is a target, else 0
    dates: tuple[dt.date, ...]
    grid: Grid
    parcels: Parcels
    split: Split

    @property
    def shape(self) -> tuple[int, int]:
        return self.target.shape[0], self.target.shape[1]

    def blocks(self, part: int, size: int = _BLOCK) -> Iterator[Window]:
        """Windows that hold a pixel of `part`."""
        for window in self.grid.blocks(size):
            if (self.part[window.slices] == part).any():
                yield window

    def bbox(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the grid in degrees."""
        box = geopandas.GeoSeries([shapely.box(*self.grid.bounds)], crs=self.grid.crs).to_crs("EPSG:4326")
        west, south, east, north = (float(v) for v in box.total_bounds)
        return west, south, east, north


def load_season(
    source: LabelledSeries, need: Need, rule: LabelRule, clouds: Clouds, margin: int, folder: Path, reporter: Reporter
) -> Season:
    """Reads series and labels once, block by block. Raises LabelsUnusable when no label falls on the series."""
    with open_stack(source.scenes, need, reporter, source.dates, clouds.mask, clouds.layers) as stack:
        shapes, classes = _labelled(source, rule, stack.grid, reporter)
        disputed = _disputed(shapes, classes, stack.grid, reporter)
        parcels = _parcels(shapes, classes)
        parted = split(parcels, rule.split)
        size = (stack.grid.height, stack.grid.width)
        image = _array(folder / "image", (len(stack.dates), len(need.bands), *size), np.float32)
        target = _array(folder / "target", size, np.int16)
        part = _array(folder / "part", size, np.uint8)
        season = Season(source.labels, image, target, part, stack.dates, stack.grid, parcels, parted)
        _fill(season, stack, shapes, disputed, margin, reporter)
    if not part.any():
        raise LabelsUnusable(f"No labelled pixel of {source.labels} is free of cloud and no data on every date.")
    return season


def _labelled(source: LabelledSeries, rule: LabelRule, grid: Grid, reporter: Reporter) -> tuple[NDArray[Any], Any]:
    frame = read_polygons(source.labels, source.labels_layer, rule.field, grid.crs, grid.bounds)
    found = [rule.legend.find(label) for label in frame["label"]]
    unknown = sorted({label for label, cls in zip(frame["label"], found) if cls is None})
    if unknown:
        reporter.log(f"Labels without a class in the legend are left out: {', '.join(unknown)}.", "warning")
    keep = np.array([cls is not None for cls in found], dtype=bool)
    order = {code: i for i, code in enumerate(rule.legend.codes)}
    classes = np.array([order[cls.code] for cls in found if cls is not None], dtype=np.int64)
    return frame.geometry.to_numpy()[keep], classes


def _disputed(shapes: NDArray[Any], classes: NDArray[np.int64], grid: Grid, reporter: Reporter) -> NDArray[Any]:
    """Where polygons of different classes overlap. Nobody knows the truth there, so such pixels are left out
    (choice); the polygons' other pixels are used. Overlaps below a hundredth of a pixel are drawing accuracy."""
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    pairs = (first < second) & (classes[first] != classes[second])
    shared: NDArray[Any] = shapely.intersection(shapes[first[pairs]], shapes[second[pairs]])
    shared = shared[shapely.area(shared) > 0.01 * grid.pixel[0] * grid.pixel[1]]
    if len(shared):
        pixels = float(shapely.area(shapely.union_all(shared))) / (grid.pixel[0] * grid.pixel[1])
        reporter.log(
            f"{len(shared)} pairs of polygons of different classes overlap: what they share (about {pixels:,.0f} "
            "pixels) is not used.",
            "warning",
        )
    return shared


def _parcels(shapes: NDArray[Any], classes: NDArray[np.int64]) -> Parcels:
    inside = shapely.point_on_surface(shapes)
    points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1) if len(shapes) else np.zeros((0, 2))
    return Parcels(points, np.asarray(shapely.area(shapes), dtype=np.float64), classes)


def _array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    return np.memmap(path, dtype=dtype, mode="w+", shape=shape)


def _fill(
    season: Season, stack: Stack, shapes: NDArray[Any], disputed: NDArray[Any], margin: int, reporter: Reporter
) -> None:
    tree, unclear = STRtree(shapes), STRtree(disputed)
    far = margin * max(season.grid.pixel)
    blocks = list(season.grid.blocks(_BLOCK))
    for i, window in enumerate(blocks):
        reporter.progress(i / len(blocks), f"Reading {Path(season.name).name}", i, len(blocks))
        season.target[window.slices] = IGNORE
        place = season.grid.sub(window)
        box = shapely.box(*place.bounds)
        if not len(tree.query(box.buffer(far))):
            continue
        values = stack.read(window)
        rows, cols = window.slices
        season.image[:, :, rows, cols] = values
        _label(season, window, values, shapes, sorted(tree.query(box)))
        _leave_out(season, window, [disputed[i] for i in unclear.query(box)])


def _label(
    season: Season, window: Window, values: NDArray[np.float32], shapes: NDArray[Any], touching: list[int]
) -> None:
    parcel = burn([(shapes[i], i + 1) for i in touching], season.grid.sub(window), "uint32").astype(np.int64) - 1
    known = (parcel >= 0) & ~np.isnan(values).any(axis=(0, 1))
    season.target[window.slices] = np.where(known, season.parcels.classes[parcel], IGNORE)
    season.part[window.slices] = np.where(known, season.split.parts[parcel], 0)


def _leave_out(season: Season, window: Window, shapes: list[Any]) -> None:
    """Takes the pixels of `shapes` out of the labels."""
    out = burn([(polygon, 1) for shape in shapes for polygon in _flat(shape)], season.grid.sub(window)) > 0
    season.target[window.slices][out] = IGNORE
    season.part[window.slices][out] = 0


def _flat(shape: Any) -> list[Any]:
    """The polygons of a shape: an overlap may hold lines and points too, which rasterising would burn."""
    parts = shapely.get_parts(shape)
    return [part for part in parts if shapely.area(part) > 0]
