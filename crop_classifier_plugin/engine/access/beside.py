"""What lies in and beside a file and is read by GDAL as it opens it: texts by which PROJ or GDAL would read others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as ET

from ...shared.errors import SourceRefused, TooLarge
from ...shared.texts.bounded import MOST, bounded_bytes, bounded_json, open_file
from .crs import check_told

_CHUNK, _LAP = 1 << 20, 16  # bytes read at once, and again with the next
# words of PROJ's text by which it reads files, however JSON writes them: no program escapes letters, some the sign =
_READS = re.compile(
    rb"(init|grids)\s*(=|\\u003d)|PROJ4_GRIDS|PARAMETERFILE|defmodel|tinshift|\\u00(4[1-9a-f]|6[1-9a-f]|[57][0-9a])",
    re.IGNORECASE,
)
_JSON = (b"{", b"[")
_ZARR_FILES = (".zmetadata", ".zattrs", "zarr.json", "*/.zattrs", "*/zarr.json", "*/*/.zattrs", "*/*/zarr.json")
_MOST_ARRAYS = 1000  # of a cube (choice: products have some dozens)
_OVERVIEWS = "Metadata[@domain='OVERVIEWS']/MDI"


def check_beside(file: Path) -> None:
    """Raises SourceRefused for a raster's .aux.xml that leads to other files, TooLarge for an endless one.

    One that is no XML is left to GDAL, which leaves it aside.
    """
    beside = Path(f"{file}.aux.xml")
    if beside.is_file():
        found = beside.stat()
        _check_pam(str(beside), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=512)
def _check_pam(path: str, changed: int, size: int) -> None:
    try:
        root = ET.fromstring(bounded_bytes(path))
    except (ET.ParseError, DefusedXmlException, ValueError):
        return
    for element in (*root.iter("SRS"), *root.iter("SourceSRS")):
        check_told(element.text or "", path)
    for element in root.findall(_OVERVIEWS):
        check_overviews(element.text or "", path)


def check_overviews(told: str, name: str) -> None:
    """Raises SourceRefused where metadata name a file of overviews."""
    if told and not told.startswith(":::BASE:::"):
        raise SourceRefused(name, f"its metadata name overviews in {told[:200]!r}", "write it anew (gdal_translate)")


def check_json(file: Path) -> None:
    """Raises SourceRefused for GeoJSON whose text may make PROJ read a file."""
    with open_file(file) as opened:
        start = opened.read(_CHUNK).lstrip(b"\xef\xbb\xbf \t\r\n\x1e")
        if start.startswith(_JSON):
            last = b""
            while start:
                if _READS.search(last + start):
                    raise SourceRefused(
                        str(file), "its text holds words by which PROJ reads other files", "assign its CRS"
                    )
                last, start = start[-_LAP:], opened.read(_CHUNK)


def check_zarr(folder: Path) -> None:
    """Raises SourceRefused for a cube that names arrays outside it, or whose coordinate system is read from a file."""
    for pattern in _ZARR_FILES:
        for file in sorted(folder.glob(pattern))[:_MOST_ARRAYS]:
            try:
                listed = bounded_json(file, MOST)
            except TooLarge:
                raise
            except (OSError, ValueError):
                continue
            _check_names(folder, listed)


def _check_names(folder: Path, listed: object) -> None:
    for key, value in _items(listed):
        if key.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", key):
            raise SourceRefused(str(folder), f"its list of arrays names {key[:200]!r}", "write the cube anew")
        if key == "_CRS":
            for each in [value, *(value.values() if isinstance(value, dict) else ())]:
                if isinstance(each, str):
                    check_told(each, str(folder))


def _items(listed: object) -> Iterator[tuple[str, object]]:
    """Every key of everything in it, with its value."""
    waiting = [listed]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield from each.items()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
