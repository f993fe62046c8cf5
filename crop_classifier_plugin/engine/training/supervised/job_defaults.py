"""What a train job leaves open, from its scenes and labels: date windows, legend, and whether it is all simulated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from rasterio.crs import CRS

from ....shared.cards.parts import InputSpec
from ....shared.errors import (
    BadInput,
    BandMissing,
    LabelsUnusable,
)
from ....shared.jobs.sources import Extent, LabelledSeries
from ....shared.jobs.train import ModelInputs, NetworkSpec, TrainJob
from ....shared.legend import Legend
from ....shared.networks import NETWORKS as CATALOGUE
from ...execution.reporter import Reporter
from ...networks.registry import (
    NETWORKS,
    build,
    configure,
    entry,
)
from ...products.bands import RADAR
from ...raster.band_ref import Bounds
from ...series.cube.common_grid import extent_bounds, reaching
from ...series.scenes.levels import series_level
from ...series.scenes.read_series import ModelScenes, SceneCache, SceneSeries
from ...series.scenes.scene import Scene
from ...series.selection.coverage import hull, meet
from ...series.selection.far_apart import apart
from ..model_folder.initial_weights import read_initial_weights
from ..optim.recipes import resolve_recipe
from .date_windows import AROUND, MONTHS, MOST_SCENES, months_of, months_until, windows_around
from .label_facts import LabelFacts, each_file_once, is_class_raster, with_polygon_classes, with_raster_classes


def resolve_job(job: TrainJob, reporter: Reporter, headers: SceneCache | None = None) -> tuple[TrainJob, Legend]:
    """The job with its windows and what follows from the series, and the legend. Refuses classes with fewer parcels
    than the job asks for. `headers` keeps the scenes that were read, for `gather`.

    Raises LabelsUnusable when no label lies on the series, and the sentences of scenes that cannot be read.
    """
    network, inputs, optim = job.network, job.model_inputs, job.optim
    if network.start:
        network, inputs = _from_start(network, inputs, job.has_radar, reporter)
    network = replace(network, settings=series_settings(network, inputs, job.has_radar))
    if not optim.patch and CATALOGUE[network.name].recipes:
        # tiles of a map at least as large as what was learnt from, so that as much lies around a pixel
        patch = resolve_recipe(network.name, optim).patch
        optim, inputs = replace(optim, patch=patch), replace(inputs, tile=max(inputs.tile, patch))
    scenes = _Scenes(headers or SceneCache(), reporter)
    usable = _usable(scenes.of(job.data[0]), inputs.bands, job.card.name)
    if job.labels.months:
        inputs = _monthly(network, inputs, job.labels.months, reporter)
    else:
        inputs = _with_dates(network, inputs, [s.date for s in usable], reporter)
    inputs = replace(inputs, pixel_size=inputs.pixel_size or _finest(usable, inputs.bands))
    inputs = replace(inputs, level=inputs.level or series_level(usable, inputs.bands))
    job = replace(job, network=network, model_inputs=inputs, optim=optim)
    if is_class_raster(job.labels):
        return with_raster_classes(job, reporter)
    return with_polygon_classes(job, _labels(job.data, usable, scenes), reporter)


@dataclass(frozen=True)
class _Scenes:
    """The scenes of labelled series, each read once."""

    headers: SceneCache
    reporter: Reporter

    def of(self, data: LabelledSeries) -> tuple[Scene, ...]:
        found = self.headers.read(data.series, data.radar, self.reporter).optical
        return found.scenes if found else ()


def _from_start(
    network: NetworkSpec, inputs: ModelInputs, has_radar: bool, reporter: Reporter
) -> tuple[NetworkSpec, ModelInputs]:
    """Both with what the weights that the training starts from were made for."""
    start = read_initial_weights(network.start)
    if start.network != network.name:
        raise BadInput(f"{start.folder} is a {start.network}, the training is of {network.name}: choose another start.")
    settings = dict(network.settings) if start.card is None else {}
    text = {k: ",".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in start.settings.items()}
    if inputs.bands != start.bands:
        reporter.log(f"The bands are those of {start.folder.name}: {', '.join(start.bands)}.")
    card = start.card
    if card and set(dict(network.settings)) - {"preset"}:
        reporter.log(f"The network's settings are those of {start.folder.name}, not the given ones.", "warning")
    network, inputs = replace(network, settings=tuple((settings | text).items())), replace(inputs, bands=start.bands)
    return network, _of_card(inputs, card.inputs, has_radar, str(start.folder)) if card else inputs


def _of_card(inputs: ModelInputs, own: InputSpec, has_radar: bool, start: str) -> ModelInputs:
    """The inputs with what the model asks of a series that the training starts from, where the user says nothing."""
    dates, radar = own.dates, own.radar
    if radar.bands and not has_radar:
        raise BadInput(f"{start} takes a radar series too ({', '.join(radar.bands)}): give it.")
    return replace(
        inputs,
        windows=inputs.windows or tuple((w.first, w.last) for w in dates.windows),
        radar_bands=radar.bands or inputs.radar_bands,
        pixel_size=inputs.pixel_size or own.pixel_size,
        level=inputs.level or own.level,
        radar_unit=radar.unit,
        reduce=inputs.reduce or dates.reduce,
        min_dates=inputs.min_dates if inputs.min_dates >= 0 else dates.min_dates,
    )


def _monthly(network: NetworkSpec, inputs: ModelInputs, months: Sequence[str], reporter: Reporter) -> ModelInputs:
    """The inputs with the months up to the last labelled one as windows."""
    if len(months) > 1 and "doy" not in _inputs(network, len(inputs.bands)):
        raise BadInput(
            f"The network {network.name} is not told the month that it maps, so it learns one month: give one month's "
            "field, or take vunet_convlstm."
        )
    count = len(inputs.windows) or MONTHS
    windows = months_until(months[-1], count)
    reporter.log(f"Each sample is {count} months up to the one that its labels are of ({', '.join(months)}).")
    least = inputs.min_dates if inputs.min_dates >= 0 else _min_dates(network, inputs, count, True)
    return replace(inputs, windows=windows, reduce=inputs.reduce or "median", min_dates=least)


def series_settings(network: NetworkSpec, inputs: ModelInputs, has_radar: bool) -> tuple[tuple[str, str], ...]:
    """The network's settings with which of its series there are."""
    known = {f.name for f in fields(entry(network.name).config)} if network.name in NETWORKS else set()
    if "optical" not in known:
        if has_radar:
            raise BadInput(f"The network {network.name} takes one series: leave the radar series out.")
        return network.settings
    alone = set(inputs.bands) <= set(RADAR)
    bands = inputs.bands if alone else inputs.radar_bands
    found = {"optical": not alone, "radar": alone or has_radar, "radar_bands": len(bands)}
    given = dict(network.settings)
    for name in ("optical", "radar"):
        if given.get(name, str(found[name])).lower() != str(found[name]).lower():
            raise BadInput(
                f"The network's setting {name}={given[name]} does not go with the series that are given: leave the "
                f"setting out, or {'leave the series out' if found[name] else 'give the series'}."
            )
    return (*network.settings, *((k, str(v).lower()) for k, v in found.items() if k not in given))


