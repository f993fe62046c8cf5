"""The model card: what a model takes, gives, was trained on.

Standard library only: QGIS lists models with it, the engine refuses a wrong series with it before it loads a weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import BadInput
from ..legend import Legend
from .parts import InputSpec, Statistics, Terms, TilingSpec, TrainingFacts, WeightsFacts, check_range

MAX_TILE_VALUES = 1 << 30  # input and output of one tile, 4 GiB as float32 (choice)
_ONE_SERIES = ({"x", "doy", "valid"}, {"x_s2", "doy", "valid_s2"}, {"x_s1", "doy", "valid_s1"})
_TWO_SERIES = {"x_s2", "x_s1", "doy", "valid_s2", "valid_s1"}


@dataclass(frozen=True)
class Card:
    """Everything a model.json says, in parts that fit one another."""

    name: str
    network: str
    settings: dict[str, Any]  # of the network
    inputs: InputSpec
    statistics: Statistics
    legend: Legend
    weights: WeightsFacts
    tiling: TilingSpec
    training: TrainingFacts
    terms: Terms
    accuracy: tuple[dict[str, Any], ...] = ()  # {"metric", "value", "on"}
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bands = self.inputs.all_bands
        for what, values in (("mean", self.statistics.mean), ("std", self.statistics.std)):
            if len(values) != len(bands):
                raise BadInput(f"the card has {len(values)} values of {what} for {len(bands)} bands")
        self._check_bounds()
        if len(set(bands)) < len(bands):
            raise BadInput(f"the card names a band more than once: {', '.join(bands)}")
        self._check_tensors()

    def _check_bounds(self) -> None:
        """A card is read before it is trusted: what it says must not take all memory."""
        check_range("number of bands", len(self.inputs.all_bands), 1, 64)
        check_range("number of dates", self.dates, 1, 64)
        self.legend.refuse_zero()
        check_range("number of classes", len(self.legend), 1, 1000)
        self.weights.calibration.check_classes(len(self.legend))
        check_range("pixel tolerance", self.inputs.pixel_tolerance, 0, 10)
        values = (len(self.inputs.all_bands) * self.dates + len(self.legend)) * self.tiling.tile**2
        if values > MAX_TILE_VALUES:
            raise BadInput(f"one tile of the card takes {values} values in memory, more than {MAX_TILE_VALUES}")

    def _check_tensors(self) -> None:
        """The inputs are ones that the engine can make of this card's series."""
        tensors, two = self.inputs.tensors, bool(self.inputs.radar.bands)
        given, allowed = set(tensors), [_TWO_SERIES] if two else _ONE_SERIES
        images = {"x_s2", "x_s1"} if two else {name for name in given if name.startswith("x")}
        fits = len(given) == len(tensors) and any(given <= names for names in allowed)
        if not (images and images <= given and fits):
            series = "two series" if two else "one series"
            raise BadInput(f"the card's inputs {', '.join(tensors) or 'none'} do not fit a model of {series}")

    @property
    def title(self) -> str:
        """What people call it: the name that messages about its series use."""
        return self.inputs.model

    @property
    def dates(self) -> int:
        """How many dates the model takes."""
        return len(self.inputs.dates.windows)
