"""How sure a map is: entropy and margin beside the probabilities, and what a calibrated card makes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.stats import entropy as scipy_entropy

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster.provenance import PARCEL_TAG
from crop_classifier_plugin.shared.cards.calibration import Calibration, ParcelCalibration
from crop_classifier_plugin.shared.cards.files import load_card, save_card
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.classification import classify_job


@pytest.fixture
def job(tmp_path: Path, model: Path, season: list[Path]) -> ClassifyJob:
    names = ("class_map", "probabilities", "entropy", "margin")
    written = {name: str(tmp_path / f"{name}.tif") for name in names}
    return classify_job(scenes=tuple(SceneSource(str(p)) for p in season), model=str(model), **written)


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


def test_entropy_and_margin_are_those_of_the_probabilities(job: ClassifyJob) -> None:
    classify(job, Silent())
    steps, entropy, margin = (read(p) for p in (job.written.probabilities, job.written.entropy, job.written.margin))
    known = steps[0] != 65535
    chances = steps[:, known] / 10_000
    ordered = np.sort(chances, axis=0)
    np.testing.assert_array_equal(entropy[0] == 65535, ~known)
    np.testing.assert_allclose(entropy[0][known] / 10_000, scipy_entropy(chances, base=len(chances)), atol=2e-3)
    np.testing.assert_allclose(margin[0][known] / 10_000, ordered[-1] - ordered[-2], atol=2e-4)


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_a_calibrated_model_maps_the_same_classes_with_other_confidence(job: ClassifyJob, temperature: float) -> None:
    classify(job, Silent())
    before = read(job.written.class_map), read(job.written.probabilities)
    card = load_card(Path(job.model))
    save_card(replace(card, weights=replace(card.weights, calibration=Calibration(temperature))), Path(job.model))
    classify(job, Silent())
    after = read(job.written.class_map), read(job.written.probabilities)
    np.testing.assert_array_equal(before[0], after[0])
    known = before[1][0] != 65535
    raised = (before[1][:, known] / 10_000) ** (1 / temperature)
    np.testing.assert_allclose(after[1][:, known] / 10_000, raised / raised.sum(axis=0), atol=3e-3)


def test_where_classes_are_weighed_the_map_shows_the_likeliest_and_says_so(job: ClassifyJob) -> None:
    card = load_card(Path(job.model))
    weighed = Calibration(2.0, (0.0, 3.0, -3.0), parcels=ParcelCalibration(0.1, 1.2, 0.05, 0.02, 60))
    save_card(replace(card, weights=replace(card.weights, calibration=weighed)), Path(job.model))
    reporter = Silent()
    told = classify(job, reporter)
    classes, steps = read(job.written.class_map)[0], read(job.written.probabilities)
    known = classes > 0
    own = steps[:, known][[card.legend.codes.index(code) for code in classes[known]], np.arange(known.sum())]
    np.testing.assert_array_equal(own, steps[:, known].max(axis=0))
    assert (classes[known] == card.legend.codes[1]).mean() > 0.5
    assert any("weighs its classes anew" in text for _, text in reporter.lines)
    assert told["calibration"] == weighed.to_dict()
    with rasterio.open(job.written.probabilities) as file:
        assert ParcelCalibration.from_dict(json.loads(file.tags()[PARCEL_TAG])) == weighed.parcels
