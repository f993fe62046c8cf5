"""From a map to a sample, from answers to hectares: the whole way, against the map's own truth."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.accuracy.areas.area_estimate import area_estimate
from crop_classifier_plugin.engine.accuracy.areas.drawing import draw
from crop_classifier_plugin.engine.accuracy.areas.sample_design import sample_design
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.pixel_area import PixelAreas, hectares, hectares_of_shapes
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.accuracy import AreaEstimateJob, DeclaredParcels, SampleDesignJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.review_table import FIELDS
from kits.diagnosis import LEGEND, grid_of, season, write_map

CODES = np.array(LEGEND.codes)


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Truth and map of it, as arrays, and the map's path."""
    truth, mapped = season((300, 280))
    truth = np.where(mapped == 0, 0, np.where(truth == 0, 1, truth))
    return truth, mapped, write_map(tmp_path_factory.mktemp("maps") / "map.tif", mapped)


def drawn(tmp_path, path, **options):
    out = tmp_path / "sample.gpkg"
    sample_design(SampleDesignJob(path, str(out), **options), Silent())
    return geopandas.read_file(out, layer="review")


def answer(frame, truth, path):
    """Every point looked at: the truth's name where the map errs."""
    with rasterio.open(path) as file:
        rows, cols = rasterio.transform.rowcol(file.transform, frame.geometry.x, frame.geometry.y)
    codes = truth[rows, cols]
    names = dict(zip(LEGEND.codes, LEGEND.names))
    right = codes == frame["map_class"]
    frame = frame.assign(status=np.where(right, "accepted", "relabelled"))
    frame["review_name"] = [None if ok else names[code] for ok, code in zip(right, codes)]
    return frame


def estimate(tmp_path, sample, field="", reporter=None, **options):
    out = [str(tmp_path / f"areas.{end}") for end in ("html", "json", "csv")]
    area_estimate(AreaEstimateJob(LabelSource(str(sample), class_field=field), *out, **options), reporter or Silent())
    return json.loads((tmp_path / "areas.json").read_text(encoding="utf-8"))


def test_a_sample_has_what_was_asked_for_of_each_class_and_lies_on_it(tmp_path, maps) -> None:
    _, mapped, path = maps
    frame = drawn(tmp_path, path, size=200, least=30, allocation="equal")
    with rasterio.open(path) as file:
        rows, cols = rasterio.transform.rowcol(file.transform, frame.geometry.x, frame.geometry.y)
    assert list(frame.columns[:-1]) == list(FIELDS)
    assert (mapped[rows, cols] == frame["map_class"]).all()
    assert len(set(zip(rows, cols))) == len(frame) == 200
    assert frame["uid"].is_unique
    counts = frame.groupby("map_class").size()
    pixels = np.array([(mapped == code).sum() for code in counts.index])
    share = frame.groupby("map_class")["inclusion_prob"].first().to_numpy()
    assert counts.max() - counts.min() <= 1
    assert share == pytest.approx(counts.to_numpy() / pixels)
    assert frame["area_ha"].to_numpy() == pytest.approx(0.01, rel=2e-3)


def test_the_same_seed_draws_the_same_points_and_another_others(tmp_path, maps) -> None:
    one, two, other = (set(drawn(tmp_path, maps[2], size=120, seed=s)["uid"]) for s in (1, 1, 2))
    assert one == two != other


class _OneClass:
    """A map of one class."""

    grid = grid_of(np.ones((40, 40)))

    def read(self, window: Window):
        return np.zeros((window.height, window.width), np.int32)


def test_every_pixel_is_as_likely_as_any_other_of_its_class() -> None:
    """Chi-square over 400 draws of 12 of 40 x 40 px, by row."""
    hits = np.zeros(40)
    for seed in range(400):
        points = draw(_OneClass(), np.array([1600]), np.array([12]), seed, Silent())
        hits += np.bincount(points.rows, minlength=40)
    expected = hits.sum() / 40
    assert ((hits - expected) ** 2 / expected).sum() < 72.1  # 0.1 % of chi-square with 39 degrees of freedom


def test_estimates_of_a_fully_answered_sample_hold_the_truth(tmp_path, maps) -> None:
    truth, mapped, path = maps
    answered = answer(drawn(tmp_path, path, size=900), truth, path)
    answered.to_file(tmp_path / "sample.gpkg", layer="review")
    told = estimate(tmp_path, tmp_path / "sample.gpkg")
    pixel = hectares(grid_of(truth)) / truth.size
    for row in told["classes"]:
        true = ((truth == row["code"]) & (mapped != 0)).sum() * pixel
        assert abs(row["area_ha"]["value"] - true) <= 1.6 * row["area_ha"]["half_width"]
    assert told["hectares"] == pytest.approx((mapped != 0).sum() * pixel, rel=1e-6)


def test_a_sample_alone_and_with_its_map_say_the_same(tmp_path, maps) -> None:
    truth, _, path = maps
    answer(drawn(tmp_path, path, size=300), truth, path).to_file(tmp_path / "sample.gpkg", layer="review")
    alone = estimate(tmp_path, tmp_path / "sample.gpkg")
    with_map = estimate(tmp_path, tmp_path / "sample.gpkg", class_map=path)
    field = estimate(tmp_path, tmp_path / "sample.gpkg", field="map_name", class_map=path)
    assert alone["overall"] == pytest.approx(with_map["overall"])
    assert {r["name"]: r["area_ha"]["value"] for r in alone["classes"]} == pytest.approx(
        {r["name"]: r["area_ha"]["value"] for r in with_map["classes"]}
    )
    assert field["overall"]["value"] == 1
    counted = {r["name"]: r["counted_ha"] for r in with_map["classes"]}
    assert sum(counted.values()) == pytest.approx(with_map["hectares"])


