"""Rasters and numbers that lie nowhere: one sentence each, in jobs that read scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import check_degrees, upright
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits import diagnosis
from kits.rasters import write_raster

LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'


def build(folder: Path) -> None:
    run_job(BuildSeriesJob(Series((SceneSource(str(folder)),)), str(folder / "out" / "s.tif")), Silent())


@pytest.mark.parametrize("x", [float("nan"), float("inf")])
@pytest.mark.parametrize("size", [10.0, 0.0])
def test_a_grid_without_a_size_or_a_place_is_refused(x: float, size: float) -> None:
    with pytest.raises(BadInput, match=r"a\.tif has no pixel size or no place"):
        upright("a.tif", Affine(size, 0, x if size else 0, 0, -size, 0), 8, 8)


@pytest.mark.parametrize(
    ("crs", "corner", "said"),
    [
        (LOCAL, 0.0, "lies nowhere on Earth by its CRS"),
        ("EPSG:32631", 1e15, "lies nowhere on Earth by its CRS"),
        ("EPSG:3857", 1e300, "lies nowhere on Earth by its CRS"),
        ("EPSG:4326", 500_000.0, "counts degrees, and its coordinates .* are none"),
    ],
)
def test_a_scene_whose_crs_knows_no_such_place_is_refused(tmp_path: Path, crs: str, corner: float, said: str) -> None:
    values = np.full((1, 8, 8), 900, np.uint16)
    place = Affine(10, 0, corner, 0, -10, 5_600_000)
    write_raster(tmp_path / "S2_20240516.tif", values, names=["B04"], crs=crs, transform=place)
    with pytest.raises(BadInput, match=said):
        build(tmp_path)


def test_degrees_that_count_on_beyond_180_are_a_place() -> None:
    check_degrees("a.tif", CRS.from_epsg(4326), Affine(1e-4, 0, 359.9, 0, -1e-4, 89))


def test_a_layer_whose_files_are_missing_is_told(tmp_path: Path) -> None:
    source = '<OGRVRTLayer name="l"><SrcDataSource>/nowhere</SrcDataSource></OGRVRTLayer>'
    (tmp_path / "l.vrt").write_text(f"<OGRVRTDataSource>{source}</OGRVRTDataSource>")
    map_path = write_raster(tmp_path / "map.tif", np.ones((1, 8, 8), np.uint8), nodata=0)
    with pytest.raises(LabelsUnusable, match="choose a file of polygons"):
        run_job(diagnosis.job(tmp_path, map_path, tmp_path / "l.vrt", class_field="crop"), Silent())


def test_numbers_that_are_none_are_refused() -> None:
    series = Series((SceneSource("a.tif"),))
    with pytest.raises(BadInput, match="numbers of at least 0"):
        BuildSeriesJob(series, "s.tif", resolution=float("nan"))
    with pytest.raises(BadInput, match="A period of 99999999999 days"):
        CompositeJob(series, "out", period="days", days=99_999_999_999)


def test_band_names_that_are_no_text_are_told(tmp_path: Path) -> None:
    """As a program wrote them that knows its own encoding only."""
    path = write_raster(tmp_path / "S2_20240516.tif", np.full((1, 8, 8), 900, np.uint16), names=["B04 Gr*n"])
    path.write_bytes(path.read_bytes().replace(b"Gr*n", b"Gr\xfcn"))
    with pytest.raises(BadInput, match=r"band descriptions or units of .* are not UTF-8"):
        build(tmp_path)
