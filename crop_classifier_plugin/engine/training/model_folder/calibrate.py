"""A finished model's probabilities calibrated on the validation parcels, which it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.calibration import Calibration
from ...accuracy.calibration.fit import fit_calibration
from ...accuracy.calibration.sample import Draw, Sample
from ...accuracy.calibration.told import NOTHING_TO_FIT, told
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter, SubProgress
from ...labels.constants import IGNORE
from ...labels.polygon_raster import PolygonRaster
from ...raster.grid import Window
from ..data.labelled_series import LabelledCube
from ..loop.evaluation import Mapper, score


def calibrate(
    mapper: Mapper, seasons: Sequence[LabelledCube], part: int, reporter: Reporter
) -> tuple[Mapper, Confusion]:
    """The mapper with a card whose calibration was fitted on the part's pixels, as their maps show them, and how it
    maps them then; where there are none, as it was."""
    sample, confusion = _drawn(mapper, seasons, part, SubProgress(reporter, 0, 0.7))
    found = fit_calibration(sample, Calibration())
    reporter.log(told(found) if found else NOTHING_TO_FIT)
    calibration = found.calibration if found else Calibration()
    card = replace(mapper.card, weights=replace(mapper.card.weights, calibration=calibration))
    mapper = replace(mapper, card=card)
    if not calibration.keeps_classes:
        confusion = score(mapper, seasons, part, SubProgress(reporter, 0.7, 1))
    return mapper, confusion


def _drawn(mapper: Mapper, seasons: Sequence[LabelledCube], part: int, reporter: Reporter) -> tuple[Sample, Confusion]:
    """Pixels to fit on, and how all are mapped."""
    classes, numbers = len(mapper.card.legend), _Numbers()
    draw, confusion = Draw(classes), Confusion(np.zeros((classes, classes), np.int64))
    for number, season in enumerate(seasons):
        share = SubProgress(reporter, number / len(seasons), (number + 1) / len(seasons))
        parcels = _Parcels(season, part, numbers)
        for block in mapper.blocks(season, share, wanted=partial(season.holds, part=part)):
            target = season.reference(block.window, part)
            known = (target != IGNORE) & block.valid
            confusion += Confusion.count(target[known], block.probability.argmax(axis=0)[known], classes)
            parcel = parcels.read(block.window)
            known &= parcel >= 0
            draw.add(0, block.probability[:, known], target[known], parcel[known])
    return draw.sample, confusion


class _Numbers:
    """One number for a place, whatever season shows it: its parcel is not parted in a cross-validation."""

    def __init__(self) -> None:
        self._known: dict[tuple[float, float], int] = {}

    def of(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """(N,) of (N, 2) places, and one more, which is none."""
        places = [(x, y) for x, y in np.round(points, 3).tolist()]
        return np.array([*(self._known.setdefault(each, len(self._known)) for each in places), -1], np.int64)


class _Parcels:
    """Numbers of the part's parcels on a season's grid."""

    def __init__(self, season: LabelledCube, part: int, numbers: _Numbers) -> None:
        own = season.split.parts == part
        shapes = season.parcels.ground[own]
        self._numbers = numbers.of(season.parcels.points[own])
        self._polygons = PolygonRaster(shapes, np.zeros(len(shapes), np.int64), season.grid)

    def read(self, window: Window) -> NDArray[np.int64]:
        """(H, W); negative where there is none."""
        return self._numbers[np.maximum(self._polygons.read(window), -1)]