def test_parcels_are_units_too_and_their_hectares_are_estimated(tmp_path, maps) -> None:
    truth, _, path = maps
    truth = np.where(truth == 0, 1, truth)
    rows, cols = np.indices((14, 13)).reshape(2, -1)
    x, y = 600000 + 200 * cols, 5600000 - 200 * rows
    shapes = shapely.box(x + 20, y - 180, x + 180, y - 20)
    geopandas.GeoDataFrame({"nr": rows * 13 + cols}, geometry=shapes, crs=32631).to_file(tmp_path / "parcels.gpkg")
    parcels = DeclaredParcels(str(tmp_path / "parcels.gpkg"), id_field="nr")
    frame = drawn(tmp_path, path, size=90, least=10, parcels=parcels)
    assert len(frame) == 90
    assert frame["uid"].is_unique
    assert set(frame["unit"]) == {"parcel"}
    codes = [truth[20 * (nr // 13) + 10, 20 * (nr % 13) + 10] for nr in frame["uid"].astype(int)]
    names = dict(zip(LEGEND.codes, LEGEND.names))
    frame = frame.assign(status="relabelled", review_name=[names[code] for code in codes])
    frame.to_file(tmp_path / "sample.gpkg", layer="review")
    told = estimate(tmp_path, tmp_path / "sample.gpkg")
    every = truth[20 * rows + 10, 20 * cols + 10]
    assert told["hectares"] == pytest.approx(len(shapes) * 2.56, rel=0.02)
    for row in told["classes"]:
        assert abs(row["area_ha"]["value"] - (every == row["code"]).sum() * 2.56) <= 2 * row["area_ha"]["half_width"]


def test_open_units_another_map_and_empty_strata_are_told(tmp_path, maps) -> None:
    truth, mapped, path = maps
    frame = answer(drawn(tmp_path, path, size=300), truth, path)
    frame.loc[frame["map_class"] == 4, "status"] = "open"
    frame.to_file(tmp_path / "sample.gpkg", layer="review")
    other = write_map(tmp_path / "other.tif", np.where(mapped == 2, 1, mapped))
    reporter = Silent()
    told = estimate(tmp_path, tmp_path / "sample.gpkg", class_map=other, reporter=reporter)
    words = " ".join(told["notes"])
    assert "have no answer yet" in words
    assert "another map" in words
    assert "No unit was answered in the strata Sugar" in words
    assert all(("warning", note) in reporter.lines for note in told["notes"])
    assert told["hectares"] == pytest.approx(np.isin(mapped, (1, 2)).sum() * 0.01, rel=2e-3)


def test_what_cannot_be_estimated_is_refused_in_a_sentence(tmp_path, maps) -> None:
    _, _, path = maps
    frame = drawn(tmp_path, path, size=200)
    with pytest.raises(LabelsUnusable, match="look at them first"):
        estimate(tmp_path, tmp_path / "sample.gpkg")
    frame[["geometry", "map_name"]].to_file(tmp_path / "plain.gpkg")
    with pytest.raises(LabelsUnusable, match="does not tell its strata"):
        estimate(tmp_path, tmp_path / "plain.gpkg", field="map_name")
    with pytest.raises(LabelsUnusable, match="no field 'crop'"):
        estimate(tmp_path, tmp_path / "plain.gpkg", field="crop")
    with pytest.raises(LabelsUnusable, match="no review table"):
        estimate(tmp_path, tmp_path / "plain.gpkg")
    with pytest.raises(BadInput, match="no class 'rice'"):
        drawn(tmp_path, path, accuracies=(("rice", "0.5"),))
    with pytest.raises(BadInput, match="between 0 and 1"):
        drawn(tmp_path, path, accuracies=(("Maize", "80 %"),))


@pytest.mark.parametrize("epsg", [32631, 3857, 4326, 3035])
def test_hectares_are_of_the_ellipsoid_in_any_projection(epsg: int) -> None:
    """The zone between two parallels has a closed form (Snyder 1987, equation 3-12)."""
    a, e2 = 6378137.0, 0.0066943799901413165
    e = np.sqrt(e2)

    def q(latitude):
        s = np.sin(np.radians(latitude))
        return (1 - e2) * (s / (1 - e2 * s * s) - np.log((1 - e * s) / (1 + e * s)) / (2 * e))

    box = (3.0, 50.6, 3.1, 50.65)
    true = a * a * np.radians(0.1) * (q(box[3]) - q(box[1])) / 2 / 1e4
    degrees = Grid(CRS.from_epsg(4326), Affine(0.0005, 0, box[0], 0, -0.0005, box[3]), 100, 200)
    assert hectares(degrees) == pytest.approx(true, rel=1e-6)
    moved = geopandas.GeoSeries.from_xy(*np.array([(3.0, 50.6), (3.1, 50.6), (3.1, 50.65), (3.0, 50.65)]).T, crs=4326)
    x, y = (getattr(moved.to_crs(epsg), axis).mean() for axis in "xy")
    size = 0.001 if epsg == 4326 else 100.0
    crs = CRS.from_epsg(epsg)
    small = Grid(crs, Affine(size / 100, 0, x, 0, -size / 100, y), 100, 100)
    shape = geopandas.GeoSeries.from_wkt(
        [f"POLYGON(({x} {y},{x + size} {y},{x + size} {y - size},{x} {y - size},{x} {y}))"], crs=epsg
    ).to_numpy()
    assert hectares(small) == pytest.approx(hectares_of_shapes(shape, crs.to_wkt())[0], rel=1e-5)
    assert PixelAreas(small).of(Window(10, 10, 50, 50)) == pytest.approx(hectares(small) / 10_000, rel=1e-4)
