"""What a supervised training hands its network: every input by its name."""

from __future__ import annotations

import pytest
import torch

from crop_classifier_plugin.engine.networks.registry import NETWORKS, entry
from crop_classifier_plugin.engine.training.supervised.task import SegmentationTask
from kits.networks.inputs import DATES, SMALLEST, inputs, make
from kits.training.loop import RECIPE

MADE = [make(name, **SMALLEST[name]) for name in NETWORKS]
OF_GAPS = [
    name for name, made in zip(NETWORKS, MADE) if "valid" in made.inputs and made.config.capabilities.ignores_padding
]


@pytest.mark.parametrize("name", OF_GAPS)
def test_what_a_missing_date_would_show_changes_no_prediction(name: str) -> None:
    classes = entry(name).sample.classes
    task = SegmentationTask(make(name, **SMALLEST[name]), torch.full((classes,), 1 / classes), RECIPE).eval()
    batch = inputs(task.network, 2, DATES, 1, 1)
    batch["valid"][:, -1] = 0
    told = []
    with torch.no_grad():
        for garbage in (0.0, 50.0):
            batch["x"][:, -1] = garbage
            told.append(task.average(**task._inputs(batch)))
    torch.testing.assert_close(told[1], told[0])
    torch.testing.assert_close(task.predict(batch), told[0].argmax(dim=1))
