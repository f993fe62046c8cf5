"""Accuracies and areas of crops from a looked-at sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from ....shared.cards.files import sha256_of
from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import AreaEstimateJob
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...labels.constants import NO_DATA
from ...raster.grid import Window
from ...vector.broken import moving
from .estimate_report import Estimates, write_reports
from .estimators import Sample, StratifiedEstimator
from .sample_units import Units, read_units
from .strata import Classes, Strata, keep_sampled, told_strata

Ints = NDArray[np.int64]


def area_estimate(job: AreaEstimateJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the report; returns its paths and the main figures. Raises LabelsUnusable, BadRaster, CrsMissing."""
    with job_run(job, reporter) as run, _map(job, run) as crop_map:
        units = read_units(job.sample)
        estimates = _estimates(job, units, crop_map, run)
        for note in estimates.notes:
            reporter.log(note, "warning")
        document = estimates.document() | {"job": {"kind": job.kind, **asdict(job)}}
        write_reports(document, estimates.headline, job, run.outputs)
        run.record(job.report_json, {"overall": document["overall"]})
    reporter.log(estimates.headline)
    paths = {name: getattr(job, name) for name in job.writes_files}
    return paths | {"overall_accuracy": document["overall"]["value"], "units": document["units"]}


@contextmanager
def _map(job: AreaEstimateJob, run: JobRun) -> Iterator[CropMap | None]:
    if not job.class_map:
        yield None
        return
    with opened(job.class_map, job.map_crs) as dataset:
        yield CropMap(job.class_map, dataset, run.step(0, 0.2), job.map_crs)


def _estimates(job: AreaEstimateJob, units: Units, crop_map: CropMap | None, run: JobRun) -> Estimates:
    judged = _by_map(job, units, crop_map, run) if crop_map else _by_sample(job, units)
    found = judged.classes.positions(units.found)
    inside = judged.mapped >= 0
    if not inside.any():
        raise LabelsUnusable(f"No unit of the sample {job.sample.path} lies on the map's classes: choose its own map.")
    strata, of_inside = keep_sampled(judged.strata, judged.of_units[inside])
    sample = Sample(of_inside, judged.mapped[inside], found[inside], units.size[inside])
    notes = (*strata.notes, *_notes(units, crop_map, inside))
    estimator = StratifiedEstimator(sample, strata.hectares, job.sampling == "random")
    classes, simulated = tuple(judged.classes.all), crop_map is not None and crop_map.simulated
    return Estimates(estimator, classes, strata.names, judged.counted, notes, units.open, simulated)


@dataclass(frozen=True, eq=False)
class _Judged:
    """The map's side of a sample."""

    classes: Classes
    mapped: Ints  # (n,) position of the map's class at each unit; NO_DATA where it has none
    strata: Strata
    of_units: Ints  # (n,) position of each unit's stratum
    counted: NDArray[np.float64] | None  # hectares of the map's classes by pixel counting


def _by_map(job: AreaEstimateJob, units: Units, crop_map: CropMap, run: JobRun) -> _Judged:
    """The classes of the map that was given; its classes are the strata, unless the sample tells its own."""
    counted = crop_map.hectares
    mapped = _read_map(crop_map, units, run.step(0.2, 0.9))
    told = told_strata(units.drawn) if units.drawn else None
    strata, of_units = told or (Strata(crop_map.legend.names, counted), np.maximum(mapped, 0))
    return _Judged(Classes(crop_map.legend, job.mapping), mapped, strata, of_units, counted)


def _by_sample(job: AreaEstimateJob, units: Units) -> _Judged:
    """All from the sample itself."""
    if units.mapped is None or units.drawn is None:
        raise LabelsUnusable(
            f"The sample {job.sample.path} does not tell its strata and their areas: give the crop map that it was "
            "drawn from."
        )
    classes = Classes.told(units.mapped, units.codes, job.mapping)
    return _Judged(classes, classes.positions(units.mapped), *told_strata(units.drawn), None)


def _notes(units: Units, crop_map: CropMap | None, inside: NDArray[np.bool_]) -> Iterator[str]:
    if units.open:
        yield f"{units.open:,} units of the sample have no answer yet: the estimates rest on the others."
    if not inside.all():
        yield f"{int((~inside).sum()):,} units lie where the map has no class, and were left out."
    if crop_map and units.map_sha256 and units.map_sha256 != sha256_of(crop_map.path):
        yield (
            "The sample was drawn from another map: its strata are used as they were drawn, and this map is judged "
            "by the class that it gives at each unit."
        )


def _read_map(crop_map: CropMap, units: Units, reporter: Reporter) -> Ints:
    """(n,) position of the class at each point, or of the commonest in each parcel; NO_DATA where there is none."""
    with moving("the sample"):
        shapes = geopandas.GeoSeries(units.shapes, crs=units.crs).to_crs(crop_map.grid.crs.to_wkt()).to_numpy()
    found = np.full(len(shapes), NO_DATA, np.int64)
    for place, shape in enumerate(shapes):
        reporter.progress(place / len(shapes), "Reading the map", place, len(shapes))
        found[place] = _class_in(crop_map, shape)
    return found


def _class_in(crop_map: CropMap, shape: Any) -> int:
    """A parcel without a pixel's centre has the class of the pixel that its inner point lies in."""
    grid = crop_map.grid
    point = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    col, row = ~grid.transform @ (point.x, point.y)
    here = Window(int(np.floor(row)), int(np.floor(col)), 1, 1).clipped(grid.height, grid.width)
    around = here
    if shape.area:
        around = grid.window_of(grid.snap(shape.bounds)).clipped(grid.height, grid.width)
    if not around.height or not around.width:
        return NO_DATA
    positions = crop_map.read(around)
    if shape.area:
        part = grid.sub(around)
        inside = rasterize([(shape, 1)], (part.height, part.width), transform=part.transform, dtype="uint8") > 0
        positions = positions[inside]
    known = positions[positions != NO_DATA]
    if known.size:
        return int(np.bincount(known.ravel()).argmax())
    return int(crop_map.read(here)[0, 0]) if here.height and here.width and not positions.size else NO_DATA
