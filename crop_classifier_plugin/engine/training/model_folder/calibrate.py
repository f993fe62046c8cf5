"""A finished model's probabilities calibrated on the validation parcels, which it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.calibration import Calibration
from ...accuracy.calibration import fit_temperature
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter, SubProgress
from ...labels.constants import IGNORE
from ..data.labelled_series import LabelledCube
from ..loop.evaluation import Mapper

_MOST = 200_000  # pixels, at random (choice)


def calibrate(
    mapper: Mapper, seasons: Sequence[LabelledCube], part: int, reporter: Reporter
) -> tuple[Mapper, Confusion]:
    """The mapper with a card whose calibration was fitted on the part's pixels, as their maps show them, and how they
    are mapped; where there are none, as it was."""
    rng, classes = np.random.default_rng(0), len(mapper.card.legend)
    confusion = Confusion(np.zeros((classes, classes), np.int64))
    chances: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.int64]] = []
    for number, season in enumerate(seasons):
        share = SubProgress(reporter, number / len(seasons), (number + 1) / len(seasons))
        kept = min(_MOST / max(len(seasons), 1) / max(int((season.part == part).sum()), 1), 1.0)
        for block in mapper.blocks(season, share, wanted=partial(season.holds, part=part)):
            target = season.reference(block.window, part)
            known = (target != IGNORE) & block.valid
            confusion += Confusion.count(target[known], block.probability.argmax(axis=0)[known], classes)
            known &= rng.random(target.shape) < kept
            chances.append(block.probability[:, known].astype(np.float32))
            truths.append(target[known])
    found = Calibration()
    if truths:
        found = fit_temperature(np.concatenate(chances, axis=1), np.concatenate(truths))
    _tell(found, reporter)
    weights = replace(mapper.card.weights, calibration=found)
    return replace(mapper, card=replace(mapper.card, weights=weights)), confusion


def _tell(found: Calibration, reporter: Reporter) -> None:
    if found.pixels:
        reporter.log(
            f"Confidence was calibrated on {found.pixels:,} px of validation parcels (temperature "
            f"{found.temperature:.2f}): its expected error there was {found.error_before:.3f}, now it is "
            f"{found.error_after:.3f}."
        )
    else:
        reporter.log("There are no validation parcels to calibrate the model's confidence on: it is as it came.")
