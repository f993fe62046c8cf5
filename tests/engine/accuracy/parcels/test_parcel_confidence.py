"""Parcels have the confidence that the class probabilities carry for them; the mean of the pixels stays beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from scipy.special import expit, logit

from crop_classifier_plugin.engine.accuracy.calibration.reliability import Reliability
from crop_classifier_plugin.engine.accuracy.parcels.parcel_summary import parcel_summary
from crop_classifier_plugin.engine.accuracy.review.review_list import review_list
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.provenance import PARCEL_TAG
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.cards.calibration import ParcelCalibration
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.accuracy import DeclaredParcels, MapRasters, ParcelSummaryJob
from crop_classifier_plugin.shared.jobs.review import ReviewListJob
from kits.diagnosis import LEGEND, grid_of, write_map

SIDE = 5  # px of a parcel
FITTED = ParcelCalibration(-0.5, 1.4, 0.06, 0.02, 90)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 x 8 parcels of one class each, mapped more or less surely, a fifth of them wrongly."""
    folder, rng = tmp_path_factory.mktemp("confidence"), np.random.default_rng(1)
    codes = np.array(LEGEND.codes)
    mapped = rng.choice(codes, (8, 8))
    sure = rng.uniform(0.45, 0.95, (8, 8))
    declared = np.where(rng.random((8, 8)) < 0.8, mapped, rng.choice(codes, (8, 8)))
    whole, shares = (np.kron(each, np.ones((SIDE, SIDE))) for each in (mapped, sure))
    write_map(folder / "map.tif", whole.astype(np.uint8))
    chances = np.where(codes[:, None, None] == whole, shares, (1 - shares) / (len(codes) - 1))
    names = tuple(f"{crop.code} {crop.name}" for crop in LEGEND)
    for name, tags in (("plain.tif", {}), ("calibrated.tif", {PARCEL_TAG: json.dumps(FITTED.to_dict())})):
        spec = RasterSpec("uint16", 65535, names, tags=tags, scale=1e-4)
        with RasterWriter(str(folder / name), grid_of(whole), spec) as writer:
            writer.write(np.rint(10_000 * chances).astype(np.uint16), Window(0, 0, *whole.shape))
    rows, cols = np.indices((8, 8)).reshape(2, -1)
    x, y = 600000 + 10 * SIDE * cols, 5600000 - 10 * SIDE * rows
    crops = [{crop.code: crop.name for crop in LEGEND}[code] for code in declared.ravel()]
    frame = geopandas.GeoDataFrame({"crop": crops}, geometry=shapely.box(x, y - 10 * SIDE, x + 10 * SIDE, y), crs=32631)
    frame.to_file(folder / "parcels.gpkg")
    return folder


def summed_up(place: Path, out: Path, probabilities: str) -> tuple[geopandas.GeoDataFrame, dict[str, object], str]:
    out.mkdir()
    maps = MapRasters(str(place / "map.tif"), str(place / probabilities))
    parcels = DeclaredParcels(str(place / "parcels.gpkg"), declared_field="crop")
    reports = {f"report_{end}": str(out / f"r.{end}") for end in ("html", "json", "csv")}
    parcel_summary(ParcelSummaryJob(maps, parcels, str(out / "out.gpkg"), **reports), Silent())
    page = (out / "r.html").read_text(encoding="utf-8")
    return geopandas.read_file(out / "out.gpkg"), json.loads((out / "r.json").read_text(encoding="utf-8")), page


def test_a_parcels_chance_is_the_cards_and_the_mean_stays_beside_it(place: Path, tmp_path: Path) -> None:
    plain, before, _ = summed_up(place, tmp_path / "plain", "plain.tif")
    table, after, page = summed_up(place, tmp_path / "calibrated", "calibrated.tif")
    assert plain["map_prob"].to_numpy() == pytest.approx(plain["mean_prob"].to_numpy())
    assert table["mean_prob"].to_numpy() == pytest.approx(plain["mean_prob"].to_numpy())
    assert table["map_prob"].to_numpy() == pytest.approx(expit(-0.5 + 1.4 * logit(plain["mean_prob"].to_numpy())))
    for name in ("margin", "entropy", "second_prob", "map_name"):
        assert (table[name] == plain[name]).all()
    right = (table["agreement"] == "yes").to_numpy()
    errors = [Reliability.count(table[name].to_numpy(), right).error for name in ("map_prob", "mean_prob")]
    told = after["calibration"]
    assert [told["expected_error"], told["expected_error_of_mean"]] == pytest.approx(errors)
    assert (before["calibration"]["own"], told["own"]) == (False, True)
    assert sum(row["pixels"] for row in told["bins"]) == len(table)
    assert f'id="calibration_error">{errors[0]:.3f}<' in page


def test_a_review_list_doubts_by_it_and_keeps_its_order(place: Path, tmp_path: Path) -> None:
    found = []
    for name in ("plain.tif", "calibrated.tif"):
        maps = MapRasters(str(place / "map.tif"), str(place / name))
        parcels = DeclaredParcels(str(place / "parcels.gpkg"))
        job = ReviewListJob(maps, str(tmp_path / f"{name}.gpkg"), parcels, gain="units")
        review_list(job, Silent())
        found.append(geopandas.read_file(job.review, layer="review"))
    assert found[0]["uid"].tolist() == found[1]["uid"].tolist()  # what is monotone moves none of them
    np.testing.assert_allclose(found[1]["priority"], 1 - found[1]["map_prob"], atol=1e-6)
    np.testing.assert_allclose(found[1]["map_prob"], expit(-0.5 + 1.4 * logit(found[0]["map_prob"])), atol=1e-6)


@pytest.mark.parametrize("told", ["no json", "[]", '{"slope": 1}', json.dumps(FITTED.to_dict() | {"slope": -1})])
def test_a_tag_that_cannot_be_meant_is_refused(place: Path, tmp_path: Path, told: str) -> None:
    shutil.copy(place / "plain.tif", tmp_path / "wrong.tif")
    with rasterio.open(tmp_path / "wrong.tif", "r+") as file:
        file.update_tags(**{PARCEL_TAG: told})
    with pytest.raises(BadInput, match=PARCEL_TAG):
        summed_up(place, tmp_path / "out", str(tmp_path / "wrong.tif"))
