"""A job reads the header of each scene once: what resolves it hands the scenes on to what reads their pixels."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crop_classifier_plugin.engine.access import rasters
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster import reader
from crop_classifier_plugin.engine.series.scenes.read_series import SceneCache
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from kits.classification import job as classify_job
from kits.networks import series_network
from kits.seasons import filled
from kits.training.jobs import changed, sources
from kits.training.two_series import job_of, write_place


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file is opened by anything but the reader of pixels."""
    counts: Counter[str] = Counter()
    real = rasters._open

    def counting(path: str, *args: Any) -> Any:
        if sys._getframe(2).f_globals["__name__"] != reader.__name__:  # who called the door
            counts[path] += 1
        return real(path, *args)

    monkeypatch.setattr(rasters, "_open", counting)
    return counts


def scenes(*folders: Path) -> dict[str, int]:
    return {str(path): 1 for folder in folders for path in folder.glob("*.tif")}


@pytest.mark.parametrize("reduce", ["clearest", "median"])
def test_a_classification_reads_each_header_once(tmp_path: Path, reduce: str, opened: Counter[str]) -> None:
    place = filled(tmp_path)
    series_network.write_model(place / "model", reduce=reduce)
    expected = scenes(place / "s1", place / "s2")
    opened.clear()
    classify(classify_job(place), Silent())
    assert {path: opened[path] for path in expected} == expected


def test_a_classification_of_several_months_reads_each_header_once(tmp_path: Path, opened: Counter[str]) -> None:
    place = filled(tmp_path)
    radar = {"bands": ("VV", "VH"), "mean": (-10.0, -17.0), "std": (3.0, 3.0), "pixel_size": 20.0}
    series_network.write_model(place / "model", two=False, monthly=True, reduce="mean", min_dates=1, **radar)
    asked = {"scenes": classify_job(place).radar.scenes, "radar": (), "months": ("2023-06", "2023-07")}
    opened.clear()
    classify(classify_job(place, class_map="", folder=str(place / "maps"), **asked), Silent())
    expected = scenes(place / "s1")
    assert {path: opened[path] for path in expected} == expected


def test_the_data_of_a_training_are_read_with_each_header_once(tmp_path: Path, opened: Counter[str]) -> None:
    place = write_place(tmp_path)
    job = job_of(place, tmp_path / "m", radar=sources(place / "s1"))
    job = changed(job, validation_series=job.data)
    opened.clear()
    headers = SceneCache()
    job, legend = resolve_job(job, Silent(), headers)
    (tmp_path / "data").mkdir()
    gather(job, legend, tmp_path / "data", Silent(), 32, headers)
    expected = scenes(place / "s1", place / "s2")
    assert {path: opened[path] for path in expected} == expected
