"""What a GDAL VRT refers to, read before GDAL does: only bands of other rasters, only where they may lie.

A VRT that the user named may show rasters anywhere on this computer, as gdalbuildvrt makes it; one that was found in a
folder, or that another refers to, only those of its own folder. None may read raw bytes, run code or reach the network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as ET

from ...shared.errors import BadRaster, SourceRefused
from ...shared.texts.bounded import MOST, open_file, read_most
from .archives import member_starts
from .crs import check_told
from .external import check_external
from .named import is_named, may_reach
from .references import Reference, reference_of

_MARK = b"<VRTDataset"
START = 4096  # bytes; GDAL looks for the mark in the first 1024
_DEEPEST = 8  # VRTs that refer to VRTs (choice)
_MOST_SOURCES = 200_000  # of one VRT (choice: a year of Sentinel-2 over a country has some 10 000)
_FILES = ("SourceFilename", "SourceDataset")  # elements whose text is the name of a raster
_SAFE_TAGS = (
    "VRTDataset SRS GeoTransform Metadata MDI GCPList GCP VRTRasterBand ColorInterp NoDataValue HideNoDataValue "
    "ColorTable Entry CategoryNames Category Description UnitType Offset Scale Histograms HistItem HistMin HistMax "
    "BucketCount IncludeOutOfRange Approximate HistCounts MaskBand OverviewList Overview SourceBand "
    "SourceProperties SrcRect DstRect SimpleSource ComplexSource AveragedSource KernelFilteredSource "
    "NoDataFromMaskSource NODATA ScaleOffset ScaleRatio UseMaskBand LUT Exponent Clamp SrcMin SrcMax DstMin DstMax "
    "ColorTableComponent Kernel Size Coefs PixelFunctionType PixelFunctionArguments SourceTransferType "
    "SkipNonContributingSources BlockXSize BlockYSize GDALRasterAttributeTable FieldDefn Name Type Usage Row F "
    "RemappedValues MaskValueThreshold Resampling GDALWarpOptions WarpMemoryLimit ResampleAlg WorkingDataType "
    "Option Transformer ApproxTransformer MaxError BaseTransformer GenImgProjTransformer SrcGeoTransform "
    "SrcInvGeoTransform DstGeoTransform DstInvGeoTransform ReprojectTransformer ReprojectionTransformer SourceSRS "
    "TargetSRS Options BandList BandMapping SrcNoDataReal SrcNoDataImag DstNoDataReal DstNoDataImag "
    "SrcAlphaBand DstAlphaBand Cutline CutlineBlendDist GCPTransformer Order Reversed GCPs OutputPixelType "
    "AreaOfInterest WestLongitudeDegree SouthLatitudeDegree EastLongitudeDegree NorthLatitudeDegree SpanX SpanY"
)
_SAFE = frozenset((*_SAFE_TAGS.split(), *_FILES))
_LEADING_DOMAINS = ("OVERVIEWS", "GEOLOCATION", "RPC", "xml:VRT")  # of metadata by which GDAL opens other files


def is_vrt(path: Path) -> bool:
    """Whether GDAL would take the file for a VRT, whatever its name."""
    try:
        with open_file(path) as file:
            return is_vrt_start(file.read(START))
    except OSError:
        return False


def is_vrt_start(start: bytes) -> bool:
    """Of the first bytes of a file."""
    return _MARK in start


def check_vrt(path: Path) -> None:
    """Raises SourceRefused for a VRT that leads where it may not, BadRaster for a broken one, TooLarge."""
    _check(path, 0, is_named(str(path)))


def _check(path: Path, depth: int, free: bool) -> None:
    """`free`: whether it may refer to rasters outside its folder."""
    if depth > _DEEPEST:
        raise _refused(path, f"VRTs refer to VRTs more than {_DEEPEST} deep")
    found = os.stat(path)
    for text, beside in _sources(str(path), found.st_mtime_ns, found.st_size):
        target = _target(path, text, beside, free)
        if target and not target.member and is_vrt(Path(target.file)):
            _check(Path(target.file), depth + 1, is_named(target.file))


def _target(path: Path, text: str, beside: bool, free: bool) -> Reference | None:
    """What a source leads to; None for an address that the user named himself."""
    if is_named(text):
        return None
    found = reference_of(text, str(path.parent) if beside else "")
    if found.why:
        raise _refused(path, f"it refers to {text[:200]!r}, and {found.why}")
    target = Path(found.file)
    if not (free or may_reach(path.absolute(), target)):
        raise _refused(path, f"it refers to {target}, outside its folder")
    if found.member and is_vrt_start(member_starts(target, found.member, START)):
        raise _refused(path, f"it refers to a VRT in the archive {target}")
    if not found.member:
        check_external(found.file)
    return found


@lru_cache(maxsize=512)
def _sources(path: str, changed: int, size: int) -> tuple[tuple[str, bool], ...]:
    """Each name that the VRT holds, and whether it is relative to it."""
    with open_file(path) as file:
        text = read_most(file, MOST, path)
    try:
        return tuple(_read(Path(path), text))
    except (ET.ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise BadRaster(path, str(error) or "its XML is not that of a VRT") from None


def _read(path: Path, text: bytes) -> Iterator[tuple[str, bool]]:
    root = ET.fromstring(text[text.index(b"<") :])
    seen: dict[tuple[str, bool], None] = {}
    for element in root.iter():
        tag = element.tag
        if tag in _FILES:
            beside = element.get("relativeToVRT", element.get("relativetoVRT", "0")) == "1"
            seen[((element.text or "").strip(), beside)] = None
        elif tag not in _SAFE:
            raise _refused(path, f"it holds {str(tag)[:60]!r}, by which VRTs can read other than bands of rasters")
        if "Raw" in element.get("subClass", "") or element.get("domain") in _LEADING_DOMAINS:
            kind = element.get("subClass") or f"metadata {element.get('domain')}"
            raise _refused(path, f"it holds {kind}, by which VRTs can read other than bands of rasters")
        if tag in ("SRS", "SourceSRS", "TargetSRS"):
            check_told(element.text or "", str(path))
        if len(seen) > _MOST_SOURCES:
            raise _refused(path, f"it has more than {_MOST_SOURCES:,} sources")
    yield from seen


def _refused(path: Path, why: str) -> SourceRefused:
    return SourceRefused(
        f"The VRT {path}", why, "name the rasters it refers to themselves, or convert it (gdal_translate)"
    )
