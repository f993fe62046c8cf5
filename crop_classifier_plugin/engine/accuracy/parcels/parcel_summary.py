"""A map summed up over parcels."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster, NoOverlap
from ....shared.jobs.accuracy import DeclaredParcels, MapRasters, ParcelSummaryJob
from ....shared.legend import Legend, plain
from ...access.rasters import open_raster
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...labels.matching import Matcher
from ...raster.grid import Grid
from ...raster.pixel_area import hectares_of_shapes, pixel_areas
from ...raster.writer import GDAL_ERRORS
from ...reporting.sentences import listed
from ..calibration.parcel_tag import read_parcel_calibration
from .parcel_layer import ParcelLayer, read_parcels
from .parcel_report import ParcelFacts, write_reports
from .styles import write_parcels
from .summary import Measured, summary_table
from .zonal import band_means, class_coverage

Floats = NDArray[np.float64]
Mapping = tuple[tuple[str, str], ...]  # (declared value, map class)


def parcel_summary(job: ParcelSummaryJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the table and the reports that were asked for; returns their paths and the main figures.

    Raises LabelsUnusable, NoOverlap, CrsMissing, BadRaster, BadInput.
    """
    with job_run(job, reporter) as run, opened(job.maps.class_map, job.maps.crs) as dataset:
        facts = summed_up(job.maps, job.parcels, job.mapping, dataset, run)
        write_parcels(run.output(job.summary), facts.table, facts.legend)
        document = write_reports(facts, job, run.outputs)
        run.record(job.summary, {"agreement": document["agreement"]})
    reporter.log(facts.headline)
    paths = {name: getattr(job, name) for name in job.writes_files if getattr(job, name)}
    agreement = document["agreement"]
    return paths | {"parcels": len(facts.table), "agree": agreement["yes"], "differ": agreement["no"]}


def summed_up(
    rasters: MapRasters, parcels: DeclaredParcels, mapping: Mapping, dataset: Any, run: JobRun
) -> ParcelFacts:
    """The table of the parcels, with what is to be said of it, which is logged. `dataset`: the open crop map."""
    crop_map = CropMap(rasters.class_map, dataset, run.step(0, 0.1), rasters.crs)
    layer = read_parcels(parcels, crop_map.grid)
    measured = _measured(rasters, crop_map, layer, run)
    if not measured.coverage.any():
        raise NoOverlap(rasters.class_map, parcels.path)
    table = summary_table(layer, measured, crop_map.legend, Matcher(crop_map.legend, mapping))
    small = int((measured.hectares < measured.pixel_hectares).sum())
    notes = (*layer.notes, *crop_map.notes, *_notes(table, crop_map.legend))
    for note in notes:
        run.reporter.log(note, "warning")
    return ParcelFacts(table, crop_map.legend, measured, small, notes, crop_map.simulated)


def _measured(rasters: MapRasters, crop_map: CropMap, layer: ParcelLayer, run: JobRun) -> Measured:
    """What the rasters have in each parcel."""
    grid = crop_map.grid
    coverage = class_coverage(crop_map, layer.shapes, run.step(0.1, 0.4))
    probabilities = class_probabilities(rasters.probabilities, crop_map, layer.shapes, run.step(0.4, 0.8))
    valid = None
    if rasters.valid_dates:
        valid = band_means(rasters.valid_dates, grid, layer.shapes, run.step(0.8, 0.9))[:, 0]
    hectares = hectares_of_shapes(layer.shapes, grid.crs.to_wkt())
    calibration = read_parcel_calibration(rasters.probabilities) if rasters.probabilities else None
    return Measured(coverage, probabilities, valid, hectares, _pixel_hectares(grid, layer.shapes), calibration)


def class_probabilities(path: str, crop_map: CropMap, shapes: NDArray[Any], reporter: Reporter) -> Floats | None:
    """(P, K) mean probability in each shape, in the order of the map's legend; None without a path. Raises BadInput."""
    if not path:
        return None
    order = bands_of(path, crop_map.legend)
    return band_means(path, crop_map.grid, shapes, reporter)[:, order]


def bands_of(path: str, legend: Legend) -> list[int]:
    """The band, from 0, of each class's probability, by the bands' names. Raises BadInput, BadRaster."""
    try:
        with open_raster(path) as dataset:
            told = [str(text or "") for text in dataset.descriptions]
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None
    names = {plain(text): band for band, text in enumerate(told)}
    found = [names.get(plain(f"{crop.code} {crop.name}"), names.get(plain(crop.name))) for crop in legend]
    missing = [crop.name for crop, band in zip(legend, found) if band is None]
    if missing:
        raise BadInput(
            f"{path} has no band for {listed(missing)} (its bands: {listed(filter(None, told)) or 'without names'}): "
            "give the class probabilities of the same run as the map."
        )
    return [band for band in found if band is not None]


def _pixel_hectares(grid: Grid, shapes: NDArray[Any]) -> Floats:
    """(P,) hectares of the map's pixels where each parcel lies, by blocks of the map."""
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    cols = ((x0 + x1) / 2 - grid.transform.c) / grid.transform.a
    rows = ((y0 + y1) / 2 - grid.transform.f) / grid.transform.e
    return pixel_areas(grid).of_points(rows, cols)


def _notes(table: Any, legend: Legend) -> list[str]:
    """Crops that were declared and are no class of the map, which count as disagreeing."""
    names = {plain(crop.name) for crop in legend}
    others = table["declared_name"].dropna()
    counts = others[[plain(name) not in names for name in others]].value_counts()
    if counts.empty:
        return []
    told = listed(f"{name}: {count:,}" for name, count in counts.items())
    return [f"Declared crops that the map has no class for, which count as disagreeing: {told}."]
