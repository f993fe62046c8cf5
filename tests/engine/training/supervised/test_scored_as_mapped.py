"""Law: the accuracy that a training tells is that of the map which classify makes, to the pixel.

And what it takes to hold for the map's worth: tiles that fit what the network learnt from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.splits.split import HELD_OUT
from crop_classifier_plugin.engine.training.loop.evaluation import Mapper, accuracy_rows, score
from crop_classifier_plugin.engine.training.supervised import job as training
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.classification import classify_job, read
from kits.training.toy import LEGEND, job_of

torch.set_num_threads(1)

SHORT = {"epochs": 2, "steps": 4, "batch": 2, "learning_rate": 0.02}
TILES = {"smaller than a tile": {"tile": 128, "overlap": 32, "patch": 64}, "of several": {"tile": 32, "overlap": 16}}


def mapped(toy: Path, job: TrainJob, place: Path) -> np.ndarray:
    """(H,W): the codes in the map that classify makes of the toy with the job's model."""
    map_ = place / "map.tif"
    classify(classify_job(job.data[0].series.scenes, job.model, str(map_), mask="none", device="cpu"), Silent())
    return read(map_)[0]


def diagnosed(toy: Path, job: TrainJob, place: Path) -> tuple[Confusion, Confusion]:
    """The held-out parcels' confusion in the map, and as the training's code scores it."""
    codes = mapped(toy, job, place)
    job, _ = resolve_job(job, Silent())
    material = gather(job, LEGEND, place, Silent(), 128)
    (season,) = material.train
    mapper = Mapper.open(Path(job.model, "model.onnx"), load_card(job.model))
    position = {crop.code: i for i, crop in enumerate(LEGEND)}
    held_out = season.part == HELD_OUT
    found = np.vectorize(lambda code: position.get(code, -1))(codes)
    assert (found[held_out] >= 0).all()
    counted = Confusion.count(season.target[held_out].astype(np.int64), found[held_out], len(LEGEND))
    return counted, score(mapper, (season,), HELD_OUT, Silent())


@pytest.mark.parametrize("tiles", TILES.values(), ids=TILES)
def test_scoring_a_raster_is_classifying_it(toy: Path, tmp_path: Path, tiles: dict[str, Any]) -> None:
    """Of every network: tests/engine/inference/test_mapped_as_scored."""
    job = job_of(toy, tmp_path / "m", **(SHORT | tiles))
    train(job, Silent())
    of_map, scored = diagnosed(toy, job, tmp_path)
    np.testing.assert_array_equal(of_map.n, scored.n)
    assert (of_map.n.sum(axis=0) > 0).all(), "a map of one class alone shows nothing"
    rows = accuracy_rows(of_map, LEGEND.names, f"held-out parcels of the training area, {of_map.total} px")
    assert list(load_card(job.model).accuracy) == rows


def test_a_small_patch_has_a_map_as_good_as_its_report(toy: Path, tmp_path: Path) -> None:
    """Whatever tile was asked for: the weights of patches of 32 px would give another map in tiles of 128."""
    reporter = Silent()
    job = job_of(toy, tmp_path / "m", patch=32, tile=128, overlap=32)
    told = train(job, reporter)
    card = load_card(job.model)
    assert (card.tiling.tile, card.tiling.overlap) == (64, 32)
    assert any("tiles of 64 px, not 128" in text for _, text in reporter.lines)
    of_map, _ = diagnosed(toy, job, tmp_path)
    assert told["mean_f1"] == pytest.approx(of_map.mean_f1)
    assert of_map.mean_f1 > 0.8


def test_a_patch_that_a_network_cannot_learn_from_is_refused_before_the_series_is_read(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the series was read")

    monkeypatch.setattr(training, "gather", never)
    deep = (("preset", "small"),)
    with pytest.raises(BadInput, match=r"Patches of 32 px are too small for lrtacf_net .* at least 64 px"):
        train(job_of(toy, tmp_path / "m", patch=32, tile=128, settings=deep), Silent())
