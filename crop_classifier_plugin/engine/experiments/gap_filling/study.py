"""How well gaps are filled.

Real NDVI with real cloud masks (sentinel2_ndvi_series: 68 Sentinel-2 dates of 2015-2017, 101 x 100 px). Clear
observations are hidden, filled from the others, and compared. The Savitzky-Golay window and Whittaker's smoothness are
chosen on every second column of pixels, the figures are those of the columns between.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.series import FillGapsJob
from ....shared.jobs.sources import SceneSource, Series
from ...series.operations.gap_filling.interpolation import days_of, nearest
from ...series.operations.gap_filling.job import filler
from .hiding import Floats, Hidden, hidings

NAME = "sentinel2_ndvi_series"
Days = NDArray[np.float64]
Fill = Callable[[Floats, Days], Floats]
_TUNED_ON, _TOLD_ON = slice(0, None, 2), slice(1, None, 2)  # columns of pixels
_WINDOWS, _SMOOTHNESS = (25, 45, 65, 85, 105, 125, 155, 185), (0.01, 0.1, 0.3, 1, 3, 10, 30, 100)
_JOB = FillGapsJob(Series((SceneSource("x"),)), "x.tif")  # for its defaults: no file is read


@dataclass(frozen=True)
class Found:
    """RMSE by method and hiding, how many observations each hiding tests, and what the series is."""

    rmse: dict[str, list[float]]
    tested: dict[str, int]
    dates: int
    clouded: float  # share of the values


def study(data: Path) -> Found:
    values, days = read(data / NAME)
    hidden = hidings(values)
    rmse = partial(_rmse, values=values, days=days)
    found = {
        name: [rmse(fill, hidden=each, columns=_TOLD_ON) for each in hidden.values()]
        for name, fill in _methods(values, days, hidden).items()
    }
    tested = {name: int(each[:, :, _TOLD_ON].sum()) for name, each in hidden.items()}
    return Found(found, tested, len(values), float(np.isnan(values).mean()))


def read(folder: Path) -> tuple[Floats, Days]:
    """(T,H,W) NDVI with NaN under clouds, (T,) days."""
    ndvi, clouds, valid = (np.load(folder / f"{name}.npy")[..., 0] for name in ("NDVI", "CLM", "IS_VALID"))
    dates = [dt.datetime.fromisoformat(t).date() for t in json.loads((folder / "timestamps.json").read_text())]
    once = [t for t, day in enumerate(dates) if day not in dates[:t]]  # some days come twice: the first is kept
    values = np.where((clouds == 0) & valid, ndvi, np.nan)[once]
    return np.asarray(values, np.float32), days_of([dates[t] for t in once])


def _methods(values: Floats, days: Days, hidden: dict[str, Hidden]) -> dict[str, Fill]:
    """Every method as it comes, and as it is best here: with the least mean RMSE on the other columns."""

    def score(fill: Fill) -> float:
        return float(np.mean([_rmse(fill, values, days, each, _TUNED_ON) for each in hidden.values()]))

    window = min(_WINDOWS, key=lambda w: score(_savitzky_golay(w)))
    smoothness = min(_SMOOTHNESS, key=lambda s: score(_whittaker(s)))
    methods: dict[str, Fill] = {
        "nearest date": lambda v, d: nearest(v, d, d),
        "linear": filler(FillGapsJob(_JOB.series, _JOB.output, method="linear")),
    }
    for w, why in ((_JOB.window, "default"), (window, "best here")):
        methods[f"Savitzky-Golay, {w:g} days, order 2 ({why})"] = _savitzky_golay(w)
    for s, why in ((_JOB.smoothness, "default"), (smoothness, "best here")):
        methods[f"Whittaker, smoothness {s:g} ({why})"] = _whittaker(s)
    return methods


def _savitzky_golay(window: float) -> Fill:
    return filler(FillGapsJob(_JOB.series, _JOB.output, method="savgol", window=window))


def _whittaker(smoothness: float) -> Fill:
    return filler(FillGapsJob(_JOB.series, _JOB.output, method="whittaker", smoothness=smoothness))


def _rmse(fill: Fill, values: Floats, days: Days, hidden: Hidden, columns: slice) -> float:
    shown = np.where(hidden, np.nan, values).astype(np.float32)[:, :, columns]
    error = (fill(shown, days) - values[:, :, columns])[hidden[:, :, columns]]
    return float(np.sqrt(np.nanmean(error.astype(np.float64) ** 2)))
