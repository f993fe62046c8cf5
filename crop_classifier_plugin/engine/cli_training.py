"""The command that trains a model."""

from __future__ import annotations

from typing import Any

import click

from . import card as cards
from . import jobs
from .cli_options import device_option, finish, json_option, read_dates, read_settings
from .cli_series import sources


@click.command()
@click.option("--series", required=True, multiple=True, help="A raster, or a folder of rasters; repeatable.")
@click.option("--labels", required=True, help="Vector file of polygons.")
@click.option("--layer", "labels_layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", required=True, help="Field with the class of each polygon.")
@click.option("--out", "model", required=True, help="Folder for the model.")
@click.option("--legend", default="", help="JSON file of classes. Default: one class a name in the labels.")
@click.option("--windows", default="", help="Days of the year, as '95-135, 150-195'. Default: 20 days around a scene.")
@click.option("--band", "bands", multiple=True, help="A band the model takes; repeatable. Default: six of Sentinel-2.")
@click.option("--dates", default="", help="CSV table with the columns layer, date and optionally band.")
@click.option("--mask", type=click.Choice(jobs.MASKS), default="auto", show_default=True, help="Cloud mask source.")
@click.option("--mask-layer", multiple=True, help="With --mask layer: raster whose non-zero pixels are not used.")
@click.option("--network", default="lrtacf_net", show_default=True, help="See 'networks'.")
@click.option("--setting", multiple=True, help="NAME=VALUE of the network; repeatable. Default: preset=small.")
@click.option("--held-out", default=0.3, show_default=True, help="Share of the labelled area that is tested on.")
@click.option("--validation", default=0.15, show_default=True, help="Share that chooses the best epoch; 0: the last.")
@click.option("--min-parcels", default=1, show_default=True, help="A class with fewer is refused.")
@click.option("--epochs", default=60, show_default=True, help="At most. 0: as the paper.")
@click.option("--batch", default=8, show_default=True, help="Patches of 64 x 64 pixels a step. 0: as the paper.")
@click.option("--seed", default=1, show_default=True, help="Parts the parcels, starts the weights.")
@click.option("--loss", type=click.Choice(jobs.LOSSES), default="auto", show_default=True, help="auto: the paper's.")
@click.option(
    "--optimizer", type=click.Choice(jobs.OPTIMIZERS), default="auto", show_default=True, help="auto: the paper's."
)
@click.option("--learning-rate", default=0.0, help="Default: the paper's, or 0.011 sam, 0.003 adamw, 0.001 adam.")
@click.option("--patience", default=-1, help="Epochs without a better validation until it stops; 0: never.")
@click.option("--radar", multiple=True, help="Second series, for a network of two: rasters or folders; repeatable.")
@click.option("--radar-unit", type=click.Choice(cards.RADAR_UNITS), default="decibel", show_default=True)
@click.option("--reduce", type=click.Choice(("", *cards.REDUCTIONS)), default="", help="What a window's scenes become.")
@click.option("--least-dates", default=-1, help="Usable dates a pixel needs; 0: all. Default: as the network can do.")
@click.option("--optical-dropout", type=float, nargs=2, default=(0.0, 0.0), help="Share of the dates hidden, LOW HIGH.")
@click.option("--radar-dropout", default=0.0, help="Share of the radar dates hidden in training.")
@click.option("--title", default="", help="What maps of this model are called. Default: the folder's name.")
@device_option
@json_option
def train(as_json: bool, **given: Any) -> None:
    """Train a model on labelled polygons; leaves a folder that 'classify --model' takes."""
    dates, bands = given.pop("dates"), given.pop("bands")
    job = jobs.TrainJob(
        scenes=sources(given.pop("series")),
        dates=tuple(read_dates(dates)) if dates else (),
        mask_layers=sources(given.pop("mask_layer")),
        radar=sources(given.pop("radar")),
        windows=jobs.read_windows(given.pop("windows")),
        settings=read_settings(given.pop("setting") or ("preset=small",)),
        bands=bands or jobs.TrainJob.bands,
        **given,
    )
    finish(job, as_json)


COMMANDS = (train,)
