"""Commands about encoders learnt without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ...shared.choices import MASKS, PRESETS
from ...shared.jobs.base import take
from ...shared.jobs.pretrain import AlignmentSpec, PretrainJob, PretrainOptim, ProbeJob
from ...shared.jobs.sources import LabelledSeries, LabelSource, ParcelSource, Series, read_settings
from ...shared.jobs.train import HardwareSpec
from .options import (
    DATES_HELP,
    finish,
    json_option,
    label_options,
    read_dates,
    scale_option,
    take_labels,
    training_device_option,
    training_options,
)
from .series import series_options, sources, take_series


@click.command("pretrain-cropsts")
@click.option("--series", required=True, multiple=True, help="A folder of rasters: one series; repeatable.")
@click.option("--out", "folder", required=True, help="Folder for the encoder.")
@click.option("--band", "bands", multiple=True, help="A band it reads; repeatable. Default: six of Sentinel-2.")
@click.option("--dates", default="", help=DATES_HELP)
@click.option("--mask", type=click.Choice(list(MASKS)), default="auto", show_default=True, help="Cloud mask.")
@scale_option
@click.option("--preset", type=click.Choice(list(PRESETS)), default="small", show_default=True)
@click.option("--setting", "settings", multiple=True, help="NAME=VALUE of the network, over the preset's; repeatable.")
@click.option("--count", default=0, help="Dates of a sequence, evenly spaced. Default: the preset's.")
@click.option("--epochs", default=0, help="Default: the preset's.")
@click.option("--batch", default=0, help="Sequences a step. Default: the preset's.")
@click.option("--learning-rate", default=0.0, help="At a batch of 256. Default: the preset's.")
@click.option("--parcels", default="", help="Vector file of polygons whose inner parts the student does not see.")
@click.option("--parcels-layer", default="", help="Layer inside it.")
@click.option("--teacher", default="", help="ONNX vision transformer to align with. Default: none.")
@click.option("--align-weight", "weight", default=1.0, show_default=True, help="Weight of the alignment (lambda).")
@click.option("--seed", default=1, show_default=True)
@click.option("--patience", default=0, help="Epochs without a lower loss, then it ends. Default: never.")
@training_options
@json_option
def pretrain_cropsts(as_json: bool, **given: Any) -> None:
    """Learn an encoder of CropSTS from series without labels, for 'train --network cropsts'."""
    dates = given.pop("dates")
    entries, paths = tuple(read_dates(dates)) if dates else (), given.pop("series")
    series = _series(paths, Series(sources(paths), entries, given.pop("mask"), scale=given.pop("scale")))
    given["settings"] = read_settings(";".join(given.pop("settings")))
    given["bands"] = given["bands"] or PretrainJob.bands
    parcels, layer = given.pop("parcels"), given.pop("parcels_layer")
    job = PretrainJob(
        series=series,
        optim=take(given, PretrainOptim),
        parcels=ParcelSource(parcels, layer) if parcels else None,
        alignment=take(given, AlignmentSpec),
        hardware=take(given, HardwareSpec),
        **given,
    )
    finish(job, as_json)


def _series(paths: tuple[str, ...], told: Series) -> tuple[Series, ...]:
    """Each folder is a series of its own; files given one by one are one series together. `told`: the rest of all."""
    folders = [path for path in paths if Path(path).is_dir()]
    files = tuple(path for path in paths if path not in folders)
    groups = [(folder,) for folder in folders] + ([files] if files else [])
    return tuple(replace(told, scenes=sources(group)) for group in groups)


@click.command()
@click.option("--encoder", required=True, help="Folder of 'pretrain-cropsts'.")
@series_options
@click.option("--labels", required=True, help="Vector file of polygons or points, CSV of points, or class raster.")
@click.option("--layer", default="", help="Layer inside the vector file.")
@click.option("--field", "class_field", default="", help="Field with the class of each polygon or point.")
@click.option("--out", "report_json", required=True, help="The report, a .json file.")
@click.option("--csv", "report_csv", default="", help="A row for each draw, a .csv file.")
@click.option("--draws", default=5, show_default=True)
@click.option("--sequences", default=100, show_default=True, help="Tiles drawn, at most.")
@click.option("--support", default=0.1, show_default=True, help="Share of the tiles that is learnt from.")
@click.option("--tile", default=0, help="Pixels. Default: as in pre-training.")
@click.option("--neighbours", default=20, show_default=True)
@click.option("--seed", default=1, show_default=True)
@label_options
@training_device_option
@json_option
def probe(as_json: bool, **given: Any) -> None:
    """Probe an encoder with k-NN and a linear classifier, beside an untrained one."""
    own = take_labels(given)
    labels = LabelSource(given.pop("labels"), given.pop("layer"), given.pop("class_field"), **own)
    finish(ProbeJob(data=LabelledSeries(take_series(given), labels), **given), as_json)


COMMANDS = (pretrain_cropsts, probe)
