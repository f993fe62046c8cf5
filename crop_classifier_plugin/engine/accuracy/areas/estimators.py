"""Areas and accuracies estimated from a probability sample, with their standard errors.

One estimator for all: stratified, of units of any size, with strata that need not be the map's classes.

Stehman (2014), International Journal of Remote Sensing 35, equations 1 to 25 (strata other than the map's classes);
where the strata are the map's classes it gives Olofsson et al. (2014), Remote Sensing of Environment 148, equations 1
to 11. Units of unequal size (parcels): the separate ratio estimator, Cochran (1977), Sampling Techniques, section 6.10.
A simple random or systematic sample is post-stratified by the map, which is the model-assisted estimator with the
map's classes as auxiliary information: Särndal, Swensson and Wretman (1992), section 7.6; Cochran, section 5A.9.
The finite population correction is left out, as in Olofsson et al.: samples are small beside maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z95 = 1.96  # as in Olofsson et al.

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Estimate(NamedTuple):
    """A figure and its standard error; NaN where the sample cannot tell."""

    value: float
    error: float

    @property
    def half_width(self) -> float:
        """Of the 95 % interval."""
        return Z95 * self.error


@dataclass(frozen=True, eq=False)
class Sample:
    """n looked-at units: (n,) each. `size` is a unit's area in any unit, equal for pixels."""

    stratum: Ints  # position in the strata
    mapped: Ints  # position of the map's class
    reference: Ints  # position of the class that was found
    size: Floats


@dataclass(frozen=True, eq=False)
class StratifiedEstimator:
    """Estimates over strata of known area: `areas` (H,) in hectares, each with at least one unit of the sample."""

    sample: Sample
    areas: Floats
    random: bool = False  # the sample was drawn without strata: they are post-strata

    @property
    def hectares(self) -> float:
        """Of all strata."""
        return float(self.areas.sum())

    def total(self, y: Floats) -> Estimate:
        """Hectares of what is 1 in `y` (n,), which is the share of each unit that has it."""
        means, _ = self._means(y)
        return Estimate(float((self.areas * means).sum()), self._error(y))

    def ratio(self, y: Floats, x: Floats) -> Estimate:
        """Of the totals of y and x; the error by linearization (Stehman's equation 25)."""
        over = self.total(x).value
        if not over:
            return Estimate(float("nan"), float("nan"))
        value = self.total(y).value / over
        return Estimate(value, self._error(y - value * x) / over)

    def _means(self, y: Floats) -> tuple[Floats, Floats]:
        """Mean of y by area in each stratum, and the variance of one unit about it. NaN of a single unit."""
        strata, count = self.sample.stratum, len(self.areas)
        n = np.bincount(strata, minlength=count)
        sizes = np.bincount(strata, self.sample.size, count)
        means = np.bincount(strata, self.sample.size * y, count) / sizes
        residual = self.sample.size * (y - means[strata]) / (sizes / n)[strata]
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.bincount(strata, residual**2, count) / (n - 1)
        return means, variance

    def _error(self, y: Floats) -> float:
        _, variance = self._means(y)
        n = np.bincount(self.sample.stratum, minlength=len(self.areas))
        if self.random:
            shares, total = self.areas / self.hectares, n.sum()
            parts = shares * variance / total + (1 - shares) * variance / total**2
            return float(self.hectares * np.sqrt(parts.sum()))
        return float(np.sqrt((self.areas**2 * variance / n).sum()))

    def overall(self) -> Estimate:
        """Share of the area that is mapped right."""
        return self.ratio(self._right(), np.ones_like(self.sample.size))

    def area(self, crop: int) -> Estimate:
        """Hectares of a class on the ground."""
        return self.total(self._is(self.sample.reference, crop))

    def users(self, crop: int) -> Estimate:
        """Of what is mapped as the class, the share by area that is it."""
        mapped = self._is(self.sample.mapped, crop)
        return self.ratio(mapped * self._right(), mapped)

    def producers(self, crop: int) -> Estimate:
        """Of what is the class, the share by area that is mapped so."""
        found = self._is(self.sample.reference, crop)
        return self.ratio(found * self._right(), found)

    def matrix(self, classes: int) -> Floats:
        """(K, K) share of the area by class of the reference (rows) and of the map (columns)."""
        cells = [
            self.total(self._is(self.sample.reference, i) * self._is(self.sample.mapped, j)).value
            for i in range(classes)
            for j in range(classes)
        ]
        return np.array(cells).reshape(classes, classes) / self.hectares

    def _right(self) -> Floats:
        right: Floats = (self.sample.mapped == self.sample.reference).astype(float)
        return right

    @staticmethod
    def _is(values: Ints, crop: int) -> Floats:
        found: Floats = (values == crop).astype(float)
        return found
