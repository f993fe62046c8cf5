"""What a train job leaves open, from its scenes and labels: date windows, legend, and whether it is all simulated."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch

from ....shared.errors import (
    BadInput,
    BandMissing,
    LabelsUnusable,
    NoOverlap,
)
from ....shared.jobs.train import LabelledSeries, TrainJob
from ....shared.legend import Legend
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, is_raster, opened
from ...labels.legend_from_labels import check_parcels, legend_of
from ...networks.registry import (
    NETWORKS,
    build,
    configure,
    entry,
)
from ...products.bands import RADAR
from ...raster.band_ref import Bounds
from ...series.scenes.scene import Scene, read_scenes
from ...vector.polygons import read_polygons
from ..model_folder.initial_weights import read_initial_weights
from ..optim.recipes import RECIPES

MOST_SCENES = 6  # with more, each date its own window would ask too much of the next season (choice)
MOST_MONTHS = 24  # likewise (choice)
MONTHS = 12  # up to a labelled month, as VUnetConvLSTM's paper takes
AROUND = 20  # days on either side of a scene's date that its window takes (choice)
_MOST_CLASSES = 1000  # of a card


@dataclass(frozen=True)
class LabelFacts:
    """What the labels of all training series say before a pixel is read."""

    counts: Counter[str]  # polygons on the series a label, as it is written
    simulated: bool


def resolve_job(job: TrainJob, reporter: Reporter) -> tuple[TrainJob, Legend]:
    """The job with its windows and what follows from the series, and the legend. Refuses classes with fewer parcels
    than the job asks for.

    Raises LabelsUnusable when no label lies on the series, and the sentences of scenes that cannot be read.
    """
    job = _from_start(job, reporter) if job.start else job
    job = replace(job, settings=series_settings(job))
    if not job.patch:  # tiles of a map as large as what was learnt from, so that as much lies around a pixel
        patch = RECIPES[job.network].patch if job.network in RECIPES else TrainJob.patch
        job = replace(job, patch=patch, tile=max(job.tile, patch))
    scenes = _usable(read_scenes(job.scenes, reporter, job.dates), job)
    job = _monthly(job, reporter) if job.month_fields else _with_dates(job, [s.date for s in scenes], reporter)
    job = replace(job, pixel_size=job.pixel_size or _finest(scenes, job.bands))
    if is_class_raster(job):
        return _of_raster(job, reporter)
    labels = _labels(job, scenes, reporter)
    legend = Legend.load(job.legend) if job.legend else legend_of(labels.counts)
    _check_size(legend)
    check_parcels(labels.counts, legend, job.min_parcels)
    return replace(job, simulated=job.simulated or labels.simulated), legend


def is_class_raster(job: TrainJob) -> bool:
    return not (job.class_field or job.month_fields) and is_raster(job.labels)


def _of_raster(job: TrainJob, reporter: Reporter) -> tuple[TrainJob, Legend]:
    """Its own names and colours make the legend, where none is given."""
    with opened(job.labels, job.labels_crs) as dataset:
        found = CropMap(job.labels, dataset, reporter, job.labels_crs)
    legend = Legend.load(job.legend) if job.legend else found.legend
    _check_size(legend)
    return replace(job, simulated=job.simulated or found.simulated), legend


def _from_start(job: TrainJob, reporter: Reporter) -> TrainJob:
    """The job with what the weights it starts from were made for."""
    start = read_initial_weights(job.start)
    if start.network != job.network:
        raise BadInput(f"{start.folder} is a {start.network}, the training is of {job.network}: choose another start.")
    settings = dict(job.settings) if start.card is None else {}
    text = {k: ",".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in start.settings.items()}
    if job.bands != start.bands:
        reporter.log(f"The bands are those of {start.folder.name}: {', '.join(start.bands)}.")
    card = start.card
    if card and set(dict(job.settings)) - {"preset"}:
        reporter.log(f"The network's settings are those of {start.folder.name}, not the given ones.", "warning")
    job = replace(job, settings=tuple((settings | text).items()), bands=start.bands)
    if card is None:
        return job
    dates, radar = card.inputs.dates, card.inputs.radar
    if radar.bands and not job.radar:
        raise BadInput(f"{start.folder} takes a radar series too ({', '.join(radar.bands)}): give it.")
    return replace(
        job,
        windows=job.windows or tuple((w.first, w.last) for w in dates.windows),
        radar_bands=radar.bands or job.radar_bands,
        pixel_size=job.pixel_size or card.inputs.pixel_size,
        radar_unit=radar.unit,
        reduce=job.reduce or dates.reduce,
        least_dates=job.least_dates if job.least_dates >= 0 else dates.min_dates,
    )


def _monthly(job: TrainJob, reporter: Reporter) -> TrainJob:
    """The job with the months up to the last labelled one as windows."""
    months = sorted(month for month, _ in job.month_fields)
    if len(set(months)) < len(months):
        raise BadInput(f"Two fields are given for one month (months: {', '.join(months)}): give one a month.")
    if len(months) > 1 and "doy" not in _inputs(job):
        raise BadInput(
            f"The network {job.network} is not told the month that it maps, so it learns one month: give one month's "
            "field, or take vunet_convlstm."
        )
    count = len(job.windows) or MONTHS
    year, month = map(int, months[-1].split("-"))
    starts = [12 * year + month - 1 + i for i in range(1 - count, 2)]
    days = [(dt.date(m // 12, m % 12 + 1, 1) - dt.date(year, 1, 1)).days + 1 for m in starts]
    windows = tuple((a, b - 1) for a, b in zip(days, days[1:]))
    reporter.log(f"Each sample is {count} months up to the one that its labels are of ({', '.join(months)}).")
    least = job.least_dates if job.least_dates >= 0 else _least_dates(job, count, True)
    fields = tuple(sorted(job.month_fields))
    return replace(job, windows=windows, reduce=job.reduce or "median", least_dates=least, month_fields=fields)


def _check_size(legend: Legend) -> None:
    if len(legend) > _MOST_CLASSES:
        raise LabelsUnusable(
            f"The labels name {len(legend)} classes, a model holds at most {_MOST_CLASSES}: choose the field with the "
            "class of each parcel, or give a legend."
        )


def series_settings(job: TrainJob) -> tuple[tuple[str, str], ...]:
    """The network's settings with which of its series there are."""
    known = {f.name for f in fields(entry(job.network).config)} if job.network in NETWORKS else set()
    if "optical" not in known:
        if job.radar:
            raise BadInput(f"The network {job.network} takes one series: leave the radar series out.")
        return job.settings
    alone = set(job.bands) <= set(RADAR)
    bands = job.bands if alone else job.radar_bands
    found = {"optical": not alone, "radar": alone or bool(job.radar), "radar_bands": len(bands)}
    given = dict(job.settings)
    for name in ("optical", "radar"):
        if given.get(name, str(found[name])).lower() != str(found[name]).lower():
            raise BadInput(
                f"The network's setting {name}={given[name]} does not go with the series that are given: leave the "
                f"setting out, or {'leave the series out' if found[name] else 'give the series'}."
            )
    return (*job.settings, *((k, str(v).lower()) for k, v in found.items() if k not in given))


