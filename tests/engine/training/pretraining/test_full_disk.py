"""A pre-training whose disk is full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from kits.program import posix
from kits.training.interrupted import broken_off, job_of, learnt, state_of

pytestmark = pytest.mark.usefixtures("three_epochs")


@posix
def test_a_state_that_cannot_be_written_does_not_end_the_pre_training(land, tmp_path):
    """A limit on the size of files, between that of the encoder and that of the state, stands for a full disk."""
    import resource

    whole, short = (job_of(land, tmp_path / name) for name in ("whole", "short"))
    broken_off(whole, 2)
    sizes = [path.stat().st_size for path in (state_of(whole), Path(whole.folder) / "encoder.safetensors")]
    assert sizes[0] > 4 * sizes[1]
    pretrain(whole, Silent())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    reporter = Silent()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sum(sizes) // 2, limits[1]))
        pretrain(short, reporter)
        told = broken_off(replace(short, folder=str(tmp_path / "cancelled")), 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert learnt(short.folder) == learnt(whole.folder)
    assert sum(level == "warning" and "could not be taken up later" in text for level, text in reporter.lines) == 1
    assert told == f"Cancelled: the encoder after epoch 2 was kept in {tmp_path / 'cancelled'}."
    assert not list(tmp_path.rglob("*.part"))
