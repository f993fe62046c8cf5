"""Fixtures of the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from kits.fusion.tsstfn import YEARS, train_job, write_year
from kits.models import write_model
from kits.paths import FLANDERS, MATO_GROSSO
from kits.rasters import write_season


@pytest.fixture
def flanders() -> Path:
    if not FLANDERS.is_dir():
        pytest.skip("the real Flanders data are not at hand (set CROP_DATA)")
    return FLANDERS


@pytest.fixture
def mato_grosso() -> Path:
    if not MATO_GROSSO.is_dir():
        pytest.skip("the real data of Mato Grosso are not at hand (set CROP_DATA)")
    return MATO_GROSSO


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(tmp_path / "models" / "tiny")
    return tmp_path / "models" / "tiny"


@pytest.fixture
def season(tmp_path: Path) -> list[Path]:
    return write_season(tmp_path / "season")


@pytest.fixture(scope="session")
def trained_tsstfn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of images, and a model of the first."""
    from crop_classifier_plugin.engine.training.tsstfn import job as training

    folder = tmp_path_factory.mktemp("tsstfn")
    for seed, year in enumerate(YEARS):
        write_year(folder, year, seed)
    training.train(train_job(folder), Silent())
    return folder
