"""Cloud-optimised GeoTIFFs: whole files are laid out anew, because their overviews come before their pixels."""

from __future__ import annotations

import rasterio.shutil

from ...shared.errors import DiskFull
from ...shared.files.staging import place_of
from .writer import (
    BLOCK,
    GDAL_ERRORS,
    RasterSpec,
    checksum_of,
)


def write_cog(source: str, path: str, spec: RasterSpec) -> None:
    """A copy of the GeoTIFF `source`, which has its overviews, read back to be sure. Raises DiskFull.

    Not by the driver that GDAL names COG: before GDAL 3.11 it interleaves the bands, so that a picture of one date
    would cost the reading of all dates. This layout too is a valid COG to GDAL's own check.
    """
    options = {
        "COPY_SRC_OVERVIEWS": "YES",
        "INTERLEAVE": "BAND",
        "TILED": "YES",
        "BLOCKXSIZE": str(BLOCK),
        "BLOCKYSIZE": str(BLOCK),
        "COMPRESS": "DEFLATE",
        "PREDICTOR": "3" if "float" in spec.dtype else "2",
        "BIGTIFF": "IF_SAFER",
    }
    try:
        rasterio.shutil.copy(source, path, driver="GTiff", **options)
        same = checksum_of(path) == checksum_of(source)
    except (*GDAL_ERRORS, OSError):
        raise DiskFull(str(place_of(path))) from None
    if not same:
        raise DiskFull(str(place_of(path)))
