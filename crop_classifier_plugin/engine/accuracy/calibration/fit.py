"""The calibration that does best on parcels it was not fitted on, or none where none does better."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.calibration import Calibration
from .candidates import CANDIDATES, TEMPERATURE, Candidate, fitted
from .parcels import ParcelMeans, fit_parcels
from .reliability import Reliability
from .sample import Sample
from .scaling import LEAST, calibrated

_PARTS = 5  # parcels below which nothing is fitted, and into how many parts they are parted (choice)
_FREE = 20  # parcels from which on more than a temperature is fitted (choice)
_SEASONS = 3  # series from which on each is a part by itself: what is told is of a season that is not known (choice)
_PIXELS = 30  # of a parcel that the fit sees: more tell little and cost time (choice)

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Judged:
    """What probabilities say of pixels, and of their parcels, that they were not fitted on."""

    pixels: Reliability
    parcels: Reliability
    accuracy: float  # of the pixels
    loss: float  # mean negative log likelihood


@dataclass(frozen=True, eq=False)
class Fitted:
    """A calibration, and how it did in a cross-validation over parcels (or seasons)."""

    calibration: Calibration
    title: str  # of what was fitted; "" = nothing did better
    before: Judged
    after: Judged
    by_season: bool  # whether seasons were left out, not parcels


def fit_calibration(sample: Sample, base: Calibration) -> Fitted | None:
    """On top of `base`, which the sample's probabilities do not have yet; None for too few parcels to tell.

    Of the candidates the likeliest on parcels that it was not fitted on, among those that leave accuracy and
    calibration error no worse: so that calibrating never does harm, as far as these parcels tell.
    """
    if sample.parcels < _PARTS:
        return None
    folds = _folds(sample)
    as_it_came = calibrated(sample.probability.astype(np.float64), base)
    before = _judged(as_it_came, sample, folds)
    told, chosen, after = as_it_came, None, before
    for candidate in _allowed(sample):
        found = _held_out(candidate, sample, folds, base)
        judged = _judged(found, sample, folds)
        if judged.loss < after.loss and _no_worse(judged, before):
            told, chosen, after = found, candidate, judged
    return _finished(sample, base, chosen, ParcelMeans.of(told, sample.truth, sample.parcel, folds), before, after)


def _finished(
    sample: Sample, base: Calibration, chosen: Candidate | None, means: ParcelMeans, before: Judged, after: Judged
) -> Fitted:
    """The chosen one fitted on all parcels."""
    calibration = fitted(chosen, sample.thinned(_PIXELS), base) if chosen else base
    parcels = fit_parcels(means)
    if parcels:
        after = replace(after, parcels=Reliability.count(means.confidence()[1], means.right))
    calibration = replace(
        calibration,
        error_before=round(before.pixels.error, 4),
        error_after=round(after.pixels.error, 4),
        pixels=sample.size,
        parcels=parcels,
    )
    return Fitted(calibration, chosen.title if chosen else "", before, after, sample.seasons >= _SEASONS)


def _allowed(sample: Sample) -> tuple[Candidate, ...]:
    if sample.parcels < _FREE:
        return (TEMPERATURE,)
    return tuple(candidate for candidate in CANDIDATES if candidate.fits(len(sample.probability)))


def _folds(sample: Sample) -> NDArray[np.int64]:
    """(n,) which part of the sample each pixel is left out with: parcels are not parted."""
    if sample.seasons >= _SEASONS:
        return np.asarray(np.unique(sample.season, return_inverse=True)[1]).reshape(-1)
    each, place = np.unique(sample.parcel, return_inverse=True)
    return (np.random.default_rng(0).permutation(len(each)) % _PARTS)[place]


def _held_out(candidate: Candidate, sample: Sample, folds: NDArray[np.int64], base: Calibration) -> NDArray[np.float64]:
    """(K, n) what the candidate says of each pixel when it was fitted on the other parts."""
    told = np.empty(sample.probability.shape)
    for number in np.unique(folds):
        here = folds == number
        found = fitted(candidate, sample.some(~here).thinned(_PIXELS), base)
        told[:, here] = calibrated(sample.probability[:, here].astype(np.float64), found)
    return told


def _judged(told: Floats, sample: Sample, folds: NDArray[np.int64]) -> Judged:
    right = told.argmax(axis=0) == sample.truth
    likely = np.log(np.maximum(told[sample.truth, np.arange(sample.size)], LEAST))
    means = ParcelMeans.of(told, sample.truth, sample.parcel, folds)
    return Judged(
        Reliability.count(told.max(axis=0), right),
        Reliability.count(means.mean, means.right),
        float(right.mean()),
        -float(likely.mean()),
    )


def _no_worse(judged: Judged, before: Judged) -> bool:
    return judged.accuracy >= before.accuracy and judged.pixels.error <= before.pixels.error
