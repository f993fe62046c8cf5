"""Jobs about TSSTFN, the fusion that learns. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..choices import FORECASTS, FUSION_LOSSES, FUSION_SPLITS, RESUME
from ..devices import DEVICES
from ..errors import BadInput
from .base import Job
from .sources import Series, one_of
from .train import HardwareSpec, TrainJob


@dataclass(frozen=True)
class TrainTsstfnJob(Job):
    """A year's fine and coarse images, base dates and a target's -> model folder (model.onnx, fusion.json, ...)."""

    kind: ClassVar[str] = "train_tsstfn"
    entry: ClassVar[str] = "training.tsstfn.job:train"
    needs_training: ClassVar[bool] = True
    writes_folders = ("model",)
    reads = ("fine", "coarse", "start")
    fine: Series  # its extent is what is learnt from
    coarse: Series
    model: str  # folder to write
    target: str = ""  # ISO date of a fine and a coarse image; "" = the last day that has both
    pairs: int = 7  # base pairs: the last before the target
    band: str = "NDVI"
    settings: tuple[tuple[str, str], ...] = (("preset", "small"),)  # of the network; its config checks them
    tile: int = 0  # px; 0 = the smallest the network takes, but at least 64
    loss: str = "mse"  # one of FUSION_LOSSES
    epochs: int = 100  # at most
    patience: int = 12  # epochs without a better validation after which it ends; 0 = never
    batch: int = 16  # tiles a step
    learning_rate: float = 1e-3
    validation: float = 0.1  # share of the area that chooses the best epoch
    split: str = "blocks"  # one of FUSION_SPLITS; random = the paper's, whose overlapping tiles leak
    augment: bool = False  # tiles turned and mirrored at random
    start: str = ""  # folder of a model whose weights are learnt on from; "" = from nothing
    strategy: str = ""  # how the dates were aligned, for the card
    title: str = ""  # "" = the folder's name
    seed: int = 1
    hardware: HardwareSpec = TrainJob.hardware
    resume: str = "continue"  # one of RESUME: go on with it, make a model of its best epoch, or throw it away

    def __post_init__(self) -> None:
        one_of("loss", self.loss, FUSION_LOSSES)
        one_of("choice for an earlier training", self.resume, RESUME)
        one_of("split", self.split, FUSION_SPLITS)
        if not self.model:
            raise BadInput("No folder for the model was given: choose one.")
        if min(self.pairs, self.epochs, self.batch) < 1 or min(self.tile, self.patience) < 0:
            raise BadInput("pairs, epochs and batch are at least 1, tile and patience at least 0.")
        if not 0 < self.validation < 1 or not self.learning_rate > 0:
            raise BadInput("The share for the validation lies between 0 and 1, the learning rate above 0.")


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
