"""Commands about fusing fine and coarse images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...shared.choices import COMBINATIONS, GAIN_SPLITS, SPREADS
from ...shared.forest import ForestSize
from ...shared.jobs.base import take
from ...shared.jobs.fusion import (
    CropGainJob,
    EvaluateFusionJob,
    FuseStarfmJob,
    GainSplit,
    Prediction,
    StarfmSpec,
    image_pairs,
)
from ...shared.jobs.sources import Extent, LabelSource, SceneSource
from .options import DATES_HELP, finish, json_option, label_options, read_dates, take_labels
from .series import series_options, sources, take_series


def take_place(given: dict[str, Any]) -> dict[str, Any]:
    """The job's dates and extent from the options; takes them out of `given`."""
    dates, crs = given.pop("dates"), given.pop("extent_crs")
    extent: tuple[float, float, float, float] | None = given.pop("extent")
    return {
        "dates": tuple(read_dates(dates)) if dates else (),
        "extent": Extent(*extent, crs) if extent else None,
    }


@click.command("fuse-starfm")
@click.option("--fine", required=True, multiple=True, help="Fine raster(s) of the base dates, or a folder; repeatable.")
@click.option("--coarse", required=True, multiple=True, help="Coarse rasters of the base dates and of the target.")
@click.option("--out", "output", required=True, help="The fused image, a .tif file.")
@click.option("--target", default="", help="YYYY-MM-DD. Default: the one coarse date without a fine image.")
@click.option("--pairs", default=1, show_default=True, help="Base pairs: 1 or 2, the nearest to the target.")
@click.option("--band", default="NDVI", show_default=True)
@click.option("--window", default=61, show_default=True, help="Side of the window, fine pixels, odd.")
@click.option("--classes", default=4, show_default=True, help="The more, the more alike a neighbour must be.")
@click.option("--distance", default=0.0, help="Fine pixels at which a neighbour counts half. Default: half the window.")
@click.option("--sigma-fine", default=0.03, show_default=True, help="Uncertainty of the fine values.")
@click.option("--sigma-coarse", default=0.03, show_default=True, help="Uncertainty of the coarse values.")
@click.option("--temporal-filter/--no-temporal-filter", default=True, show_default=True)
@click.option("--spread", type=click.Choice(list(SPREADS)), default="image", show_default=True, help="Of fine values.")
@click.option("--combination", type=click.Choice(list(COMBINATIONS)), default="product", show_default=True)
@click.option("--cubic", is_flag=True, help="Coarse images come to the fine grid cubically. Default: bilinearly.")
@click.option("--log-scale", default=10_000.0, show_default=True, help="With --combination logarithm.")
@click.option("--dates", default="", help=DATES_HELP)
@click.option("--extent", type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX")
@click.option("--extent-crs", default="", help="CRS of --extent; default: the fine image's own.")
@json_option
def fuse_starfm(fine: tuple[str, ...], coarse: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Predict the fine image of a day that only the coarse sensor saw, by STARFM."""
    images = image_pairs(sources(fine), sources(coarse), **take_place(given))
    finish(FuseStarfmJob(*images, starfm=take(given, StarfmSpec), **given), as_json)


@click.command()
@click.option("--fused", required=True, help="The fused image.")
@click.option("--truth", required=True, help="The real fine image of its day.")
@click.option(
    "--fine",
    required=True,
    multiple=True,
    help="Fine raster(s) of other days: one before, or before and after; or a folder.",
)
@click.option("--coarse", required=True, help="The coarse image of its day.")
@click.option("--out", required=True, help="Folder for fusion.html, fusion.json and fusion.csv.")
@click.option("--band", default="NDVI", show_default=True)
@click.option("--cubic", is_flag=True, help="Coarse images come to the fine grid cubically. Default: bilinearly.")
@click.option("--data-range", default=0.0, help="L of SSIM. Default: 2 for a normalised index, else the truth's range.")
@click.option("--dates", default="", help=DATES_HELP)
@click.option("--extent", type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX")
@click.option("--extent-crs", default="", help="CRS of --extent; default: the fused image's own.")
@json_option
def evaluate_fusion(out: str, as_json: bool, **given: Any) -> None:
    """Compare a fused image with the real one: RMSE, bias, SSIM, beside what needs no fusion."""
    place, fine = take_place(given), sources(given.pop("fine"))
    images: dict[str, Any] = {name: SceneSource(given.pop(name)) for name in ("fused", "truth", "coarse")}
    reports: dict[str, Any] = {f"report_{kind}": str(Path(out) / f"fusion.{kind}") for kind in ("html", "json", "csv")}
    finish(EvaluateFusionJob(**images, fine=fine, **reports, **place, **given), as_json)


@click.command()
@series_options
@click.option(
    "--prediction", "predictions", required=True, multiple=True, help="STRATEGY=raster, or raster; repeatable."
)
@click.option("--labels", required=True, help="Vector file of polygons or points, CSV of points, or class raster.")
@click.option("--field", "class_field", default="", help="Field with the class of each polygon or point.")
@click.option("--labels-layer", default="", help="Layer of the vector file; default: the first.")
@click.option("--out", required=True, help="Folder for crop_gain.html, crop_gain.json and crop_gain.csv.")
@click.option("--before", default="", help="YYYY-MM-DD, end of the early season. Default: the first predicted date.")
@click.option("--index", default="NDVI", show_default=True)
@click.option(
    "--split", "method", type=click.Choice(list(GAIN_SPLITS)), default="parcel", show_default=True, help="Pixel leaks."
)
@click.option("--block", default=64, show_default=True, help="Side of the blocks in pixels, with --split block.")
@click.option("--held-out", default=0.3, show_default=True, help="Share of the labelled pixels.")
@click.option("--seeds", default=5, show_default=True, help="Number of splits and forests.")
@click.option("--seed", default=1, show_default=True, help="The first seed.")
@click.option("--trees", default=40, show_default=True)
@click.option("--depth", default=25, show_default=True)
@click.option("--leaf", default=20, show_default=True, help="Least pixels in a leaf.")
@click.option("--pixels", default=20_000, show_default=True, help="Most pixels a class that are learnt from.")
@click.option("--test-pixels", default=100_000, show_default=True, help="Most pixels that are tested.")
@label_options
@json_option
def crop_gain(out: str, predictions: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Measure what predicted images add to a crop map of the early season; --series is the early season."""
    reports: dict[str, Any] = {
        f"report_{kind}": str(Path(out) / f"crop_gain.{kind}") for kind in ("html", "json", "csv")
    }
    images = tuple(_prediction(text) for text in predictions)
    own = take_labels(given)
    labels = LabelSource(given.pop("labels"), given.pop("labels_layer"), given.pop("class_field"), **own)
    parts: dict[str, Any] = {"split": take(given, GainSplit), "forest": take(given, ForestSize)}
    early = take_series(given)
    finish(CropGainJob(early=early, predictions=images, labels=labels, **reports, **parts, **given), as_json)


def _prediction(text: str) -> Prediction:
    """`B=path.tif` names the strategy; a path that exists is no such pair, whatever its name."""
    strategy, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return Prediction(SceneSource(text))
    return Prediction(SceneSource(path), strategy)


COMMANDS = (fuse_starfm, evaluate_fusion, crop_gain)
