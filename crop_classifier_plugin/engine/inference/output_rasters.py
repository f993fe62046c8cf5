"""What a classification writes: crop map, confidence, probabilities, number of valid dates. One class a raster."""

from __future__ import annotations

import datetime as dt
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from ...shared.cards.card import Card
from ..accuracy.doubt import entropy_of, margin_of
from ..execution.outputs import Outputs
from ..raster.grid import Grid
from ..raster.provenance import APPLICABILITY_TAG, PARCEL_TAG, marks
from ..raster.sidecars import (
    CONFIDENCE,
    RGB,
    Ramp,
    rows_of,
    write_class_sidecars,
    write_ramp_style,
)
from ..raster.writer import RasterSpec, RasterWriter
from ..reporting.colours import recoloured
from .tile_pipeline import FinishedBlock

Days = tuple[dt.date, dt.date] | None  # the first and last day that a map is of; None = of a season
_UNKNOWN = 255  # no data of confidence and of the valid-date count
_STEPS = 10_000  # probabilities are stored as uint16 with scale 1e-4 (choice: half the size of float32, 4 digits)
_NO_PROBABILITY = 65_535


@dataclass(frozen=True)
class Said:
    """What every raster of a map says of it in its tags."""

    days: Days = None
    simulated: bool = False  # whether model or series is, as on all else that is no observation
    findings: str = ""  # what speaks against the model on this series

    def tags(self) -> dict[str, str]:
        period = {f"PERIOD_{name}": day.isoformat() for name, day in zip(("FIRST", "LAST"), self.days or ())}
        return {**marks(self.simulated), **period, **({APPLICABILITY_TAG: self.findings} if self.findings else {})}


class OutputRaster(ABC):
    """One output raster of a run. It is closed by finish() when all went well, else by leaving the context."""

    def __init__(self, spec: RasterSpec, grid: Grid, path: str, said: Said) -> None:
        self._days = said.days
        self._writer = RasterWriter(path, grid, replace(spec, tags={**spec.tags, **said.tags()}))
        self._open = True

    @abstractmethod
    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        """One finished window; `valid` (H, W) is where the map has a value."""

    @abstractmethod
    def finish(self, outputs: Outputs, path: str) -> None:
        """Closes the raster and writes what stands beside it; `path` is its final one."""

    def _close(self) -> None:
        self._open = False
        self._writer.close()

    def __enter__(self) -> OutputRaster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self._writer.__exit__(kind, error, trace)


class ClassMap(OutputRaster):
    """The most probable class's code; 0 where unknown."""

    def __init__(self, card: Card, grid: Grid, path: str, said: Said) -> None:
        self._legend = recoloured(card.legend)
        spec = RasterSpec.classes(self._legend, "crop class")
        super().__init__(spec, grid, path, said)
        self._codes = np.array(card.legend.codes, spec.dtype)

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        codes = self._codes[block.probability.argmax(axis=0)]
        self._writer.write(np.where(valid, codes, 0).astype(self._codes.dtype), block.window)

    def finish(self, outputs: Outputs, path: str) -> None:
        self._close()
        rows = rows_of(self._legend, self._writer.counts.tolist(), self._writer.hectares.tolist())
        write_class_sidecars(outputs, path, rows, days=self._days)


class Confidence(OutputRaster):
    """The highest probability in per cent, 0..100."""

    def __init__(self, card: Card, grid: Grid, path: str, said: Said) -> None:
        spec = RasterSpec("uint8", _UNKNOWN, ("confidence (%)",), resampling=Resampling.average)
        super().__init__(spec, grid, path, said)

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        percent = np.rint(100 * block.probability.max(axis=0))
        self._writer.write(np.where(valid, percent, _UNKNOWN).astype(np.uint8), block.window)

    def finish(self, outputs: Outputs, path: str) -> None:
        self._close()
        write_ramp_style(outputs, path, CONFIDENCE)


class Probabilities(OutputRaster):
    """One band a class, 0..1."""

    def __init__(self, card: Card, grid: Grid, path: str, said: Said) -> None:
        names = tuple(f"{c.code} {c.name}" for c in card.legend)
        parcels = card.weights.calibration.parcels
        tags = {PARCEL_TAG: json.dumps(parcels.to_dict())} if parcels else {}
        spec = RasterSpec("uint16", _NO_PROBABILITY, names, {}, tags, (), 1 / _STEPS, Resampling.average)
        super().__init__(spec, grid, path, said)

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        steps = np.rint(_STEPS * block.probability)
        self._writer.write(np.where(valid, steps, _NO_PROBABILITY).astype(np.uint16), block.window)

    def finish(self, outputs: Outputs, path: str) -> None:
        self._close()
        write_ramp_style(outputs, path, Ramp(0, 1, ((255, 255, 255), (0, 68, 27))))


class Doubt(OutputRaster):
    """A figure of how unsure the probabilities are, 0..1."""

    name: str
    colours: tuple[RGB, ...]  # from 0 to 1

    @staticmethod
    @abstractmethod
    def figure(probability: NDArray[np.floating]) -> NDArray[np.floating]:
        """(H, W) from (K, H, W)."""

    def __init__(self, card: Card, grid: Grid, path: str, said: Said) -> None:
        spec = RasterSpec("uint16", _NO_PROBABILITY, (self.name,), scale=1 / _STEPS, resampling=Resampling.average)
        super().__init__(spec, grid, path, said)

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        steps = np.rint(_STEPS * np.nan_to_num(self.figure(block.probability)))
        self._writer.write(np.where(valid, steps, _NO_PROBABILITY).astype(np.uint16), block.window)

    def finish(self, outputs: Outputs, path: str) -> None:
        self._close()
        write_ramp_style(outputs, path, Ramp(0, 1, self.colours))


_UNSURE: tuple[RGB, ...] = ((255, 255, 229), (254, 153, 41), (102, 37, 6))


class Entropy(Doubt):
    """0 where the model is sure, 1 where it knows nothing."""

    name, colours = "entropy", _UNSURE
    figure = staticmethod(entropy_of)


class Margin(Doubt):
    """The highest probability less the next: 1 where the model is sure, 0 at a draw."""

    name, colours = "margin", _UNSURE[::-1]
    figure = staticmethod(margin_of)


class ValidDates(OutputRaster):
    """How many of the model's dates are usable at each pixel: also where the map has no value."""

    def __init__(self, card: Card, grid: Grid, path: str, said: Said) -> None:
        spec = RasterSpec("uint8", _UNKNOWN, ("valid dates",), resampling=Resampling.average)
        super().__init__(spec, grid, path, said)
        self._dates = card.dates

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        self._writer.write(block.valid_dates, block.window)

    def finish(self, outputs: Outputs, path: str) -> None:
        self._close()
        write_ramp_style(outputs, path, Ramp(0, self._dates, ((215, 48, 39), (254, 224, 139), (26, 152, 80))))


# The fields of ClassifyOutputs that name a raster.
OUTPUT_RASTERS: dict[str, Callable[[Card, Grid, str, Said], OutputRaster]] = {
    "class_map": ClassMap,
    "confidence": Confidence,
    "probabilities": Probabilities,
    "entropy": Entropy,
    "margin": Margin,
    "valid_dates": ValidDates,
}
