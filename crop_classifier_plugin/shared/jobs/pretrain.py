"""Jobs about encoders learnt without labels. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..choices import PRESETS, RESUME
from ..devices import TRAINING_DEVICES
from ..errors import BadInput
from .base import Job
from .sources import LabelledSeries, ParcelSource, Series, at_least, one_of
from .train import HardwareSpec, TrainJob

SIX_BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")


@dataclass(frozen=True)
class PretrainOptim:
    """How the encoder is learnt; 0 = as in the preset."""

    epochs: int = 0
    batch: int = 0  # sequences a step
    learning_rate: float = 0.0  # at a batch of 256
    patience: int = 0  # epochs without a lower loss until it ends; 0 = never

    def __post_init__(self) -> None:
        at_least(self, 0, "epochs", "batch", "learning_rate", "patience")


@dataclass(frozen=True)
class AlignmentSpec:
    """What the student's tokens are brought near to."""

    teacher: str = ""  # ONNX file, or encoder.safetensors of an encoder of B04, B03, B02; "" = no alignment
    weight: float = 1.0  # lambda

    def __post_init__(self) -> None:
        at_least(self, 0, "weight")


@dataclass(frozen=True)
class PretrainJob(Job):
    """Series without labels -> encoder of CropSTS: encoder.safetensors, encoder.json, pretraining.csv in `folder`."""

    kind: ClassVar[str] = "pretrain_cropsts"
    entry: ClassVar[str] = "training.pretraining.job:pretrain"
    needs_training: ClassVar[bool] = True
    writes_folders = ("folder",)
    reads = ("series", "parcels", "alignment.teacher")
    series: tuple[Series, ...]
    folder: str
    bands: tuple[str, ...] = SIX_BANDS
    preset: str = "small"  # one of PRESETS
    settings: tuple[tuple[str, str], ...] = ()  # of the network, over the preset's; its config checks them
    count: int = 0  # dates of a sequence, evenly spaced; 0 = the preset's
    optim: PretrainOptim = PretrainOptim()
    parcels: Optional[ParcelSource] = None  # their inner parts are masked for the student
    alignment: AlignmentSpec = AlignmentSpec()
    seed: int = 1
    hardware: HardwareSpec = TrainJob.hardware
    resume: str = "continue"  # one of RESUME: go on with it, keep its last epoch's encoder, or throw it away

    def __post_init__(self) -> None:
        one_of("preset", self.preset, PRESETS)
        one_of("choice for an earlier pre-training", self.resume, RESUME)
        at_least(self, 0, "count")
        if not self.series or not self.folder:
            raise BadInput("A series to learn from and a folder for the encoder are needed: give both.")
        if not self.bands:
            raise BadInput("No band to learn from was named: name optical ones, as B04.")


@dataclass(frozen=True)
class ProbeJob(Job):
    """Encoder + labelled series -> k-NN and linear probe beside those of an untrained encoder: JSON and CSV."""

    kind: ClassVar[str] = "probe"
    entry: ClassVar[str] = "training.pretraining.probe:probe"
    needs_training: ClassVar[bool] = True
    writes_files = ("report_json", "report_csv")
    reads = ("encoder", "data")
    encoder: str  # folder of PretrainJob
    data: LabelledSeries  # its labels are polygons
    report_json: str
    report_csv: str = ""
    draws: int = 5
    sequences: int = 100  # tiles drawn, at most
    support: float = 0.1  # share of them that is learnt from
    tile: int = 0  # px; 0 = as in pre-training
    neighbours: int = 20
    seed: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("device", self.device, TRAINING_DEVICES)
        if not (self.encoder and self.report_json):
            raise BadInput("An encoder and a report are needed: give both.")
        self.data.labels.check_one_class("file of labels")
        if min(self.draws, self.neighbours) < 1 or self.sequences < 2 or not 0 < self.support < 1 or self.tile < 0:
            raise BadInput("draws and neighbours are at least 1, sequences 2, tile 0, and support lies in 0..1.")