def _with_dates(job: TrainJob, dates: Sequence[dt.date], reporter: Reporter) -> TrainJob:
    """The job with windows, and how the scenes in each become one date."""
    months = not job.windows and len(set(dates)) > MOST_SCENES
    windows = job.windows or (months_of(dates) if months else windows_around(dates))
    if not job.windows:
        told = ", ".join(f"{first}-{last}" for first, last in windows)
        how = "the months of the scenes" if months else f"{AROUND} days around each scene"
        reporter.log(f"Date windows, {how}: day of year {told}.")
    reduce = job.reduce or ("median" if months else "clearest")
    least = job.least_dates if job.least_dates >= 0 else _least_dates(job, len(windows), months)
    if least > len(windows):
        raise BadInput(f"least_dates={least}, but the model takes {len(windows)} dates: ask for fewer.")
    return replace(job, windows=windows, reduce=reduce, least_dates=least)


def _least_dates(job: TrainJob, dates: int, months: bool) -> int:
    """A third of the dates for a network that is told which are missing; without that, every window that was chosen
    must be filled, and of months two thirds (choice)."""
    if knows_gaps(job):
        return max(1, dates // 3)
    return -(-2 * dates // 3) if months else 0


def knows_gaps(job: TrainJob) -> bool:
    """Whether the network reads how much of each date is usable."""
    return any(name.startswith("valid") for name in _inputs(job))


def _inputs(job: TrainJob) -> tuple[str, ...]:
    if job.network not in NETWORKS:
        return ("x",)
    with torch.device("meta"):
        return build(job.network, configure(job.network, dict(job.settings), len(job.bands), 1, 1)).inputs


def months_of(dates: Sequence[dt.date]) -> tuple[tuple[int, int], ...]:
    """The calendar months from the first date to the last, in days of the year of the middle between them."""
    first, last = min(dates), max(dates)
    year = (first + (last - first) / 2).year
    count = 12 * (last.year - first.year) + last.month - first.month + 1
    if count > MOST_MONTHS:
        raise BadInput(
            f"The scenes reach from {first} to {last}, {count} months: give the date windows, as '95-135, 150-195', or "
            "fewer scenes."
        )
    starts = [12 * first.year + first.month - 1 + i for i in range(count + 1)]
    days = [(dt.date(m // 12, m % 12 + 1, 1) - dt.date(year, 1, 1)).days + 1 for m in starts]
    return tuple((a, b - 1) for a, b in zip(days, days[1:]))


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


def _finest(scenes: Sequence[Scene], bands: Sequence[str]) -> float:
    """Pixel size in metres of the finest of the bands, to two digits: the ellipsoid makes of 10 m a little more."""
    return float(f"{min(ref.pixel for scene in scenes for band in bands for ref in scene.of(band)):.2g}")


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


def _labels(job: TrainJob, scenes: Sequence[Scene], reporter: Reporter) -> LabelFacts:
    """Counts labels once a file, wherever its first series lies."""
    counts: Counter[str] = Counter()
    simulated = []
    for source in _sources(job):
        here = scenes if source.labels == job.labels else read_scenes(source.scenes, reporter, source.dates)
        crs = here[0].refs[0].crs
        for field in [field for _, field in job.month_fields] or [job.class_field]:
            frame = read_polygons(source.labels, source.labels_layer, field, crs, _common(here), source.labels_crs)
            counts.update(frame["label"])
            simulated.append(bool(frame.attrs["simulated"]))
    if not counts:
        raise LabelsUnusable(
            f"No labelled polygon of {job.labels} lies on the series: check the labels' place, CRS and class field."
        )
    return LabelFacts(counts, any(simulated))


def _sources(job: TrainJob) -> list[LabelledSeries]:
    first = LabelledSeries(job.scenes, job.labels, job.labels_layer, job.dates, labels_crs=job.labels_crs)
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
