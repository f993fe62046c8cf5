"""Commands about how right a map is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...shared.choices import ALLOCATIONS, SAMPLINGS
from ...shared.jobs.accuracy import AreaEstimateJob, DeclaredParcels, DiagnoseJob, ParcelSummaryJob, SampleDesignJob
from ...shared.jobs.sources import LabelSource
from .options import finish, json_option, read_pairs, read_table


@click.command()
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--reference", required=True, help="Class raster, or vector file of polygons.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class, for polygons.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option(
    "--leave-out-missing", is_flag=True, help="Do not compare classes that the map lacks; else they are wrong."
)
@click.option("--out", required=True, help="Folder for the report and the layers.")
@json_option
def diagnose(
    class_map: str,
    reference: str,
    layer: str,
    class_field: str,
    mapping: str,
    leave_out_missing: bool,
    out: str,
    as_json: bool,
) -> None:
    """Compare a crop map with a reference: TP / FP / FN layers a class, agreement, accuracy report."""
    folder = Path(out)
    job = DiagnoseJob(
        class_map=class_map,
        reference=LabelSource(reference, layer, class_field),
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        leave_out_missing=leave_out_missing,
        folder=str(folder),
        agreement=str(folder / "agreement.tif"),
        report_html=str(folder / "accuracy.html"),
        report_json=str(folder / "accuracy.json"),
        report_csv=str(folder / "accuracy.csv"),
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
@click.option("--out", "sample", required=True, help="GeoPackage to write.")
@json_option
def sample_design(accuracies: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Draw a stratified random sample of a crop map, to be looked at."""
    finish(SampleDesignJob(accuracies=read_pairs(accuracies), **given), as_json)


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


@click.command("parcel-summary")
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--parcels", required=True, help="Vector file of polygons.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--declared", "declared_field", default="", help="Field with the crop that was declared.")
@click.option("--id", "id_field", default="", help="Field that tells the parcels apart; without, their shapes do.")
@click.option("--probabilities", default="", help="Class probabilities of the same run as the map.")
@click.option("--valid-dates", default="", help="Number of valid dates of the same run.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class: declared, map.")
@click.option("--out", required=True, help="Folder for the parcels and the report.")
@json_option
def parcel_summary(mapping: str, out: str, as_json: bool, **given: Any) -> None:
    """What a map says of each parcel: crop, share, doubt, hectares, and whether that is what was declared."""
    names = ("path", "layer", "declared_field", "id_field")
    given["path"] = given.pop("parcels")
    folder = Path(out)
    job = ParcelSummaryJob(
        parcels=DeclaredParcels(**{name: given.pop(name) for name in names}),
        summary=str(folder / "parcels.gpkg"),
        report_html=str(folder / "parcels.html"),
        report_json=str(folder / "parcels.json"),
        report_csv=str(folder / "parcels.csv"),
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        **given,
    )
    finish(job, as_json)


COMMANDS = (diagnose, sample_design, area_estimate, parcel_summary)
