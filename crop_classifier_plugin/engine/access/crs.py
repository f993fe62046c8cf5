"""Coordinate reference systems from text that others wrote: PROJ and GDAL take names of files and addresses for one."""

from __future__ import annotations

import os
import re

from rasterio.crs import CRS
from rasterio.errors import CRSError

from ...shared.errors import SourceRefused
from ...shared.texts.bounded import depth_of

_LONGEST, _DEEPEST = 1 << 20, 64  # letters, and brackets in brackets (choice: a compound CRS has 20 000 and 12)
_GRID = re.compile(
    r'PARAMETERFILE\s*\[\s*"[^"]*"\s*,\s*"([^"]*)"|"PROJ4_GRIDS"\s*,\s*"([^"]*)"|(?:\w*grids|model|file)=([^\s"]+)',
    re.IGNORECASE,
)
_READ = re.compile(r"\binit\s*=", re.IGNORECASE)
_EPSG = re.compile(r"\+?init=epsg:\d+", re.IGNORECASE)  # as older programs write it
_OGC = re.compile(r"https?://(www\.)?opengis\.net/(def/crs|gml/srs)/")  # taken apart, never fetched
_FILE_SIGNS = re.compile(r"[/\\:]|\.\.")


def crs_of_text(text: str) -> CRS:
    """Of an authority id, WKT, PROJJSON or PROJ text. Raises CRSError, also for an address or the name of a file."""
    return CRS.from_user_input(checked_text(text))


def checked_text(text: str) -> str:
    """The text, where no address and no file is read for it. Raises CRSError."""
    stripped = text.strip()
    if len(stripped) > _LONGEST or depth_of(stripped) > _DEEPEST:
        raise CRSError("the text is too long, or nests too deep")
    if os.path.exists(stripped):
        raise CRSError("it is a file, no CRS")
    if _EPSG.fullmatch(stripped):
        return stripped
    try:
        check_told(stripped, "The CRS")
    except SourceRefused as error:
        raise CRSError(error.sentence) from None
    return stripped


def check_told(text: str, name: str) -> None:
    """Raises SourceRefused for text of a coordinate system, in a file, for which PROJ or GDAL would read another."""
    address = "://" in text.partition("[")[0].partition("{")[0] and not _OGC.match(text)
    if _READ.search(text) or address:
        raise SourceRefused(name, f"its coordinate system is told by {text[:200]!r}", "assign it a known one (EPSG)")
    check_grids(text, name)


def check_grids(text: str, name: str) -> None:
    """Raises SourceRefused for a CRS that shifts by grids which are not PROJ's own."""
    for found in _GRID.finditer(text):
        grid = (found[1] or found[2] or found[3] or "").lstrip("@")
        if _FILE_SIGNS.search(grid):
            raise SourceRefused(
                name, f"its coordinate system is shifted by the file {grid[:200]!r}", "assign it a known one (EPSG)"
            )
