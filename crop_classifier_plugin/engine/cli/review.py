"""Commands about what becomes of a map: looked at unit by unit, cleaned, held against other maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...shared.choices import CLEANINGS, GAINS
from ...shared.jobs.accuracy import DeclaredParcels, MapRasters
from ...shared.jobs.base import take
from ...shared.jobs.clean_map import Cleaning, CleanMapJob, FieldMask
from ...shared.jobs.compare_maps import ClassMap, CompareMapsJob, MapChangeJob
from ...shared.jobs.review import ApplyReviewJob, ReviewListJob
from ...shared.jobs.sources import LabelSource
from .accuracy import read_mapping
from .options import finish, json_option


@click.command("review-list")
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--probabilities", default="", help="Class probabilities of the same run as the map.")
@click.option("--parcels", default="", help="Vector file of polygons: the units to look at.")
@click.option("--reference", default="", help="In place of parcels: units are where the map differs from it.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", default="", help="Field with the declared crop, or with the class of the reference.")
@click.option("--id", "id_field", default="", help="Field with each parcel's id; without, its shape is taken.")
@click.option(
    "--gain", type=click.Choice(list(GAINS)), default="hectares", show_default=True, help="Order of the list."
)
@click.option("--most", default=0, help="Units in the list; 0: all.")
@click.option("--least-pixels", default=4.0, show_default=True, help="Of a region of disagreement.")
@click.option("--declared-right", default=0.9, show_default=True, help="Share of the declarations that are right.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option("--out", "review", required=True, help="GeoPackage to write.")
@json_option
def review_list(
    parcels: str, reference: str, layer: str, field: str, id_field: str, mapping: str, as_json: bool, **given: Any
) -> None:
    """List the units of a map that are worth a look, those first where a look gains most."""
    maps = take(given, MapRasters)
    job = ReviewListJob(
        maps=maps,
        parcels=DeclaredParcels(parcels, layer, field, id_field) if parcels else None,
        reference=LabelSource(reference, layer, field) if reference else None,
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        **given,
    )
    finish(job, as_json)


@click.command("apply-review")
@click.option("--map", "class_map", required=True, help="The crop map that was reviewed.")
@click.option("--review", required=True, help="The answered review table.")
@click.option("--other-map/--no-other-map", default=False, help="Apply answers that were made on another map.")
@click.option("--out", required=True, help="Folder for the corrected map, the labels and the report.")
@json_option
def apply_review(out: str, as_json: bool, **given: Any) -> None:
    """Bring the answers of a review back: corrected map, labels for the next training, what changed."""
    folder = Path(out)
    reports = {f"report_{ending}": str(folder / f"review.{ending}") for ending in ("html", "json", "csv")}
    vectors = {name: str(folder / f"{name}.gpkg") for name in ("labels", "cleaned_labels")}
    finish(ApplyReviewJob(corrected=str(folder / "corrected.tif"), **{**vectors, **reports, **given}), as_json)


@click.command("clean-map")
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--method", type=click.Choice(list(CLEANINGS)), default="sieve", show_default=True)
@click.option("--least-hectares", default=0.1, show_default=True, help="sieve: smaller regions go.")
@click.option("--size", default=5, show_default=True, help="majority, bayes: pixels of the square around a pixel.")
@click.option("--smoothness", default=10.0, show_default=True, help="bayes: the larger, the smoother.")
@click.option("--probabilities", default="", help="bayes: class probabilities of the same run as the map.")
@click.option("--parcels", default="", help="Vector file of polygons: for the method parcels, and --only-parcels.")
@click.option("--layer", default="", help="Layer inside it.")
@click.option("--only-parcels", is_flag=True, help="What lies in no parcel becomes no data.")
@click.option("--land-cover", default="", help="Class raster, in any grid.")
@click.option(
    "--not-field", "not_fields", multiple=True, help="Its class that is no field, by name or code; repeatable."
)
@click.option("--reference", default="", help="Class raster or polygons: accuracy before and after.")
@click.option("--reference-layer", default="", help="Layer inside it.")
@click.option("--reference-field", default="", help="Field with the class.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option("--out", required=True, help="Folder for the cleaned map and the report.")
@json_option
def clean_map(parcels: str, layer: str, mapping: str, out: str, as_json: bool, **given: Any) -> None:
    """Clean a crop map: small regions, lone pixels, parcels, what is no field; with its accuracy before and after."""
    reference = [given.pop(f"reference{end}") for end in ("", "_layer", "_field")]
    folder = Path(out)
    job = CleanMapJob(
        maps=take(given, MapRasters),
        cleaned=str(folder / "cleaned.tif"),
        cleaning=take(given, Cleaning),
        field_mask=take(given, FieldMask),
        parcels=DeclaredParcels(parcels, layer) if parcels else None,
        reference=LabelSource(*reference) if reference[0] else None,
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        report_html=str(folder / "cleaning.html"),
        report_json=str(folder / "cleaning.json"),
        report_csv=str(folder / "cleaning.csv"),
    )
    finish(job, as_json)


@click.command("compare-maps")
@click.option("--map", "maps", multiple=True, help="A crop map; repeatable. All are read on the first one's grid.")
@click.option("--reference", default="", help="Class raster, or polygons or points; without, only agreement is told.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", default="", help="Field with the class, for polygons and points.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class: of the first map.")
@click.option("--area", default="", help="Vector file: only pixels inside its polygons are compared.")
@click.option("--out", required=True, help="Folder for the report.")
@json_option
def compare_maps(
    maps: tuple[str, ...], reference: str, layer: str, field: str, mapping: str, area: str, out: str, as_json: bool
) -> None:
    """Hold several crop maps against each other and a reference, on exactly the same pixels."""
    job = CompareMapsJob(
        maps=tuple(map(ClassMap, maps)),
        reference=LabelSource(reference, layer, field) if reference else None,
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        area=area,
        **{f"report_{ending}": str(Path(out) / f"comparison.{ending}") for ending in ("html", "json", "csv")},
    )
    finish(job, as_json)


@click.command("map-change")
@click.option("--before", required=True, help="The earlier crop map.")
@click.option("--after", required=True, help="The later one; it is read on the grid of the earlier.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class: later, earlier map.")
@click.option("--area", default="", help="Vector file: only pixels inside its polygons are compared.")
@click.option("--out", required=True, help="Folder for the layer of changes and the report.")
@json_option
def map_change(before: str, after: str, mapping: str, area: str, out: str, as_json: bool) -> None:
    """What became of each crop between two maps: a layer, and hectares from crop to crop."""
    folder = Path(out)
    job = MapChangeJob(
        ClassMap(before),
        ClassMap(after),
        str(folder / "change.tif"),
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        area=area,
        **{f"report_{ending}": str(folder / f"change.{ending}") for ending in ("html", "json", "csv")},
    )
    finish(job, as_json)


COMMANDS = (review_list, apply_review, clean_map, compare_maps, map_change)
