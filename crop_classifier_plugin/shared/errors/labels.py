"""What can be wrong with labels and references. Standard library only: both sides import this."""

from __future__ import annotations

from .base import CropClassifierError


class LabelsUnusable(CropClassifierError):
    """Labels that nothing can be learnt from or compared with."""

    code = "labels-unusable"
