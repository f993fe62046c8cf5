"""A map cleaned: window by window, each with as much around it as the filter looks at."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster
from ....shared.jobs.clean_map import Cleaning, CleanMapJob
from ...access.rasters import open_raster
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...labels.constants import NO_DATA
from ...raster.grid import Window
from ...raster.provenance import SIMULATED_TAG
from ...raster.sidecars import rows_of, write_class_sidecars
from ...raster.writer import GDAL_ERRORS, RasterSpec, RasterWriter, as_rasterio
from ..parcels.parcel_layer import read_parcels
from ..parcels.parcel_summary import bands_of
from ..parcels.zonal import class_coverage
from ..review.corrected_map import Draw, drawn_over
from .clean_report import Books, books_of, write_clean_reports
from .field_mask import IsField, field_test
from .filters import Bayes, Filter, Majority, Nothing, Sieve

_BLOCK = 1024  # px (choice)
_MOST_SIEVED = 1000  # px of a region: each window is read with twice as much around it (choice)


@dataclass(frozen=True, eq=False)
class Cleaner:
    """What is done to each window of a map."""

    crop_map: CropMap
    filter: Filter
    probabilities: Any  # open raster, and its band of each class; None = not read
    bands: list[int]
    draw: Draw  # parcels over a window's classes
    is_field: IsField

    def window(self, window: Window) -> NDArray[np.int32]:
        """(H, W) the cleaned classes."""
        margin, grid = self.filter.margin, self.crop_map.grid
        whole = Window(
            window.row - margin, window.col - margin, window.height + 2 * margin, window.width + 2 * margin
        ).clipped(grid.height, grid.width)
        classes = self.filter(self.crop_map.read(whole), self._chances(whole))
        top, left = window.row - whole.row, window.col - whole.col
        inner = classes[top : top + window.height, left : left + window.width]
        cleaned: NDArray[np.int32] = np.where(self.is_field(window), self.draw(inner, window), NO_DATA)
        return cleaned

    def _chances(self, window: Window) -> NDArray[np.float32] | None:
        if self.probabilities is None:
            return None
        try:
            read = self.probabilities.read(self.bands, window=as_rasterio(window), masked=True)
        except GDAL_ERRORS as error:
            raise BadRaster(self.probabilities.name, str(error)) from None
        scale = np.float32(self.probabilities.scales[0])
        values: NDArray[np.float32] = read.astype(np.float32).filled(np.nan) * scale
        return values


def clean_map(job: CleanMapJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the cleaned map and the reports that were asked for; returns their paths and figures.

    Raises BadInput, BadRaster, CrsMissing, LabelsUnusable, NoOverlap.
    """
    with job_run(job, reporter) as run, ExitStack() as exits:
        dataset = exits.enter_context(opened(job.maps.class_map, job.maps.crs))
        crop_map = CropMap(job.maps.class_map, dataset, run.step(0, 0.1), job.maps.crs)
        crop_map.legend.refuse_zero()
        with ExitStack() as covers:
            cleaner = _cleaner(job, crop_map, covers, run)
            writer = _write(job.cleaned, cleaner, run)
        rows = rows_of(crop_map.legend, writer.counts.tolist(), writer.hectares.tolist())
        write_class_sidecars(run.outputs, job.cleaned, rows)
        books = books_of(job, crop_map, run.output(job.cleaned), run.step(0.7, 1))
        document = write_clean_reports(job, books, run.outputs)
        run.record(job.cleaned, {"changed_pixels": books.changed, "emptied_pixels": books.emptied})
    _tell(books, reporter)
    paths = {name: getattr(job, name) for name in (*job.writes_rasters, *job.writes_files) if getattr(job, name)}
    return {**paths, "changed": document["changed_share"], "before": document["before"], "after": document["after"]}


def _cleaner(job: CleanMapJob, crop_map: CropMap, exits: ExitStack, run: JobRun) -> Cleaner:
    layer = read_parcels(job.parcels, crop_map.grid) if job.parcels else None
    shapes = layer.shapes if layer else None
    source, bands = None, []
    if job.cleaning.method == "bayes":
        bands = [band + 1 for band in bands_of(job.maps.probabilities, crop_map.legend)]
        source = exits.enter_context(open_raster(job.maps.probabilities))
        if (source.height, source.width) != (crop_map.grid.height, crop_map.grid.width):
            raise BadInput(
                f"{job.maps.probabilities} is of another size than the map: give the raster of the same run."
            )
    draw: Draw = _undrawn
    if shapes is not None and job.cleaning.method == "parcels":
        coverage = class_coverage(crop_map, shapes, run.step(0.1, 0.3))
        known = coverage.any(axis=1)
        draw = drawn_over(shapes[known], coverage[known].argmax(axis=1).astype(np.int64), crop_map.grid, filled=False)
    test = field_test(job.field_mask, shapes, crop_map, exits)
    return Cleaner(crop_map, _filter(job.cleaning, crop_map), source, bands, draw, test)


def _undrawn(classes: NDArray[np.int32], window: Window) -> NDArray[np.int32]:
    return classes


def _filter(cleaning: Cleaning, crop_map: CropMap) -> Filter:
    if cleaning.method == "majority":
        return Majority(cleaning.size)
    if cleaning.method == "bayes":
        return Bayes(cleaning.size, cleaning.smoothness)
    return Sieve(_least_pixels(cleaning, crop_map)) if cleaning.method == "sieve" else Nothing()


def _least_pixels(cleaning: Cleaning, crop_map: CropMap) -> int:
    """Pixels of the smallest region that stays."""
    pixel = float(crop_map.hectares.sum()) / max(int(crop_map.pixels.sum()), 1)
    if math.isnan(pixel):
        raise BadInput(f"The map {crop_map.path} has no hectares (its system is local): assign its coordinate system.")
    least = math.ceil(cleaning.least_hectares / pixel - 1e-6)
    if least > _MOST_SIEVED:
        raise BadInput(
            f"Regions of {cleaning.least_hectares:g} ha have {least:,} pixels of this map, at most {_MOST_SIEVED:,} "
            f"can be sieved: give {_MOST_SIEVED * pixel:,.3g} ha or less."
        )
    return max(least, 1)


def _write(path: str, cleaner: Cleaner, run: JobRun) -> RasterWriter:
    crop_map, reporter = cleaner.crop_map, run.step(0.3, 0.7)
    spec = RasterSpec.classes(crop_map.legend, "crop class")
    if crop_map.simulated:
        spec = replace(spec, tags={**spec.tags, SIMULATED_TAG: "yes"})
    codes = np.array([*crop_map.legend.codes, 0]).astype(spec.dtype)  # the last answers to NO_DATA
    blocks = list(crop_map.grid.blocks(_BLOCK))
    with RasterWriter(run.output(path), crop_map.grid, spec) as writer:
        for done, window in enumerate(blocks, start=1):
            writer.write(codes[np.maximum(cleaner.window(window), -1)], window)
            reporter.progress(done / len(blocks), "Cleaning the map", done, len(blocks))
    return writer


def _tell(books: Books, reporter: Reporter) -> None:
    told = f"{books.changed:,} pixels have another class, {books.emptied:,} are no field any more"
    if books.before and books.after:
        before, after = books.before["oa"], books.after["oa"]
        worse = after < before
        told += f"; overall accuracy {before:.3f} before, {after:.3f} after" + (
            ": cleaning made it worse" if worse else ""
        )
        reporter.log(f"{told}.", "warning" if worse else "info")
        return
    reporter.log(f"{told}. Give a reference to know what that does to the map's accuracy.")
