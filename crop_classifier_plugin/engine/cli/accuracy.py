"""Commands about how right a map is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...shared.choices import ALLOCATIONS, SAMPLINGS
from ...shared.jobs.accuracy import (
    AreaEstimateJob,
    CheckDeclarationsJob,
    CompareLimits,
    DeclaredParcels,
    DiagnoseJob,
    ErrorLayers,
    MapRasters,
    ParcelSummaryJob,
    SampleDesignJob,
)
from ...shared.jobs.base import take
from ...shared.jobs.sources import LabelSource
from .options import finish, json_option, label_options, read_pairs, read_table, take_labels


@click.command()
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--reference", required=True, help="Class raster, vector file of polygons or points, or CSV of points.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class, for polygons and points.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option(
    "--leave-out-missing", is_flag=True, help="Do not compare classes that the map lacks; else they are wrong."
)
@click.option("--area", default="", help="Vector file: only pixels inside its polygons are compared.")
@click.option("--boundary", default=0, help="Pixels: so close to another class of the reference they count apart.")
@click.option("--confidence", default="", help="The map's confidence: a layer of where it is sure and wrong.")
@click.option("--sure-above", default=80.0, show_default=True, help="Per cent of confidence from which it is sure.")
@click.option("--area-estimate", default="", help="JSON of area-estimate for this map: its hectares, for the report.")
@click.option("--out", required=True, help="Folder for the report and the layers.")
@label_options
@json_option
def diagnose(out: str, mapping: str, as_json: bool, **given: Any) -> None:
    """Compare a crop map with a reference: TP / FP / FN layers a class, agreement, accuracy report."""
    folder = Path(out)
    own = take_labels(given)
    reference = LabelSource(given.pop("reference"), given.pop("layer"), given.pop("class_field"), **own)
    given["disagreement"] = str(folder / "disagreement.tif")
    given["sureness"] = str(folder / "sureness.tif") if given["confidence"] else ""
    job = DiagnoseJob(
        reference=reference,
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        folder=str(folder),
        agreement=str(folder / "agreement.tif"),
        report_html=str(folder / "accuracy.html"),
        report_json=str(folder / "accuracy.json"),
        report_csv=str(folder / "accuracy.csv"),
        limits=take(given, CompareLimits),
        layers=take(given, ErrorLayers),
        **given,
    )
    finish(job, as_json)


def read_mapping(path: str) -> list[tuple[str, str]]:
    """The rows of a table that says which map class each reference value means."""
    return [(r["reference"], r["class"]) for r in read_table(path, ("reference", "class"))]


@click.command("sample-design")
@click.option("--map", "class_map", required=True, help="The crop map: its classes are the strata.")
@click.option("--size", default=0, help="Points; 0: as many as the standard error asks for.")
@click.option("--standard-error", default=0.01, show_default=True, help="Of overall accuracy, that is aimed at.")
@click.option("--expected", default=0.8, show_default=True, help="User's accuracy that is expected of a class.")
@click.option("--accuracy", "accuracies", multiple=True, metavar="CLASS=SHARE", help="For one class; repeatable.")
@click.option("--allocation", type=click.Choice(list(ALLOCATIONS)), default="proportional", show_default=True)
@click.option("--least", default=50, show_default=True, help="Points of each class, at least.")
@click.option("--seed", default=0, show_default=True, help="Of the random numbers.")
@click.option("--parcels", default="", help="Vector file of polygons: the units, in place of pixels.")
@click.option("--layer", default="", help="Layer inside it.")
@click.option("--id", "id_field", default="", help="Field with each parcel's id; without, its shape is taken.")
@click.option("--out", "sample", required=True, help="GeoPackage to write.")
@json_option
def sample_design(
    accuracies: tuple[str, ...], parcels: str, layer: str, id_field: str, as_json: bool, **given: Any
) -> None:
    """Draw a stratified random sample of a crop map, to be looked at."""
    units = DeclaredParcels(parcels, layer, id_field=id_field) if parcels else None
    finish(SampleDesignJob(accuracies=read_pairs(accuracies), parcels=units, **given), as_json)


@click.command("area-estimate")
@click.option("--sample", required=True, help="Points or parcels that were looked at; a review table, or any layer.")
@click.option("--layer", default="", help="Layer inside the file.")
@click.option("--field", "class_field", default="", help="Field with the class found; without, the review's answers.")
@click.option("--map", "class_map", default="", help="The crop map; the sample may tell all of it itself.")
@click.option("--sampling", type=click.Choice(list(SAMPLINGS)), default="stratified", show_default=True)
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option("--out", required=True, help="Folder for the report.")
@json_option
def area_estimate(
    sample: str, layer: str, class_field: str, mapping: str, out: str, as_json: bool, **given: Any
) -> None:
    """Estimate the crops' areas in hectares and the map's accuracy from a sample, with 95 % intervals."""
    folder = Path(out)
    job = AreaEstimateJob(
        sample=LabelSource(sample, layer, class_field),
        report_html=str(folder / "areas.html"),
        report_json=str(folder / "areas.json"),
        report_csv=str(folder / "areas.csv"),
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        **given,
    )
    finish(job, as_json)


def parcel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A map and parcels, as the commands about parcels take them."""
    options = (
        click.option("--map", "class_map", required=True, help="The crop map."),
        click.option("--probabilities", default="", help="Class probabilities of the same run as the map."),
        click.option("--valid-dates", default="", help="Number of valid dates of the same run."),
        click.option("--parcels", "path", required=True, help="Vector file of polygons."),
        click.option("--layer", default="", help="Layer inside the vector file."),
        click.option("--declared", "declared_field", default="", help="Field with the crop that was declared."),
        click.option("--id", "id_field", default="", help="Field with each parcel's id; without, its shape is taken."),
        click.option("--mapping", default="", help="CSV table with the columns reference and class: declared, map."),
        click.option("--out", required=True, help="Folder for the parcels and the report."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_parcels(given: dict[str, Any], stem: str) -> dict[str, Any]:
    """The fields of a job about parcels; takes out of `given` what they are made of. `stem` names the report."""
    mapping, folder = given.pop("mapping"), Path(given.pop("out"))
    reports = {f"report_{ending}": str(folder / f"{stem}.{ending}") for ending in ("html", "json", "csv")}
    return reports | {
        "maps": take(given, MapRasters),
        "parcels": take(given, DeclaredParcels),
        "mapping": tuple(read_mapping(mapping)) if mapping else (),
    }


@click.command("parcel-summary")
@parcel_options
def parcel_summary(out: str, as_json: bool, **given: Any) -> None:
    """What a map says of each parcel: crop, share, doubt, hectares, and whether that is what was declared."""
    fields = take_parcels(given | {"out": out}, "parcels")
    finish(ParcelSummaryJob(summary=str(Path(out) / "parcels.gpkg"), **fields), as_json)


@click.command("check-declarations")
@click.option("--false-alarms", default=0.05, show_default=True, help="Of the right ones, the share that may be red.")
@click.option("--least-pixels", default=4.0, show_default=True, help="Smaller parcels never turn red.")
@click.option("--found", "found_field", default="", help="Field with the crop found on the spot, where known.")
@parcel_options
def check_declarations(
    false_alarms: float, least_pixels: float, found_field: str, out: str, as_json: bool, **given: Any
) -> None:
    """A traffic light for each declared parcel, with a stated rate of false alarms."""
    fields = take_parcels(given | {"out": out}, "declarations")
    fields |= {"false_alarms": false_alarms, "least_pixels": least_pixels, "found_field": found_field}
    finish(CheckDeclarationsJob(checked=str(Path(out) / "declarations.gpkg"), **fields), as_json)


COMMANDS = (diagnose, sample_design, area_estimate, parcel_summary, check_declarations)
