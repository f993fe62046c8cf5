"""Two sources on one grid: the crop map, and the reference it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import CRSError
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from ...shared.errors import (
    BadInput,
    BadRaster,
    LabelsUnusable,
    NoOverlap,
)
from ...shared.jobs.sources import LabelSource
from ...shared.legend import Legend, plain
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window, crs_of
from ..raster.provenance import SIMULATED_TAG
from ..raster.writer import GDAL_ERRORS, as_rasterio
from ..vector.polygons import rasterize_polygons, read_polygons
from .class_names import Named, described, legend_of

BLOCK = 512  # px: side of the squares that are in memory at a time
NO_DATA = -1
_MOST_CODES, _MOST_VALUES = 255, 4096  # more different values than this are measurements, not classes


@contextmanager
def opened(path: str, crs: str = "") -> Iterator[Any]:
    """The dataset at `path`, north-up and with a CRS of its own or the user's `crs`."""
    with _blaming(path):
        dataset = rasterio.open(path)
    with dataset:
        crs_of(path, dataset.crs, crs)
        if dataset.transform.b or dataset.transform.d:
            raise BadRaster(path, "its grid is rotated")
        yield dataset


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """GDAL's errors as a sentence about `path`."""
    try:
        yield
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None


# --- the map ---------------------------------------------------------------------------------------------------------


