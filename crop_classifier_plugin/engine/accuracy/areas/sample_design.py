"""A stratified random sample of a map's pixels, as points to look at: the strata are the map's classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.cards.files import sha256_of
from ....shared.errors import BadInput
from ....shared.jobs.accuracy import SampleDesignJob
from ...execution.job_run import job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...raster.grid import Grid
from ...raster.pixel_area import pixel_areas
from ...reporting.sentences import listed
from ..review.table import review_frame, strata_frame, uid_of, write_review
from .allocation import allocate, size_for
from .drawing import Drawn, draw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def sample_design(job: SampleDesignJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the sample; returns its path, its size and that of each class. Raises BadInput, BadRaster, CrsMissing."""
    with job_run(job, reporter) as run, opened(job.class_map, job.map_crs) as dataset:
        crop_map = CropMap(job.class_map, dataset, run.step(0, 0.2), job.map_crs)
        users = _expected(job, crop_map)
        pixels = crop_map.pixels
        counts = _counts(job, crop_map, users, reporter)
        drawn = draw(crop_map, pixels, counts, job.seed, run.step(0.2, 0.95))
        strata = strata_frame(list(crop_map.legend.names), pixels, crop_map.hectares, counts)
        write_review(run.output(job.sample), _frame(job, crop_map, drawn, counts), strata[pixels > 0])
        by_class = dict(zip(crop_map.legend.names, counts.tolist()))
        run.record(job.sample, {"by_class": by_class})
    told = listed(f"{name} {n:,}" for name, n in by_class.items())
    reporter.log(f"A sample of {counts.sum():,} points: {told}.")
    return {"sample": job.sample, "units": int(counts.sum()), "by_class": by_class}


def _expected(job: SampleDesignJob, crop_map: CropMap) -> Floats:
    """(K,) the user's accuracy that is expected of each class."""
    users = np.full(len(crop_map.legend), job.expected)
    for name, text in job.accuracies:
        found = crop_map.legend.find(name)
        if found is None:
            raise BadInput(f"The map has no class {name!r}: use one of {listed(crop_map.legend.names)}.")
        users[crop_map.legend.classes.index(found)] = _share(name, text)
    return users


def _share(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < 1:
        raise BadInput(f"The accuracy {text!r} of {name} cannot be expected: give a number between 0 and 1, as 0.8.")
    return value


def _counts(job: SampleDesignJob, crop_map: CropMap, users: Floats, reporter: Reporter) -> Ints:
    shares = crop_map.hectares / crop_map.hectares.sum()
    size = job.size or size_for(job.standard_error, shares, users)
    counts = allocate(size, shares, users, job.allocation, job.least, crop_map.pixels)
    if counts.sum() != size:
        why = f"with at least {job.least} of each class" if counts.sum() > size else "as the map has no more pixels"
        reporter.log(f"The sample has {counts.sum():,} points, not {size:,}, {why}.", "warning")
    return counts


def _frame(job: SampleDesignJob, crop_map: CropMap, drawn: Drawn, counts: Ints) -> Any:
    """The review table: one point in the middle of each pixel that was drawn."""
    grid, legend, pixels = crop_map.grid, crop_map.legend, crop_map.pixels
    points = _centres(grid, drawn)
    names, codes = np.array(legend.names, object), np.array(legend.codes)
    columns = {
        "uid": uid_of(points),
        "unit": "point",
        "map_class": codes[drawn.strata],
        "map_name": names[drawn.strata],
        "stratum": names[drawn.strata],
        "inclusion_prob": counts[drawn.strata] / pixels[drawn.strata],
        "weight": pixels[drawn.strata] / np.maximum(counts[drawn.strata], 1),
        "area_ha": pixel_areas(grid).of_points(drawn.rows.astype(float), drawn.cols.astype(float)),
        "base_sha256": sha256_of(job.class_map),
    }
    return review_frame(columns, points, grid.crs.to_wkt())


def _centres(grid: Grid, drawn: Drawn) -> NDArray[Any]:
    """(n,) points."""
    move = grid.transform
    return np.asarray(shapely.points(move.c + move.a * (drawn.cols + 0.5), move.f + move.e * (drawn.rows + 0.5)))
