"""The command that looks for scenes in a catalogue: the one that reads from the network."""

from __future__ import annotations

from typing import Any

import click
import geopandas
import rasterio
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.errors import RasterioError

from ...shared.choices import TOKENS
from ...shared.errors import BadInput
from ...shared.jobs.base import take
from ...shared.jobs.search_scenes import NetworkAccess, SearchScenesJob
from ...shared.jobs.sources import Extent
from .options import finish, json_option


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
    given["extent"] = _place(given.pop("extent"), given.pop("extent_crs"), given.pop("area"))
    given["token"] = TOKENS.get(given["token"], given["token"])
    finish(SearchScenesJob(access=take(given, NetworkAccess), **given), as_json)


def _place(extent: tuple[float, float, float, float] | None, crs: str, area: str) -> Extent:
    if bool(extent) == bool(area):
        raise BadInput("The place is given once: by --extent, or by --area.")
    if extent:
        return Extent(*extent, crs)
    try:
        with rasterio.open(area) as file:
            if file.crs:
                xmin, ymin, xmax, ymax = file.bounds
                return Extent(xmin, ymin, xmax, ymax, file.crs.to_wkt())
            raise BadInput(f"The raster {area} has no CRS: give --extent and --extent-crs.")
    except RasterioError:
        pass
    try:
        shapes = geopandas.read_file(area, engine="pyogrio")
    except (DataSourceError, DataLayerError) as error:
        raise BadInput(f"{area} is neither a raster nor a file of polygons ({error}): give --extent.") from None
    if shapes.empty or shapes.crs is None:
        raise BadInput(f"The file {area} has no shapes, or no CRS: give --extent and --extent-crs.")
    xmin, ymin, xmax, ymax = shapes.total_bounds.tolist()
    return Extent(xmin, ymin, xmax, ymax, shapes.crs.to_wkt())


COMMANDS = (search_scenes,)
