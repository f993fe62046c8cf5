"""Commands about whole series: composites, gaps, indices, calendars, phenology; and simulated ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import click

from ...shared.choices import ALIGN_RULES, ALIGNED_DAYS, COMPOSITES, EMPTY, FILLERS, MASKS, PERIODS, STRATEGIES, TOKENS
from ...shared.jobs.base import take
from ...shared.jobs.build_series import BuildSeriesJob
from ...shared.jobs.search_scenes import NetworkAccess, SearchScenesJob
from ...shared.jobs.series import (
    AlignLimits,
    AlignSeriesJob,
    CompositeJob,
    FillGapsJob,
    IndexJob,
    PhenologyJob,
    SeasonRule,
)
from ...shared.jobs.simulate import SimulateJob
from ...shared.jobs.sources import Extent, SceneSource, Series
from .options import DATES_HELP, finish, json_option, read_dates, scale_option

Command = Callable[..., Any]


def series_options(command: Command, required: bool = True) -> Command:
    """The options that say which scenes a command reads, as the command's keyword arguments."""
    options = (
        click.option(
            "--series",
            required=required,
            multiple=True,
            help="A raster, folder, cube (netCDF, Zarr), zip or tar archive, or STAC item; repeatable.",
        ),
        click.option("--dates", default="", help=DATES_HELP),
        click.option("--mask", type=click.Choice(list(MASKS)), default="auto", show_default=True, help="Cloud mask."),
        click.option("--mask-layer", multiple=True, help="With --mask layer: raster whose non-zero pixels are unused."),
        scale_option,
        click.option("--extent", type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX"),
        click.option("--extent-crs", default="", help="CRS of --extent; default: the series' own."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_series(given: dict[str, Any]) -> Series:
    """The series that the options mean; takes them out of `given`."""
    return Series(**take_scenes(given))


def take_scenes(given: dict[str, Any]) -> dict[str, Any]:
    """A series' fields from the options that say them; takes them out of `given`."""
    dates, crs = given.pop("dates"), given.pop("extent_crs")
    extent: tuple[float, float, float, float] | None = given.pop("extent")
    return {
        "scenes": sources(given.pop("series")),
        "dates": tuple(read_dates(dates)) if dates else (),
        "mask": given.pop("mask"),
        "mask_layers": sources(given.pop("mask_layer")),
        "extent": Extent(*extent, crs) if extent else None,
        "scale": given.pop("scale"),
    }


def sources(paths: tuple[str, ...]) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(path) for path in paths)


@click.command()
@series_options
@click.option("--out", "folder", default="", help="Folder for one GeoTIFF a period.")
@click.option("--stack", default="", help="One GeoTIFF of all periods, a .tif file.")
@click.option("--valid-dates", default="", help="Number of clear dates, one band a period, a .tif file.")
@click.option("--band", "bands", multiple=True, help="A band to composite; repeatable. Default: all.")
@click.option("--period", type=click.Choice(list(PERIODS)), default="month", show_default=True)
@click.option("--days", default=10, show_default=True, help="Length of a period with --period days.")
@click.option("--method", type=click.Choice(list(COMPOSITES)), default="median", show_default=True)
@click.option("--empty", type=click.Choice(list(EMPTY)), default="nodata", show_default=True, help="No scene: then?")
@click.option("--first", default="", help="First day, YYYY-MM-DD; default: the first scene's.")
@click.option("--last", default="", help="Last day, YYYY-MM-DD; default: the last scene's.")
@json_option
def composite(as_json: bool, **given: Any) -> None:
    """Make one cloud-masked picture a month, dekad or n days."""
    finish(CompositeJob(series=take_series(given), **given), as_json)


@click.command()
@series_options
@click.option("--out", "output", required=True, help="The filled series, a .tif file.")
@click.option("--valid-dates", default="", help="Number of clear dates, one band a band, a .tif file.")
@click.option("--band", "bands", multiple=True, help="A band to fill; repeatable. Default: all.")
@click.option("--method", type=click.Choice(list(FILLERS)), default="whittaker", show_default=True)
@click.option("--smooth-all", is_flag=True, help="Smooth clear values too, not only the gaps.")
@click.option("--hold/--no-hold", default=True, help="Before the first, after the last clear date: its value.")
@click.option("--max-gap", default=0.0, help="Days; longer gaps stay open. Default: no limit.")
@click.option("--window", default=85.0, show_default=True, help="Days, Savitzky-Golay.")
@click.option("--order", default=2, show_default=True, help="Of the polynomials of Savitzky-Golay.")
@click.option("--smoothness", default=10.0, show_default=True, help="Lambda of Whittaker, for dates a dekad apart.")
@json_option
def fill_gaps(as_json: bool, **given: Any) -> None:
    """Fill the gaps of a series: linear in time, Savitzky-Golay or Whittaker."""
    finish(FillGapsJob(series=take_series(given), **given), as_json)


@click.command()
@series_options
@click.option("--out", "output", required=True, help="The series of indices, a .tif file.")
@click.option("--index", "indices", multiple=True, default=("NDVI",), show_default=True, help="Repeatable.")
@click.option("--valid-dates", default="", help="Number of dates with a value, one band an index, a .tif file.")
@json_option
def index(as_json: bool, **given: Any) -> None:
    """Compute indices (NDVI, EVI, NDMI ..., radar RVI, VHVV) of every date of a series."""
    finish(IndexJob(series=take_series(given), **given), as_json)


@click.command()
@click.option("--training", required=True, multiple=True, help="Raster or folder of the year learnt from.")
@series_options
@click.option("--out", "training_output", required=True, help="The training year's aligned series, a .tif file.")
@click.option("--prediction-out", "prediction_output", default="", help="The prediction year's, a .tif file.")
@click.option("--table", required=True, help="Where each value comes from, a .csv file.")
@click.option("--band", "bands", multiple=True, help="A band to align; repeatable. Default: all.")
@click.option("--strategy", type=click.Choice(list(STRATEGIES)), default="B", show_default=True)
@click.option("--days", type=click.Choice(list(ALIGNED_DAYS)), default="prediction", help="With --strategy custom.")
@click.option("--rule", type=click.Choice(list(ALIGN_RULES)), default="linear", help="With --strategy custom.")
@click.option("--count", default=7, show_default=True, help="Base dates.")
@click.option("--training-before", default="", help="Only earlier dates are base dates. Default: all.")
@click.option("--prediction-before", default="", help="Only earlier dates are base dates. Default: all.")
@click.option("--target", default="", help="The day of the prediction year that is to be predicted.")
@click.option("--training-target", default="", help="The training year's image for the target.")
@json_option
def align_series(training: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Bring the dates of two years together; --series is the year that is predicted."""
    prediction = take_series(given)
    learnt = replace(prediction, scenes=sources(training))
    limits = AlignLimits(**{field.name: given.pop(field.name) for field in fields(AlignLimits)})
    finish(AlignSeriesJob(training=learnt, prediction=prediction, limits=limits, **given), as_json)


@click.command()
@series_options
@click.option("--out", "output", default="", help="The series as a cloud-optimised GeoTIFF, a .tif file.")
@click.option("--vrt", default="", help="The series as a light VRT over the files, unmasked, a .vrt file.")
@click.option("--table", default="", help="What it is made of, a .csv file; alone: only that. Default: beside --out.")
@click.option("--band", "bands", multiple=True, help="A band to take; repeatable. Default: all.")
@click.option("--resolution", default=0.0, help="Pixel size in the unit of the CRS. Default: the finest band's.")
@click.option("--crs", default="", help="As EPSG:code. Default: the finest band's.")
@click.option("--reference", default="", help="Raster whose grid is taken, in place of --resolution and --crs.")
@click.option("--max-gap", default=30, show_default=True, help="Days without a scene that are told; 0: none.")
@json_option
def build_series(as_json: bool, **given: Any) -> None:
    """Build one analysis-ready series of many files, with a table of what it is made of."""
    finish(BuildSeriesJob(series=take_series(given), **given), as_json)


@click.command()
@series_options
@click.option("--out", "output", required=True, help="Start, peak, end and values of the seasons, a .tif file.")
@click.option("--valid-dates", default="", help="Number of clear dates, a .tif file.")
@click.option("--index", default="NDVI", show_default=True, help="Taken as it is where the scenes have it.")
@click.option("--first", default="", help="First day of the season's search, YYYY-MM-DD; default: the first scene's.")
@click.option("--last", default="", help="Last day, YYYY-MM-DD; default: the last scene's.")
@click.option("--year", default=0, help="Its 1 January is day 1. Of a series over 18 months: in which seasons peak.")
@click.option(
    "--seasons", default=1, show_default=True, help="Most of a pixel that are told; more than 1: with number."
)
@click.option("--start-share", default=0.2, show_default=True, help="Of the rise, at which the season starts.")
@click.option("--end-share", default=0.2, show_default=True, help="Of the fall, at which the season ends.")
@click.option(
    "--least-amplitude", "min_amplitude", default=0.1, show_default=True, help="A smaller rise or fall is none."
)
@click.option("--least-dates", "min_dates", default=6, show_default=True, help="Fewer clear dates give no data.")
@click.option("--smoothness", default=10.0, show_default=True, help="Lambda of Whittaker, for dates a dekad apart.")
@json_option
def phenology(as_json: bool, **given: Any) -> None:
    """Find the start, peak and end of each pixel's season, or of several."""
    finish(PhenologyJob(series=take_series(given), rule=take(given, SeasonRule), **given), as_json)


@click.command()
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


@click.command("search-scenes")
@click.option("--api", required=True, help="Address of a STAC API.")
@click.option("--collection", "collections", required=True, multiple=True, help="As sentinel-2-l2a; repeatable.")
@click.option("--first", required=True, help="First day, YYYY-MM-DD.")
@click.option("--last", required=True, help="Last day, YYYY-MM-DD.")
@click.option("--extent", type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX", help="The place; or --area.")
@click.option("--extent-crs", default="EPSG:4326", show_default=True, help="CRS of --extent.")
@click.option("--area", default="", help="Raster or polygons whose extent is the place.")
@click.option("--max-cloud", default=100.0, show_default=True, help="Percent, of a scene.")
@click.option("--out", "table", default="", help="Table of the scenes: .csv, .gpkg (footprints) or .json (STAC items).")
@click.option("--folder", default="", help="Download what lies over the place into this folder; it is a series then.")
@click.option(
    "--band", "bands", multiple=True, help="As B04, or an asset's key; repeatable. Default: all that are known."
)
@click.option("--whole", is_flag=True, help="Download files as they are, not only what lies over the place.")
@click.option("--most", default=500, show_default=True, help="More scenes are refused.")
@click.option("--host", "hosts", multiple=True, help="Host that files may be read from, beside the API's; repeatable.")
@click.option("--token", default="", help=f"Address of a token service, with {{collection}}; or {', '.join(TOKENS)}.")
@click.option("--sign-command", default="", help="Program that reads an address and writes it signed.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds without an answer.")
@click.option("--attempts", default=5, show_default=True, help="For what a server may do better later.")
@click.option("--at-once", default=4, show_default=True, help="Files that are fetched side by side.")
@json_option
def search_scenes(as_json: bool, **given: Any) -> None:
    """Look for scenes of a place and season in a STAC catalogue, and download what lies over the place."""
    from ..acquisition.place import place_of  # only who searches needs what reads shapes

    given["extent"] = place_of(given.pop("extent"), given.pop("extent_crs"), given.pop("area"))
    given["token"] = TOKENS.get(given["token"], given["token"])
    finish(SearchScenesJob(access=take(given, NetworkAccess), **given), as_json)


COMMANDS = (build_series, composite, fill_gaps, index, align_series, phenology, search_scenes, simulate_season)
