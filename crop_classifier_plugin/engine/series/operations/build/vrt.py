"""A series as a light VRT: a text file that says which band of which file each of its bands is."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from .....shared.errors import BadInput
from ....raster.band_ref import BandRef
from ....raster.grid import Grid
from ....raster.reader import GDAL_TYPES
from ...cube.stack import Stack


def vrt_of(stack: Stack, names: Sequence[str]) -> str:
    """The text of the VRT: date by date, band by band, named as `names`. Raises BadInput for another grid."""
    grid = stack.grid
    root = ET.Element("VRTDataset", rasterXSize=str(grid.width), rasterYSize=str(grid.height))
    ET.SubElement(root, "SRS").text = grid.crs.to_wkt()
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in grid.transform.to_gdal())
    number = 0
    for layer in stack.layers:
        for band in stack.spec.bands:
            number += 1
            refs = layer.scene.of(band)
            _check(refs, grid)
            _add_band(root, number, names[number - 1], layer.scene.date.isoformat(), refs, stack)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _check(refs: Sequence[BandRef], grid: Grid) -> None:
    for ref in refs:
        if not grid.same_lattice(ref.crs, ref.transform):
            raise BadInput(
                f"{ref.path} is on another grid than the finest band (pixels of {ref.pixel:.4g} m, "
                f"{ref.crs.to_string()}), a VRT cannot hold both: ask for a GeoTIFF, or for bands of one resolution."
            )
    first = refs[0]
    if any((r.scale, r.offset, r.dtype, r.unit) != (first.scale, first.offset, first.dtype, first.unit) for r in refs):
        raise BadInput(f"{refs[-1].path} has another scale or type than {first.path}: ask for a GeoTIFF, not a VRT.")


def _add_band(root: ET.Element, number: int, name: str, day: str, refs: Sequence[BandRef], stack: Stack) -> None:
    first = refs[0]
    band = ET.SubElement(root, "VRTRasterBand", dataType=GDAL_TYPES.get(first.dtype, "Float32"), band=str(number))
    ET.SubElement(ET.SubElement(band, "Metadata"), "MDI", key="DATE").text = day
    ET.SubElement(band, "Description").text = name
    if first.unit:
        ET.SubElement(band, "UnitType").text = first.unit
    ET.SubElement(band, "Offset").text = repr(float(first.offset))
    ET.SubElement(band, "Scale").text = repr(float(first.scale))
    nodata = first.nodata if first.nodata is not None else stack.spec.nodata
    if not math.isnan(nodata):
        ET.SubElement(band, "NoDataValue").text = repr(float(nodata))
    for ref in reversed(refs):  # of overlapping tiles the last one is on top; when a stack is read, it is the first
        _add_source(band, ref, stack.grid, nodata)


def _add_source(band: ET.Element, ref: BandRef, grid: Grid, nodata: float) -> None:
    px, py = grid.pixel
    col, row = round((ref.transform.c - grid.transform.c) / px), round((grid.transform.f - ref.transform.f) / py)
    left, top = max(col, 0), max(row, 0)
    width, height = min(col + ref.width, grid.width) - left, min(row + ref.height, grid.height) - top
    if width <= 0 or height <= 0:
        return
    source = ET.SubElement(band, "ComplexSource")
    path = ref.path if ref.path.startswith("/vsi") or '":' in ref.path else os.path.abspath(ref.path)
    ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = path
    ET.SubElement(source, "SourceBand").text = str(ref.index)
    size = {"xSize": str(width), "ySize": str(height)}
    ET.SubElement(source, "SrcRect", {"xOff": str(left - col), "yOff": str(top - row), **size})
    ET.SubElement(source, "DstRect", {"xOff": str(left), "yOff": str(top), **size})
    if not math.isnan(nodata):
        ET.SubElement(source, "NODATA").text = repr(float(nodata if ref.nodata is None else ref.nodata))
