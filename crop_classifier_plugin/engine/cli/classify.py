"""Commands that classify, that calibrate a model, and that list the models which came with the program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from ... import assets
from ...shared.cards.files import CARD_FILE, WEIGHTS_FILE, list_models, load_card
from ...shared.cards.model_json import item_of
from ...shared.errors import BadInput
from ...shared.jobs.calibrate import CalibrateJob
from ...shared.jobs.classify import ClassifyJob, ClassifyOutputs, read_months
from ...shared.jobs.describe_series import DescribeSeriesJob
from ...shared.jobs.sources import LabelledSeries, LabelSource, Series, optical_and_radar
from .accuracy import read_mapping
from .options import device_option, finish, json_option, label_options, read_pairs, take_labels
from .series import series_options, sources, take_scenes


@click.command()
@partial(series_options, required=False)
@click.option("--radar", multiple=True, help="A radar raster or folder, for models of two series; repeatable.")
@click.option(
    "--model", default="", help="A model's name (see 'models') or its folder; default: the first of those that fits."
)
@click.option("--out", "class_map", default="", help="The crop map, a .tif file.")
@click.option("--folder", default="", help="Instead of --out: folder for one map a target month.")
@click.option("--month", "months", multiple=True, help="2020-03 or '2020-03 to 2021-02', of models that map months.")
@click.option("--confidence", default="", help="Highest probability in per cent, a .tif file.")
@click.option("--probabilities", default="", help="One band a class, a .tif file.")
@click.option("--entropy", default="", help="Of the probabilities, 0 = sure, 1 = nothing known, a .tif file.")
@click.option("--margin", default="", help="Highest probability less the next, a .tif file.")
@click.option("--valid-dates", default="", help="Number of usable dates a pixel, a .tif file.")
@click.option("--attention", default="", help="How much the network heeds each date, by class, a .csv file.")
@click.option("--attention-plot", default="", help="The same as curves, an .html file.")
@click.option("--area", default="", help="Vector file of polygons that limit the map.")
@click.option("--fill/--no-fill", default=False, help="Take what clouds hide from the other scenes of the same time.")
@device_option
@json_option
def classify(model: str, radar: tuple[str, ...], months: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Classify a season of dated rasters."""
    optical, second = optical_and_radar(radar=sources(radar), **take_scenes(given))
    area, device, fill = (given.pop(name) for name in ("area", "device", "fill"))
    job = ClassifyJob(
        optical,
        str(find_model(model)) if model else "",
        ClassifyOutputs(**given),
        second,
        read_months(", ".join(months)),
        area,
        device,
        () if model else tuple(map(str, list_models([assets.models()]))),
        fill,
    )
    finish(job, as_json)


@click.command()
@partial(series_options, required=False)
@click.option("--radar", multiple=True, help="A radar raster or folder; repeatable.")
@click.option("--candidate", multiple=True, help="A model held against the series; repeatable. Default: all that came.")
@click.option("--model", default="", help="The model whose run is foreseen: pixels, time, memory, holes.")
@click.option("--fill/--no-fill", default=False, help="As in 'classify'.")
@click.option("--clear/--no-clear", default=True, help="Count the clear share of each date, from samples.")
@click.option("--out", "report_json", default="", help="The description, a .json file.")
@click.option("--csv", "report_csv", default="", help="One row a date, a .csv file.")
@click.option("--thumbnails", default="", help="Folder for a small picture of each date.")
@device_option
@json_option
def describe_series(radar: tuple[str, ...], candidate: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Tell what is read of a series, which models fit it, and what a run would take."""
    optical, second = optical_and_radar(radar=sources(radar), **take_scenes(given))
    named = [find_model(name) for name in candidate] or list_models([assets.models()])
    given["model"] = str(find_model(given["model"])) if given["model"] else ""
    finish(DescribeSeriesJob(optical, second, tuple(map(str, named)), **given), as_json)


@click.command()
@click.option("--model", required=True, help="A model's name (see 'models') or its folder.")
@partial(series_options, required=True)
@click.option("--radar", multiple=True, help="A radar raster or folder, for models of two series; repeatable.")
@click.option("--labels", "path", required=True, help="Vector file of polygons or points, or class raster.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class of each polygon or point.")
@click.option("--season", "seasons", multiple=True, help="SCENES=LABELS of another season, same field; repeatable.")
@click.option("--mapping", default="", help="CSV table with the columns reference and class: label, model's class.")
@click.option("--out", "calibrated", required=True, help="Folder for the calibrated model.")
@label_options
@device_option
@json_option
def calibrate(
    model: str, radar: tuple[str, ...], seasons: tuple[str, ...], mapping: str, as_json: bool, **given: Any
) -> None:
    """Make a model as sure as it is right, on labels that it did not learn from; leaves a folder that 'classify
    --model' takes."""
    calibrated, device = given.pop("calibrated"), given.pop("device")
    labels = LabelSource(given.pop("path"), given.pop("layer"), given.pop("class_field"), **take_labels(given))
    optical, second = optical_and_radar(radar=sources(radar), **take_scenes(given))
    if optical is None:
        raise BadInput("No raster was given: choose the dated scenes of the season.")
    data = (LabelledSeries(optical, labels, second), *_seasons(seasons, optical, labels))
    pairs = tuple(read_mapping(mapping)) if mapping else ()
    finish(CalibrateJob(str(find_model(model)), data, calibrated, pairs, device), as_json)


def _seasons(texts: tuple[str, ...], like: Series, labels: LabelSource) -> Iterator[LabelledSeries]:
    """Other seasons, read as the first."""
    for scenes, path in read_pairs(texts):
        yield LabelledSeries(replace(like, scenes=sources((scenes,))), replace(labels, path=path))


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the models that came with the program."""
    found = [load_card(folder) for folder in list_models([assets.models()])]
    if as_json:
        click.echo(json.dumps([item_of(c, WEIGHTS_FILE) for c in found]))
        return
    for c in found:
        click.echo(f"{c.name}: {c.title}")
        click.echo(f"  network {c.network}, {c.weights.parameters:,} parameters; bands {', '.join(c.inputs.bands)}")
        click.echo(f"  takes {c.inputs.dates.describe_days()}, pixels of {c.inputs.pixel_size:g} m")
        click.echo(f"  classes: {', '.join(c.legend.names)}")
        click.echo(f"  trained on: {c.training.training_data}")
        for a in c.accuracy:
            click.echo(f"  {a['metric']}: {a['value']} ({a['on']})")
        click.echo(f"  not for: {c.terms.limits}")


def find_model(name: str) -> Path:
    """A model's folder by its path or by the name of a shipped one."""
    folder = Path(name)
    if (folder / CARD_FILE).is_file() or "/" in name or os.sep in name:
        return folder
    known = list_models([assets.models()])
    for path in known:
        if path.name == name:
            return path
    names = ", ".join(p.name for p in known) or "none"
    raise BadInput(f"There is no model {name!r}: choose one of {names}, or give a model's folder.")


COMMANDS = (classify, calibrate, describe_series, models)
