"""Laws of a simulated season on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.simulate import job as season_module
from crop_classifier_plugin.engine.simulate import products
from crop_classifier_plugin.engine.simulate.clouds import sky_of
from crop_classifier_plugin.engine.simulate.crops import BANDS_10M, BANDS_20M, LEGEND
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.engine.simulate.landscape import Landscape
from crop_classifier_plugin.engine.simulate.optics import block_of, reflectance
from crop_classifier_plugin.engine.simulate.products import ndvi
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons
from kits.simulation import DATES, JOB, digests, small

COVERED = (3, 8, 9, 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("season")
    simulate(replace(JOB, folder=str(path)), Silent())
    return path


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.asarray(file.read())


def test_the_result_names_every_file(tmp_path: Path) -> None:
    result = simulate(replace(JOB, folder=str(tmp_path), width=32, height=32), Silent())
    assert [Path(str(p)).name for p in result["scenes"][:2]] == ["S2_10m_20240425.tif", "S2_20m_20240425.tif"]  # type: ignore[index]
    listed = {str(result[k]) for k in ("truth", "parcels", "season")}
    for group in ("scenes", "sentinel1", "modis"):
        listed |= set(result[group])  # type: ignore[call-overload]
    beside = {str(tmp_path / n) for n in ("truth.tif.aux.xml", "truth.qml", "season.run.json")}
    assert listed | beside == {str(p) for p in tmp_path.iterdir()}
    assert len(result["sentinel1"]) == 21  # type: ignore[arg-type]
    assert len(result["modis"]) == 16  # type: ignore[arg-type]


def test_default_dates_run_from_march_to_october(tmp_path: Path) -> None:
    result = small(tmp_path, dates=(), width=16, height=16, revisit_days=30, year=2023)
    names = [Path(p).name for p in result["scenes"]]  # type: ignore[attr-defined]
    assert names[0] == "S2_10m_20230301.tif"
    assert names[-1] == "S2_20m_20231027.tif"
    assert len(names) == 18


@pytest.mark.parametrize(("name", "bands", "pixel"), [("10m", BANDS_10M, 10), ("20m", (*BANDS_20M, "SCL"), 20)])
def test_scenes_describe_themselves(folder: Path, name: str, bands: tuple[str, ...], pixel: int) -> None:
    with rasterio.open(folder / f"S2_{name}_20240620.tif") as file:
        assert file.descriptions == bands
        assert file.scales == tuple(1.0 if b == "SCL" else 0.0001 for b in bands)
        assert (file.dtypes[0], file.nodata, file.res) == ("uint16", 0, (pixel, pixel))
        assert file.transform.c == JOB.corner[0]
        assert file.transform.f == JOB.corner[1]
        assert file.tags()["TIFFTAG_DATETIME"].startswith("2024:06:20")
        assert file.read().min() > 0  # no pixel is without data


def test_everything_is_marked_as_simulated(folder: Path) -> None:
    for path in folder.glob("*.tif"):
        with rasterio.open(path) as file:
            assert file.tags()["SIMULATED"] == "yes"
            assert file.tags()["SIMULATION_SEED"] == "3"
            assert not file.overviews(1) or path.name == "truth.tif"
    facts = json.loads((folder / "season.json").read_text())
    assert facts["simulated"] is True
    assert facts["job"]["seed"] == 3
    assert facts["sentinel2"] == list(DATES)
    info = pyogrio.read_info(folder / "parcels.gpkg", layer="parcels")
    assert info["layer_metadata"]["SIMULATED"] == "yes"


def test_truth_is_what_the_parcels_burn(folder: Path) -> None:
    with rasterio.open(folder / "truth.tif") as file:
        grid = Grid(file.crs, file.transform, file.height, file.width)
        truth = file.read(1)
        assert file.colormap(1)[3][:3] == LEGEND.find("Rapeseed").rgb  # type: ignore[union-attr]
        assert (file.nodata, file.dtypes[0]) == (0, "uint8")
    frame = read_labelled_shapes(str(folder / "parcels.gpkg"), "parcels", "crop_name", grid.crs)
    codes = [LEGEND.find(label).code for label in frame["label"]]  # type: ignore[union-attr]
    assert np.array_equal(rasterize_polygons(zip(frame.geometry, codes), grid, "uint8"), truth)


def test_parcels_know_their_crop_and_area(folder: Path) -> None:
    frame = pyogrio.read_dataframe(folder / "parcels.gpkg")
    assert list(frame.columns) == ["parcel_id", "crop_code", "crop_name", "area_ha", "geometry"]
    assert list(frame["parcel_id"]) == list(range(1, len(frame) + 1))
    assert np.allclose(frame["area_ha"], shapely.area(frame.geometry) / 1e4, atol=1e-4)
    assert {(c, n) for c, n in zip(frame["crop_code"], frame["crop_name"])} <= set(zip(LEGEND.codes, LEGEND.names))
    left, bottom, right, top = frame.total_bounds
    assert left >= JOB.corner[0]
    assert top <= JOB.corner[1]
    assert right <= JOB.corner[0] + 10 * JOB.width
    assert bottom >= JOB.corner[1] - 10 * JOB.height


def test_20_m_pixels_are_means_of_the_same_10_m_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sensor's noise and clouds."""
    monkeypatch.setattr(products, "sensor_noise", lambda values, window, stream: values)
    day = date(2024, 6, 20)
    block = block_of(Landscape(3), Window(20, 40, 60, 80), 2024)
    fine, coarse = products.scene_of(block, day, sky_of(3, day, 0.0))
    ground = reflectance(block, day, (*BANDS_10M, *BANDS_20M))
    assert np.array_equal(fine, np.rint(ground[:4] * 10000))
    assert np.abs(coarse[:6] - ground[4:].reshape(6, 30, 2, 40, 2).mean(axis=(2, 4)) * 10000).max() <= 0.501


