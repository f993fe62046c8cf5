"""Jobs about encoders learnt without labels. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..choices import PRESETS, RESUME
from ..devices import TRAINING_DEVICES
from ..errors import BadInput
from .base import Job
from .sources import Series, at_least, one_of
from .train import HardwareSpec, TrainJob

SIX_BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")


@dataclass(frozen=True)
class PretrainJob(Job):
    """Series without labels -> encoder of CropSTS: encoder.safetensors, encoder.json, pretraining.csv in `folder`."""

    kind: ClassVar[str] = "pretrain_cropsts"
    entry: ClassVar[str] = "training.pretraining.job:pretrain"
    needs_training: ClassVar[bool] = True
    writes_folders = ("folder",)
    reads = ("series", "parcels", "teacher")
    series: tuple[Series, ...]
    folder: str
    bands: tuple[str, ...] = SIX_BANDS
    preset: str = "small"  # one of PRESETS
    settings: tuple[tuple[str, str], ...] = ()  # of the network, over the preset's; its config checks them
    count: int = 0  # dates of a sequence, evenly spaced; 0 = the preset's
    epochs: int = 0  # 0 = the preset's, as for the next two
    batch: int = 0
    learning_rate: float = 0.0
    parcels: str = ""  # vector file of polygons: their inner parts are masked for the student
    parcels_layer: str = ""
    teacher: str = ""  # ONNX file, or encoder.safetensors of an encoder of B04, B03, B02; "" = no alignment
    align_weight: float = 1.0  # lambda
    seed: int = 1
    hardware: HardwareSpec = TrainJob.hardware
    patience: int = 0  # epochs without a lower loss until it ends; 0 = never
    resume: str = "continue"  # one of RESUME: go on with it, keep its last epoch's encoder, or throw it away

    def __post_init__(self) -> None:
        one_of("preset", self.preset, PRESETS)
        one_of("choice for an earlier pre-training", self.resume, RESUME)
        if not self.series or not self.folder:
            raise BadInput("A series to learn from and a folder for the encoder are needed: give both.")
        if min(self.count, self.epochs, self.batch) < 0 or min(self.learning_rate, self.align_weight) < 0:
            raise BadInput("count, epochs, batch, learning_rate and align_weight are 0 or more: correct them.")
        at_least(self, 0, "patience")


@dataclass(frozen=True)
class ProbeJob(Job):
    """Encoder + labelled series -> k-NN and linear probe beside those of an untrained encoder: JSON and CSV."""

    kind: ClassVar[str] = "probe"
    entry: ClassVar[str] = "training.pretraining.probe:probe"
    needs_training: ClassVar[bool] = True
    writes_files = ("report_json", "report_csv")
    reads = ("encoder", "series", "labels")
    encoder: str  # folder of PretrainJob
    series: Series
    labels: str  # vector file of polygons
    class_field: str
    report_json: str
    report_csv: str = ""
    labels_layer: str = ""
    draws: int = 5
    sequences: int = 100  # tiles drawn, at most
    support: float = 0.1  # share of them that is learnt from
    tile: int = 0  # px; 0 = as in pre-training
    neighbours: int = 20
    seed: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("device", self.device, TRAINING_DEVICES)
        if not (self.encoder and self.labels and self.report_json):
            raise BadInput("An encoder, labels and a report are needed: give all three.")
        if min(self.draws, self.neighbours) < 1 or self.sequences < 2 or not 0 < self.support < 1 or self.tile < 0:
            raise BadInput("draws and neighbours are at least 1, sequences 2, tile 0, and support lies in 0..1.")
