"""What is named as an input and is no file: told at once, never waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasterio.crs import CRS

from crop_classifier_plugin.engine.cli.options import read_dates
from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.scenes.read_series import read_series
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.cards.fusion_card import FusionCard
from crop_classifier_plugin.shared.errors import BadInput, CropClassifierError
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from crop_classifier_plugin.shared.legend import Legend
from kits.mutations.documents import places_of
from kits.strategies.least_jobs import LEAST

ODD = ("n" * 300, "\u00e4" * 200, "http://[", "/dev/zero")


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in the file system")
    os.mkfifo(tmp_path / "pipe.tif")
    return str(tmp_path / "pipe.tif")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", sorted(LEAST))
def test_no_job_waits_for_an_input_or_falls_over_its_name(kind: str, pipe: str) -> None:
    facts = {"kind": kind, **LEAST[kind]}
    inputs = set(registry.parse(facts).inputs())
    for odd in (pipe, *ODD):
        for holder, key in list(places_of(facts)):
            if isinstance(holder[key], str) and holder[key] in inputs:
                kept, holder[key] = holder[key], odd
                with pytest.raises(BadInput):
                    run_job(registry.parse(facts), Silent())
                holder[key] = kept


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "read",
    [
        registry.load,
        Legend.load,
        lambda path: load_card(Path(path).parent),
        lambda path: FusionCard.load(Path(path).parent),
        read_dates,
        lambda path: read_labelled_shapes(path, "", "crop", CRS.from_epsg(32631)),
        lambda path: read_series(Series((SceneSource(path),), mask="none"), Silent()),
        lambda path: read_series(Series((SceneSource(str(Path(path).parent)),), mask="none"), Silent()),
    ],
    ids=["job", "legend", "card", "fusion card", "dates", "labels", "scene", "folder of scenes"],
)
@pytest.mark.parametrize(
    "name", ["a.tif", "a.json", "model.json", "fusion.json", "a.csv", "a.shp", "a.parquet", "a.zip"]
)
def test_no_reader_waits_for_a_pipe(tmp_path: Path, name: str, read: Callable[[str], Any]) -> None:
    """Also where it lies in a folder that the user named."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in the file system")
    os.mkfifo(tmp_path / name)
    with pytest.raises(CropClassifierError):
        read(str(tmp_path / name))
