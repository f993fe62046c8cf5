"""Devices and precision of a training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from crop_classifier_plugin.engine.training.loop.accelerator import choose_accelerator
from crop_classifier_plugin.engine.training.loop.epochs import EpochLog
from crop_classifier_plugin.engine.training.optim.losses import LOSSES
from crop_classifier_plugin.shared.errors import (
    BadInput,
)
from crop_classifier_plugin.shared.jobs.train import HardwareSpec
from kits.training.loop import RECIPE, Toy, lesson_of


class Card:
    """A graphics card that is not there."""

    def __init__(self, monkeypatch, bfloat):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Toy 3000")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: bfloat)


@pytest.mark.parametrize(
    ("precision", "optimizer", "bfloat", "expected"),
    [
        ("auto", "sam", True, "bf16-mixed"),
        ("auto", "sam", False, "32-true"),
        ("auto", "adamw", False, "16-mixed"),
        ("32", "adamw", True, "32-true"),
        ("16-mixed", "adamw", True, "16-mixed"),
        ("16-mixed", "sam", True, BadInput),
        ("bf16-mixed", "adamw", False, BadInput),
    ],
)
def test_the_precision_on_a_card(monkeypatch, precision, optimizer, bfloat, expected):
    Card(monkeypatch, bfloat)
    if expected is BadInput:
        with pytest.raises(BadInput, match=r": choose .*[.]$"):
            choose_accelerator(HardwareSpec(precision=precision), optimizer)
        return
    machine = choose_accelerator(HardwareSpec(precision=precision), optimizer)
    assert (machine.accelerator, machine.precision) == ("gpu", expected)
    assert "Toy 3000" in machine.message
    assert choose_accelerator(HardwareSpec(device="cpu"), optimizer).accelerator == "cpu"


def test_the_precision_on_the_processor():
    machine = choose_accelerator(HardwareSpec(), "sam")
    assert (machine.accelerator, machine.precision) == ("cpu", "32-true")
    with pytest.raises(BadInput, match="needs a graphics card"):
        choose_accelerator(HardwareSpec(precision="16-mixed"), "adamw")


@pytest.mark.parametrize("loss", LOSSES)
def test_bfloat16_learns_too(loss):
    from crop_classifier_plugin.engine.training.loop.accelerator import Accelerator
    from crop_classifier_plugin.engine.training.loop.trainer import run_task

    lesson = lesson_of(replace(RECIPE, loss=loss))
    run_task(lesson, Toy(), Toy(4), Accelerator("cpu", "bf16-mixed", "bfloat16"))
    assert lesson.history[-1].loss < lesson.history[0].loss
    assert all(isinstance(log, EpochLog) for log in lesson.history)
    assert all(v.dtype != torch.bfloat16 for v in lesson.best.weights.values())
