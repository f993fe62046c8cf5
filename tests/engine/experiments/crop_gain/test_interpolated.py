"""Crop gain's own reference: the season's images before and after a predicted date, interpolated in time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.crop_gain.features import opened, rows_of
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.fusion.crop_gain import HEIGHT, WIDTH, images, job, write_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("gain"))


def test_dates_around_a_predicted_one_are_interpolated_and_never_the_day_itself(place: Path, tmp_path: Path) -> None:
    """Where the season goes on after a predicted date, its own images before and after stand beside the prediction."""
    folder = tmp_path / "season"
    folder.mkdir()
    for path in (*(place / "early").glob("*.tif"), place / "NDVI_real_20240715.tif", place / "NDVI_real_20240830.tif"):
        (folder / f"NDVI_{path.stem[-8:]}.tif").write_bytes(path.read_bytes())
    asked = job(place, tmp_path, early=Series((SceneSource(str(folder)),)), predictions=images(place, "noise")[:1])
    with opened(asked, Silent()) as found:
        assert [row.name for row in rows_of(found.added)] == [
            "early season",
            "noise: + 2024-07-15",
            "interpolated in time: + 2024-07-15",
        ]
        assert found.early_dates[-1] == dt.date(2024, 5, 20)
        cube = found.read(Window(0, 0, HEIGHT, WIDTH))
    known = {day: folder / f"NDVI_{day}.tif" for day in ("20240520", "20240830")}
    before, after = (rasterio.open(path).read(1).astype(np.float64) for path in known.values())
    np.testing.assert_allclose(cube[-1], before + (after - before) * 56 / 102, atol=1e-6)
    asked = job(place, tmp_path, early=asked.early, predictions=images(place, "noise"))
    with opened(asked, Silent()) as found:
        assert not found.interpolated, "both later dates are predicted: their real images are hidden"
        assert found.early_dates == found.season.dates
