"""The one door by which rasters are opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader

from ...shared.errors import BadInput, SourceRefused, TooLarge
from .archives import member_starts
from .beside import check_beside, check_overviews, check_zarr
from .crs import check_grids
from .drivers import RASTERS, RASTERS_IN_WORDS, REMOTE_RASTERS, VIRTUAL
from .external import check_external
from .named import is_named, is_remote
from .references import Reference, check_plain, reference_of
from .virtual import START, check_vrt, is_vrt, is_vrt_start

_HANDLERS = {
    "http": "/vsicurl/http://", "https": "/vsicurl/https://", "s3": "/vsis3/", "gs": "/vsigs/", "az": "/vsiaz/",
    "file": "",
}  # fmt: skip
_NO_FORMAT = "not recognized as being in a supported file format"
_MOST_BANDS = 20_000  # of one file (choice: daily scenes of a year with 13 bands are 4,745)
_OWN_VRT = "<VRTDataset "  # as raster/reader.py writes it


def open_raster(path: str | Path, **options: Any) -> Any:
    """The open dataset: rasterio.open for reading, of the allowed drivers alone.

    `path`: as the user named it, or as it was found below what he named. Raises SourceRefused for what leads elsewhere,
    BadInput for complex numbers, RasterioError for what is no raster.
    """
    text = str(path)
    dataset = _open(text, _drivers(text), options)
    try:
        _check_opened(text, dataset)
    except BadInput:
        dataset.close()
        raise
    return dataset


def open_own_vrt(text: str, of: str) -> Any:
    """The dataset of a VRT that the engine wrote over the raster `of`, which is checked as open_raster checks it."""
    _drivers(of)
    if not text.startswith(_OWN_VRT):
        raise ValueError(text[:80])
    return _open(text, [VIRTUAL], {})


def _open(text: str, drivers: list[str], options: dict[str, Any]) -> Any:
    """rasterio.open takes one driver only; the class behind it takes those that may be tried."""
    scheme, _, address = text.partition("://")
    name = _HANDLERS[scheme] + address if scheme in _HANDLERS else text
    with rasterio.Env():
        try:
            return DatasetReader(name, driver=drivers, **options)
        except RasterioIOError as error:
            if _NO_FORMAT not in str(error):
                raise
            raise RasterioIOError(f"{text}: it is no {RASTERS_IN_WORDS}") from None
        except UnicodeDecodeError as error:  # of GDAL's sentence, which quotes the file
            raise RasterioIOError(f"its header is no text: {error}") from None


def _drivers(text: str) -> list[str]:
    """Those that may read it. Raises SourceRefused."""
    if is_remote(text):
        if not is_named(text):
            raise SourceRefused(text, "it leads to the network, and nobody named it", "download it")
        return list(REMOTE_RASTERS)
    found = reference_of(text)
    if found.why:
        if is_named(text):
            return list(RASTERS)
        raise SourceRefused(text, found.why, f"give a file ({RASTERS_IN_WORDS})")
    return _local(text, found)


def _local(text: str, found: Reference) -> list[str]:
    """Drivers of a file of this computer, which is looked into first."""
    file, through_vrt = Path(found.file), text.startswith("vrt://")
    check_plain(file)
    check_beside(file)
    if file.is_dir():
        check_zarr(file)
    if found.member:
        if through_vrt and is_vrt_start(member_starts(file, found.member, START)):
            raise SourceRefused(text, "a VRT in an archive may lead anywhere", "unpack it")
        return [VIRTUAL] if through_vrt else list(RASTERS)
    if is_vrt(file):
        check_vrt(file)
        return [VIRTUAL]
    check_external(found.file)
    if through_vrt:
        return [VIRTUAL]
    return [driver for driver in RASTERS if driver != "Zarr" or not file.is_file()]  # as a file: a list of others


def _check_opened(text: str, dataset: Any) -> None:
    """What GDAL would follow later: overviews that the file names, and grids of its coordinate system; and what nothing
    here can compute with."""
    if any(kind.startswith("complex") for kind in dataset.dtypes):
        raise BadInput(f"{text} holds complex numbers, as radar before its detection: give backscatter or reflectance.")
    if dataset.count > _MOST_BANDS:
        raise TooLarge(text, f"has {dataset.count:,} bands (at most {_MOST_BANDS:,} are read)")
    check_overviews(dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE", ""), text)
    if dataset.crs:
        check_grids(dataset.crs.to_wkt(), text)


def check_described(text: str, dataset: Any) -> None:
    """Raises BadInput where the names or units of the bands cannot be read."""
    try:
        _ = dataset.descriptions, dataset.units
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The band descriptions or units of {text} are not UTF-8 ({error}): write them anew with the program that "
            "made it, or copy it without (gdal_translate -of GTiff -co PROFILE=GeoTIFF)."
        ) from None
