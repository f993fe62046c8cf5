"""What is told of a series before a run: the run's own dates, models and holes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin import assets
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.describe_series import describe_series
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.cards.files import list_models, load_card
from crop_classifier_plugin.shared.errors import CropClassifierError
from crop_classifier_plugin.shared.jobs.describe_series import DescribeSeriesJob
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.classification import classify_job

MODELS = {folder.name: str(folder) for folder in list_models([assets.models()])}
CLEAR = (4, 5, 6, 7)  # of the scene classification: vegetation, bare soil, water, unclassified


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A season of 150 x 130 px, optical and radar in one folder."""
    folder = tmp_path_factory.mktemp("season")
    simulate(SimulateJob(folder=str(folder), width=150, height=130, seed=5, modis=False), Silent())
    return folder


def described(season: Path, tmp_path: Path, **more: Any) -> dict[str, Any]:
    series = Series((SceneSource(str(season)),), extent=more.pop("extent", None))
    out = tmp_path / "d.json"
    job = DescribeSeriesJob(series, report_json=str(out), **more)
    returned = describe_series(job, Silent())["description"]
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(returned))
    return dict(written)


def test_the_clear_share_is_that_of_the_mask(season: Path, tmp_path: Path) -> None:
    """On a raster so small that the samples are the whole, counted here by rasterio alone."""
    rows = [row for row in described(season, tmp_path)["dates"] if row["series"] == "optical"]
    assert len(rows) == len(list(season.glob("S2_20m_*.tif")))
    for row in rows:
        path = next(p for p in row["files"] if "20m" in p)
        with rasterio.open(path) as file:
            classes = file.read(file.descriptions.index("SCL") + 1)
        share = np.isin(classes, CLEAR).mean()
        assert row["clear"] == pytest.approx(share, abs=0.02)  # 20 m pixels at the edge of 10 m ones


def test_optical_and_radar_of_one_folder_are_told_apart(season: Path, tmp_path: Path) -> None:
    rows = described(season, tmp_path, clear=False)["dates"]
    assert rows == sorted(rows, key=lambda row: (row["date"], row["series"]))
    assert {row["series"]: set(row["bands"]) & {"VV", "B04"} for row in rows} == {"optical": {"B04"}, "radar": {"VV"}}
    assert all(row["clear"] is None for row in rows)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"tsstfn_simulated_season"}))
def test_a_model_is_told_to_fit_where_its_run_makes_a_map_without_a_word(
    season: Path, tmp_path: Path, name: str
) -> None:
    [told] = described(season, tmp_path, candidates=(MODELS[name],), clear=False)["models"]
    two = bool(load_card(MODELS[name]).inputs.radar.bands)
    scenes = [SceneSource(str(season))]
    job = classify_job(scenes, MODELS[name], str(tmp_path / "map.tif"), radar=scenes if two else ())
    if told["refused"]:
        with pytest.raises(CropClassifierError) as raised:
            classify(job, Silent())
        assert raised.value.sentence == told["refused"]
        return
    made = classify(job, Silent())
    assert told["against"] == made["applicability"]
    used = {day for window in told["windows"] for day in window["dates"]}
    assert {row["date"] for row in made["scenes"]} == used


def test_holes_and_pixels_are_foreseen_as_the_map_has_them(season: Path, tmp_path: Path) -> None:
    """Two tiles by two: all of them are tried, so that the forecast is the map's own share."""
    model = MODELS["lrtacfnet_simulated_season"]
    foreseen = described(season, tmp_path, model=model, clear=False)["forecast"]
    out = tmp_path / "map.tif"
    made = classify(classify_job([SceneSource(str(season))], model, str(out)), Silent())
    with rasterio.open(out) as file:
        assert foreseen["pixels"] == file.width * file.height
    assert foreseen["holes"] == pytest.approx(made["no_data"]["without_class"], abs=0.02)  # tiles overlap
    assert foreseen["device"] == made["device"]
    assert foreseen["seconds"] > 0


def test_the_extent_is_what_counts(season: Path, tmp_path: Path) -> None:
    with rasterio.open(next(season.glob("S2_10m_*.tif"))) as file:
        x, y, crs = file.bounds.left, file.bounds.top, file.crs.to_string()
    cut = Extent(x, y - 500, x + 400, y, crs)
    grid = described(season, tmp_path, extent=cut, clear=False)["grid"]
    assert (grid["width"], grid["height"], grid["pixel"]) == (40, 50, 10.0)
    assert grid["bounds"] == [x, y - 500, x + 400, y]


def test_a_header_that_would_fill_every_disk_is_one_sentence(season: Path, tmp_path: Path) -> None:
    """Pixels of a millionth of what they are: clear shares are not counted on the grid that they would make."""
    flat = Path(shutil.copy(next(season.glob("S2_10m_*.tif")), tmp_path / "S2_20240401.tif"))
    with rasterio.open(flat, "r+") as file:
        file.transform = Affine(10, 0, file.bounds.left, 0, -1e-5, file.bounds.top)
    whole = sorted(season.glob("S2_10m_*.tif"))[-1]
    series = Series((SceneSource(str(flat)), SceneSource(str(whole))))
    job = DescribeSeriesJob(series, report_json=str(tmp_path / "d.json"), candidates=tuple(MODELS.values()))
    with pytest.raises(CropClassifierError, match="pixels a band"):
        describe_series(job, Silent())


def test_a_broken_model_is_told_beside_the_others(season: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.json").write_text("{}", encoding="utf-8")
    good = MODELS["randomforest_simulated_season"]
    rows = described(season, tmp_path, candidates=(str(broken), good), clear=False)["models"]
    assert [bool(row["refused"]) for row in rows] == [False, True]


def test_pictures_show_one_place_on_every_date(season: Path, tmp_path: Path) -> None:
    rows = described(season, tmp_path, thumbnails=str(tmp_path / "pictures"))["dates"]
    shapes = set()
    for row in rows:
        with rasterio.open(row["thumbnail"]) as file:
            shapes.add((row["series"], file.count, file.shape))
    assert shapes == {("optical", 3, (96, 96)), ("radar", 3, (65, 75))}
