"""What a training asks of the engine. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Optional

from ..cards.parts import RADAR_UNITS, REDUCTIONS
from ..choices import EARLIER, LOSSES, OPTIMIZERS, PRECISIONS, SIDES, SPLITS
from ..devices import TRAINING_DEVICES
from ..errors import BadInput
from .base import Job
from .sources import (
    DateEntry,
    SceneSource,
    check_masks,
    one_of,
)

TRAINABLE = {  # networks that learn from labels, by the registry's names -> what they are called
    "lrtacf_net": "LRTACF-Net (Models 7 to 9)",
    "unet": "U-Net (Models 1 to 3 of LRTACF-Net's paper)",
    "unet_plusplus": "UNet++ (Models 4 to 6 of LRTACF-Net's paper)",
    "attention_3dcnn": "Attention-3DCNN",
    "cropsts": "CropSTS",
    "unet_convlstm": "UnetConvLSTM",
    "vunet_convlstm": "VUnetConvLSTM",
    "convstar": "ConvSTAR",
    "unet_3d": "3-D U-Net",
    "random_forest": "Random forest",
}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class LabelledSeries:
    """A further series with its own labels, for TrainJob."""

    scenes: tuple[SceneSource, ...]
    labels: str
    labels_layer: str = ""
    dates: tuple[DateEntry, ...] = ()  # of the scenes of both series
    radar: tuple[SceneSource, ...] = ()
    labels_crs: str = ""  # authority id or WKT that the user gave the labels; "" = the file's own

    def paths(self) -> tuple[str, ...]:
        return (*(each.path for each in (*self.scenes, *self.radar)), self.labels)


@dataclass(frozen=True)
class TrainJob(Job):
    """Series + labels -> model folder (model.onnx, model.json, training.html, ...), split by whole parcels."""

    kind: ClassVar[str] = "train"
    entry: ClassVar[str] = "training.supervised.job:train"
    needs_training: ClassVar[bool] = True
    writes_folders = ("model",)
    reads = ("scenes", "radar", "mask_layers", "labels", "legend", "more", "tests", "checks", "start")
    scenes: tuple[SceneSource, ...]
    labels: str  # vector file of polygons, or class raster
    class_field: str  # "" with a class raster
    legend: str  # JSON file of classes; "" = one class a name in the labels
    model: str  # folder to write
    network: str = "lrtacf_net"
    settings: tuple[tuple[str, str], ...] = ()  # of the network, as text; the network's config checks them
    windows: tuple[tuple[int, int], ...] = ()  # day-of-year window of each date the model takes; () = from the scenes
    bands: tuple[str, ...] = ("B02", "B03", "B04", "B8A", "B11", "B12")
    dates: tuple[DateEntry, ...] = ()
    labels_layer: str = ""
    mask: str = "auto"
    mask_layers: tuple[SceneSource, ...] = ()  # as in ClassifyJob; of the first series
    epochs: int = 60  # 0 = as the paper
    patch: int = 64  # px, both sides; 0 = as the paper
    batch: int = 8  # 0 = as the paper
    held_out: float = 0.3  # share of the area whose parcels are never trained on
    seed: int = 1
    device: str = "auto"
    devices: int = 1  # graphics cards that share each batch; 0 = all there are
    more: tuple[LabelledSeries, ...] = ()  # other seasons or places to train on; a parcel keeps its part in all of them
    tests: tuple[LabelledSeries, ...] = ()  # never trained on, scored whole
    held_side: str = (
        "auto"  # one of SIDES: where the held-out parcels lie; auto = where most classes stay on both sides
    )
    validation: float = 0.15  # share of the area whose parcels choose the best epoch; 0 = the last epoch is kept
    min_parcels: int = 1  # a class with fewer labelled parcels is refused
    steps: int = 0  # optimiser steps an epoch; 0 = as many as show each labelled pixel about once, at least 10
    loss: str = "auto"  # one of LOSSES
    optimizer: str = "auto"  # one of OPTIMIZERS
    learning_rate: float = 0.0  # 0 = the paper's, or the optimiser's usual one where the paper takes another
    patience: int = -1  # epochs without a better validation mean F1 until it stops; 0 = never, -1 = as the paper
    precision: str = "auto"  # one of PRECISIONS
    earlier: str = "continue"  # one of EARLIER: go on with it, make a model of its best epoch, or throw it away
    jitter: float = 0.03  # standard deviation of the random gain a date and band get in training
    tile: int = 128
    overlap: int = 32
    pixel_size: float = 0.0  # m; 0 = that of the finest band of the series
    name: str = ""  # "" = the folder's name
    title: str = ""
    region: str = ""
    training_data: str = ""  # what it was trained on, in one sentence
    season: str = ""
    limits: str = ""  # what the model is not good for
    simulated: bool = False
    licence: str = "GPL-3.0-or-later"
    radar: tuple[SceneSource, ...] = ()  # a second series, for networks that take two
    radar_bands: tuple[str, ...] = ("VV", "VH")
    radar_unit: str = "decibel"  # one of RADAR_UNITS: what the network reads, whatever the files hold
    reduce: str = ""  # one of REDUCTIONS; "" = clearest, but median where the windows are whole months
    least_dates: int = -1  # usable dates that a pixel needs; 0 = all of them; -1 = as the network can do with
    optical_dropout: Optional[tuple[float, float]] = None  # share of the dates hidden, between; None = as the paper
    radar_dropout: Optional[float] = None  # share of the radar dates hidden in training; None = as the paper
    month_fields: tuple[tuple[str, str], ...] = ()  # (YYYY-MM, field) of labels that change by month, for class_field
    split: str = "side"  # one of SPLITS: how the held-out parcels lie
    block: float = (
        0.0  # side of the squares of split="block" in the series' map units; 0 = a tenth of the labelled area's side
    )
    samples_per_class: int = 0  # labelled pixels of a class that are learnt from at most; 0 = all
    checks: tuple[LabelledSeries, ...] = ()  # series that choose the best epoch, in place of `validation`
    start: str = ""  # folder of a model of the same network, or of an encoder, whose weights training starts from
    frozen: tuple[str, ...] = ()  # parts of the network that are not trained, as "encoder"
    labels_crs: str = ""  # as in LabelledSeries

    def __post_init__(self) -> None:
        if self.network == "tsstfn":
            raise BadInput(
                "TSSTFN learns to fuse images, from base pairs and not from labels: train it with 'train-tsstfn' "
                "('Train TSSTFN' in QGIS)."
            )
        one_of("network", self.network, tuple(TRAINABLE))
        one_of("device", self.device, TRAINING_DEVICES)
        one_of("held_side", self.held_side, SIDES)
        one_of("loss", self.loss, LOSSES)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("precision", self.precision, PRECISIONS)
        one_of("choice for an earlier training", self.earlier, EARLIER)
        check_masks(self.mask, self.mask_layers)
        if not self.scenes:
            raise BadInput("No raster was given: choose the dated scenes of the season.")
        if not self.model:
            raise BadInput("No folder for the model was given: choose one.")
        if not (0 <= self.held_out < 1 and 0 <= self.validation < 1 and self.held_out + self.validation < 1):
            raise BadInput(f"held_out={self.held_out} and validation={self.validation} leave nothing to train on.")
        self._check_numbers()
        self._check_series()

    def _check_numbers(self) -> None:
        zero = (
            "patch",
            "devices",
            "epochs",
            "batch",
            "steps",
            "jitter",
            "learning_rate",
            "samples_per_class",
            "block",
            "pixel_size",
        )
        for name, limit in {"patience": -1, **dict.fromkeys(zero, 0)}.items():
            if getattr(self, name) < limit:
                raise BadInput(f"{name}={getattr(self, name)} is too small: give at least {limit}.")

    def _check_series(self) -> None:
        one_of("radar_unit", self.radar_unit, RADAR_UNITS)
        one_of("reduce", self.reduce, ("", *REDUCTIONS))
        one_of("split", self.split, SPLITS)
        low, high = self.optical_dropout or (0.0, 0.0)
        if not (0 <= low <= high < 1 and 0 <= (self.radar_dropout or 0.0) < 1):
            raise BadInput(
                f"optical_dropout={low}..{high} and radar_dropout={self.radar_dropout} are shares of the dates that "
                "are hidden: give rising numbers below 1."
            )
        for month, _ in self.month_fields:
            if not _MONTH.fullmatch(month):
                raise BadInput(f"The month {month!r} of the labels cannot be read: write it as YYYY-MM.")
