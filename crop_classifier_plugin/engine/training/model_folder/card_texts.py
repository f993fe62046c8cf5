"""What a card says in words of what a model was trained on, where the user says nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ....shared.jobs.sources import LabelSource
from ..data.labelled_series import LabelledCube

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
Season = tuple[dt.date, dt.date]  # first and last day
_MOST_DATES = 6  # named one by one


def describe_region(box: tuple[float, float, float, float]) -> str:
    """As "51.00-51.01 N, 2.90-2.91 E", of west, south, east, north in degrees."""
    west, south, east, north = box
    return f"{_degrees(south, north, 'SN')}, {_degrees(west, east, 'WE')}"


def _degrees(low: float, high: float, sides: str) -> str:
    (a, first), (b, last) = ((f"{abs(v):.2f}", sides[v >= 0]) for v in (low, high))
    if first != last:
        return f"{a} {first}-{b} {last}"
    near, far = (a, b) if high > 0 else (b, a)
    return f"{near} {last}" if near == far else f"{near}-{far} {last}"


def describe_seasons(spans: Sequence[Season]) -> str:
    """As "March to October 2024", of the first and last day of each season."""
    return "; ".join(_months(first, last) for first, last in spans)


def seasons_of(series: Sequence[Sequence[dt.date]]) -> tuple[Season, ...]:
    """The first and last day of each series, by date; those that overlap are one season."""
    spans: list[Season] = []
    for first, last in sorted((min(dates), max(dates)) for dates in series if dates):
        if spans and first <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], last)
        else:
            spans.append((first, last))
    return tuple(spans)


def _months(first: dt.date, last: dt.date) -> str:
    end = f"{_MONTHS[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return end
    year = f" {first.year}" if first.year != last.year else ""
    return f"{_MONTHS[first.month - 1]}{year} to {end}"


def describe_training_data(labels: Sequence[LabelSource], seasons: Sequence[LabelledCube], classes: int) -> str:
    """How many labels of how many classes, in which files, and the dates of the scenes."""
    paths = [path for source in labels for path in source.label_files]
    files = ", ".join(dict.fromkeys(Path(path).name for path in paths))
    dates = sorted({d.isoformat() for season in seasons for d in season.dates})
    few = ", ".join(dates) if len(dates) <= _MOST_DATES else f"{len(dates)} dates from {dates[0]} to {dates[-1]}"
    choice = labels[0].choice.told()
    told = f" ({choice})" if choice else ""
    return f"{_labels_in_words(seasons)} of {classes} classes{told} in {files}, scenes of {few}"


def _labels_in_words(seasons: Sequence[LabelledCube]) -> str:
    points = np.concatenate([season.parcels.points[season.split.parts > 0] for season in seasons])
    unit = seasons[0].parcels.unit
    units = f"{unit}s" if unit == "connected region" else f"labelled {unit}s"
    return f"{len(np.unique(points, axis=0))} {units}"  # other dates or months show the same ones again
