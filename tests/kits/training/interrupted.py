"""Pre-trainings that are broken off, and what they leave."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.checkpoint import STATE_FILE, folder_of
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from crop_classifier_plugin.shared.errors import (
    Cancelled,
)
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.training.pretraining import pretrain_job

EPOCHS, STEPS = 3, 3  # of the tiny recipe


SMALL = {"grid": "4", "width": "16", "depth": "2", "heads": "2", "taps": "1,1,2,2", "pixel_heads": "2"}


def job_of(land, folder, **other):
    scenes = tuple(SceneSource(str(path)) for path in sorted((land / "season").glob("*.tif")))
    given = {"series": (Series(scenes, mask="none"),), "folder": str(folder), "settings": tuple(SMALL.items())}
    return pretrain_job(given | other)


def guided(land):
    return {"parcels": str(land / "parcels.gpkg"), "teacher": str(land / "photographs" / "encoder.safetensors")}


class CancelledIn(Silent):
    """Cancelled in the middle of an epoch, counted from 1."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.steps = epoch, 0

    def progress(self, fraction, message, done=0, total=0):
        self.steps += message == f"Pre-training, epoch {self.epoch}"
        if self.steps == STEPS // 2:
            self.stop.set()
        super().progress(fraction, message, done, total)


def broken_off(job, *epochs):
    """Cancelled in these epochs, one run after the other; the last run's sentence."""
    for epoch in epochs:
        with pytest.raises(Cancelled) as cancelled:
            pretrain(job, CancelledIn(epoch))
    return cancelled.value.sentence


def learnt(folder):
    """What a pre-training left, to the byte, but for the seconds of its epochs."""
    folder = Path(folder)
    left = {p.name for p in folder.iterdir()} - {"pretraining.run.json"}
    assert left == {"encoder.json", "encoder.safetensors", "pretraining.csv"}
    rows = list(csv.DictReader((folder / "pretraining.csv").open()))
    for row in rows:
        del row["seconds"]
    return (folder / "encoder.safetensors").read_bytes(), json.loads((folder / "encoder.json").read_text()), rows


def state_of(job):
    return folder_of(job.folder) / STATE_FILE
