"""A training takes the level of its series for the model, and refuses a series of two."""

from __future__ import annotations

from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.cube.open_model_series import open_model_series
from crop_classifier_plugin.engine.series.scenes.read_series import read_model_scenes
from crop_classifier_plugin.engine.training.model_folder.input_spec import series_spec_of
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.cards.parts import SURFACE, TOA
from crop_classifier_plugin.shared.errors import LevelUnfit
from kits.training.parcels import job_of, write_place


def place_of(tmp_path: Path, *endings: str) -> Path:
    place = write_place(tmp_path / "place")
    for path, ending in zip(sorted((place / "season").iterdir()), endings):
        day = path.stem.split("_")[1]
        path.rename(path.with_name(f"S2A_31UFS_{day}_0_{ending}.tif"))
    return place


@pytest.mark.parametrize(
    ("endings", "level"), [(("L1C", "L1C"), TOA), (("L2A", "L2A"), SURFACE), ((), SURFACE)], ids=["1C", "2A", "untold"]
)
def test_the_model_is_of_the_level_of_its_series(tmp_path: Path, endings: tuple[str, ...], level: str) -> None:
    job, _ = resolve_job(job_of(place_of(tmp_path, *endings), tmp_path / "model"), Silent())
    assert job.model_inputs.level == level
    spec = series_spec_of(job)
    assert spec.level == level
    scenes = read_model_scenes(job.data[0].series, None, Silent())
    with open_model_series(scenes, spec, Silent()) as series:
        assert len(series.dates) == 2


def test_two_levels_in_one_series_are_refused(tmp_path: Path) -> None:
    job, _ = resolve_job(job_of(place_of(tmp_path, "L1C", "L2A"), tmp_path / "model"), Silent())
    scenes = read_model_scenes(job.data[0].series, None, Silent())
    with pytest.raises(LevelUnfit, match=TOA):
        open_model_series(scenes, series_spec_of(job), Silent())
