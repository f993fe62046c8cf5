"""How a model's probabilities are made to mean what they say. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..errors import BadInput

VERSION = 2  # of the layout: 1 had a temperature alone, and no number
_MOST = 1000.0  # of a bias or a weight, either way (choice): logits beyond are no calibration
Row = tuple[float, ...]


@dataclass(frozen=True)
class ParcelCalibration:
    """The chance that a parcel's crop is right, from the mean probability p of that crop over the parcel's pixels:
    logistic(intercept + slope x logit(p)). Platt (1999), Advances in Large Margin Classifiers."""

    intercept: float
    slope: float
    error_before: float  # expected calibration error of parcels that it was not fitted on, of p itself
    error_after: float
    parcels: int  # that it was fitted on

    def __post_init__(self) -> None:
        _check_numbers("parcels' calibration", (self.intercept, self.slope))
        if self.slope <= 0:
            raise BadInput(f"the card's slope of the parcels' confidence is {self.slope}, which is not above 0")

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {name: getattr(self, name) for name in _PARCEL_FIELDS}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> ParcelCalibration:
        """From what to_dict gives. Raises BadInput, and what a dictionary that is none leads to."""
        intercept, slope, before, after = (float(given[name]) for name in _PARCEL_FIELDS[:-1])
        return cls(intercept, slope, before, after, int(given["parcels"]))


_PARCEL_FIELDS = ("intercept", "slope", "error_before", "error_after", "parcels")


@dataclass(frozen=True)
class Calibration:
    """A class's score is its log probability / temperature + bias + its row of `weights` times all log probabilities;
    the scores' softmax is what the model says.

    Temperature: Guo et al. (2017), ICML; with a bias a class and a matrix: Kull et al. (2019), NeurIPS. A temperature
    alone keeps the order of the classes; with a bias or weights the map shows the class that is likeliest then (choice:
    map, confidence and probabilities say one thing).
    """

    temperature: float = 1.0  # above 1 the model was too sure, below 1 not sure enough
    bias: Row = ()  # (K,); () = none
    weights: tuple[Row, ...] = ()  # (K, K); () = none
    error_before: Optional[float] = None  # expected calibration error on parcels not fitted on; None = unknown
    error_after: Optional[float] = None
    pixels: int = 0  # that it was fitted on, of parcels that were not learnt from
    parcels: Optional[ParcelCalibration] = None

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 100:  # so written, not-a-number fails too
            raise BadInput(f"the card's temperature is {self.temperature}, which is outside 0.01..100")
        _check_numbers("bias", self.bias)
        for row in self.weights:
            _check_numbers("weights", row)

    @property
    def keeps_classes(self) -> bool:
        """Whether every pixel keeps its class, whatever its probabilities."""
        return not (self.bias or self.weights)

    def check_classes(self, count: int) -> None:
        """Raises BadInput where it is not of so many classes."""
        rows = {len(self.bias), len(self.weights), *(len(row) for row in self.weights)} - {0}
        if rows - {count}:
            raise BadInput(f"the card's calibration is of {_listed(rows)} classes, the model has {count}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it; {} of a model that was never calibrated."""
        if self == Calibration():
            return {}
        errors = {"error_before": self.error_before, "error_after": self.error_after}
        return {
            "version": VERSION,
            "temperature": self.temperature,
            **({"bias": list(self.bias)} if self.bias else {}),
            **({"weights": [list(row) for row in self.weights]} if self.weights else {}),
            **errors,
            "pixels": self.pixels,
            **({"parcels": self.parcels.to_dict()} if self.parcels else {}),
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Calibration:
        """From what to_dict gives, now or before. Raises BadInput, and what a dictionary that is none leads to."""
        version, parcels = int(given.get("version", 1)), given.get("parcels")
        if version > VERSION:
            raise BadInput(f"the card's calibration is of version {version}, this program reads up to {VERSION}")
        before, after = (given.get(name) for name in ("error_before", "error_after"))
        return cls(
            float(given.get("temperature", 1.0)),
            _row(given.get("bias", ())),
            tuple(_row(row) for row in given.get("weights", ())),
            None if before is None else float(before),
            None if after is None else float(after),
            int(given.get("pixels", 0)),
            None if parcels is None else ParcelCalibration.from_dict(parcels),
        )


def _listed(numbers: set[int]) -> str:
    """As '3 and 4'."""
    return " and ".join(str(number) for number in sorted(numbers))


def _row(values: Any) -> Row:
    return tuple(float(value) for value in values)


def _check_numbers(what: str, values: Row) -> None:
    wrong = [value for value in values if not abs(value) <= _MOST]  # so written, not-a-number too
    if wrong:
        raise BadInput(f"the card's {what} has {wrong[0]}, which is outside {-_MOST:g}..{_MOST:g}")
