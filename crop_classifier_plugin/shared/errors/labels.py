"""What can be wrong with labels and references. Standard library only: both sides import this."""

from __future__ import annotations

from .base import CropClassifierError


class LabelsUnusable(CropClassifierError):
    code = "labels-unusable"
