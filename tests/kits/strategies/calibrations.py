"""Calibrations of any kind, and pixels of parcels that a known calibration mends."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.calibration.sample import Draw, Sample
from crop_classifier_plugin.engine.accuracy.calibration.scaling import softmax
from crop_classifier_plugin.shared.cards.calibration import Calibration

_ENTRY = st.floats(-3, 3)


@st.composite
def calibrations(draw: st.DrawFn, classes: int) -> Calibration:
    """With or without a bias, with or without a matrix."""
    row = st.tuples(*[_ENTRY] * classes)
    bias = draw(st.one_of(st.just(()), row))
    weights = draw(st.one_of(st.just(()), st.tuples(*[row] * classes)))
    return Calibration(draw(st.floats(0.1, 10)), bias, weights)


def sampled(
    seed: int, temperature: float = 1.0, bias: tuple[float, ...] = (), parcels: int = 400, classes: int = 4
) -> Sample:
    """Pixels of parcels whose classes were drawn from probabilities that scores tell; `bias` is put on and then the
    whole made so many times too sure. A parcel's pixels are alike."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (classes, parcels))
    truth = (rng.random(parcels) < softmax(scores).cumsum(axis=0)).argmax(axis=0)
    told = softmax((scores + np.array(bias or (0,) * classes)[:, None]) * temperature)
    parcel = np.repeat(np.arange(parcels), 5)
    drawn = Draw(classes, seed)
    drawn.add(0, told[:, parcel], truth[parcel], parcel)
    return drawn.sample
