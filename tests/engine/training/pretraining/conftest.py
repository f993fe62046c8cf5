"""Fixtures of the pre-training's tests."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.pretraining import recipe
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from kits.rasters import write_season
from kits.training.interrupted import EPOCHS, job_of
from kits.training.pretraining import TINY, with_optim


@pytest.fixture(scope="module")
def land(tmp_path_factory):
    """Three dates of six bands, two layers of parcels, and a teacher of red, green and blue."""
    folder = tmp_path_factory.mktemp("land")
    write_season(folder / "season", 30, 50)
    for name, side in (("parcels", 90), ("larger", 95)):
        squares = [shapely.box(5e5 + x, 5.65e6 - side, 5e5 + x + side, 5.65e6) for x in range(0, 400, 100)]
        gpd.GeoDataFrame(geometry=squares, crs="EPSG:32631").to_file(folder / f"{name}.gpkg")
    job = job_of(folder, folder / "photographs", bands=("B04", "B03", "B02"), count=1, epochs=1, batch=1)
    pretrain(job, Silent())
    return folder


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(recipe.RECIPES, "small", TINY)


@pytest.fixture
def three_epochs(monkeypatch):
    monkeypatch.setitem(recipe.RECIPES, "small", with_optim(TINY, epochs=EPOCHS))
