"""Alignment with the features of a frozen teacher."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crop_classifier_plugin.engine.training.pretraining.feature_alignment import Alignment, open_teacher
from crop_classifier_plugin.shared.errors import (
    BadModel,
)
from kits.training.pretraining import CONFIG, TINY, a_batch, step, task_of, with_optim


class Photographs(nn.Module):
    """A small random vision transformer's stand-in: patches of 56 px to tokens, a class token first."""

    def __init__(self, extra=1):
        super().__init__()
        self.embed, self.extra = nn.Conv2d(3, 12, 56, 56), extra

    def forward(self, image):
        tokens = self.embed(image).flatten(2).transpose(1, 2)
        return torch.cat([tokens[:, : self.extra], tokens], dim=1)


def teacher_file(folder, module, name="teacher.onnx"):
    torch.manual_seed(1)
    path = folder / name
    torch.onnx.export(module, (torch.zeros(1, 3, 224, 224),), path, dynamo=False, opset_version=17)
    return str(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_alignment_with_a_frozen_teacher_falls(tmp_path):
    teacher = open_teacher(teacher_file(tmp_path, Photographs()))
    assert teacher.width == 12
    assert teacher(torch.rand(2, 3, 16, 16) * 3000).shape == (2, 12, 4, 4)
    torch.manual_seed(0)
    made = task_of(recipe=with_optim(TINY, learning_rate=2.0), align=Alignment(teacher, CONFIG.width))
    batch = a_batch(0)
    losses = [step(made, [batch])[0]["alignment"].item() for _ in range(12)]
    assert 0 < losses[-1] < 0.8 * losses[0] < 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_that_is_no_teacher_is_refused_by_a_sentence(tmp_path):
    text = tmp_path / "teacher.onnx"
    text.write_text("not a network")
    with pytest.raises(BadModel, match="no ONNX file"):
        open_teacher(str(text))
    with pytest.raises(BadModel, match="no such file"):
        open_teacher(str(tmp_path / "absent.onnx"))
    pickled = tmp_path / "dino.pth"
    pickled.write_bytes(b"")
    with pytest.raises(BadModel, match=r"an \.onnx file"):
        open_teacher(str(pickled))
    with pytest.raises(BadModel, match="none of its outputs"):
        open_teacher(teacher_file(tmp_path, Photographs(extra=3), "odd.onnx"))
    torch.onnx.export(nn.Linear(4, 4), (torch.zeros(1, 4),), tmp_path / "flat.onnx", dynamo=False)
    with pytest.raises(BadModel, match=r"takes one input \(B,3,H,W\)"):
        open_teacher(str(tmp_path / "flat.onnx"))
