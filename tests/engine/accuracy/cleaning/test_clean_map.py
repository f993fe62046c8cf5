"""A map cleaned from file to file: equal to its filter on the whole map, masked, with books of what changed."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.cleaning import clean_map as room
from crop_classifier_plugin.engine.accuracy.cleaning.filters import Bayes, Majority, Sieve
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.accuracy import DeclaredParcels, MapRasters
from crop_classifier_plugin.shared.jobs.clean_map import Cleaning, CleanMapJob, FieldMask
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.diagnosis import LEGEND, grid_of, read, season, write, write_map

CODES = np.array([*LEGEND.codes, 0])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    truth, mapped = season((150, 170))
    path = write_map(folder / "map.tif", mapped)
    reference = write(folder / "truth.tif", truth)
    raw = np.random.default_rng(2).gamma(0.8, size=(4, *mapped.shape)) + 1e-3
    codes = CODES[:4, None, None]
    raw = np.where(codes == mapped, raw.max(axis=0) + 0.1, raw)
    chances = raw / raw.sum(axis=0)
    names = tuple(f"{c.code} {c.name}" for c in LEGEND)
    with RasterWriter(str(folder / "p.tif"), grid_of(mapped), RasterSpec("uint16", 65535, names, scale=1e-4)) as writer:
        stored = np.where(mapped == 0, 65535, np.rint(1e4 * chances)).astype(np.uint16)
        writer.write(stored, Window(0, 0, *mapped.shape))
    return folder, path, truth, mapped, reference, stored


def run(tmp_path, place, reporter=None, **options):
    folder, path, *_, reference, _ = place
    options = {"reference": LabelSource(reference)} | options
    maps = MapRasters(path, str(folder / "p.tif"))
    reports = {f"report_{end}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    room.clean_map(CleanMapJob(maps, str(tmp_path / "c.tif"), **reports | options), reporter or Silent())
    return read(tmp_path / "c.tif"), json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))


def positions(mapped):
    return np.where(mapped == 0, -1, np.searchsorted(LEGEND.codes, mapped)).astype(np.int32)


@pytest.mark.parametrize(
    ("cleaning", "filter_"),
    [
        (Cleaning("sieve", least_hectares=0.08), Sieve(8)),
        (Cleaning("majority", size=5), Majority(5)),
        (Cleaning("bayes", size=7, smoothness=4.0), Bayes(7, 4.0)),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_by_windows_it_is_the_filter_on_the_whole_map(tmp_path, place, monkeypatch, cleaning, filter_) -> None:
    monkeypatch.setattr(room, "_BLOCK", 40)
    *_, mapped, _, stored = place
    found, document = run(tmp_path, place, cleaning=cleaning)
    chances = np.where(stored == 65535, np.nan, stored.astype(np.float32) * np.float32(1e-4))
    expected = CODES[filter_(positions(mapped), chances)]
    assert (found == expected).all()
    assert document["changed"] == (found != mapped).sum()
    assert document["after"]["oa"] > document["before"]["oa"]


def test_accuracy_before_and_after_is_scikit_learns(tmp_path, place) -> None:
    _, _, truth, mapped, *_ = place
    found, document = run(tmp_path, place, cleaning=Cleaning("majority", size=3))
    for values, told in ((mapped, document["before"]), (found, document["after"])):
        both = (values != 0) & (truth != 0)
        assert told["oa"] == pytest.approx(metrics.accuracy_score(truth[both], values[both]))
        assert told["kappa"] == pytest.approx(metrics.cohen_kappa_score(truth[both], values[both]))
    assert sum(row["after_ha"] for row in document["classes"]) == pytest.approx((found != 0).sum() * 0.01, rel=2e-3)


def test_each_parcel_takes_its_commonest_class_and_the_rest_is_no_field(tmp_path, place) -> None:
    folder, _, _, mapped, *_ = place
    rows, cols = np.indices((5, 5)).reshape(2, -1)
    x, y = 600000 + 300 * cols, 5600000 - 300 * rows
    geopandas.GeoDataFrame(geometry=shapely.box(x, y - 200, x + 200, y), crs=32631).to_file(folder / "parcels.gpkg")
    parcels = DeclaredParcels(str(folder / "parcels.gpkg"))
    found, document = run(
        tmp_path, place, cleaning=Cleaning("parcels"), parcels=parcels, field_mask=FieldMask(only_parcels=True)
    )
    inside = np.zeros(mapped.shape, bool)
    for row, col in zip(rows, cols):
        part = (slice(30 * row, 30 * row + 20), slice(30 * col, 30 * col + 20))
        inside[part] = True
        votes = np.bincount(mapped[part].ravel(), minlength=8)[1:]
        known = mapped[part] != 0
        assert (found[part][~known] == 0).all()
        assert votes[found[part][known] - 1].min() == votes.max()
    assert (found[~inside] == 0).all()
    assert document["emptied"] == ((mapped != 0) & ~inside).sum()


def test_land_that_is_no_field_is_taken_away(tmp_path, place) -> None:
    _, _, _, mapped, *_ = place
    cover = np.where(np.indices(mapped.shape)[1] < 60, 5, 9).astype(np.uint8)
    path = write(tmp_path / "cover.tif", cover)
    found, _ = run(tmp_path, place, cleaning=Cleaning("none"), field_mask=FieldMask(land_cover=path, not_fields=("5",)))
    assert (found[:, :60] == 0).all()
    assert (found[:, 60:] == mapped[:, 60:]).all()
    with pytest.raises(BadInput, match="has no class town"):
        run(
            tmp_path / "x",
            place,
            cleaning=Cleaning("none"),
            field_mask=FieldMask(land_cover=path, not_fields=("town",)),
        )
    assert not (tmp_path / "x").exists()


def test_cleaning_that_makes_the_map_worse_is_said(tmp_path, place) -> None:
    *_, mapped, _, _ = place
    reporter = Silent()
    itself = write(tmp_path / "itself.tif", mapped)
    run(tmp_path, place, reporter, cleaning=Cleaning("majority", size=9), reference=LabelSource(itself))
    assert any(level == "warning" and "made it worse" in text for level, text in reporter.lines)
    run(tmp_path, place, reporter, cleaning=Cleaning("majority"), reference=None)
    assert "Give a reference" in reporter.lines[-1][1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cleaning": Cleaning("parcels")}, "Parcels are needed"),
        ({"field_mask": FieldMask(only_parcels=True)}, "Parcels are needed"),
        ({"cleaning": Cleaning("sieve", least_hectares=5000.0)}, "ha or less"),
    ],
)
def test_what_is_missing_or_too_much_is_refused(tmp_path, place, options, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        run(tmp_path, place, **options)


def test_settings_that_cannot_be_meant_are_refused() -> None:
    for wrong in ({"method": "magic"}, {"size": 4}, {"least_hectares": 0.0}, {"smoothness": -1.0}):
        with pytest.raises(BadInput):
            Cleaning(**wrong)
    with pytest.raises(BadInput, match="go together"):
        FieldMask(land_cover="x.tif")
    with pytest.raises(BadInput, match="probabilities are needed"):
        CleanMapJob(MapRasters("m.tif"), "c.tif", Cleaning("bayes"))


def test_the_cleaned_map_keeps_the_legend(tmp_path, place) -> None:
    run(tmp_path, place)
    with rasterio.open(tmp_path / "c.tif") as file:
        assert "Never seen" in file.tags()["CROP_CLASSIFIER_LEGEND"]
