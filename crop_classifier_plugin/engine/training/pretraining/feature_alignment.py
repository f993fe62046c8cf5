"""Alignment of the student's tokens with a frozen teacher's, which has seen ordinary photographs (CropSTS paper).

docs/papers/cropsts.md, section 3.7. The teacher is a file of the user's: an ONNX vision transformer (DINO's ViT-B/16,
say) that takes (B,3,S,S) by ImageNet's mean and std and gives tokens (B,N,D) or a map (B,D,h,w); or an encoder of B04,
B03, B02 by pretrain-cropsts.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ....shared.devices import CPU
from ....shared.errors import BadModel
from ...runtime.open import open_session
from ..model_folder.encoder_folder import (
    ENCODER_FILE,
    bare_encoder,
    read_facts,
    read_weights,
)
from .dino import mean_over_dates

RGB = ("B04", "B03", "B02")
_WHITE = 3000.0  # reflectance x 10000 that is shown as white
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's
_SIDE = 224  # px, where the file leaves it open


class Teacher(Protocol):
    """Frozen: reflectance x 10000 of red, green, blue -> features."""

    width: int

    def __call__(self, rgb: Tensor) -> Tensor:
        """(B,3,S,S) -> (B,D,h,w)."""


class Alignment(nn.Module):
    """The loss, and the linear layer from the student's width to the teacher's, which is discarded afterwards."""

    def __init__(self, teacher: Teacher, width: int) -> None:
        super().__init__()
        self.teacher = teacher
        self.project = nn.Linear(width, teacher.width)

    def forward(self, tokens: Tensor, valid: Tensor, rgb: Tensor) -> Tensor:
        """Mean squared distance of features of length 1, in 0..4. (B,T,N,d), (B,T), (B,3,S,S)."""
        with torch.no_grad():
            target = self.teacher(rgb).to(tokens)
        mean = mean_over_dates(tokens, valid)  # (B,N,d)
        own = _as_map(self.project(mean))
        size = min(own.shape[2], target.shape[2]), min(own.shape[3], target.shape[3])
        own, target = (F.normalize(F.adaptive_avg_pool2d(m, size), dim=1) for m in (own, target))
        return ((own - target) ** 2).sum(dim=1).mean()


def open_teacher(path: str) -> Teacher:
    """Raises BadModel for a file that is no such teacher."""
    if not Path(path).is_file():
        raise BadModel(path, "there is no such file")
    if Path(path).suffix.lower() == ".onnx":
        return OnnxTeacher(path)
    if Path(path).name == ENCODER_FILE:
        return EncoderTeacher(path)
    raise BadModel(path, f"a teacher is an .onnx file, or an {ENCODER_FILE} beside its facts")


class OnnxTeacher:
    """A vision transformer's ONNX file, run on the CPU."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._session = open_session(path, CPU)
        self._input = self._image_input()
        self.width = self._features(np.zeros((1, 3, self._side, self._side), np.float32)).shape[1]

    def _image_input(self) -> str:
        inputs = self._session.inputs
        shape: Any = inputs[0].shape if len(inputs) == 1 else ()
        if len(shape) != 4 or (shape[1] not in (3, None) and not isinstance(shape[1], str)):
            raise BadModel(self._path, "a teacher takes one input (B,3,H,W), an image in red, green and blue")
        self._side = shape[2] if isinstance(shape[2], int) else _SIDE
        return str(inputs[0].name)

    def _features(self, image: Any) -> Tensor:
        """The first output that is a map of features, or tokens of a square image with or without a class token."""
        outputs = self._session.run([output.name for output in self._session.outputs], {self._input: image})
        for found in outputs:
            if isinstance(found, np.ndarray) and found.dtype.kind == "f" and np.isfinite(found).all():
                if found.ndim == 4:
                    return torch.from_numpy(found).float()
                side = math.isqrt(found.shape[1]) if found.ndim == 3 else 0
                if side > 1 and found.shape[1] - side**2 in (0, 1):
                    return _as_map(torch.from_numpy(found[:, -(side**2) :]).float())
        shapes = ", ".join(str(tuple(np.shape(found))) for found in outputs)
        raise BadModel(self._path, f"none of its outputs holds tokens (B,N,D) or a map (B,D,h,w): {shapes}")

    def __call__(self, rgb: Tensor) -> Tensor:
        shown = (rgb.cpu() / _WHITE).clamp(0, 1)
        image = F.interpolate(shown, size=(self._side, self._side), mode="bilinear", align_corners=False)
        mean, std = (torch.tensor(v)[:, None, None] for v in (_MEAN, _STD))
        normal = ((image - mean) / std).numpy()
        return torch.cat([self._features(one[None]) for one in normal])


class EncoderTeacher:
    """An encoder of one date's red, green and blue."""

    def __init__(self, path: str) -> None:
        folder = Path(path).parent
        facts = read_facts(folder)
        if facts.bands != RGB:
            raise BadModel(path, f"it reads {', '.join(facts.bands)}, a teacher reads {', '.join(RGB)}")
        self._encoder = bare_encoder(facts).eval().requires_grad_(False)
        read_weights(folder, self._encoder)
        self.width, self._patch = int(facts.settings["width"]), int(facts.settings["patch"])
        self._mean, self._std = (torch.tensor(v)[:, None, None] for v in (facts.mean, facts.std))

    def __call__(self, rgb: Tensor) -> Tensor:
        side = max(rgb.shape[-1] // self._patch, 1) * self._patch
        image = F.interpolate(rgb.cpu(), size=(side, side), mode="bilinear", align_corners=False)
        x = ((image - self._mean) / self._std)[:, None]
        days = torch.full((len(x), 1), 181)  # mid-year: the day says nothing here
        tokens = self._encoder(x, days, torch.ones(len(x), 1)).tokens[:, 0]
        return _as_map(tokens)


def _as_map(tokens: Tensor) -> Tensor:  # (B,N,D) -> (B,D,h,w), a square
    side = math.isqrt(tokens.shape[1])
    return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
