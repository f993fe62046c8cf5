"""A stratified random sample of a map's pixels, or of parcels, to look at: the strata are the map's classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.cards.files import sha256_of
from ....shared.errors import BadInput
from ....shared.jobs.accuracy import DeclaredParcels, MapRasters, SampleDesignJob
from ....shared.legend import Legend
from ....shared.review_table import LAYER
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...raster.grid import Grid
from ...raster.pixel_area import pixel_areas
from ...reporting.sentences import listed
from ...vector.layer_styles import add_styles
from ..parcels.parcel_summary import summed_up
from ..review.forms import review_style
from ..review.table import review_frame, strata_frame, uid_of, write_review
from .allocation import allocate, size_for
from .drawing import Drawn, draw

_OF_PARCELS = ("uid", "map_class", "map_name", "map_share", "second_name", "second_prob", "declared_name", "area_ha")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Population:
    """What a sample is drawn from, by class of the map: (K,) units and their hectares; and how it is drawn."""

    legend: Legend
    units: Ints
    hectares: Floats
    draw: Callable[[Ints, Reporter], Any]  # counts of each class -> the review table of what was drawn
    word: str  # that its units are called by


def sample_design(job: SampleDesignJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the sample; returns its path, its size and that of each class. Raises BadInput, BadRaster, CrsMissing."""
    with job_run(job, reporter) as run, opened(job.class_map, job.map_crs) as dataset:
        of = _parcels(job, job.parcels, dataset, run) if job.parcels else _pixels(job, dataset, run)
        counts = _counts(job, of, _expected(job, of.legend), reporter)
        frame = of.draw(counts, run.step(0.5, 0.95))
        frame["stratum"] = frame["map_name"]
        places = {name: place for place, name in enumerate(of.legend.names)}
        stratum = np.array([places[name] for name in frame["map_name"]])
        frame["inclusion_prob"] = counts[stratum] / of.units[stratum]
        frame["weight"] = of.units[stratum] / counts[stratum]
        frame["base_sha256"] = sha256_of(job.class_map)
        strata = strata_frame(list(of.legend.names), of.units, of.hectares, counts)
        write_review(run.output(job.sample), frame, strata[of.units > 0])
        add_styles(run.output(job.sample), LAYER, (review_style(of.legend, polygons=job.parcels is not None),))
        by_class = dict(zip(of.legend.names, counts.tolist()))
        run.record(job.sample, {"by_class": by_class})
    told = listed(f"{name} {n:,}" for name, n in by_class.items())
    reporter.log(f"A sample of {counts.sum():,} {of.word}: {told}.")
    return {"sample": job.sample, "units": int(counts.sum()), "by_class": by_class}


def _pixels(job: SampleDesignJob, dataset: Any, run: JobRun) -> Population:
    """Each pixel of the map is a unit, by its middle."""
    crop_map = CropMap(job.class_map, dataset, run.step(0, 0.2), job.map_crs)

    def drawn(counts: Ints, reporter: Reporter) -> Any:
        return _frame(crop_map, draw(crop_map, crop_map.pixels, counts, job.seed, reporter))

    return Population(crop_map.legend, crop_map.pixels, crop_map.hectares, drawn, "points")


def _parcels(job: SampleDesignJob, source: DeclaredParcels, dataset: Any, run: JobRun) -> Population:
    """Each parcel with a crop in the map is a unit; it belongs to the class that most of it has."""
    facts = summed_up(MapRasters(job.class_map, crs=job.map_crs), source, (), dataset, run)
    table = facts.table[facts.table["map_name"].notna()].reset_index(drop=True)
    names = table["map_name"].to_numpy()
    rows = [np.flatnonzero(names == crop.name) for crop in facts.legend]
    hectares = np.array([float(table["area_ha"].to_numpy(float)[mine].sum()) for mine in rows])

    def drawn(counts: Ints, reporter: Reporter) -> Any:
        rng = np.random.default_rng(job.seed)
        picked = [rng.choice(mine, int(count), replace=False) for mine, count in zip(rows, counts)]
        chosen = table.iloc[rng.permutation(np.concatenate(picked))].reset_index(drop=True)
        columns = {name: chosen[name] for name in _OF_PARCELS}
        return review_frame({"unit": "parcel", **columns}, chosen.geometry.to_numpy(), table.crs)

    return Population(facts.legend, np.array([len(mine) for mine in rows], np.int64), hectares, drawn, "parcels")


def _expected(job: SampleDesignJob, legend: Legend) -> Floats:
    """(K,) the user's accuracy that is expected of each class."""
    users = np.full(len(legend), job.expected)
    for name, text in job.accuracies:
        found = legend.find(name)
        if found is None:
            raise BadInput(f"The map has no class {name!r}: use one of {listed(legend.names)}.")
        users[legend.classes.index(found)] = _share(name, text)
    return users


def _share(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < 1:
        raise BadInput(f"The accuracy {text!r} of {name} cannot be expected: give a number between 0 and 1, as 0.8.")
    return value


def _counts(job: SampleDesignJob, of: Population, users: Floats, reporter: Reporter) -> Ints:
    """(K,) units to draw of each class. Raises BadInput where there are none."""
    if not of.units.sum():
        raise BadInput(f"No {of.word} have a class of the map {job.class_map}: choose those of the mapped area.")
    areas = of.hectares if of.hectares.sum() > 0 else of.units  # a local system has no hectares
    shares = areas / areas.sum()
    size = job.size or size_for(job.standard_error, shares, users)
    counts = allocate(size, shares, users, job.allocation, job.least, of.units)
    if counts.sum() != size:
        why = f"with at least {job.least} of each class" if counts.sum() > size else "as there are no more"
        reporter.log(f"The sample has {counts.sum():,} {of.word}, not {size:,}, {why}.", "warning")
    return counts


def _frame(crop_map: CropMap, drawn: Drawn) -> Any:
    """The review table: one point in the middle of each pixel that was drawn."""
    grid, legend = crop_map.grid, crop_map.legend
    points = _centres(grid, drawn)
    columns = {
        "uid": uid_of(points),
        "unit": "point",
        "map_class": np.array(legend.codes)[drawn.strata],
        "map_name": np.array(legend.names, object)[drawn.strata],
        "area_ha": pixel_areas(grid).of_points(drawn.rows.astype(float), drawn.cols.astype(float)),
    }
    return review_frame(columns, points, grid.crs.to_wkt())


def _centres(grid: Grid, drawn: Drawn) -> NDArray[Any]:
    """(n,) points."""
    move = grid.transform
    return np.asarray(shapely.points(move.c + move.a * (drawn.cols + 0.5), move.f + move.e * (drawn.rows + 0.5)))
