"""How well gaps are filled.

Real NDVI with real cloud masks (sentinel2_ndvi_series: 68 Sentinel-2 dates of 2015-2017, 101 x 100 px). Clear
observations are hidden, filled from the others, and compared. The Savitzky-Golay window and Whittaker's smoothness are
chosen on every second column of pixels, the figures are those of the columns between.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ....shared.jobs.series import FillGapsJob
from ....shared.jobs.sources import SceneSource, Series
from ...series.operations.gap_filling.interpolation import days_of, nearest
from ...series.operations.gap_filling.job import filler

NAME = "sentinel2_ndvi_series"
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def study(folder: Path) -> str:
    """The page."""
    values, days = read(folder)
    hidings = {
        "single (20 %)": hide_single(values, 0.2),
        "runs of 5": hide_runs(values, 5),
        "whole dates (20 %)": hide_dates(values, 0.2),
    }
    tuned, table = best_of(values, days, hidings), []
    defaults = FillGapsJob(Series((SceneSource("x"),)), "x.tif")
    methods = {"nearest date": lambda v, d: nearest(v, d, d), "linear": method("linear")}
    for window, why in ((defaults.window, "default"), (tuned["savgol"], "best here")):
        methods[f"Savitzky-Golay, {window:g} days, order 2 ({why})"] = method("savgol", window=window)
    for smoothness, why in ((defaults.smoothness, "default"), (tuned["whittaker"], "best here")):
        methods[f"Whittaker, smoothness {smoothness:g} ({why})"] = method("whittaker", smoothness=smoothness)
    for name, fill in methods.items():
        table.append((name, [rmse(fill, values, hidden, days, slice(1, None, 2)) for hidden in hidings.values()]))
    counts = [int(hidden[:, :, 1::2].sum()) for hidden in hidings.values()]
    return report(table, list(hidings), counts, values)


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """(T, H, W) NDVI with NaN under clouds, (T,) days."""
    ndvi, clouds, valid = (np.load(folder / f"{name}.npy")[..., 0] for name in ("NDVI", "CLM", "IS_VALID"))
    dates = [dt.datetime.fromisoformat(t).date() for t in json.loads((folder / "timestamps.json").read_text())]
    once = [t for t, day in enumerate(dates) if day not in dates[:t]]  # some days come twice: the first is kept
    values = np.where((clouds == 0) & valid, ndvi, np.nan).astype(np.float32)
    return values[once], days_of([dates[t] for t in once])


def method(name: str, **options: float) -> Fill:
    job = FillGapsJob(Series((SceneSource("x"),)), "x.tif", method=name, **options)  # type: ignore[arg-type]
    return filler(job)


# --- what is hidden: always clear observations ------------------------------------------------------------------------


def hide_single(values: np.ndarray, share: float) -> np.ndarray:
    return ~np.isnan(values) & (np.random.default_rng(1).random(values.shape) < share)


def hide_runs(values: np.ndarray, length: int) -> np.ndarray:
    """In every pixel one run of consecutive clear observations, never the first or last of the series."""
    rng, hidden = np.random.default_rng(2), np.zeros(values.shape, bool)
    for row, col in np.ndindex(values.shape[1:]):
        clear = np.flatnonzero(~np.isnan(values[:, row, col]))
        if len(clear) > length + 2:
            first = rng.integers(1, len(clear) - length)
            hidden[clear[first : first + length], row, col] = True
    return hidden


def hide_dates(values: np.ndarray, share: float) -> np.ndarray:
    dates = np.random.default_rng(3).random(len(values)) < share
    return ~np.isnan(values) & dates[:, None, None]


# --- figures ----------------------------------------------------------------------------------------------------------


def rmse(fill: Fill, values: np.ndarray, hidden: np.ndarray, days: np.ndarray, columns: slice) -> float:
    shown = np.where(hidden, np.nan, values).astype(np.float32)[:, :, columns]
    error = (fill(shown, days) - values[:, :, columns])[hidden[:, :, columns]]
    return float(np.sqrt(np.nanmean(error.astype(np.float64) ** 2)))


def best_of(values: np.ndarray, days: np.ndarray, hidings: dict[str, np.ndarray]) -> dict[str, float]:
    """The options with the least mean RMSE over the hidings, on the even columns."""

    def score(fill: Fill) -> float:
        return float(np.mean([rmse(fill, values, hidden, days, slice(0, None, 2)) for hidden in hidings.values()]))

    windows, smoothness = (25, 45, 65, 85, 105, 125, 155, 185), (0.01, 0.1, 0.3, 1, 3, 10, 30, 100)
    return {
        "savgol": min(windows, key=lambda w: score(method("savgol", window=w))),
        "whittaker": min(smoothness, key=lambda s: score(method("whittaker", smoothness=s))),
    }


def report(table: list[tuple[str, list[float]]], hidings: list[str], counts: list[int], values: np.ndarray) -> str:
    lines = [
        "# Filling gaps",
        "",
        "RMSE of NDVI on hidden clear observations, by `benchmarks/series.py`. Real Sentinel-2 NDVI of 2015-2017:",
        f"{len(values)} days, {np.isnan(values).mean():.0%} of the values clouded or invalid by the real cloud masks.",
        "What is best here was found on every second column of pixels; all figures are those of the columns between,",
        "which are their neighbours: they compare the methods and promise nothing elsewhere.",
        "",
        "| method | " + " | ".join(f"{name}, n = {n:,}" for name, n in zip(hidings, counts)) + " |",
        "|---|" + "---|" * len(hidings),
        *(f"| {name} | " + " | ".join(f"{v:.4f}" for v in figures) + " |" for name, figures in table),
        "",
    ]
    return "\n".join(lines)
