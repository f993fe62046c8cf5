"""Laws of a training that several devices share, here processes on the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.accelerator import choose_accelerator
from crop_classifier_plugin.engine.training.loop.checkpoint import STATE_FILE
from crop_classifier_plugin.engine.training.loop.micro_batches import MicroBatches
from crop_classifier_plugin.engine.training.optim.losses import LOSSES
from crop_classifier_plugin.shared.errors import BadInput, OutOfMemory
from crop_classifier_plugin.shared.jobs.train import HardwareSpec
from kits.paths import REPOSITORY
from kits.training.loop import CPU, Toy, lesson_of, run

KIT = REPOSITORY / "tests" / "kits" / "training" / "loop.py"


def learnt(folder, optimizer, devices):
    """The state that the program leaves, and what its processes said."""
    command = [sys.executable, str(KIT), str(folder), optimizer, str(devices)]
    own = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "WORLD_SIZE")}
    own |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, env=own, check=True, capture_output=True, text=True, timeout=240).stdout
    return torch.load(folder / STATE_FILE, weights_only=True), said


@pytest.mark.parametrize("optimizer", ["adamw", "sam"])
def test_two_devices_learn_what_one_does(tmp_path, optimizer):
    """Batches of 4 in two halves with unlike numbers of labelled pixels, five windows of validation in 3 + 2."""
    alone, _ = learnt(tmp_path / "1", optimizer, 1)
    shared, said = learnt(tmp_path / "2", optimizer, 2)
    assert "1: Epoch 6" in said, "there was no second process"
    assert "could not be taken up later" not in said
    for a, b in zip(alone["loop"]["history"], shared["loop"]["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)
        assert a["metrics"] == pytest.approx(b["metrics"], abs=1e-6)
    for name, weights in alone["loop"]["best"]["weights"].items():
        torch.testing.assert_close(weights, shared["loop"]["best"]["weights"][name], rtol=1e-3, atol=1e-5)


def test_a_batch_that_cannot_be_shared_is_one_sentence():
    with pytest.raises(BadInput, match=r"^3 devices cannot share a batch of 4 patches evenly: give a multiple of 3\.$"):
        run(lesson_of(), machine=replace(CPU, devices=3))


def test_more_cards_than_there_are_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "card")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(BadInput, match=r"^4 graphics cards were asked for, PyTorch finds 2"):
        choose_accelerator(HardwareSpec(devices=4), "adamw")
    assert choose_accelerator(HardwareSpec(devices=0), "adamw").devices == 2
    assert choose_accelerator(HardwareSpec(), "adamw").devices == 1


def test_shared_batches_are_not_taken_in_parts():
    parts = MicroBatches(Silent())
    parts.shared = True

    def full():
        raise torch.OutOfMemoryError

    with pytest.raises(OutOfMemory, match=r"4 patches at a time on each of several devices: give a smaller batch\.$"):
        parts.fitting(full, {"x": torch.zeros(4, 1)})


@pytest.mark.parametrize("name", ["cross_entropy", "root_cross_entropy", "focal"])
def test_parts_weighed_by_their_mass_make_the_whole(name):
    """A mean over pixels, weighted or not, is the mean of the parts' means in the shares of their masses."""
    loss = LOSSES[name]
    batch = [Toy()[i] for i in range(4)]
    logits, target = torch.stack([b["x"][0] for b in batch]), torch.stack([b["target"] for b in batch])
    weights = torch.tensor([0.4, 1.6])
    parts = [(logits[i : i + 1], target[i : i + 1]) for i in range(4)]
    whole = loss.mass(target, weights)
    total = sum(loss.mass(t, weights) / whole * loss.function(z, t, weights) for z, t in parts)
    assert float(total) == pytest.approx(float(loss.function(logits, target, weights)), rel=1e-5)
