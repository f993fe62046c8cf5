"""The units of a map that are worth a look, those first where it gains most."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ....shared.cards.files import sha256_of
from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import DeclaredParcels
from ....shared.jobs.review import ReviewListJob
from ....shared.jobs.sources import LabelSource
from ....shared.legend import Legend
from ....shared.review_table import LAYER
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...labels.class_map import CropMap, opened
from ...labels.matching import Matcher
from ...labels.open_labels import open_labels
from ...raster.pixel_area import hectares_of_shapes
from ...vector.layer_styles import add_styles
from ..diagnosis.comparison import ComparedClasses, Comparison
from ..doubt import entropy_of
from ..parcels.parcel_summary import class_probabilities, summed_up
from ..parcels.summary import AGREES, DISAGREES
from .blobs import Blobs, differences
from .forms import review_style
from .priority import chance_of_error, priority_of
from .table import review_frame, uid_of, write_review

Floats = NDArray[np.float64]


def review_list(job: ReviewListJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the list; returns its path and its length.

    Raises LabelsUnusable when there is nothing to look at, NoOverlap, CrsMissing, BadRaster, BadInput.
    """
    with job_run(job, reporter) as run, opened(job.maps.class_map, job.maps.crs) as dataset:
        frame, legend = _units(job, dataset, run)
        frame["base_sha256"] = sha256_of(job.maps.class_map)
        ordered = frame.sort_values(["priority", "uid"], ascending=[False, True], ignore_index=True)
        kept = ordered.head(job.most) if job.most else ordered
        write_review(run.output(job.review), kept)
        add_styles(run.output(job.review), LAYER, (review_style(legend, polygons=True),))
        run.record(job.review, {"units": len(kept), "left_out": len(ordered) - len(kept)})
    gain, total = kept["priority"].sum(), ordered["priority"].sum()
    what = "hectares" if job.gain == "hectares" else "units"
    reporter.log(f"{len(kept):,} units to look at; of {total:,.1f} {what} that are likely wrong they hold {gain:,.1f}.")
    return {"review": job.review, "units": len(kept)}


def _units(job: ReviewListJob, dataset: Any, run: JobRun) -> tuple[geopandas.GeoDataFrame, Legend]:
    """The review table of all units, and the classes that an answer may name."""
    if job.parcels is not None:
        return _parcels(job, job.parcels, dataset, run)
    if job.reference is not None:
        return _blobs(job, job.reference, dataset, run)
    raise LabelsUnusable("There are no units to look at: give parcels, or a reference.")


def _parcels(
    job: ReviewListJob, parcels: DeclaredParcels, dataset: Any, run: JobRun
) -> tuple[geopandas.GeoDataFrame, Legend]:
    """Every parcel that has a crop in the map."""
    facts = summed_up(job.maps, parcels, job.mapping, dataset, run)
    there = facts.table["map_name"].notna().to_numpy()
    table = facts.table[there].reset_index(drop=True)
    agreement = table["agreement"].to_numpy()
    mapped = table["map_prob"].fillna(table["map_share"]).to_numpy(float)
    declared = _declared_support(table, mapped)
    chance = chance_of_error(mapped, declared, agreement == DISAGREES, agreement == AGREES, job.declared_right)
    same = ("uid", "map_class", "map_name", "map_share", "map_prob", "second_name", "second_prob", "entropy", "margin")
    columns = {name: table[name] for name in (*same, "declared_name", "area_ha")}
    more = {"unit": "parcel", "priority": priority_of(chance, table["area_ha"].to_numpy(float), job.gain)}
    shapes = table.geometry.to_numpy()
    return review_frame({**columns, **more}, shapes, table.crs), facts.legend


def _declared_support(table: pd.DataFrame, mapped: Floats) -> Floats:
    """(n,) what the map gives the declared crop: the next crop's where it is that, else at most what is left."""
    mean = table["mean_prob"].fillna(table["map_share"]).to_numpy(float)
    left: Floats = (1 - mapped) / np.maximum(1 - mean, 1e-6)  # where the first is calibrated, the others are too
    second: Floats = np.clip(table["second_prob"].to_numpy(float) * left, 0, 1 - mapped)
    is_second = (table["second_name"] == table["declared_name"]).to_numpy()
    rest = np.maximum(1 - mapped - np.nan_to_num(second), 0)
    return np.where(is_second, second, rest / 2)


def _blobs(job: ReviewListJob, source: LabelSource, dataset: Any, run: JobRun) -> tuple[geopandas.GeoDataFrame, Legend]:
    """Every region in which the map differs from the reference."""
    crop_map = CropMap(job.maps.class_map, dataset, run.step(0, 0.1), job.maps.crs)
    matcher = Matcher(crop_map.legend, job.mapping)
    with open_labels(source, crop_map.grid, crop_map.path, matcher.position) as reference:
        comparison = Comparison(crop_map, reference, ComparedClasses(crop_map, matcher, False))
        comparison.count(run.step(0.1, 0.3))
        found = differences(comparison, job.least_pixels, run.step(0.3, 0.6))
        for note in comparison.notes:
            run.reporter.log(note, "warning")
    if not len(found.shapes):
        raise LabelsUnusable(
            f"The map differs from the reference nowhere by {job.least_pixels:g} pixels together: there is nothing to "
            "look at."
        )
    classes = tuple(comparison.classes.all)
    return _blob_frame(job, crop_map, found, classes, run.step(0.6, 0.9)), Legend(classes)


def _blob_frame(
    job: ReviewListJob, crop_map: CropMap, found: Blobs, classes: tuple[Any, ...], reporter: Reporter
) -> geopandas.GeoDataFrame:
    names, codes = np.array([c.name for c in classes], object), np.array([c.code for c in classes])
    hectares = hectares_of_shapes(found.shapes, crop_map.grid.crs.to_wkt())
    columns: dict[str, Any] = {
        "uid": uid_of(found.shapes),
        "unit": "blob",
        "map_class": codes[found.mapped],
        "map_name": names[found.mapped],
        "map_share": 1.0,
        "declared_name": names[found.reference],
        "area_ha": hectares,
    }
    mapped = np.full(len(hectares), np.nan)
    declared = mapped.copy()
    means = class_probabilities(job.maps.probabilities, crop_map, found.shapes, reporter)
    if means is not None:
        rows = np.arange(len(means))
        mapped = means[rows, found.mapped]
        known = found.reference < means.shape[1]
        declared = np.where(known, means[rows, np.minimum(found.reference, means.shape[1] - 1)], 0)
        columns |= {"map_prob": mapped, "entropy": entropy_of(means.T)}
    everywhere = np.ones(len(hectares), bool)
    chance = chance_of_error(mapped, declared, everywhere, ~everywhere, job.declared_right)
    columns["priority"] = priority_of(chance, hectares, job.gain)
    return review_frame(columns, found.shapes, crop_map.grid.crs.to_wkt())
