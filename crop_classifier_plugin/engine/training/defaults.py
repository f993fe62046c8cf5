"""What a train job leaves open, from its scenes and labels: date windows, legend, and whether it is all simulated."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..accuracy.names import distinct_colour
from ..errors import BadInput, BandMissing, LabelsUnusable, NoOverlap
from ..events import Reporter
from ..jobs import LabelledSeries, TrainJob
from ..legend import CropClass, Legend, plain
from ..raster.vector import read_polygons
from ..series.scenes import Bounds, Scene, read_scenes

MOST_SCENES = 6  # with more, each date its own window would ask too much of the next season (choice)
AROUND = 20  # days on either side of a scene's date that its window takes (choice)
_PALETTE = (
    "#e3b505",
    "#4f9d4e",
    "#c8553d",
    "#7b4b94",
    "#3f88c5",
    "#f2845c",
    "#9bc53d",
    "#8c5e3c",
    "#e377c2",
    "#2ca9a1",
)


@dataclass(frozen=True)
class Labels:
    """What the labels of all training series say before a pixel is read."""

    counts: Counter[str]  # polygons on the series a label, as it is written
    simulated: bool


def complete(job: TrainJob, reporter: Reporter) -> tuple[TrainJob, Legend]:
    """The job with its windows, and the legend. Refuses classes with fewer parcels than the job asks for.

    Raises LabelsUnusable when no label lies on the series, and the sentences of scenes that cannot be read.
    """
    scenes = _usable(read_scenes(job.scenes, reporter, job.dates), job)
    windows = job.windows or windows_around([s.date for s in scenes])
    if not job.windows:
        told = ", ".join(f"{first}-{last}" for first, last in windows)
        reporter.log(f"Date windows, {AROUND} days around each scene: day of year {told}.")
    labels = _labels(job, scenes, reporter)
    legend = Legend.load(job.legend) if job.legend else legend_of(labels.counts)
    _check_parcels(labels, legend, job.min_parcels)
    return replace(job, windows=windows, simulated=job.simulated or labels.simulated), legend


def windows_around(dates: Sequence[dt.date]) -> tuple[tuple[int, int], ...]:
    """A window of 20 days on either side of each date, in days of the last date's year (choice).

    Windows of neighbouring dates part in the middle between them, so that each takes its own scene.
    Raises BadInput for more than six dates, or for dates of more than one season.
    """
    days = sorted(set(dates))
    if len(days) > MOST_SCENES:
        raise BadInput(
            f"The series has {len(days)} dates, too many for a window around each: give the date windows, as "
            "'95-135, 150-195, 210-260'."
        )
    if (days[-1] - days[0]).days > 366:
        raise BadInput(
            f"The scenes reach from {days[0]} to {days[-1]}, more than one season: give the date windows, or fewer "
            "scenes."
        )
    count = [(day - dt.date(days[-1].year, 1, 1)).days + 1 for day in days]
    breaks = [(a + b) // 2 for a, b in zip(count, count[1:])]
    firsts = [count[0] - AROUND, *(max(day - AROUND, b + 1) for day, b in zip(count[1:], breaks))]
    lasts = [*(min(day + AROUND, b) for day, b in zip(count, breaks)), count[-1] + AROUND]
    return tuple(zip(firsts, lasts))


def legend_of(labels: Counter[str]) -> Legend:
    """One class a label, in the order of their names (numbers by size); spellings that differ in case are one."""
    names: dict[str, str] = {}
    for label in sorted(labels, key=lambda text: (not text.isdigit(), int(text) if text.isdigit() else 0, plain(text))):
        names.setdefault(plain(label), label)
    return Legend(tuple(CropClass(i + 1, name, _colour(i)) for i, name in enumerate(names.values())))


def _colour(index: int) -> str:
    if index < len(_PALETTE):
        return _PALETTE[index]
    red, green, blue = distinct_colour(index)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _usable(scenes: Sequence[Scene], job: TrainJob) -> list[Scene]:
    """The scenes that have every band."""
    if not scenes:
        raise BadInput("No dated raster was found: choose the dated scenes of the season.")
    usable = [s for s in scenes if set(job.bands) <= set(s.bands)]
    if usable:
        return usable
    first = scenes[0]
    lacking = [band for band in job.bands if band not in first.bands]
    raise BandMissing(lacking, first.date.isoformat(), first.bands, job.name or "to be trained")


def _labels(job: TrainJob, scenes: Sequence[Scene], reporter: Reporter) -> Labels:
    """Counts labels once a file, wherever its first series lies."""
    counts: Counter[str] = Counter()
    simulated = []
    for source in _sources(job):
        here = scenes if source.labels == job.labels else read_scenes(source.scenes, reporter, source.dates)
        crs = here[0].refs[0].crs
        frame = read_polygons(source.labels, source.labels_layer, job.class_field, crs, _common(here))
        counts.update(frame["label"])
        simulated.append(bool(frame.attrs["simulated"]))
    if not counts:
        raise LabelsUnusable(
            f"No labelled polygon of {job.labels} lies on the series: check the labels' place, CRS and class field."
        )
    return Labels(counts, any(simulated))


def _sources(job: TrainJob) -> list[LabelledSeries]:
    first = LabelledSeries(job.scenes, job.labels, job.labels_layer, job.dates)
    found: dict[tuple[str, str], LabelledSeries] = {}
    for source in (first, *job.more):
        found.setdefault((source.labels, source.labels_layer), source)
    return list(found.values())


def _common(scenes: Sequence[Scene]) -> Bounds:
    """Where every date has pixels, in the CRS of the first."""
    crs = scenes[0].refs[0].crs
    boxes = []
    for scene in scenes:
        west, south, east, north = zip(*(ref.bounds_in(crs) for ref in scene.refs))
        boxes.append((min(west), min(south), max(east), max(north)))
    west, south, east, north = zip(*boxes)
    box = max(west), max(south), min(east), min(north)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise NoOverlap(scenes[0].refs[0].path, scenes[-1].refs[0].path)
    return box


def _check_parcels(labels: Labels, legend: Legend, least: int) -> None:
    counts: Counter[str] = Counter()
    for label, number in labels.counts.items():
        crop = legend.find(label)
        counts[crop.name if crop else ""] += number
    del counts[""]
    if not counts:
        raise LabelsUnusable(f"No label is in the legend (labels: {_few(labels.counts)}): choose another legend.")
    few = [f"{name} has {number}" for name, number in counts.items() if number < least]
    if few:
        raise LabelsUnusable(
            f"Too few parcels on the series ({', '.join(few)}, at least {least} are asked for): label more parcels, "
            "leave the class out, or ask for fewer."
        )


def _few(labels: Counter[str]) -> str:
    names = sorted(labels)
    return ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
