"""A classification holds the level of its scenes against the card, and tells where each band comes from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.shared.cards.parts import SURFACE, TOA
from crop_classifier_plugin.shared.errors import LevelUnfit
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.classification import classify_job
from kits.models import write_model


def job_of(place: Path, season: list[Path], ending: str, level: str) -> ClassifyJob:
    """The season under names of this level, and a model that was trained on `level`."""
    scenes = []
    for day, path in zip(("20240425", "20240620", "20240815"), season):
        name = place / f"S2A_31UFS_{day}_0_{ending}.tif"
        shutil.copy(path, name)
        scenes.append(SceneSource(str(name)))
    write_model(place / "model", level=level)
    return classify_job(tuple(scenes), str(place / "model"), str(place / "map.tif"))


@pytest.mark.parametrize(("ending", "level"), [("L1C", SURFACE), ("L2A", TOA)])
def test_a_model_refuses_the_level_that_it_was_not_trained_on(
    tmp_path: Path, season: list[Path], ending: str, level: str
) -> None:
    with pytest.raises(LevelUnfit, match="Tiny test model takes " + level):
        classify(job_of(tmp_path, season, ending, level), Silent())
    assert not (tmp_path / "map.tif").exists()


@pytest.mark.parametrize(("ending", "level"), [("L1C", TOA), ("L2A", SURFACE)])
def test_its_own_level_is_mapped_and_the_record_names_band_and_file(
    tmp_path: Path, season: list[Path], ending: str, level: str
) -> None:
    reporter = Silent()
    classify(job_of(tmp_path, season, ending, level), reporter)
    told = [line for _, line in reporter.lines if line.startswith("Bands of")]
    assert len(told) == 1
    assert told[0].startswith(f"Bands of Sentinel-2A, {level} (3 dates): B02, B03")
    rows = json.loads((tmp_path / "map.run.json").read_text())["bands_from"]
    assert len(rows) == 3 * 6
    assert {row["level"] for row in rows} == {level}
