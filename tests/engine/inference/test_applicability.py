"""What speaks against a model on a series is said first thing, kept in the record and in every file of the map."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.accuracy.diagnosis.job import diagnose
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster.provenance import APPLICABILITY_TAG
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.accuracy import DiagnoseJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource, SceneSource
from kits.classification import classify_job
from kits.models import write_model
from kits.paths import REPOSITORY
from kits.rasters import BANDS, write_raster

DAYS = ("20180421", "20180620", "20180824")
NORTH = {"crs": "EPSG:32631", "transform": Affine(10, 0, 500000, 0, -10, 5740000)}  # 115 km from the Flanders model's


def season(folder: Path, days: Sequence[str] = DAYS, name: str = "S2A_{}.tif", **profile: object) -> list[SceneSource]:
    rng = np.random.default_rng(3)
    paths = [folder / name.format(day) for day in days]
    for path in paths:
        write_raster(path, rng.integers(200, 6000, (6, 40, 40)).astype(np.uint16), names=BANDS, nodata=0, **profile)
    return [SceneSource(str(path)) for path in paths]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A model that was trained where `season` lies, in 2018."""
    write_model(
        tmp_path / "model",
        simulated=False,
        start="2018-04-21T00:00:00Z",
        end="2018-08-24T23:59:59Z",
        bbox=(2.9, 50.9, 3.1, 51.1),
        sensors=("Sentinel-2",),
    )
    return tmp_path


def test_a_series_like_the_training_is_mapped_without_a_word(here: Path) -> None:
    reporter = Silent()
    job = classify_job(season(here / "s"), str(here / "model"), str(here / "map.tif"), mask="none")
    result = classify(job, reporter)
    assert result["applicability"] == []
    assert not [text for level, text in reporter.lines if level == "warning"]
    with rasterio.open(here / "map.tif") as file:
        assert APPLICABILITY_TAG not in file.tags()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("place", NORTH),
        ("year", {"days": ("20210421", "20210620", "20210824")}),
        ("sensor", {"name": "HLS.S30.T31UES.{}.tif"}),
        ("resolution", {"pixel": 14.0}),
        ("simulated", {}),
    ],
)
def test_each_departure_is_found_in_the_headers(here: Path, kind: str, changes: dict[str, object]) -> None:
    scenes = season(here / "s", **changes)  # type: ignore[arg-type]
    for scene in scenes if kind == "simulated" else ():
        with rasterio.open(scene.path, "r+") as file:
            file.update_tags(SIMULATED="yes")
    result = classify(classify_job(scenes, str(here / "model"), str(here / "map.tif")), Silent())
    assert [finding["kind"] for finding in result["applicability"]] == [kind]  # type: ignore[attr-defined]


def test_the_flanders_model_one_tile_away_and_a_year_earlier_says_so_everywhere(tmp_path: Path) -> None:
    model = REPOSITORY / "models" / "lrtacfnet_flanders"
    reporter, out = Silent(), tmp_path / "out"
    scenes, map_, sure = season(tmp_path / "s", **NORTH), out / "map.tif", out / "sure.tif"  # type: ignore[arg-type]
    result = classify(classify_job(scenes, str(model), str(map_), mask="none", confidence=str(sure)), reporter)
    found = {finding["kind"]: finding["sentence"] for finding in result["applicability"]}  # type: ignore[attr-defined]
    assert found.keys() == {"place", "year"}
    assert "Flanders" in found["place"]
    assert "50.7 N, 4.1 E" in found["place"]
    assert " km beyond that area: expect errors, and check the map with Diagnose" in found["place"]
    assert "trained on 2019; the series is of 2018" in found["year"]
    texts = [text for _, text in reporter.lines]
    assert texts.index(found["place"]) < next(i for i, text in enumerate(texts) if text.startswith("Running on"))
    assert [text for level, text in reporter.lines if level == "warning"] == list(found.values())
    assert json.loads(map_.with_suffix(".run.json").read_text())["applicability"] == result["applicability"]
    for path in (map_, sure):
        with rasterio.open(path) as file:
            assert file.tags()[APPLICABILITY_TAG] == " ".join(found.values())


def test_the_report_of_a_diagnosis_repeats_it(tmp_path: Path) -> None:
    model = REPOSITORY / "models" / "lrtacfnet_flanders"
    map_ = tmp_path / "map.tif"
    classify(classify_job(season(tmp_path / "s", **NORTH), str(model), str(map_)), Silent())  # type: ignore[arg-type]
    with rasterio.open(map_) as file:
        truth = write_raster(tmp_path / "truth.tif", file.read(), nodata=0, crs=file.crs, transform=file.transform)
    outputs = {name: str(tmp_path / f"report.{name[7:]}") for name in ("report_html", "report_json", "report_csv")}
    reporter = Silent()
    diagnose(
        DiagnoseJob(
            str(map_), LabelSource(str(truth)), str(tmp_path / "agreement.tif"), str(tmp_path / "layers"), **outputs
        ),
        reporter,
    )
    notes = json.loads((tmp_path / "report.json").read_text())["notes"]
    assert any("was trained on 2019; the series is of 2018" in note for note in notes)
    assert "km beyond that area" in (tmp_path / "report.html").read_text()


# --- no model was chosen ----------------------------------------------------------------------------------------------


def test_the_model_that_fits_is_taken_where_none_is_chosen(here: Path) -> None:
    """The first candidate is of another year, the second of another network's windows, the third fits."""
    facts = {"simulated": False, "bbox": (2.9, 50.9, 3.1, 51.1)}
    write_model(here / "late", start="2021-04-21T00:00:00Z", end="2021-08-24T23:59:59Z", **facts)
    write_model(here / "winter", windows=(DayWindow(1, 20),) * 3, **facts)
    candidates = tuple(str(here / name) for name in ("late", "winter", "model"))
    reporter, scenes = Silent(), season(here / "s")
    result = classify(classify_job(scenes, "", str(here / "map.tif"), candidates=candidates, mask="none"), reporter)
    assert (result["model"], result["applicability"]) == ("model", [])
    told = [text for _, text in reporter.lines if "No model was chosen" in text]
    assert told == ["No model was chosen: Tiny test model is taken, which fits this series."]
    with rasterio.open(here / "map.tif") as chosen:
        classify(classify_job(scenes, str(here / "model"), str(here / "again.tif"), mask="none"), Silent())
        with rasterio.open(here / "again.tif") as again:
            np.testing.assert_array_equal(chosen.read(), again.read())


def test_none_is_taken_where_none_fits_and_why_is_said(here: Path) -> None:
    job = classify_job(
        season(here / "s", **NORTH),  # type: ignore[arg-type]
        "",
        str(here / "out" / "map.tif"),
        candidates=(str(here / "model"), str(REPOSITORY / "models" / "lrtacfnet_flanders")),
    )
    with pytest.raises(BadInput, match=r"None of the models .* fits this series.* 79 km beyond .* 139 km beyond"):
        classify(job, Silent())
    assert not (here / "out").exists()


def test_a_job_needs_a_model_or_some_to_choose_from() -> None:
    with pytest.raises(BadInput, match="No model was given"):
        classify_job([SceneSource("a.tif")], "", "map.tif")
