"""Commands that train TSSTFN and fuse with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ...shared.choices import FORECASTS, FUSION_LOSSES, FUSION_SPLITS
from ...shared.jobs.base import take
from ...shared.jobs.fusion import image_pairs
from ...shared.jobs.sources import Series, read_settings
from ...shared.jobs.train import HardwareSpec
from ...shared.jobs.tsstfn import (
    FuseTsstfnJob,
    FusionModelInputs,
    FusionNetwork,
    FusionOptim,
    FusionSplit,
    FusionTexts,
    TrainTsstfnJob,
)
from .fusion import take_place
from .options import DATES_HELP, device_option, finish, json_option, training_options
from .series import sources

Command = Callable[..., Any]


def _image_options(command: Command) -> Command:
    options = (
        click.option("--fine", required=True, multiple=True, help="Fine raster(s), or a folder; repeatable."),
        click.option("--coarse", required=True, multiple=True, help="Coarse rasters of the base dates and targets."),
        click.option("--dates", default="", help=DATES_HELP),
        click.option("--extent", type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX"),
        click.option("--extent-crs", default="", help="CRS of --extent; default: the fine images' own."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _images(given: dict[str, Any]) -> tuple[Series, Series]:
    return image_pairs(sources(given.pop("fine")), sources(given.pop("coarse")), **take_place(given))


@click.command("train-tsstfn")
@_image_options
@click.option("--out", "model", required=True, help="Folder for the model.")
@click.option("--target", default="", help="YYYY-MM-DD. Default: the last day with a fine and a coarse image.")
@click.option("--pairs", default=7, show_default=True, help="Base pairs: the last so many before the target.")
@click.option("--band", default="NDVI", show_default=True)
@click.option("--setting", multiple=True, help="NAME=VALUE of the network, over preset=small; repeatable.")
@click.option("--tile", default=0, help="Pixels. Default: the smallest the network takes, at least 64.")
@click.option("--loss", type=click.Choice(list(FUSION_LOSSES)), default="mse", show_default=True)
@click.option("--epochs", default=100, show_default=True, help="At most.")
@click.option(
    "--patience", default=12, show_default=True, help="Epochs without a better validation, then it ends; 0: never."
)
@click.option("--batch", default=16, show_default=True, help="Tiles a step.")
@click.option("--learning-rate", default=1e-3, show_default=True)
@click.option("--validation", default=0.1, show_default=True, help="Share of the area that chooses the best epoch.")
@click.option("--split", "method", type=click.Choice(list(FUSION_SPLITS)), default="blocks", show_default=True)
@click.option("--augment", is_flag=True, help="Turn and mirror the tiles at random.")
@click.option("--start", default="", help="Folder of a TSSTFN model to learn on from.")
@click.option("--strategy", default="", help="How the dates were aligned, for the card; as B.")
@click.option("--title", default="", help="Default: the folder's name.")
@click.option("--seed", default=1, show_default=True)
@training_options
@json_option
def train_tsstfn(as_json: bool, **given: Any) -> None:
    """Train TSSTFN on the fine and coarse images of a year; leaves a folder that 'fuse-tsstfn --model' takes."""
    fine, coarse = _images(given)
    given["settings"] = read_settings(";".join(("preset=small", *given.pop("setting"))))
    parts: dict[str, Any] = {
        "network": take(given, FusionNetwork),
        "model_inputs": take(given, FusionModelInputs),
        "split": take(given, FusionSplit),
        "optim": take(given, FusionOptim),
        "hardware": take(given, HardwareSpec),
        "card": take(given, FusionTexts),
    }
    finish(TrainTsstfnJob(fine=fine, coarse=coarse, **parts, **given), as_json)


@click.command("fuse-tsstfn")
@_image_options
@click.option("--model", required=True, help="Folder that 'train-tsstfn' left.")
@click.option("--out", "output", required=True, help="The fused images, one .tif file, one band a target.")
@click.option("--target", "targets", multiple=True, help="YYYY-MM-DD; repeatable. Default: all after the last fine.")
@click.option("--forecast", type=click.Choice(list(FORECASTS)), default="individual", show_default=True)
@click.option("--next-model", default="", help="With --forecast sequential: for the second and later targets.")
@click.option("--overlap", default=10, show_default=True, help="Pixels that tiles share.")
@device_option
@json_option
def fuse_tsstfn(as_json: bool, **given: Any) -> None:
    """Predict the fine images of days that only the coarse sensor saw, with a trained TSSTFN."""
    finish(FuseTsstfnJob(*_images(given), **given), as_json)


COMMANDS = (train_tsstfn, fuse_tsstfn)
