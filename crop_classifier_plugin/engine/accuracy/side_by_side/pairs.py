"""Whether one of two maps is right more often than the other, by more than chance would have it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binom, chi2

_FEW = 25  # pixels that only one map has right: below it the exact test is taken (choice, as is custom)


@dataclass(frozen=True)
class McNemar:
    """McNemar (1947), Psychometrika 12: of the pixels that only one of two maps has right, is it each map as often?

    Exact (binomial) where they are few, else chi-squared with the continuity correction of Edwards (1948),
    Psychometrika 13.
    """

    only_first: int  # pixels that the first map alone has right
    only_second: int

    @property
    def exact(self) -> bool:
        return self.only_first + self.only_second < _FEW

    @property
    def statistic(self) -> float | None:
        """Chi-squared of one degree of freedom; None of the exact test."""
        if self.exact:
            return None
        difference = max(abs(self.only_first - self.only_second) - 1, 0)
        return difference**2 / (self.only_first + self.only_second)

    @property
    def p(self) -> float:
        """Chance of so large a difference between two maps that are right equally often; 1 where they never differ."""
        if self.statistic is not None:
            return float(chi2.sf(self.statistic, 1))
        fewer = min(self.only_first, self.only_second)
        return min(1.0, 2 * float(binom.cdf(fewer, self.only_first + self.only_second, 0.5)))
