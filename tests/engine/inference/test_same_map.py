"""However a season is given, its map is the same to the pixel: layers, folders, STAC, VRT, cubes, a bare stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource
from kits.classification import classify_job, read
from kits.cubes import Variable, write_netcdf, write_zarr
from kits.models import write_model
from kits.rasters import BANDS, write_raster
from kits.simulation import DATES, small

SINCE = "days since 1990-01-01"
NAMES = (*BANDS, "SCL")
NUMBERS = [(np.datetime64(day) - np.datetime64("1990-01-01")).astype(int) for day in DATES]
Cube = Mapping[str, NDArray[np.int16]]  # (T, H, W) by band
Given = tuple[tuple[SceneSource, ...], tuple[DateEntry, ...]]


@dataclass(frozen=True)
class Season:
    """A simulated season with clouds, on one grid, and a model for it."""

    cube: Cube
    model: str


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    place = tmp_path_factory.mktemp("season")
    small(place / "s2", dates=DATES, cloud_share=0.4, width=80, height=70)
    fine = {day: read(place / "s2" / f"S2_10m_{day.replace('-', '')}.tif") for day in DATES}
    coarse = {day: read(place / "s2" / f"S2_20m_{day.replace('-', '')}.tif") for day in DATES}
    coarse = {day: values.repeat(2, axis=1).repeat(2, axis=2)[:, :70, :80] for day, values in coarse.items()}
    planes = {"B02": (fine, 0), "B03": (fine, 1), "B04": (fine, 2)}
    planes |= {"B8A": (coarse, 3), "B11": (coarse, 4), "B12": (coarse, 5), "SCL": (coarse, 6)}
    cube = {band: np.stack([of[day][i] for day in DATES]).astype(np.int16) for band, (of, i) in planes.items()}
    write_model(place / "model")
    return Season(cube, str(place / "model"))


def scenes_of(cube: Cube, folder: Path) -> list[Path]:
    """A GeoTIFF a date."""
    stacks = [np.stack([cube[band][t] for band in NAMES]) for t in range(len(DATES))]
    told = {"names": NAMES, "nodata": 0, "scale": 1e-4}
    return [write_raster(folder / f"S2_{day}.tif", stack, **told) for day, stack in zip(DATES, stacks, strict=True)]


def bands_of(cube: Cube, folder: Path) -> list[Path]:
    """A folder a date, a GeoTIFF a band."""
    return [
        write_raster(folder / day / "R10m" / f"{band}.tif", cube[band][t : t + 1], nodata=0, scale=1e-4)
        for t, day in enumerate(DATES)
        for band in NAMES
    ]


def folder_of_scenes(cube: Cube, place: Path) -> Given:
    scenes_of(cube, place)
    return (SceneSource(str(place)),), ()


def layers(cube: Cube, place: Path) -> Given:
    """As QGIS hands them on, in any order, with the dates of their temporal properties."""
    paths = [path.rename(path.with_stem(f"layer_{i}")) for i, path in enumerate(scenes_of(cube, place))]
    return tuple(SceneSource(str(p), p.stem, (day,)) for p, day in zip(paths, DATES, strict=True))[::-1], ()


def folder_of_days(cube: Cube, place: Path) -> Given:
    bands_of(cube, place)
    return (SceneSource(str(place)),), ()


def stac(cube: Cube, place: Path) -> Given:
    bands_of(cube, place / "data")
    items = [
        {
            "type": "Feature", "stac_version": "1.0.0", "id": f"item {t}", "geometry": None, "links": [],
            "properties": {"datetime": f"{day}T10:50:31Z"},
            "assets": {b: {"href": f"./data/{day}/R10m/{b}.tif", "type": "image/tiff"} for b in NAMES},
        }
        for t, day in enumerate(DATES)
    ]  # fmt: skip
    (place / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    return (SceneSource(str(place / "items.json")),), ()


def vrt(cube: Cube, place: Path) -> Given:
    """The bands of all dates in one, named as Earth Engine names them."""
    height, width = cube["B02"].shape[1:]
    root = ET.Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    ET.SubElement(root, "SRS").text = "EPSG:32631"
    ET.SubElement(root, "GeoTransform").text = "500000, 10, 0, 5650000, 0, -10"
    for number, path in enumerate(bands_of(cube, place / "data")):
        day = DATES[number // len(NAMES)].replace("-", "")
        band = ET.SubElement(root, "VRTRasterBand", dataType="Int16", band=str(number + 1))
        ET.SubElement(band, "Description").text = f"{day}T105031_{day}T105033_T31UFS_{path.stem}"
        ET.SubElement(band, "NoDataValue").text = "0"
        ET.SubElement(band, "Scale").text = "0.0001"
        source = ET.SubElement(band, "SimpleSource")
        ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = str(path.relative_to(place))
        ET.SubElement(source, "SourceBand").text = "1"
    ET.ElementTree(root).write(place / "season.vrt")
    return (SceneSource(str(place / "season.vrt")),), ()


def variables(cube: Cube) -> dict[str, Variable]:
    told = {"scale_factor": np.float64(1e-4), "_FillValue": np.int16(0)}
    return {band: Variable(values, {} if band == "SCL" else told) for band, values in cube.items()}


def netcdf(cube: Cube, place: Path) -> Given:
    return (SceneSource(str(write_netcdf(place / "openEO.nc", variables(cube), NUMBERS, SINCE))),), ()


def zarr(cube: Cube, place: Path) -> Given:
    return (SceneSource(str(write_zarr(place / "cube.zarr", variables(cube), NUMBERS, SINCE))),), ()


def bare_stack(cube: Cube, place: Path) -> Given:
    """A stack without names, dates and CRS, told by a table with a wildcard."""
    stack = np.stack([cube[band][t] for t in range(len(DATES)) for band in NAMES])
    path = write_raster(place / "chip_012_345_merged.tif", stack, nodata=0, scale=1e-4, crs=None)
    rows = [
        DateEntry("chip_*", day, 7 * t + i + 1, band) for t, day in enumerate(DATES) for i, band in enumerate(NAMES)
    ]
    return (SceneSource(str(path)),), (*rows, DateEntry("*", "", crs="EPSG:32631"))


WAYS = (layers, folder_of_days, stac, vrt, netcdf, zarr, bare_stack)


def maps(season: Season, way: Callable[[Cube, Path], Given], place: Path) -> list[NDArray[np.generic]]:
    scenes, rows = way(season.cube, place / "in")
    written = {name: str(place / f"{name}.tif") for name in ("class_map", "confidence", "probabilities", "valid_dates")}
    classify(classify_job(scenes, season.model, dates=rows, **written), Silent())
    return [read(path) for path in written.values()]


@pytest.fixture(scope="module")
def expected(season: Season, tmp_path_factory: pytest.TempPathFactory) -> list[NDArray[np.generic]]:
    found = maps(season, folder_of_scenes, tmp_path_factory.mktemp("expected"))
    assert len(np.unique(found[0])) > 2  # classes, and no data where it is clouded
    return found


@pytest.mark.parametrize("way", WAYS)
def test_the_map_is_the_same_to_the_pixel(
    season: Season, expected: list[NDArray[np.generic]], way: Callable[[Cube, Path], Given], tmp_path: Path
) -> None:
    for ours, theirs in zip(maps(season, way, tmp_path), expected, strict=True):
        assert np.array_equal(ours, theirs)
