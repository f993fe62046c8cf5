"""Coordinate reference systems from text that others wrote: PROJ and GDAL take names of files and addresses for one."""

from __future__ import annotations

import os
import re

from rasterio.crs import CRS
from rasterio.errors import CRSError

from ...shared.bounded import depth_of
from ...shared.errors import SourceRefused

_LONGEST, _DEEPEST = 1 << 20, 64  # letters, and brackets in brackets (choice: a compound CRS has 20 000 and 12)
_GRID = re.compile(r'PARAMETERFILE\s*\[\s*"[^"]*"\s*,\s*"([^"]*)"|(?:nad|geoid|xy_|z_)?grids=([^\s"]+)', re.IGNORECASE)
_FILE_SIGNS = re.compile(r"[/\\:]|\.\.")


def crs_of_text(text: str) -> CRS:
    """Of an authority id, WKT, PROJJSON or PROJ text. Raises CRSError, also for an address or the name of a file."""
    return CRS.from_user_input(checked_text(text))


def checked_text(text: str) -> str:
    """The text, where no address and no file is read for it. Raises CRSError, SourceRefused."""
    stripped = text.strip()
    if len(stripped) > _LONGEST or depth_of(stripped) > _DEEPEST:
        raise CRSError("the text is too long, or nests too deep")
    if "://" in stripped.partition("[")[0].partition("{")[0] or os.path.exists(stripped) or "+init=/" in stripped:
        raise CRSError("it is an address or a file, no CRS")
    check_grids(stripped, "The CRS")
    return stripped


def check_grids(text: str, name: str) -> None:
    """Raises SourceRefused for a CRS that shifts by grids which are not PROJ's own."""
    for found in _GRID.finditer(text):
        grid = (found[1] or found[2] or "").lstrip("@")
        if _FILE_SIGNS.search(grid):
            raise SourceRefused(
                name, f"its coordinate system is shifted by the file {grid[:200]!r}", "assign it a known one (EPSG)"
            )
