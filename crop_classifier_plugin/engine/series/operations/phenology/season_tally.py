"""What phenology found, summed window by window: how many seasons, and the days on which they start, peak and end."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from .....shared.errors import BadInput
from .....shared.jobs.series import PhenologyJob
from ....execution.reporter import Reporter
from ....raster.sidecars import Ramp, Row
from ....reporting.sentences import listed
from ...scenes.quantity import Float
from ..indices.index_series import IndexSeries
from .season_curve import END, NAMES, PEAK, START, Numbers

DAYS = (START, PEAK, END)
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_NUMBERS = ((222, 222, 222), (35, 139, 69), (253, 141, 60), (106, 81, 163), (8, 81, 156), (189, 0, 38), (82, 82, 82))


def band_names(seasons: int) -> tuple[str, ...]:
    """Of one season its seven values; of several their number, then the values of each."""
    if seasons == 1:
        return NAMES
    numbered = (f"{name.replace(' of season', '')} of season {n}" for n in range(1, seasons + 1) for name in NAMES)
    return ("number of seasons", *numbered)


class SeasonTally:
    """How many pixels have seasons, and on which days these start, peak and end."""

    def __init__(self, days: tuple[int, int], seasons: int) -> None:
        """The first and the last day that can occur; `seasons`: the most that are told of a pixel."""
        self.first_day, self._most = days[0], seasons
        self._histogram = np.zeros((seasons, len(DAYS), days[1] - days[0] + 2), np.int64)
        self._numbers = np.zeros(1, np.int64)  # pixels with 0, 1, 2, ... seasons
        self.pixels = self.few = self.half = 0

    def add(self, found: Float, number: Numbers, enough: NDArray[np.bool_]) -> None:
        """`found` (S, 7, H, W), `number` (H, W) of seasons; `enough` (H, W): the pixel has the clear dates it needs."""
        seen = ~np.isnan(found[:, PEAK])
        self.pixels += number.size
        self.few += int((~enough).sum())
        self.half += int((seen & (np.isnan(found[:, START]) | np.isnan(found[:, END]))).any(axis=0).sum())
        numbers = np.bincount(number[enough], minlength=len(self._numbers))
        numbers[: len(self._numbers)] += self._numbers
        self._numbers = numbers
        for season, rows in zip(found, self._histogram):
            for row, band in zip(rows, DAYS):
                days = season[band][~np.isnan(season[band])]
                row += np.bincount(np.rint(days).astype(int) - self.first_day, minlength=row.size)

    def _quantile(self, season: int, number: int, share: float) -> int:
        total = np.cumsum(self._histogram[season, number])
        return self.first_day + int(np.searchsorted(total, share * total[-1])) if total[-1] else self.first_day

    def ramp(self) -> Ramp:
        """The colours of the start of season: from the second to the 98th percent of its days."""
        low, high = self._quantile(0, START, 0.02), self._quantile(0, START, 0.98)
        return Ramp(low, max(high, low + 1), _COLOURS)

    def rows(self) -> tuple[Row, ...]:
        """The legend of the number of seasons."""
        names = ["no season", "1 season", *(f"{n} seasons" for n in range(2, len(self._numbers)))]
        last = len(_NUMBERS) - 1
        return tuple(Row(n, names[n], _NUMBERS[min(n, last)], int(count)) for n, count in enumerate(self._numbers))

    def log(self, job: PhenologyJob, series: IndexSeries, year: int, reporter: Reporter) -> dict[str, object]:
        """Says what was found. Raises BadInput when no pixel has the dates it needs."""
        if self.few == self.pixels:
            days = listed(series.dates)
            raise BadInput(
                f"No pixel has {job.min_dates} clear dates among {days}: add clearer scenes, check the mask, or ask "
                "for fewer."
            )
        shares = {
            "without enough clear dates": self.few / self.pixels,
            f"without a peak {job.rule.min_amplitude:g} above a low": int(self._numbers[0]) / self.pixels,
            "with a start or an end outside the series": self.half / self.pixels,
        }
        reporter.log("Pixels " + ", ".join(f"{what}: {share:.1%}" for what, share in shares.items()) + ".")
        numbers = self._log_numbers(reporter)
        return {
            "bands": list(band_names(self._most)),
            "index": job.index,
            "dates": [str(d) for d in series.dates],
            "season_year": year,
            "medians": self._log_medians(year, reporter),
            "shares": {what: round(share, 6) for what, share in shares.items()},
            **numbers,
        }

    def _log_numbers(self, reporter: Reporter) -> dict[str, object]:
        """Of the pixels with a season: how many they have, and whether that is more than is told."""
        some = max(int(self._numbers[1:].sum()), 1)
        shares = {str(n): int(count) / some for n, count in enumerate(self._numbers) if n and count}
        more = sum(share for n, share in shares.items() if int(n) > self._most)
        if self._most > 1 and shares:
            told = ", ".join(f"{n}: {share:.1%}" for n, share in shares.items())
            reporter.log(f"Number of seasons of the pixels that have one: {told}.")
        if more:
            kept = "that with the highest peak is" if self._most == 1 else "those with the highest peaks are"
            reporter.log(
                f"{more:.1%} of the pixels with a season have more than {self._most}, of which {kept} told: ask for "
                f"{len(self._numbers) - 1} seasons to get them all, or narrow the days.",
                "warning",
            )
        return {
            "seasons_per_pixel": {n: round(share, 6) for n, share in shares.items()},
            "with_more_seasons": round(more, 6),
        }

    def _log_medians(self, year: int, reporter: Reporter) -> dict[str, int]:
        names = band_names(self._most)[-self._most * len(NAMES) :]
        middle = {
            names[season * len(NAMES) + band]: self._quantile(season, n, 0.5)
            for season in range(self._most)
            for n, band in enumerate(DAYS)
            if self._histogram[season, n].any()
        }
        medians = ", ".join(f"{name} {dt.date(year, 1, 1) + dt.timedelta(day - 1)}" for name, day in middle.items())
        reporter.log(f"Medians: {medians or 'no season was found'}. Day 1 is {year}-01-01.")
        return middle
