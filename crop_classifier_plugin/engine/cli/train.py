"""The command that trains a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from ...shared.cards.parts import RADAR_UNITS, REDUCTIONS
from ...shared.choices import LOSSES, MASKS, OPTIMIZERS, RECIPES, SCHEDULES, SPLITS
from ...shared.errors import BadInput
from ...shared.jobs.base import take
from ...shared.jobs.sources import LabelledSeries, LabelSource, Series, read_settings, read_windows
from ...shared.jobs.train import (
    AugmentationSpec,
    CardTexts,
    HardwareSpec,
    ModelInputs,
    NetworkSpec,
    OptimSpec,
    SplitSpec,
    TrainJob,
)
from .options import (
    DATES_HELP,
    finish,
    json_option,
    label_options,
    read_dates,
    scale_option,
    take_labels,
    training_options,
)
from .series import sources

_RECIPE = "How the network learns: so that it does on your machine, or as in its paper, which asks for far more steps."


@click.command()
@click.option("--series", required=True, multiple=True, help="A raster, or a folder of rasters; repeatable.")
@click.option("--labels", required=True, help="Vector file of polygons or points, CSV of points, or class raster.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class of each polygon or point.")
@click.option("--month-field", "month_fields", multiple=True, help="YYYY-MM=FIELD, of labels by month; repeatable.")
@click.option(
    "--by-month",
    is_flag=True,
    help="The labels are a folder of class rasters with months in their names, or a raster with a band a month.",
)
@click.option("--out", "model", required=True, help="Folder for the model.")
@click.option("--legend", default="", help="JSON file of classes. Default: one class a name in the labels.")
@click.option(
    "--windows",
    default="",
    help="Days of the year, as '95-135, 150-195'. Default: 20 days around each scene; with over 6 dates, the months.",
)
@click.option("--band", "bands", multiple=True, help="A band the model takes; repeatable. Default: six of Sentinel-2.")
@click.option("--dates", default="", help=DATES_HELP)
@click.option("--mask", type=click.Choice(list(MASKS)), default="auto", show_default=True, help="Cloud mask source.")
@click.option("--mask-layer", multiple=True, help="With --mask layer: raster whose non-zero pixels are not used.")
@scale_option
@click.option("--network", default="lrtacf_net", show_default=True, help="See 'networks'.")
@click.option("--setting", multiple=True, help="NAME=VALUE of the network, over preset=small; repeatable.")
@click.option("--held-out", default=0.3, show_default=True, help="Share of the labelled area that is tested on.")
@click.option(
    "--validation",
    default=0.15,
    show_default=True,
    help="Share that chooses the best epoch; 0: the last. None for a forest.",
)
@click.option("--min-parcels", default=3, show_default=True, help="A class with fewer is refused.")
@click.option("--recipe", type=click.Choice(list(RECIPES)), default="default", show_default=True, help=_RECIPE)
@click.option("--minutes", default=10.0, show_default=True, help="To learn, by the default recipe; about.")
@click.option("--epochs", default=0, help="At most, in place of the minutes. Default: the recipe's.")
@click.option("--steps", default=0, help="An epoch. Default: each labelled pixel about once, or as the minutes allow.")
@click.option("--batch", default=0, help="Patches a step. Default: the recipe's.")
@click.option("--patch", default=0, help="Side of a patch in pixels. Default: the recipe's.")
@click.option("--seed", default=1, show_default=True, help="Parts the parcels, starts the weights.")
@click.option("--loss", type=click.Choice(list(LOSSES)), default="auto", show_default=True, help="auto: the recipe's.")
@click.option(
    "--optimizer", type=click.Choice(list(OPTIMIZERS)), default="auto", show_default=True, help="auto: the recipe's."
)
@click.option(
    "--schedule", type=click.Choice(list(SCHEDULES)), default="auto", show_default=True, help="Of the learning rate."
)
@click.option("--learning-rate", default=0.0, help="Default: the recipe's, or 0.011 sam, 0.003 adamw, 0.001 adam.")
@click.option("--patience", default=-1, help="Epochs without a better validation until it stops; 0: never.")
@click.option("--jitter", default=-1.0, help="Deviation of the random gain of dates and bands. Default: the recipe's.")
@click.option("--radar", multiple=True, help="Second series, for a network of two: rasters or folders; repeatable.")
@click.option("--radar-unit", type=click.Choice(RADAR_UNITS), default="decibel", show_default=True)
@click.option("--reduce", type=click.Choice(("", *REDUCTIONS)), default="", help="What a window's scenes become.")
@click.option(
    "--least-dates", "min_dates", default=-1, help="Usable dates a pixel needs; 0: all. Default: as the network can do."
)
@click.option("--optical-dropout", type=float, nargs=2, help="Share of the dates hidden, LOW HIGH. Default: recipe's.")
@click.option("--radar-dropout", type=float, help="Share of the radar dates hidden. Default: recipe's.")
@click.option(
    "--split", "method", type=click.Choice(list(SPLITS)), default="side", show_default=True, help="What is held out."
)
@click.option("--block", default=0.0, help="Side of the squares of --split block. Default: a tenth of the area's.")
@click.option("--samples-per-class", default=0, help="Most labelled pixels of a class that are learnt from; 0: all.")
@click.option(
    "--check-series",
    multiple=True,
    help="A second series that chooses the best epoch, but not on held-out parcels; repeatable.",
)
@click.option("--check-labels", default="", help="Its labels, with the same field.")
@click.option(
    "--start",
    default="",
    help="Model folder of the same network, or encoder, to go on from; what it learnt from is not held out.",
)
@click.option("--freeze", "frozen", multiple=True, help="Part of the network that is not trained; repeatable.")
@click.option("--title", default="", help="What maps of this model are called. Default: the folder's name.")
@click.option("--region", default="", help="For the card: where it was trained. Default: the scenes' place in degrees.")
@click.option("--season", default="", help="For the card: of what season it is. Default: the months of the scenes.")
@label_options
@training_options
@json_option
def train(as_json: bool, **given: Any) -> None:
    """Train a model on labelled polygons or points; leaves a folder that 'classify --model' takes."""
    data, validation = _data(given)
    job = TrainJob(
        data=(data,),
        validation_series=validation,
        network=_network(given),
        model_inputs=_inputs(given),
        split=take(given, SplitSpec),
        optim=_optim(given),
        hardware=take(given, HardwareSpec),
        card=take(given, CardTexts),
        **given,
    )
    finish(job, as_json)


def _data(given: dict[str, Any]) -> tuple[LabelledSeries, tuple[LabelledSeries, ...]]:
    """What is learnt from, and the series that chooses the best epoch, if there is one."""
    dates, radar = given.pop("dates"), sources(given.pop("radar"))
    table, masks = tuple(read_dates(dates)) if dates else (), sources(given.pop("mask_layer"))
    series = Series(sources(given.pop("series")), table, given.pop("mask"), masks, scale=given.pop("scale"))
    labels, by_month = _labels(given), given.pop("by_month")
    labels = _by_month(labels) if by_month else labels
    scenes, file = sources(given.pop("check_series")), given.pop("check_labels")
    if bool(scenes) != bool(file):
        raise BadInput("A second series for the validation needs both --check-series and --check-labels: give both.")
    data = LabelledSeries(series, labels, Series(radar, table) if radar else None)
    if not scenes:
        return data, ()
    second = replace(labels, path=file, layer="", month_rasters=())
    return data, (LabelledSeries(replace(series, scenes=scenes), _by_month(second) if by_month else second),)


def _labels(given: dict[str, Any]) -> LabelSource:
    months = tuple(_month_field(text) for text in given.pop("month_fields"))
    own = take_labels(given)
    legend, field = given.pop("legend"), given.pop("class_field")
    return LabelSource(given.pop("labels"), given.pop("layer"), field, months, legend=legend, **own)


def _by_month(labels: LabelSource) -> LabelSource:
    """The class rasters of a folder, or of a file with a band a month."""
    from ..training.supervised.month_rasters import month_rasters  # reads rasters: not for a list of models

    rasters = month_rasters(labels.path)
    return replace(labels, path=rasters[0].path, month_rasters=rasters)


def _network(given: dict[str, Any]) -> NetworkSpec:
    settings = read_settings(";".join(("preset=small", *given.pop("setting"))))
    return NetworkSpec(given.pop("network"), settings, given.pop("start"), given.pop("frozen"))


def _optim(given: dict[str, Any]) -> OptimSpec:
    given["augmentation"] = take(given, AugmentationSpec)
    return take(given, OptimSpec)


def _inputs(given: dict[str, Any]) -> ModelInputs:
    given["windows"] = read_windows(given["windows"])
    given["bands"] = given["bands"] or ModelInputs.bands
    return take(given, ModelInputs)


def _month_field(text: str) -> tuple[str, str]:
    month, sign, field = text.partition("=")
    if not sign:
        raise BadInput(f"The month field {text!r} has no field: write it as YYYY-MM=FIELD.")
    return month.strip(), field.strip()


COMMANDS = (train,)