class CropMap:
    """A class raster, read as positions in its legend. `crs`: the user's, in place of the file's own."""

    def __init__(self, path: str, dataset: Any, reporter: Reporter, crs: str = "") -> None:
        self.path, self._dataset = path, dataset
        self.simulated = SIMULATED_TAG in dataset.tags()
        self.grid = Grid(crs_of(path, dataset.crs, crs), dataset.transform, dataset.height, dataset.width)
        names, where = described(path, dataset)
        found = self._codes(reporter)
        self.unnamed = tuple(sorted(found - set(names)))
        self.legend_from = where or "the codes found in it"
        if not found:
            raise LabelsUnusable(f"The map {path} holds no class anywhere, only no data: choose another map.")
        self.legend: Legend = legend_of(found, names)
        self._index = np.full(65536, NO_DATA, dtype=np.int32)
        self._index[list(self.legend.codes)] = np.arange(len(self.legend))

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in the legend, NO_DATA where the map has none."""
        positions: NDArray[np.int32] = self._index[self._values(window)]
        return positions

    def _values(self, window: Window) -> NDArray[Any]:
        """(H, W) codes; 0 = no data."""
        area = as_rasterio(window)
        with _blaming(self.path):
            values = self._dataset.read(1, window=area)
            return np.where(self._dataset.read_masks(1, window=area) > 0, values, 0)

    def _codes(self, reporter: Reporter) -> set[int]:
        """Every code in the map. Refuses what cannot be a class map."""
        if np.dtype(self._dataset.dtypes[0]).kind not in "iu":
            raise BadInput(f"{self.path} holds {self._dataset.dtypes[0]} numbers, not class codes: choose a crop map.")
        found: set[int] = set()
        blocks = list(self.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            found.update(np.unique(self._values(window)).tolist())
            reporter.progress(done / len(blocks), "Looking at the map", done, len(blocks))
            if len(found) > _MOST_CODES + 1 or not 0 <= min(found) <= max(found) <= 65534:
                raise BadInput(
                    f"{self.path} holds {min(found)} to {max(found)} in {len(found)} different values, which are no "
                    "class codes (at most 255 different ones, 1 to 65534): choose a crop map."
                )
        return found - {0}


# --- the reference ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Label:
    """What the reference calls something: its value as text, and the name that its file gives the value."""

    text: str
    name: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} ({self.name})" if self.name else self.text


class Reference(Protocol):
    """Labels on the map's grid."""

    labels: list[Label]  # may grow while reading
    notes: tuple[str, ...]  # what was done to it, for the report
    simulated: bool

    def read(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: position in `labels`, NO_DATA where the reference says nothing."""


class RasterReference:
    """A class raster on the grid of the map: as it stands on the same lattice, else its nearest pixel.

    `crs`: the user's, in place of the file's own.
    """

    def __init__(self, path: str, dataset: Any, grid: Grid, map_path: str, crs: str = "") -> None:
        self.labels: list[Label] = []
        self._path, self._dataset, self._grid = path, dataset, grid
        self._own = Grid(crs_of(path, dataset.crs, crs), dataset.transform, dataset.height, dataset.width)
        self._names: dict[int, Named] = described(path, dataset)[0]
        self._seen: dict[float, int] = {}
        self.simulated = SIMULATED_TAG in dataset.tags()
        _must_overlap(self._own, grid, path, map_path)
        self._direct = grid.same_lattice(self._own.crs, self._own.transform)
        note = "The reference was brought onto the map's grid by its nearest pixel."
        self.notes: tuple[str, ...] = () if self._direct else (note,)

    def read(self, window: Window) -> NDArray[np.int32]:
        with _blaming(self._path):
            values, known = self._same_lattice(window) if self._direct else self._warped(window)
        known &= np.isfinite(values)
        ids = np.full(values.shape, NO_DATA, dtype=np.int32)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        ids[known] = np.array([self._id(value) for value in distinct.tolist()], dtype=np.int32)[inverse]
        return ids

    def _id(self, value: float) -> int:
        if value not in self._seen:
            if len(self._seen) == _MOST_VALUES:
                raise LabelsUnusable(
                    f"{self._path} holds more than {_MOST_VALUES} different values: choose a reference of classes."
                )
            whole = int(value) if float(value).is_integer() else None
            named = self._names.get(whole, Named("")) if whole is not None else Named("")
            self._seen[value] = len(self.labels)
            self.labels.append(Label(str(value if whole is None else whole), named.name, named.aliases))
        return self._seen[value]

    def _same_lattice(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values and whether they are known, (H, W) each; unknown beyond the raster's edge."""
        there, ours = self._dataset.transform, self._grid.sub(window).transform
        row, col = round((ours.f - there.f) / there.e), round((ours.c - there.c) / there.a)
        top, left = max(row, 0), max(col, 0)
        bottom = min(row + window.height, self._dataset.height)
        right = min(col + window.width, self._dataset.width)
        values = np.zeros((window.height, window.width), dtype=self._dataset.dtypes[0])
        known = np.zeros(values.shape, dtype=bool)
        if top < bottom and left < right:
            area = as_rasterio(Window(top, left, bottom - top, right - left))
            inside = (slice(top - row, bottom - row), slice(left - col, right - col))
            values[inside] = self._dataset.read(1, window=area)
            known[inside] = self._dataset.read_masks(1, window=area) > 0
        return values, known

    def _warped(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """As _same_lattice, through GDAL's warper with exact coordinates."""
        part = self._grid.sub(window)
        options: dict[str, Any] = {"nodata": self._dataset.nodata}
        if self._dataset.nodata is None:
            options = {"add_alpha": True}
        with WarpedVRT(
            self._dataset,
            src_crs=self._own.crs,
            crs=part.crs,
            transform=part.transform,
            height=part.height,
            width=part.width,
            resampling=Resampling.nearest,
            tolerance=1e-9,  # px; GDAL would otherwise be up to an eighth of a pixel off
            **options,
        ) as vrt:
            return vrt.read(1), vrt.dataset_mask() > 0


class PolygonReference:
    """Labelled polygons, burnt onto the map's grid piece by piece: a pixel takes the polygon that holds its centre."""

    def __init__(self, path: str, layer: str, field: str, grid: Grid, map_path: str, crs: str = "") -> None:
        frame = read_polygons(path, layer, field, grid.crs, grid.bounds, crs)
        if not len(frame) and frame.attrs["unlabelled"]:
            raise LabelsUnusable(f"No polygon of {path} has a value in its field {field!r}: choose another field.")
        if not len(frame):
            raise NoOverlap(map_path, path)
        names = sorted(set(frame["label"]))
        self.labels = [Label(name) for name in names]
        self.simulated = bool(frame.attrs["simulated"])
        self._grid = grid
        self._shapes = frame.geometry.to_numpy()
        self._values = [names.index(label) + 1 for label in frame["label"]]
        self._tree = shapely.STRtree(self._shapes)
        dropped = [(frame.attrs["unlabelled"], "without a class"), (frame.attrs["empty"], "without an area")]
        self.notes = tuple(f"{count:,} polygons {why} were left out." for count, why in dropped if count)

    def read(self, window: Window) -> NDArray[np.int32]:
        part = self._grid.sub(window)
        touched = np.sort(self._tree.query(shapely.box(*part.bounds)))  # in the file's order: later ones lie on top
        pairs = [(self._shapes[i], self._values[i]) for i in touched.tolist()]
        return rasterize_polygons(pairs, part, "int32").astype(np.int32) - 1


@contextmanager
def open_reference(source: LabelSource, crop_map: CropMap) -> Iterator[Reference]:
    """Polygons when a field is named or the file is no raster, else the raster's first band."""
    path, field = source.path, source.class_field
    if source.layer or field or not is_raster(path):
        yield PolygonReference(path, source.layer, field, crop_map.grid, crop_map.path, source.crs)
        return
    with opened(path, source.crs) as dataset:
        yield RasterReference(path, dataset, crop_map.grid, crop_map.path, source.crs)


def is_raster(path: str) -> bool:
    try:
        with rasterio.open(path):
            return True
    except GDAL_ERRORS:
        return False


def _must_overlap(own: Grid, grid: Grid, path: str, map_path: str) -> None:
    xmin, ymin, xmax, ymax = grid.bounds
    try:
        left, bottom, right, top = transform_bounds(own.crs, grid.crs, *own.bounds)
    except (CRSError, *GDAL_ERRORS):  # no coordinates of the reference exist in the map's system
        raise NoOverlap(map_path, path) from None
    if not (left < xmax and right > xmin and bottom < ymax and top > ymin):
        raise NoOverlap(map_path, path)


# --- what the reference's words mean in the map's legend -------------------------------------------------------------


class Matcher:
    """From a reference's label to a position in the map's legend.

    The job's own mapping wins, by value or by name. Then the name that the reference gives its value, or its aliases,
    then the value as an alias in the map's legend.
    A bare number is taken for the map's code only where the reference names nothing: 3 may be wheat here, maize there.
    """

    def __init__(self, legend: Legend, mapping: Sequence[tuple[str, str]]) -> None:
        self._legend = legend
        self._mapping = {plain(label): self._target(label, name) for label, name in mapping}

    def position(self, label: Label) -> int | None:
        """Of the class that `label` means; None when it is outside the legend."""
        for said in (label.text, label.name):
            if said and plain(said) in self._mapping:
                return self._mapping[plain(said)]
        if not label.name:
            found = self._legend.find(label.text)
        else:
            words = (label.name, *label.aliases, label.text)
            found = next((c for word in words for c in self._legend if c.answers_to(word)), None)
        return None if found is None else self._legend.classes.index(found)

    def _target(self, label: str, name: str) -> int:
        found = self._legend.find(name)
        if found is None:
            raise BadInput(
                f"The mapping takes {label!r} to {name!r}, which the map does not have: "
                f"use one of its classes ({', '.join(self._legend.names)})."
            )
        return self._legend.classes.index(found)