def test_mask_tells_clouds_and_shadows(tmp_path: Path) -> None:
    """Against the same season without clouds: unmasked pixels are equal, masked ones brighter or darker."""
    cloudy, clear = tmp_path / "cloudy", tmp_path / "clear"
    for path, share in ((cloudy, 0.6), (clear, 0.0)):
        small(path, width=200, height=200, dates=tuple(f"2024-{m:02}-11" for m in range(3, 10)), cloud_share=share)
    seen = set()
    for path in cloudy.glob("S2_10m*"):
        mask = read(cloudy / path.name.replace("10m", "20m"))[6]
        mask = np.kron(mask, np.ones((2, 2), mask.dtype))
        with_clouds, without = (read(root / path.name)[2].astype(int) for root in (cloudy, clear))
        free = ~np.isin(mask, COVERED)
        assert np.array_equal(with_clouds[free], without[free])
        if (mask == 9).any():
            assert (with_clouds - without)[mask == 9].mean() > 3000
        if (mask == 3).any():
            assert (with_clouds - without)[mask == 3].mean() < 0
        seen |= set(np.unique(mask).tolist())
    assert {3, 4, 5, 8, 9} <= seen <= {3, 4, 5, 6, 8, 9, 10}


def test_radar_is_decibel_with_seven_looks(folder: Path) -> None:
    with rasterio.open(folder / "S1_20240617.tif") as file:
        assert file.descriptions == ("VV", "VH")
        assert (file.dtypes[0], file.res) == ("float32", (20, 20))
        assert np.isnan(file.nodata)
        decibel = file.read()
    assert np.isfinite(decibel).all()
    assert -20 < decibel[0].mean() < -6
    assert decibel[1].mean() < decibel[0].mean() - 4


def test_modis_is_the_area_mean_of_ndvi(folder: Path) -> None:
    with rasterio.open(folder / "MOD13Q1_20240609_NDVI.tif") as file:
        values, scale = file.read(1) * file.scales[0], file.scales[0]
        assert (file.shape, file.res, file.dtypes[0], scale) == ((7, 8), (250, 250), "int16", 0.0001)
    block = block_of(Landscape(3), Window(0, 0, 175, 200), 2024)
    fine = ndvi(block, date(2024, 6, 9))
    expected = np.array([[fine[r : r + 25, c : c + 25].mean() for c in range(0, 200, 25)] for r in range(0, 175, 25)])
    assert np.abs(values - expected).max() < 0.04
    assert np.abs((values - expected).mean()) < 0.005


def test_equal_jobs_give_equal_bytes_and_other_seeds_others(folder: Path, tmp_path: Path) -> None:
    simulate(replace(JOB, folder=str(tmp_path / "again")), Silent())
    assert digests(tmp_path / "again") == digests(folder)
    simulate(replace(JOB, folder=str(tmp_path / "other"), seed=4), Silent())
    same = set(digests(tmp_path / "other").items()) & set(digests(folder).items())
    assert {name for name, _ in same} <= {"truth.qml", "truth.tif.aux.xml"}


def test_block_size_leaves_no_trace(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(season_module, "BLOCK", 64)
    monkeypatch.setattr(season_module, "MODIS_BLOCK", 3)
    monkeypatch.setattr(season_module, "PRODUCTS_AT_ONCE", 5)
    simulate(replace(JOB, folder=str(tmp_path)), Silent())
    for path in folder.glob("*.tif"):
        assert np.array_equal(read(path), read(tmp_path / path.name), equal_nan=path.name.startswith("S1")), path.name


def test_a_larger_season_holds_the_smaller_and_fewer_dates_change_nothing(folder: Path, tmp_path: Path) -> None:
    small(tmp_path, dates=DATES[1:2], width=100, height=120)
    assert np.array_equal(read(tmp_path / "S2_10m_20240620.tif"), read(folder / "S2_10m_20240620.tif")[:, :120, :100])
    assert np.array_equal(read(tmp_path / "truth.tif"), read(folder / "truth.tif")[:, :120, :100])


def test_two_pixels_are_a_season(tmp_path: Path) -> None:
    result = small(tmp_path, width=2, height=2)
    assert read(Path(str(result["truth"]))).shape == (1, 2, 2)
