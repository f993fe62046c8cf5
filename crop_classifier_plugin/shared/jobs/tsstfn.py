"""Jobs about TSSTFN, the fusion that learns. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..choices import FORECASTS, FUSION_LOSSES, FUSION_SPLITS, RESUME
from ..devices import DEVICES
from ..errors import BadInput
from .base import Job
from .sources import Series, at_least, one_of
from .train import HardwareSpec, TrainJob


@dataclass(frozen=True)
class FusionNetwork:
    """TSSTFN as it is built, and what it starts from."""

    settings: tuple[tuple[str, str], ...] = (("preset", "small"),)  # its config checks them
    start: str = ""  # folder of a model whose weights are learnt on from; "" = from nothing


@dataclass(frozen=True)
class FusionModelInputs:
    """What the model takes."""

    pairs: int = 7  # base pairs: the last before the target
    band: str = "NDVI"
    tile: int = 0  # px; 0 = the smallest the network takes, but at least 64

    def __post_init__(self) -> None:
        at_least(self, 1, "pairs")
        at_least(self, 0, "tile")


@dataclass(frozen=True)
class FusionSplit:
    """Which tiles choose the best epoch."""

    method: str = "blocks"  # one of FUSION_SPLITS; random = the paper's, whose overlapping tiles leak
    validation: float = 0.1  # share of the area

    def __post_init__(self) -> None:
        one_of("split", self.method, FUSION_SPLITS)
        if not 0 < self.validation < 1:
            raise BadInput(f"The share for the validation lies between 0 and 1, it is {self.validation}: correct it.")


@dataclass(frozen=True)
class FusionOptim:
    """How the weights are learnt."""

    loss: str = "mse"  # one of FUSION_LOSSES
    epochs: int = 100  # at most
    patience: int = 12  # epochs without a better validation after which it ends; 0 = never
    batch: int = 16  # tiles a step
    learning_rate: float = 1e-3
    augment: bool = False  # tiles turned and mirrored at random

    def __post_init__(self) -> None:
        one_of("loss", self.loss, FUSION_LOSSES)
        at_least(self, 1, "epochs", "batch")
        at_least(self, 0, "patience")
        if not self.learning_rate > 0:
            raise BadInput(f"The learning rate lies above 0, it is {self.learning_rate}: correct it.")


@dataclass(frozen=True)
class FusionTexts:
    """What the user says of the model for its card."""

    title: str = ""  # "" = the folder's name
    strategy: str = ""  # how the dates were aligned


@dataclass(frozen=True)
class TrainTsstfnJob(Job):
    """A year's fine and coarse images, base dates and a target's -> model folder (model.onnx, fusion.json, ...)."""

    kind: ClassVar[str] = "train_tsstfn"
    entry: ClassVar[str] = "training.tsstfn.job:train"
    needs_training: ClassVar[bool] = True
    writes_folders = ("model",)
    reads = ("fine", "coarse", "network.start")
    fine: Series  # its extent is what is learnt from
    coarse: Series
    model: str  # folder to write
    target: str = ""  # ISO date of a fine and a coarse image; "" = the last day that has both
    network: FusionNetwork = FusionNetwork()
    model_inputs: FusionModelInputs = FusionModelInputs()
    split: FusionSplit = FusionSplit()
    optim: FusionOptim = FusionOptim()
    hardware: HardwareSpec = TrainJob.hardware
    card: FusionTexts = FusionTexts()
    seed: int = 1
    resume: str = "continue"  # one of RESUME: go on with it, make a model of its best epoch, or throw it away

    def __post_init__(self) -> None:
        one_of("choice for an earlier training", self.resume, RESUME)
        if not self.model:
            raise BadInput("No folder for the model was given: choose one.")


@dataclass(frozen=True)
class FuseTsstfnJob(Job):
    """Base pairs + coarse images of target days + a trained model -> the fine images of these days, one GeoTIFF."""

    kind: ClassVar[str] = "fuse_tsstfn"
    entry: ClassVar[str] = "fusion.tsstfn.job:fuse"
    writes_rasters = ("output",)
    reads = ("fine", "coarse", "model", "next_model")
    fine: Series  # its extent is that of the output
    coarse: Series
    model: str  # folder with model.onnx and fusion.json
    output: str
    targets: tuple[str, ...] = ()  # ISO dates of coarse images; () = the coarse dates after the last fine one
    forecast: str = "individual"  # one of FORECASTS; sequential = what was predicted is a base pair of the next target
    next_model: str = ""  # folder of the model for the second target and later ones; "" = the same
    overlap: int = 10  # px that tiles share
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("forecast", self.forecast, FORECASTS)
        one_of("device", self.device, DEVICES)
        if not (self.model and self.output):
            raise BadInput("The model's folder and the output are both needed: choose them.")
        if self.overlap < 0:
            raise BadInput(f"Tiles cannot overlap by {self.overlap} px: give 0 or more.")
        if len(set(self.targets)) < len(self.targets):
            raise BadInput("A target is named more than once: name each day once.")
        if self.next_model and self.forecast != "sequential":
            raise BadInput("A model for later targets is only used in a sequential forecast: choose that, or leave it.")
