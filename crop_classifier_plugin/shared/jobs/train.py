"""What a training asks of the engine. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar, Optional

from ..cards.parts import LEVELS, RADAR_UNITS, REDUCTIONS
from ..choices import LOSSES, OPTIMIZERS, PRECISIONS, RECIPES, RESUME, SCHEDULES, SIDES, SPLITS
from ..devices import TRAINING_DEVICES
from ..errors import BadInput
from ..networks import trainable
from .base import Job
from .sources import LabelledSeries, LabelSource, at_least, one_of


@dataclass(frozen=True)
class SplitSpec:
    """Which parcels are learnt from. Shares are of the labelled area."""

    method: str = "side"  # one of SPLITS: how the held-out parcels lie
    held_out: float = 0.3  # share whose parcels are never trained on
    held_side: str = "auto"  # one of SIDES, of method="side"; auto = where most classes stay on both sides
    block: float = 0.0  # side of the squares of method="block" in map units; 0 = a tenth of the labelled area's side
    validation: float = 0.15  # share whose parcels choose the best epoch; 0 = the last epoch is kept
    min_parcels: int = 1  # a class with fewer labelled parcels is refused
    samples_per_class: int = 0  # labelled pixels of a class that are learnt from at most; 0 = all

    def __post_init__(self) -> None:
        one_of("split", self.method, SPLITS)
        one_of("held_side", self.held_side, SIDES)
        at_least(self, 0, "block", "samples_per_class")
        if not (0 <= self.held_out < 1 and 0 <= self.validation < 1 and self.held_out + self.validation < 1):
            raise BadInput(f"held_out={self.held_out} and validation={self.validation} leave nothing to train on.")


@dataclass(frozen=True)
class NetworkSpec:
    """The network that learns, and what it starts from."""

    name: str = "lrtacf_net"  # one of trainable()
    settings: tuple[tuple[str, str], ...] = ()  # as text; the network's config checks them
    start: str = ""  # folder of a model of the same network, or of an encoder, whose weights training starts from
    frozen: tuple[str, ...] = ()  # parts of the network that are not trained, as "encoder"

    def __post_init__(self) -> None:
        if self.name == "tsstfn":
            raise BadInput(
                "TSSTFN learns to fuse images, from base pairs and not from labels: train it with 'train-tsstfn' "
                "('Train TSSTFN' in QGIS)."
            )
        one_of("network", self.name, trainable())

    def paths(self) -> tuple[str, ...]:
        """The folders that are read."""
        return (self.start,) if self.start else ()


@dataclass(frozen=True)
class ModelInputs:
    """What the model takes of a series, and in which tiles."""

    bands: tuple[str, ...] = ("B02", "B03", "B04", "B8A", "B11", "B12")
    windows: tuple[tuple[int, int], ...] = ()  # day-of-year window of each date it takes; () = from the scenes
    reduce: str = ""  # one of REDUCTIONS; "" = clearest, but median where the windows are whole months
    min_dates: int = -1  # usable dates that a pixel needs; 0 = all of them; -1 = as the network can do with
    pixel_size: float = 0.0  # m; 0 = that of the finest band of the series
    level: str = ""  # one of LEVELS, of the optical bands; "" = that of the series
    radar_bands: tuple[str, ...] = ("VV", "VH")
    radar_unit: str = "decibel"  # one of RADAR_UNITS: what the network reads, whatever the files hold
    tile: int = 128  # px
    overlap: int = 32

    def __post_init__(self) -> None:
        one_of("level", self.level, ("", *LEVELS))
        one_of("radar_unit", self.radar_unit, RADAR_UNITS)
        one_of("reduce", self.reduce, ("", *REDUCTIONS))
        at_least(self, 0, "pixel_size")


@dataclass(frozen=True)
class AugmentationSpec:
    """How patches are changed in training, where it is not as the recipe says."""

    jitter: float = -1.0  # standard deviation of the random gain a date and band get; -1 = as the recipe
    optical_dropout: Optional[tuple[float, float]] = None  # share of the dates hidden, between; None = as the recipe
    radar_dropout: Optional[float] = None  # share of the radar dates hidden in training; None = as the recipe

    def __post_init__(self) -> None:
        at_least(self, -1, "jitter")
        low, high = self.optical_dropout or (0.0, 0.0)
        if not (0 <= low <= high < 1 and 0 <= (self.radar_dropout or 0.0) < 1):
            raise BadInput(
                f"optical_dropout={low}..{high} and radar_dropout={self.radar_dropout} are shares of the dates that "
                "are hidden: give rising numbers below 1."
            )


@dataclass(frozen=True)
class OptimSpec:
    """How the weights are learnt: by a recipe, and what is asked for otherwise."""

    recipe: str = "default"  # one of RECIPES
    loss: str = "auto"  # one of LOSSES
    optimizer: str = "auto"  # one of OPTIMIZERS
    schedule: str = "auto"  # one of SCHEDULES
    learning_rate: float = 0.0  # 0 = the recipe's, or the optimiser's usual one where the recipe takes another
    epochs: int = 0  # at most; 0 = as the recipe, in the default one as many as the minutes allow
    minutes: float = 10.0  # of a recipe without a number of epochs; planned ahead, as if the machine did nothing else
    patience: int = -1  # epochs without a better validation mean F1 until it stops; 0 = never, -1 = as the recipe
    steps: int = 0  # an epoch; 0 = as many as show each labelled pixel about once, or as the minutes allow
    batch: int = 0  # 0 = as the recipe
    patch: int = 0  # px, both sides; 0 = as the recipe
    augmentation: AugmentationSpec = AugmentationSpec()

    def __post_init__(self) -> None:
        one_of("recipe", self.recipe, RECIPES)
        one_of("loss", self.loss, LOSSES)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("schedule", self.schedule, SCHEDULES)
        at_least(self, 0, "learning_rate", "epochs", "steps", "batch", "patch")
        at_least(self, -1, "patience")
        if not 0 < self.minutes < float("inf"):
            raise BadInput(f"minutes={self.minutes:g} leave no time to learn: give a number above 0.")


@dataclass(frozen=True)
class HardwareSpec:
    """What computes, and in which precision."""

    device: str = "auto"  # one of TRAINING_DEVICES
    devices: int = 1  # graphics cards that share each batch; 0 = all there are
    precision: str = "auto"  # one of PRECISIONS

    def __post_init__(self) -> None:
        one_of("device", self.device, TRAINING_DEVICES)
        one_of("precision", self.precision, PRECISIONS)
        at_least(self, 0, "devices")


@dataclass(frozen=True)
class CardTexts:
    """What the user says of the model for its card."""

    name: str = ""  # "" = the folder's name
    title: str = ""  # what its maps are called
    region: str = ""
    training_data: str = ""  # what it was trained on, in one sentence
    season: str = ""
    limits: str = ""  # what the model is not good for
    simulated: bool = False
    licence: str = "GPL-3.0-or-later"


@dataclass(frozen=True)
class TrainJob(Job):
    """Series + labels -> model folder (model.onnx, model.json, training.html, ...), split by whole parcels."""

    kind: ClassVar[str] = "train"
    entry: ClassVar[str] = "training.supervised.job:train"
    needs_training: ClassVar[bool] = True
    writes_folders = ("model",)
    reads = ("data", "validation_series", "test_series", "network")
    data: tuple[LabelledSeries, ...]  # seasons or places to train on; a parcel keeps its part in all of them
    model: str  # folder to write
    validation_series: tuple[LabelledSeries, ...] = ()  # choose the best epoch, in place of `split.validation`
    test_series: tuple[LabelledSeries, ...] = ()  # never trained on, scored whole
    split: SplitSpec = SplitSpec()
    network: NetworkSpec = NetworkSpec()
    model_inputs: ModelInputs = ModelInputs()
    optim: OptimSpec = OptimSpec()
    hardware: HardwareSpec = HardwareSpec()
    card: CardTexts = CardTexts()
    seed: int = 1
    resume: str = "continue"  # one of RESUME: go on with it, make a model of its best epoch, or throw it away

    def __post_init__(self) -> None:
        one_of("choice for an earlier training", self.resume, RESUME)
        if not self.data:
            raise BadInput("No labelled series was given: choose the dated scenes of a season and their labels.")
        if not self.model:
            raise BadInput("No folder for the model was given: choose one.")
        self._check_labels()

    def _check_labels(self) -> None:
        """All labels of a model have one legend and are of the same months."""
        sources = self._all_labels()
        legends = sorted({source.legend for source in sources if source.legend})
        if len(legends) > 1:
            raise BadInput(f"The labels name several legends ({', '.join(legends)}): a model has one, name that.")
        if len({source.choice for source in sources}) > 1:
            raise BadInput("The labels of all series must leave out and merge the same classes: give each the same.")
        if len({source.months for source in sources}) > 1:
            raise BadInput("The labels of all series must be of the same months: give each the same ones.")

    def _all_labels(self) -> list[LabelSource]:
        return [each.labels for each in (*self.data, *self.validation_series, *self.test_series)]

    @property
    def labels(self) -> LabelSource:
        """Of the first series: it says what labels this training has."""
        return self.data[0].labels

    @property
    def legend(self) -> str:
        """The JSON file of the model's classes; "" = one class a name in the labels."""
        return next((source.legend for source in self._all_labels() if source.legend), "")

    @property
    def name(self) -> str:
        """Of the model."""
        return self.card.name or PurePath(self.model).name

    @property
    def title(self) -> str:
        """What maps of the model are called."""
        return self.card.title or self.name

    @property
    def has_radar(self) -> bool:
        """Whether the network reads a second series."""
        return self.data[0].radar is not None
