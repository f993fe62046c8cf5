"""The engine on the command line: `crop-classifier` and `python -m crop_classifier_plugin.engine`."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

# GDAL's block cache is set before rasterio is loaded: by default it takes 5 % of the memory, as rasters grow.
os.environ.setdefault("GDAL_CACHEMAX", "128")

import click

from ... import assets
from ...shared.cards import card as cards
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs import registry
from ...shared.jobs.accuracy import DiagnoseJob
from ...shared.jobs.classify import ClassifyJob, read_months
from ...shared.jobs.simulate import SimulateJob
from ...shared.jobs.sources import LabelSource
from ..execution.dispatch import FAILED
from .fusion import COMMANDS as FUSION_COMMANDS
from .networks import COMMANDS as NETWORK_COMMANDS
from .options import (
    device_option,
    finish,
    json_option,
    read_table,
)
from .pretrain import COMMANDS as PRETRAINING_COMMANDS
from .series import COMMANDS as SERIES_COMMANDS
from .series import series_options, sources, take_scenes
from .train import COMMANDS as TRAINING_COMMANDS
from .tsstfn import COMMANDS as TSSTFN_COMMANDS


def main() -> None:
    """Entry point: every foreseen error is one sentence on standard error and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        sys.stderr.write(f"Error: {error.format_message()} See --help for what can be given.\n")
        sys.exit(FAILED)
    except CropClassifierError as error:
        if "--json" in sys.argv:
            click.echo(json.dumps({"event": "error", "code": error.code, "sentence": error.sentence}))
        else:
            sys.stderr.write(f"Error: {error.sentence}\n")
        sys.exit(FAILED)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Crop maps from satellite time series."""


for each in (
    *SERIES_COMMANDS,
    *FUSION_COMMANDS,
    *NETWORK_COMMANDS,
    *TRAINING_COMMANDS,
    *TSSTFN_COMMANDS,
    *PRETRAINING_COMMANDS,
):
    cli.add_command(each)


@cli.command()
@click.argument("job", type=click.Path(dir_okay=False))
def run(job: str) -> None:
    """Run a job from a JSON file; events go to standard output, one JSON object a line."""
    try:
        loaded = registry.load(job)
    except CropClassifierError as error:
        click.echo(json.dumps({"event": "error", "code": error.code, "sentence": error.sentence}))
        sys.exit(FAILED)
    finish(loaded, as_json=True)


@cli.command()
@partial(series_options, required=False)
@click.option("--radar", multiple=True, help="A radar raster or folder, for models of two series; repeatable.")
@click.option("--model", required=True, help="A model's name (see 'models') or its folder.")
@click.option("--out", "class_map", default="", help="The crop map, a .tif file.")
@click.option("--folder", default="", help="Instead of --out: folder for one map a target month.")
@click.option("--month", "months", multiple=True, help="2020-03 or '2020-03 to 2021-02', of models that map months.")
@click.option("--confidence", default="", help="Highest probability in per cent, a .tif file.")
@click.option("--probabilities", default="", help="One band a class, a .tif file.")
@click.option("--valid-dates", default="", help="Number of usable dates a pixel, a .tif file.")
@click.option("--attention", default="", help="How much the network heeds each date, by class, a .csv file.")
@click.option("--attention-plot", default="", help="The same as curves, an .html file.")
@click.option("--area", default="", help="Vector file of polygons that limit the map.")
@device_option
@json_option
def classify(model: str, radar: tuple[str, ...], months: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Classify a season of dated rasters."""
    asked = {"radar": sources(radar), "months": read_months(", ".join(months)), **take_scenes(given)}
    finish(ClassifyJob(model=str(find_model(model)), **asked, **given), as_json)


@cli.command()
@click.option("--map", "class_map", required=True, help="The crop map.")
@click.option("--reference", required=True, help="Class raster, or vector file of polygons.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class, for polygons.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class.")
@click.option("--out", required=True, help="Folder for the report and the layers.")
@json_option
def diagnose(
    class_map: str, reference: str, layer: str, class_field: str, mapping: str, out: str, as_json: bool
) -> None:
    """Compare a crop map with a reference: TP / FP / FN layers a class, agreement, accuracy report."""
    folder = Path(out)
    job = DiagnoseJob(
        class_map=class_map,
        reference=LabelSource(reference, layer, class_field),
        mapping=tuple(read_mapping(mapping)) if mapping else (),
        folder=str(folder),
        agreement=str(folder / "agreement.tif"),
        report_html=str(folder / "accuracy.html"),
        report_json=str(folder / "accuracy.json"),
        report_csv=str(folder / "accuracy.csv"),
    )
    finish(job, as_json)


@cli.command()
@click.option("--out", required=True, help="Folder for the season.")
@click.option("--width", default=512, show_default=True, help="10 m pixels.")
@click.option("--height", default=512, show_default=True, help="10 m pixels.")
@click.option("--year", default=2024, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--date", "dates", multiple=True, help="A Sentinel-2 date; may be repeated. Default: all season.")
@click.option("--cloud-share", default=0.33, show_default=True, help="Mean share of clouded pixels a date.")
@click.option("--sentinel1/--no-sentinel1", default=True, show_default=True)
@click.option("--modis/--no-modis", default=True, show_default=True)
@json_option
def simulate_season(out: str, dates: tuple[str, ...], as_json: bool, **rest: Any) -> None:
    """Simulate a season with known truth."""
    finish(SimulateJob(folder=out, dates=dates, **rest), as_json)


@cli.command()
@json_option
def models(as_json: bool) -> None:
    """List the models that came with the program."""
    found = [cards.Card.load(folder) for folder in cards.list_models([assets.models()])]
    if as_json:
        click.echo(json.dumps([c.to_stac() for c in found]))
        return
    for c in found:
        click.echo(f"{c.name}: {c.title}")
        click.echo(f"  network {c.network}, {c.parameters:,} parameters; bands {', '.join(c.bands)}")
        click.echo(f"  takes {c.describe_windows()}, pixels of {c.pixel_size:g} m")
        click.echo(f"  classes: {', '.join(c.legend.names)}")
        click.echo(f"  trained on: {c.training_data}")
        for a in c.accuracy:
            click.echo(f"  {a['metric']}: {a['value']} ({a['on']})")
        click.echo(f"  not for: {c.limits}")


def find_model(name: str) -> Path:
    """A model's folder by its path or by the name of a shipped one."""
    folder = Path(name)
    if (folder / cards.CARD_FILE).is_file() or "/" in name or os.sep in name:
        return folder
    known = cards.list_models([assets.models()])
    for path in known:
        if path.name == name:
            return path
    names = ", ".join(p.name for p in known) or "none"
    raise BadInput(f"There is no model {name!r}: choose one of {names}, or give a model's folder.")


def read_mapping(path: str) -> list[tuple[str, str]]:
    """The rows of a table that says which map class each reference value means."""
    return [(r["reference"], r["class"]) for r in read_table(path, ("reference", "class"))]
