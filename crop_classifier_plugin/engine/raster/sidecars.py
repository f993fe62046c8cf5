"""What stands beside a raster so that its legend survives: categories and table (.aux.xml), QGIS style (.qml)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ...shared.legend import Legend
from ..execution.outputs import Outputs

RGB = tuple[int, int, int]
_RANGE_PER_BAND = "3"  # Qgis::RasterTemporalMode::FixedRangePerBand


@dataclass(frozen=True)
class Row:
    """One value of a class raster, as a legend shows it."""

    value: int
    name: str
    rgb: RGB
    count: int = 0  # pixels
    hectares: float = float("nan")  # by pixel counting; NaN = not known


@dataclass(frozen=True)
class Ramp:
    """A colour ramp from `low` to `high` through evenly spaced colours."""

    low: float
    high: float
    colours: tuple[RGB, ...]
    suffix: str = ""


CONFIDENCE = Ramp(0, 100, ((215, 48, 39), (252, 141, 89), (254, 224, 139), (145, 207, 96), (26, 152, 80)), " %")


def rows_of(legend: Legend, counts: Sequence[int] = (), hectares: Sequence[float] = ()) -> tuple[Row, ...]:
    """A legend's rows; `counts[value]` pixels and `hectares[value]` of each value."""

    def at(values: Sequence[Any], code: int, nothing: Any) -> Any:
        return values[code] if code < len(values) else nothing

    unknown = 0.0 if hectares else float("nan")  # a class that nowhere occurs has none
    return tuple(Row(c.code, c.name, c.rgb, at(counts, c.code, 0), at(hectares, c.code, unknown)) for c in legend)


def write_class_sidecars(
    outputs: Outputs,
    raster: str | Path,
    rows: Sequence[Row],
    nodata_name: str = "no data",
    days: tuple[dt.date, dt.date] | None = None,
) -> None:
    """The .aux.xml and .qml of a class raster; `raster` is its final path. `days`: first and last that it is of."""
    style = paletted_style(rows)
    if days:
        add_days(style, *days)
    _write(outputs, f"{raster}.aux.xml", pam(rows, nodata_name))
    _write(outputs, Path(raster).with_suffix(".qml"), style)


def write_ramp_style(outputs: Outputs, raster: str | Path, ramp: Ramp) -> None:
    """The .qml of a raster of measured values."""
    write_style(outputs, raster, ramp_style(ramp))


def write_style(outputs: Outputs, raster: str | Path, style: ET.Element) -> None:
    """The .qml of a raster; `raster` is its final path."""
    _write(outputs, Path(raster).with_suffix(".qml"), style)


def _write(outputs: Outputs, path: str | Path, root: ET.Element) -> None:
    ET.indent(root)
    outputs.write_text(path, ET.tostring(root, encoding="unicode") + "\n")


# --- GDAL's own ------------------------------------------------------------------------------------------------------

_INTEGER, _REAL, _TEXT = "0", "1", "2"  # GDAL's GFT_Integer, GFT_Real, GFT_String
_COLUMNS = (  # name, type, usage (GFU_MinMax, GFU_Name, GFU_PixelCount, GFU_Red, GFU_Green, GFU_Blue, GFU_Generic)
    ("Value", _INTEGER, "5"),
    ("Class", _TEXT, "2"),
    ("Count", _INTEGER, "1"),
    ("Red", _INTEGER, "6"),
    ("Green", _INTEGER, "7"),
    ("Blue", _INTEGER, "8"),
)
_HECTARES = ("Hectares by pixel counting", _REAL, "0")


def pam(rows: Sequence[Row], nodata_name: str) -> ET.Element:
    """Category names and raster attribute table in GDAL's PAM format."""
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    names = {r.value: r.name for r in rows}
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(min(max(names), 255) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, nodata_name if value == 0 else "")
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    columns = (*_COLUMNS, _HECTARES) if all(row.hectares == row.hectares for row in rows) else _COLUMNS
    for index, (name, kind, usage) in enumerate(columns):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", kind), ("Usage", usage)):
            ET.SubElement(field, tag).text = text
    for index, row in enumerate(rows):
        entry = ET.SubElement(table, "Row", index=str(index))
        cells = (row.value, row.name, row.count, *row.rgb, f"{row.hectares:.4f}")
        for cell in cells[: len(columns)]:
            ET.SubElement(entry, "F").text = str(cell)
    return root


# --- QGIS styles -----------------------------------------------------------------------------------------------------


def paletted_style(rows: Sequence[Row]) -> ET.Element:
    """A QGIS style that shows each value in its colour under its name."""
    root, renderer = _style("paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for row in rows:
        ET.SubElement(palette, "paletteEntry", value=str(row.value), label=row.name, color=_hex(row.rgb), alpha="255")
    return root


def add_days(style: ET.Element, first: dt.date, last: dt.date) -> None:
    """Tells QGIS' Temporal Controller when to show the raster: from the first day to the end of the last."""
    style.set("styleCategories", "Symbology|Temporal")
    temporal = ET.SubElement(style, "temporal", enabled="1", mode="0", fetchMode="0")
    fixed = ET.SubElement(temporal, "fixedRange")
    ET.SubElement(fixed, "start").text = f"{first}T00:00:00Z"
    ET.SubElement(fixed, "end").text = f"{last}T23:59:59Z"


def ramp_style(ramp: Ramp) -> ET.Element:
    """A QGIS style that interpolates between the ramp's colours."""
    low, high = f"{ramp.low:g}", f"{ramp.high:g}"
    root, renderer = _style("singlebandpseudocolor", classificationMin=low, classificationMax=high)
    shader = ET.SubElement(ET.SubElement(renderer, "rastershader"), "colorrampshader")
    shader.attrib.update(
        colorRampType="INTERPOLATED", classificationMode="1", clip="0", minimumValue=low, maximumValue=high
    )
    steps = len(ramp.colours) - 1
    for index, rgb in enumerate(ramp.colours):
        value = ramp.low + (ramp.high - ramp.low) * index / steps
        ET.SubElement(shader, "item", value=f"{value:g}", label=f"{value:g}{ramp.suffix}", color=_hex(rgb), alpha="255")
    return root


def dated_style(ramp: Ramp, ranges: Sequence[tuple[dt.date, dt.date]]) -> ET.Element:
    """As ramp_style, of the first band; QGIS's Temporal Controller shows band k from ranges[k][0] until ranges[k][1]
    (which is no longer part of it).

    Of several bands QGIS draws the one that ends last: all but the first band of each date end a second early.
    """
    root = ramp_style(ramp)
    root.set("styleCategories", "Symbology|Temporal")
    temporal = ET.Element("temporal", mode=_RANGE_PER_BAND, enabled="1", fetchMode="0", bandNumber="1")
    root.insert(0, temporal)
    listed = ET.SubElement(temporal, "ranges")
    seen: set[dt.date] = set()
    for number, (first, after) in enumerate(ranges, start=1):
        end = f"{after - dt.timedelta(1)}T23:59:59Z" if first in seen else f"{after}T00:00:00Z"
        seen.add(first)
        days = {"begin": f"{first}T00:00:00Z", "end": end}
        ET.SubElement(listed, "range", {"band": str(number), "includeBeginning": "1", "includeEnd": "0", **days})
    return root


def _style(renderer_type: str, **attributes: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.40", styleCategories="Symbology")
    pipe = ET.SubElement(root, "pipe")
    fixed = {"type": renderer_type, "band": "1", "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ET.SubElement(pipe, "rasterrenderer", fixed | attributes)
    ET.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    return root, renderer


def _hex(rgb: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
