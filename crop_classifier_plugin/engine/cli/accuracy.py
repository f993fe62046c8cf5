"""Commands about how right a map is."""

from __future__ import annotations

from pathlib import Path

import click

from ...shared.jobs.accuracy import DiagnoseJob
from ...shared.jobs.sources import LabelSource
from .options import finish, json_option, read_table


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


COMMANDS = (diagnose,)
