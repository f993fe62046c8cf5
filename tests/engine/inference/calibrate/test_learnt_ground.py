"""No calibration rests on parcels that the model learnt from in that very season."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.calibrate.job import calibrate
from crop_classifier_plugin.engine.inference.calibrate.learnt_ground import LearntGround
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.shared.jobs.calibrate import CalibrateJob
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from kits.cards import PLAIN
from kits.paths import REPOSITORY

GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 500000, 0, -10, 5600000), 8, 8)
DAY = dt.date(2019, 6, 1)
NUMBERS = np.arange(64).reshape(8, 8) // 16  # parcels of two rows each


def labelled(simulated: bool = False, day: dt.date = DAY) -> SimpleNamespace:
    def parcel_at(x: float, y: float) -> int:
        return int(NUMBERS[int((5600000 - y) // 10), int((x - 500000) // 10)])

    return SimpleNamespace(
        simulated=simulated, series=SimpleNamespace(grid=GRID, dates=(day,)), grid=GRID, parcel_at=parcel_at
    )


def ground(tmp_path: Path, split: object, reporter: Silent | None = None, **changes: object) -> LearntGround:
    season = (dt.date(2019, 4, 1), dt.date(2019, 9, 1))
    card = replace(PLAIN, training=replace(PLAIN.training, seasons=(season,), simulated=False))
    (tmp_path / "split.json").write_text(json.dumps(split))
    return LearntGround(str(tmp_path), card, labelled(**changes), reporter or Silent())


def kept(found: LearntGround) -> np.ndarray:
    return found.fresh(GRID, np.ones((8, 8), bool), NUMBERS)


def rows(first: int) -> str:
    """The outline of two rows of the grid."""
    top, low = 5600000 - 10 * first, 5600000 - 10 * (first + 2)
    return f"POLYGON ((500000 {top}, 500080 {top}, 500080 {low}, 500000 {low}, 500000 {top}))"


OUTLINES = {
    "rule": {},
    "places": [{"crs": "EPSG:32631", "outlines": {"train": [rows(0)], "held_out": [rows(2)]}}],
}
POINTS = {"rule": {}, "places": [{"train": [[500045.0, 5599990.0, 0]], "held_out": [[500045.0, 5599970.0, 0]]}]}


@pytest.mark.parametrize("split", [OUTLINES, POINTS], ids=["outlines", "points"])
def test_what_was_learnt_from_is_left_out_and_told(tmp_path: Path, split: object) -> None:
    found, reporter = ground(tmp_path, split), Silent()
    left = kept(found)
    np.testing.assert_array_equal(left, NUMBERS != 0)
    found.tell(reporter)
    assert "16 labelled px were left out" in reporter.lines[0][1]


@pytest.mark.parametrize("changes", [{"simulated": True}, {"day": dt.date(2020, 6, 1)}])
def test_another_season_and_invented_ground_are_new_to_the_model(tmp_path: Path, changes: dict[str, object]) -> None:
    assert kept(ground(tmp_path, OUTLINES, **changes)).all()


def test_where_it_is_not_known_that_is_said(tmp_path: Path) -> None:
    reporter = Silent()
    assert kept(ground(tmp_path, [], reporter)).all()
    assert any("where it learnt is not known" in text for level, text in reporter.lines if level == "warning")


def test_the_real_model_is_not_calibrated_on_its_own_parcels(flanders: Path, tmp_path: Path) -> None:
    scenes = tuple(SceneSource(str(path)) for name in ("S2_10m", "S2_20m") for path in (flanders / name).glob("*.tif"))
    labels = LabelSource(str(flanders / "parcels.gpkg"), class_field="crop_name")
    model = str(REPOSITORY / "models" / "lrtacfnet_flanders")
    reporter = Silent()
    job = CalibrateJob(model, (LabelledSeries(Series(scenes), labels),), str(tmp_path / "out"), device="cpu")
    assert calibrate(job, reporter)["parcels"] == 7  # those that were held out
    assert any("labelled px were left out" in text for _, text in reporter.lines)
