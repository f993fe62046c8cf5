"""The square of Flanders that networks are compared on: its series, its parcels, and what a map of them is worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from ....shared.jobs.sources import SceneSource
from ....shared.legend import Legend
from ...access.rasters import open_raster
from ...access.vectors import read_features
from ...accuracy.confusion import Confusion
from ...raster.grid import Grid
from ...splits.split import (
    HELD_OUT,
    Parcels,
    SplitRule,
    split,
)
from ...vector.labelled_shapes import read_labelled_shapes
from ...vector.polygons import rasterize_polygons

NAME = "flanders_AC91C"
OPTICAL = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
RADAR = ("VV", "VH")
# Days of 2019: March to August by the month. September alone is clouded on 7 % of the square, with October it is not.
WINDOWS = ((60, 90), (91, 120), (121, 151), (152, 181), (182, 212), (213, 243), (244, 304))
SHARE_OF = {"south": 0.35, "north": 0.65}  # of the area, held out: a cut that leaves the north a parcel of each crop


@dataclass(frozen=True, eq=False)
class Square:
    """N parcels, numbered from 0 as in the file, on H x W px."""

    folder: Path
    legend: Legend
    parcels: geopandas.GeoDataFrame
    classes: NDArray[np.int64]  # (N,) index in the legend
    parcel: NDArray[np.int64]  # (H,W) number of the parcel, -1 where there is none
    place: dict[str, Any]  # crs, transform, width and height of the pixels

    @classmethod
    def load(cls, data: Path, legend: Path) -> Square:
        folder, named = data / NAME, Legend.load(legend)
        with open_raster(folder / "crop_type.tif") as labels:
            grid = Grid(labels.crs, labels.transform, labels.height, labels.width)
        frame = read_features(folder / "parcels.gpkg")
        found = read_labelled_shapes(str(folder / "parcels.gpkg"), "", "crop_code", grid.crs)
        places = {code: i for i, code in enumerate(named.codes)}
        crops = [named.find(label) for label in found["label"]]
        classes = np.array([places[crop.code] for crop in crops if crop], np.int64)
        if len(classes) != len(frame):
            raise SystemExit(f"Some parcels of {folder} have no class in {legend}.")
        burnt = rasterize_polygons([(shape, i + 1) for i, shape in enumerate(found.geometry)], grid, "uint16")
        place = {"crs": grid.crs, "transform": grid.transform, "width": grid.width, "height": grid.height}
        return cls(folder, named, frame, classes, burnt.astype(np.int64) - 1, place)

    @property
    def labels(self) -> str:
        return str(self.folder / "parcels.gpkg")

    def optical(self, without: tuple[int, ...] = ()) -> tuple[SceneSource, ...]:
        """The Sentinel-2 scenes, but those in the windows `without`."""
        return _sources([*(self.folder / "S2_10m").glob("*.tif"), *(self.folder / "S2_20m").glob("*.tif")], without)

    def radar(self) -> tuple[SceneSource, ...]:
        return _sources([*(self.folder / "S1").glob("*.tif")], ())

    def finer_radar(self, folder: Path) -> tuple[SceneSource, ...]:
        """The radar scenes on the labels' 10 m, where they are the first series: training takes no 20 m pixels."""
        folder.mkdir(exist_ok=True)
        for source in self.radar():
            with (
                open_raster(source.path) as scene,
                WarpedVRT(scene, resampling=Resampling.bilinear, **self.place) as v,
            ):
                profile = {**self.place, "driver": "GTiff", "dtype": "float32", "count": v.count, "nodata": np.nan}
                with rasterio.open(folder / Path(source.path).name, "w", **profile) as finer:
                    finer.write(v.read().astype(np.float32))
                    finer.descriptions = scene.descriptions
        return _sources([*folder.glob("*.tif")], ())

    # --- parts ---------------------------------------------------------------------------------------------------

    def held_out(self, side: str) -> NDArray[np.int64]:
        """Numbers of the parcels that a training with this side holds out."""
        shapes = self.parcels.geometry.to_numpy()
        inside = shapely.point_on_surface(shapes)
        points = np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=1)
        cut = split(Parcels(points, shapely.area(shapes), self.classes), SplitRule(SHARE_OF[side], 0.0, side, 1))
        return np.flatnonzero(cut.parts == HELD_OUT)

    def thinned(self, held_out: NDArray[np.int64], share: float, seed: int, path: Path) -> float:
        """Writes the held-out parcels and a share of the others as labels; returns the area share that the former have.

        The parcels to learn from are dealt class by class in turn, in an order that the seed decides.
        """
        rng = np.random.default_rng(seed)
        others = np.setdiff1d(np.arange(len(self.classes)), held_out)
        hands = [list(rng.permutation(others[self.classes[others] == c])) for c in np.unique(self.classes[others])]
        hands.sort(key=len, reverse=True)
        dealt = [hand[i] for i in range(len(others)) for hand in hands if i < len(hand)]
        kept = [*held_out, *dealt[: max(1, round(share * len(others)))]]
        self.parcels.iloc[sorted(kept)].to_file(path, driver="GPKG")
        areas = self.parcels.area.to_numpy()
        return float(areas[held_out].sum() / areas[kept].sum())

    # --- what a map is worth -------------------------------------------------------------------------------------

    def score(self, codes: NDArray[Any], held_out: NDArray[np.int64]) -> dict[str, Any]:
        """Confusion over the mapped pixels of the held-out parcels, and [truth, majority] a parcel; JSON values.

        `codes` (H,W) of the legend, 0 = not mapped. A parcel without a mapped pixel has the majority -1.
        """
        index = np.full(256, -1)
        index[list(self.legend.codes)] = np.arange(len(self.legend))
        tested, mapped = np.isin(self.parcel, held_out), index[codes]
        seen = tested & (mapped >= 0)
        confusion = Confusion.count(self.classes[self.parcel[seen]], mapped[seen], len(self.legend))
        return {
            "confusion": confusion.n.tolist(),
            "parcels": [[int(self.classes[p]), _majority(mapped[seen & (self.parcel == p)])] for p in held_out],
            "unmapped": int((tested & (mapped < 0)).sum()),
        }


def _sources(files: list[Path], without: tuple[int, ...]) -> tuple[SceneSource, ...]:
    shown = [window for i, window in enumerate(WINDOWS) if i not in without]
    return tuple(SceneSource(str(f)) for f in sorted(files) if any(a <= _day(f) <= b for a, b in shown))


def _day(file: Path) -> int:
    """Day of 2019; 0 of other years."""
    date = dt.datetime.strptime(file.stem[-8:], "%Y%m%d")
    return date.timetuple().tm_yday if date.year == 2019 else 0


def _majority(found: NDArray[np.int64]) -> int:
    return int(np.bincount(found).argmax()) if found.size else -1
