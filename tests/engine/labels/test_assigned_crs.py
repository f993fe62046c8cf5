"""A CRS that the user gave a layer in QGIS: files without one, or with a wrong one, are read as if it were theirs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.crop_gain.features import opened
from crop_classifier_plugin.engine.labels.labelled_pixels import opened_labels
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.training.supervised.job import gather
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.shared.errors import BadInput, CrsMissing
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.diagnosis import noisy, run, write, write_map
from kits.diagnosis import season as truth_and_map
from kits.fusion import crop_gain
from kits.rasters import write_raster
from kits.training.two_series import SIDE, job_of, write_place


@pytest.fixture(scope="module")
def gain_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crop_gain.write_place(tmp_path_factory.mktemp("gain"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("two"))


pytestmark = pytest.mark.filterwarnings("ignore:'crs' was not provided")
REAL = "EPSG:32631"
OWN = pytest.mark.parametrize("own", [None, "EPSG:32633"], ids=["no CRS", "a wrong CRS"])
KIND = pytest.mark.parametrize("kind", ["polygons", "raster"])
TOLD = pytest.mark.parametrize("told", [REAL, CRS.from_string(REAL).to_wkt()], ids=["id", "WKT"])


def disguised(labels: Path, own: str | None, folder: Path) -> str:
    """A copy of the polygons or the raster, whose file says `own`."""
    if labels.suffix == ".tif":
        copy = shutil.copy(labels, folder / f"{labels.stem}_told.tif")
        with rasterio.open(copy, "r+") as file:
            file.crs = own or CRS()
        return copy
    frame = gpd.read_file(labels)
    frame.set_crs(own, allow_override=True).to_file(folder / "told.shp")
    return str(folder / "told.shp")


@OWN
@TOLD
def test_polygons_lie_where_the_user_says(place: Path, tmp_path: Path, own: str | None, told: str) -> None:
    path, utm = place / "parcels.gpkg", CRS.from_string(REAL)
    bounds = (500_000.0, 5_640_000.0, 500_300.0, 5_660_000.0)
    for target, box in ((utm, bounds), (CRS.from_epsg(4326), None)):
        real = read_labelled_shapes(str(path), "", "crop", target, box)
        read = read_labelled_shapes(disguised(path, own, tmp_path), "", "crop", target, box, told)
        assert len(real) == len(read)
        assert sorted(real["label"]) == sorted(read["label"])
        np.testing.assert_allclose(read.total_bounds, real.total_bounds, atol=1e-6)


@OWN
@KIND
def test_labels_of_a_training_lie_where_the_user_says(
    place: Path,
    tmp_path: Path,
    own: str | None,
    kind: str,
) -> None:
    labels = place / "parcels.gpkg"
    if kind == "raster":
        codes = np.random.default_rng(0).integers(1, 3, (1, SIDE, SIDE)).astype(np.uint8)
        labels = write_raster(tmp_path / "truth.tif", codes, nodata=0)
    field, seen = "" if kind == "raster" else "crop", []
    for path, told in ((str(labels), ""), (disguised(labels, own, tmp_path), REAL)):
        facts = {"labels": path, "labels_crs": told, "class_field": field, "min_dates": 1}
        asked = job_of(place, tmp_path, network="unet_3d", settings=(), **facts)
        job, legend = resolve_job(replace(asked, validation_series=asked.data), Silent())
        folder = tmp_path / f"told {bool(told)}"
        folder.mkdir()
        material = gather(job, legend, folder, Silent(), 32)
        seen.append([array for s in (*material.train, *material.checks) for array in (s.target, s.part)])
    assert any((array > 0).any() for array in seen[0])
    assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))


@OWN
def test_a_diagnosis_is_the_same_and_its_layers_lie_where_the_user_says(tmp_path: Path, own: str | None) -> None:
    truth, crop_map = truth_and_map((60, 80))
    real = write_map(tmp_path / "map.tif", crop_map), write(tmp_path / "truth.tif", noisy(truth, (1, 2)))
    (tmp_path / "own").mkdir()
    expected = run(tmp_path / "own", *real)[1]["matrix"]
    moved = [disguised(Path(path), own, tmp_path) for path in real]
    if own is None:
        with pytest.raises(CrsMissing, match="assign one to the layer"):
            run(tmp_path, *moved)
    result, document = run(tmp_path, *moved, map_crs=REAL, reference_crs=REAL)
    assert document["matrix"] == expected
    for path in (*result["class_layers"], result["agreement"]):
        with rasterio.open(path) as layer:
            assert layer.crs == CRS.from_string(REAL)
    beside = run(tmp_path, real[0], moved[1], reference_crs=REAL)[1]
    assert beside["matrix"] == expected


@OWN
@KIND
def test_labels_of_a_crop_gain_lie_where_the_user_says(
    gain_place: Path,
    tmp_path: Path,
    own: str | None,
    kind: str,
) -> None:
    labels, field = (gain_place / "truth.tif", "") if kind == "raster" else (gain_place / "fields.gpkg", "crop")
    seen = []
    for path, told in ((str(labels), ""), (disguised(labels, own, tmp_path), REAL)):
        source = LabelSource(path, class_field=field, crs=told)
        asked = crop_gain.job(gain_place, tmp_path, labels=source, split="block")
        with (
            opened(asked, Silent()) as images,
            opened_labels(asked.labels, asked.split, images.grid, "x", tmp_path, Silent()) as found,
        ):
            codes, _ = found.read(Window(0, 0, images.grid.height, images.grid.width))
            seen.append(np.array([*found.classes, ""])[codes])
    np.testing.assert_array_equal(*seen)


@KIND
def test_a_crs_that_nobody_knows_is_told(place: Path, tmp_path: Path, kind: str) -> None:
    labels, field = place / "parcels.gpkg", "crop"
    if kind == "raster":
        labels, field = write_raster(tmp_path / "truth.tif", np.ones((1, SIDE, SIDE), np.uint8)), ""
    with pytest.raises(BadInput, match=rf"The CRS 'EPSG:1' of {labels} is unknown"):
        resolve_job(job_of(place, tmp_path, labels=str(labels), class_field=field, labels_crs="EPSG:1"), Silent())
