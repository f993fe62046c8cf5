"""How sure a map is of a whole parcel: the mean of its pixels is not the chance that its crop is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ....shared.cards.calibration import ParcelCalibration
from .reliability import Reliability
from .scaling import odds_of, parcel_confidence

LEAST_PARCELS = 30  # for a calibration of their own (choice)
_DRAWN = 4.0  # towards the mean itself, by the squares of what is away from it (choice, tried on simulated seasons)
_DIGITS = 4

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ParcelMeans:
    """P parcels: the mean probability of the crop that most of their pixels have, and whether it is theirs."""

    mean: Floats  # (P,)
    right: NDArray[np.bool_]  # (P,)
    fold: Ints  # (P,) that each belongs to

    @classmethod
    def of(cls, probability: Floats, truth: Ints, parcel: Ints, fold: Ints) -> ParcelMeans:
        """From (K, n) pixels with their class, parcel and fold; a parcel lies in one fold."""
        first, place = np.unique(parcel, return_index=True, return_inverse=True)[1:]
        votes, truths, means = (
            np.stack([np.bincount(place, each) for each in rows])
            for rows in (_one_hot(probability.argmax(axis=0), probability), _one_hot(truth, probability), probability)
        )
        best, every = votes.argmax(axis=0), np.arange(len(first))
        counts = np.bincount(place)
        return cls(means[best, every] / counts, best == truths.argmax(axis=0), fold[first])

    def confidence(self) -> tuple[Floats, Floats]:
        """(P,) mean and calibrated chance of being right, each by what was fitted on the other folds."""
        chance = self.mean.copy()
        for number in np.unique(self.fold):
            here = self.fold == number
            if not here.all():
                chance[here] = parcel_confidence(self.mean[here], _fit(self.mean[~here], self.right[~here]))
        return self.mean, chance


def fit_parcels(parcels: ParcelMeans) -> ParcelCalibration | None:
    """None for few parcels, and where the mean by itself clearly tells more of parcels that were not fitted on: by
    more than a standard error (choice: less is chance, and the fit is drawn towards the mean)."""
    if len(parcels.mean) < LEAST_PARCELS:
        return None
    before, after = parcels.confidence()
    worse = _losses(after, parcels.right) - _losses(before, parcels.right)
    if worse.mean() > worse.std() / np.sqrt(len(worse)):
        return None
    errors = [round(Reliability.count(each, parcels.right).error, 4) for each in (before, after)]
    found = _fit(parcels.mean, parcels.right)
    return ParcelCalibration(found.intercept, found.slope, errors[0], errors[1], len(parcels.mean))


def _fit(mean: Floats, right: NDArray[np.bool_]) -> ParcelCalibration:
    """Logistic, drawn towards the mean itself."""
    known, odds = right.astype(float), odds_of(mean)

    def loss(x: Floats) -> tuple[float, Floats]:
        score = x[0] + x[1] * odds
        wrong = 1 / (1 + np.exp(-score)) - known
        away = x - (0, 1)
        told = np.logaddexp(0, np.where(right, -score, score)).sum() + _DRAWN * (away @ away)
        return float(told), np.array([wrong.sum(), wrong @ odds]) + 2 * _DRAWN * away

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-20, 20), (0.05, 20)]).x
    intercept, slope = np.round(found, _DIGITS).tolist()
    return ParcelCalibration(intercept, slope, 0.0, 0.0, len(mean))


def _losses(chance: Floats, right: NDArray[np.bool_]) -> Floats:
    """(P,) negative log likelihoods."""
    kept = np.clip(chance, 1e-6, 1 - 1e-6)
    losses: Floats = -np.log(np.where(right, kept, 1 - kept))
    return losses


def _one_hot(classes: Ints, like: Floats) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = classes == np.arange(len(like))[:, None]
    return found
