"""A model calibrated on some parcels of a season is as sure as it is right on the others; what cannot be is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from crop_classifier_plugin.engine.accuracy.calibration.reliability import Reliability
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.calibrate.job import calibrate
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster.provenance import PARCEL_TAG
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.cards.calibration import Calibration
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.calibrate import CalibrateJob
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob, ClassifyOutputs
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from kits.paths import REPOSITORY

MODEL = str(REPOSITORY / "models" / "lrtacfnet_simulated_season")
DATES = ("2024-04-25", "2024-06-20", "2024-08-15")


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes and their parcels, two fifths of which are for the calibration."""
    folder = tmp_path_factory.mktemp("season")
    job = SimulateJob(str(folder), 320, 320, seed=7, dates=DATES, cloud_share=0.0, sentinel1=False, modis=False)
    simulate(job, Silent())
    parcels = geopandas.read_file(folder / "parcels.gpkg")
    some = np.random.default_rng(0).random(len(parcels)) < 0.4
    parcels[some].to_file(folder / "some.gpkg")
    parcels[~some].to_file(folder / "others.gpkg")
    return folder


def scenes(season: Path) -> Series:
    return Series(tuple(SceneSource(str(path)) for path in sorted(season.glob("S2_*.tif"))))


def job(season: Path, out: Path, labels: str = "some.gpkg", field: str = "crop_name") -> CalibrateJob:
    source = LabelSource(str(season / labels), class_field=field)
    return CalibrateJob(MODEL, (LabelledSeries(scenes(season), source),), str(out), device="cpu")


def mapped(season: Path, model: str, folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Highest probabilities of the other parcels' pixels, whether they are right, and the probabilities' tags."""
    folder.mkdir()
    written = ClassifyOutputs(str(folder / "map.tif"), probabilities=str(folder / "chances.tif"))
    classify(ClassifyJob(scenes(season), model, written, device="cpu"), Silent())
    others = geopandas.read_file(season / "others.gpkg")
    codes = {crop.name: crop.code for crop in load_card(model).legend}
    with rasterio.open(written.probabilities) as file, rasterio.open(written.class_map) as classes:
        others = others.to_crs(file.crs)
        shapes = [(shape, codes[name]) for shape, name in zip(others.geometry, others["crop_name"])]
        truth = rasterize(shapes, file.shape, transform=file.transform, dtype="uint8")
        told, found, tags = file.read(), classes.read(1), file.tags()
        bands = {int(name.split()[0]): band for band, name in enumerate(file.descriptions)}
    known = (truth > 0) & (found > 0)
    told, sure = told[:, known], told[:, known].max(axis=0)
    own = np.array([bands[code] for code in found[known].tolist()])
    np.testing.assert_array_equal(told[own, np.arange(len(own))], sure)  # map and probabilities say one thing
    return sure / 10_000, found[known] == truth[known], tags


def test_the_others_are_as_right_as_the_map_is_sure(season: Path, tmp_path: Path) -> None:
    reporter = Silent()
    out = tmp_path / "calibrated"
    told = calibrate(job(season, out), reporter)
    before, after = (load_card(folder) for folder in (MODEL, out))
    fitted = after.weights.calibration
    assert before.weights.calibration == Calibration()
    assert replace(after.weights, calibration=Calibration()) == before.weights
    assert (after.name, after.title, after.legend) == ("calibrated", before.title, before.legend)
    assert (out / "model.onnx").read_bytes() == Path(MODEL, "model.onnx").read_bytes()
    errors = []
    for name, model in (("before", MODEL), ("after", str(out))):
        sure, right, tags = mapped(season, model, tmp_path / name)
        errors.append(Reliability.count(sure, right).error)
    assert errors[1] < 0.6 * errors[0]
    assert json.loads(tags[PARCEL_TAG])["parcels"] == told["parcels"] > 50
    assert fitted.parcels is not None
    document = json.loads((out / "calibration.json").read_text())
    assert document["error_after"] < document["error_before"]
    assert document["simulated"]
    page = (out / "calibration.html").read_text()
    assert "as sure as it is right" in page
    assert "<script" not in page
    assert "Confidence was calibrated by" in "".join(text for _, text in reporter.lines)


def test_a_model_that_is_calibrated_goes_on_from_there(season: Path, tmp_path: Path) -> None:
    calibrate(job(season, tmp_path / "first"), Silent())
    again = calibrate(replace(job(season, tmp_path / "second"), model=str(tmp_path / "first")), Silent())
    first, second = (json.loads((tmp_path / n / "calibration.json").read_text()) for n in ("first", "second"))
    assert second["error_before"] < 0.6 * first["error_before"]
    assert again["error_after"] <= again["error_before"]


def test_a_class_raster_does_as_well(season: Path, tmp_path: Path) -> None:
    told = calibrate(job(season, tmp_path / "out", "truth.tif", field=""), Silent())
    assert told["error_after"] < told["error_before"]
    assert told["parcels"] > 100


def test_what_cannot_be_is_refused_and_nothing_is_left(season: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="would overwrite"):
        calibrate(replace(job(season, tmp_path / "out"), calibrated=MODEL), Silent())
    parcels = geopandas.read_file(season / "some.gpkg")
    parcels[:3].to_file(season / "three.gpkg")
    with pytest.raises(LabelsUnusable, match="too few to tell how"):
        calibrate(job(season, tmp_path / "out", "three.gpkg"), Silent())
    parcels.assign(crop_name="hops").to_file(season / "hops.gpkg")
    reporter = Silent()
    with pytest.raises(LabelsUnusable, match="0 labelled parcels"):
        calibrate(job(season, tmp_path / "out", "hops.gpkg"), reporter)
    assert "hops" in "".join(text for level, text in reporter.lines if level == "warning")
    assert not list(tmp_path.iterdir())


def test_classes_without_a_label_are_told(season: Path, tmp_path: Path) -> None:
    parcels = geopandas.read_file(season / "some.gpkg")
    parcels[parcels["crop_name"] != "Maize"].to_file(season / "no_maize.gpkg")
    reporter = Silent()
    calibrate(job(season, tmp_path / "out", "no_maize.gpkg"), reporter)
    assert "No label is of Maize" in "".join(text for level, text in reporter.lines if level == "warning")
    fitted, names = load_card(tmp_path / "out").weights.calibration, load_card(MODEL).legend.names
    maize = names.index("Maize")
    assert not fitted.bias or fitted.bias[maize] == 0
    assert not fitted.weights or not any(fitted.weights[maize])
