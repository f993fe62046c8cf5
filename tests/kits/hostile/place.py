"""Where hostile files are tried: what they want to read, what a case may open, and the command that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import shapely

from kits.rasters import write_raster

ADDRESS = "http://127.0.0.1:9"  # nobody listens there; a connection to it is recorded all the same
NAME = "S2_20240425_B04"  # of a scene whose band and date are known by it


@dataclass(frozen=True)
class Hostile:
    """One case: what is handed over, and how."""

    name: str
    command: tuple[str, ...]  # of the engine, without `--out`
    given: tuple[Path, ...]  # what the user named: files and folders that may be opened


@dataclass(frozen=True)
class Place:
    """A folder with secrets that no case may open, and folders of cases beside it."""

    folder: Path

    @property
    def secret(self) -> Path:
        return self.folder / "secrets"

    @property
    def map(self) -> Path:
        return self.folder / "map" / "map.tif"

    def case(self, number: int) -> Path:
        made = self.folder / "cases" / f"{number:04d}" / "given"
        made.mkdir(parents=True)
        return made


def make_place(folder: Path) -> Place:
    """Writes the secrets and a crop map."""
    place, rng = Place(folder), np.random.default_rng(0)
    values = rng.integers(200, 6000, (1, 16, 16)).astype(np.uint16)
    for name in (f"{NAME}.tif", f"{NAME}.tif.ovr", "0.0"):
        write_raster(place.secret / name, values, nodata=0)
    (place.secret / "plain.txt").write_bytes(bytes(range(32, 127)) * 40)
    (place.secret / "grid.gsb").write_bytes(b"NUM_OREC" + bytes(2000))
    fields().to_file(place.secret / "parcels.gpkg", driver="GPKG")
    classes = np.tile(np.array([[1, 2]], np.uint8), (16, 8))[None]
    write_raster(place.map, classes, nodata=0)
    return place


def fields() -> geopandas.GeoDataFrame:
    """Two parcels on the map."""
    boxes = [shapely.box(500000, 5649840, 500080, 5650000), shapely.box(500080, 5649840, 500160, 5650000)]
    return geopandas.GeoDataFrame({"crop": ["class 1", "class 2"]}, geometry=boxes, crs="EPSG:32631")


def series(name: str, source: Path, *more: str, given: Sequence[Path] = ()) -> Hostile:
    """The scenes at `source`, built into one raster: each pixel is read."""
    command = ("build-series", "--series", str(source), "--mask", "none", *more)
    return Hostile(name, command, (source, *given))


def reference(name: str, source: Path, place: Place) -> Hostile:
    """`source` as what a map is compared with."""
    command = ("diagnose", "--map", str(place.map), "--reference", str(source), "--field", "crop")
    return Hostile(name, command, (source, place.map))


def area(name: str, source: Path, place: Place) -> Hostile:
    """`source` as the polygons that limit a comparison."""
    command = ("diagnose", "--map", str(place.map), "--reference", str(place.map), "--area", str(source))
    return Hostile(name, command, (source, place.map))


def allowed(case: Hostile) -> Iterator[Path]:
    """What may be opened of the place: what was given, and for a single file all that lies beside it."""
    for path in case.given:
        yield path if path.is_dir() else path.parent
