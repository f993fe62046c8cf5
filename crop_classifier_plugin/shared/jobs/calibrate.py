"""The job that calibrates a finished model. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from ..devices import DEVICES
from ..errors import BadInput
from .base import Job
from .sources import LabelledSeries, one_of


@dataclass(frozen=True)
class CalibrateJob(Job):
    """Model + labelled series that it did not learn from -> the model with probabilities that mean what they say."""

    kind: ClassVar[str] = "calibrate"
    entry: ClassVar[str] = "inference.calibrate.job:calibrate"
    writes_folders = ("calibrated",)
    reads = ("model", "data")
    model: str  # folder with model.onnx and model.json
    data: tuple[LabelledSeries, ...]  # places or seasons; from three on each is left out in turn to tell the error
    calibrated: str  # folder of the new model
    mapping: tuple[tuple[str, str], ...] = ()  # (label, class of the model)
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("device", self.device, DEVICES)
        if not self.model:
            raise BadInput("No model was given: choose the one to calibrate.")
        if not self.data:
            raise BadInput("No labelled series was given: choose the dated scenes of a season and their labels.")
        if not self.calibrated:
            raise BadInput("No folder for the calibrated model was given: choose one.")
        for each in self.data:
            each.labels.check_one_class("labels")

    @property
    def name(self) -> str:
        """Of the new model."""
        return PurePath(self.calibrated).name