def _with_dates(network: NetworkSpec, inputs: ModelInputs, dates: Sequence[dt.date], reporter: Reporter) -> ModelInputs:
    """The inputs with windows, and how the scenes in each become one date."""
    months = not inputs.windows and len(set(dates)) > MOST_SCENES
    windows = inputs.windows or (months_of(dates) if months else windows_around(dates))
    if not inputs.windows:
        told = ", ".join(f"{first}-{last}" for first, last in windows)
        how = "the months of the scenes" if months else f"{AROUND} days around each scene"
        reporter.log(f"Date windows, {how}: day of year {told}.")
    reduce = inputs.reduce or ("median" if months else "clearest")
    least = inputs.min_dates if inputs.min_dates >= 0 else _min_dates(network, inputs, len(windows), months)
    if least > len(windows):
        raise BadInput(
            f"{least} usable dates a pixel are asked for, but the model takes {len(windows)} dates: ask for fewer."
        )
    return replace(inputs, windows=windows, reduce=reduce, min_dates=least)


def _min_dates(network: NetworkSpec, inputs: ModelInputs, dates: int, months: bool) -> int:
    """A third of the dates for a network that is told which are missing; without that, every window that was chosen
    must be filled, and of months two thirds (choice)."""
    if knows_gaps(network, len(inputs.bands)):
        return max(1, dates // 3)
    return -(-2 * dates // 3) if months else 0


def knows_gaps(network: NetworkSpec, bands: int) -> bool:
    """Whether the network reads how much of each date is usable; `bands`: how many it takes of each."""
    return any(name.startswith("valid") for name in _inputs(network, bands))


def _inputs(network: NetworkSpec, bands: int) -> tuple[str, ...]:
    if network.name not in NETWORKS:
        return ("x",)
    with torch.device("meta"):
        return build(network.name, configure(network.name, dict(network.settings), bands, 1, 1)).inputs


def _finest(scenes: Sequence[Scene], bands: Sequence[str]) -> float:
    """Pixel size in metres of the finest of the bands, to two digits: the ellipsoid makes of 10 m a little more."""
    return float(f"{min(ref.pixel for scene in scenes for band in bands for ref in scene.of(band)):.2g}")


def _usable(scenes: Sequence[Scene], bands: Sequence[str], name: str) -> list[Scene]:
    """The scenes that have every band; `name`: the model's."""
    if not scenes:
        raise BadInput("No dated raster was found: choose the dated scenes of the season.")
    usable = [s for s in scenes if set(bands) <= set(s.bands)]
    if usable:
        return usable
    first = scenes[0]
    lacking = [band for band in bands if band not in first.bands]
    raise BandMissing(lacking, first.date.isoformat(), first.bands, name or "to be trained")


def _labels(data: Sequence[LabelledSeries], usable: Sequence[Scene], scenes: _Scenes) -> LabelFacts:
    """Of each file once, wherever its first series lies; `usable`: the scenes of the first of all."""
    facts = LabelFacts()
    for each in each_file_once(data):
        here = usable if each is data[0] else scenes.of(each)
        for bounds, crs in _grounds(here, each.series.extent):
            facts.add(each.labels, crs, bounds)
    if not facts.counts:
        raise LabelsUnusable(
            f"Nothing labelled of {data[0].labels.path} lies on the series: check the labels' place, CRS and class "
            "field."
        )
    return facts


def _grounds(scenes: Sequence[Scene], extent: Extent | None) -> Iterator[tuple[Bounds, CRS]]:
    """What the scenes cover, inside the extent if there is one: a box for each place, in the CRS of its first scene."""
    bands = {ref.band for scene in scenes for ref in scene.refs}
    for place in apart(ModelScenes(SceneSeries(reaching(scenes, extent))), tuple(bands)):
        here = place.optical.scenes if place.optical else ()
        crs = here[0].refs[0].crs
        box = hull(ref.bounds_in(crs) for scene in here for ref in scene.refs)
        limit = extent_bounds(extent, crs, box) if extent else box
        if meet(box, limit):
            yield (max(box[0], limit[0]), max(box[1], limit[1]), min(box[2], limit[2]), min(box[3], limit[3])), crs
