"""Styles that a GeoPackage's layer brings along: QGIS finds them in the file's own table, the default one by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from .geopackage import told

RGB = tuple[int, int, int]
_EDGE = "58,58,58,255"
_TABLE = """CREATE TABLE IF NOT EXISTS layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
 f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
 styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
 ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_CONTENTS = """INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description)
 VALUES ('layer_styles', 'attributes', 'layer_styles', '')"""
_STYLE = """INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,
 styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '')"""


@dataclass(frozen=True)
class VectorStyle:
    """A named style of a layer, as QML."""

    name: str  # at most 30 letters
    qml: str
    description: str = ""


def by_class(
    field: str,
    colours: Mapping[str, RGB],
    other: str,
    labels: Mapping[str, str] | None = None,
    points: bool = False,
) -> ET.Element:
    """QML that colours polygons or points by the text in `field`; what has none of these texts is `other`, hollow.

    `labels`: what the legend says of a text; default: the text.
    """
    root, renderer = _renderer("categorizedSymbol", attr=field)
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    rows = [(text, (labels or {}).get(text, text), f"{r},{g},{b},200") for text, (r, g, b) in colours.items()]
    for number, (text, label, colour) in enumerate([*rows, ("", other, "255,255,255,0")]):
        entry = {"symbol": str(number), "value": text, "label": label, "type": "string", "render": "true"}
        ET.SubElement(categories, "category", entry)
        _symbol(symbols, str(number), colour, points)
    return root


def by_amount(expression: str, classes: Sequence[tuple[float, float, str, RGB]]) -> ET.Element:
    """QML that colours polygons by a number: (from, to, label, colour) of each class."""
    root, renderer = _renderer("graduatedSymbol", attr=expression, graduatedMethod="GraduatedColor")
    ranges, symbols = ET.SubElement(renderer, "ranges"), ET.SubElement(renderer, "symbols")
    for number, (low, high, label, rgb) in enumerate(classes):
        bounds = {"lower": f"{low:.15g}", "upper": f"{high:.15g}", "symbol": str(number), "label": label}
        ET.SubElement(ranges, "range", bounds | {"render": "true"})
        _symbol(symbols, str(number), f"{rgb[0]},{rgb[1]},{rgb[2]},200")
    return root


def _renderer(kind: str, **attributes: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.40", styleCategories="Symbology")
    fixed = {"type": kind, "forceraster": "0", "symbollevels": "0", "enableorderby": "0"}
    return root, ET.SubElement(root, "renderer-v2", fixed | attributes)


def _symbol(parent: ET.Element, name: str, colour: str, points: bool = False) -> None:
    kind, drawn = ("marker", "SimpleMarker") if points else ("fill", "SimpleFill")
    symbol = ET.SubElement(parent, "symbol", {"type": kind, "name": name, "alpha": "1", "clip_to_extent": "1"})
    layer = ET.SubElement(symbol, "layer", {"class": drawn, "pass": "0", "locked": "0", "enabled": "1"})
    options = ET.SubElement(layer, "Option", type="Map")
    told = {
        "color": colour,
        "style": "solid",
        "outline_color": _EDGE,
        "outline_style": "solid",
        "outline_width": "0.26",
        "outline_width_unit": "MM",
        **({"name": "circle", "size": "2.6", "size_unit": "MM"} if points else {}),
    }
    for key, value in told.items():
        ET.SubElement(options, "Option", {"type": "QString", "name": key, "value": value})


def add_styles(path: str, layer: str, styles: Sequence[VectorStyle]) -> None:
    """Writes the styles of a GeoPackage's layer, the first as its default. Raises DiskFull, OutputNotWritable."""
    with told(path), closing(sqlite3.connect(path)) as file, file:
        file.execute(_TABLE)
        file.execute(_CONTENTS)
        found = file.execute("SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)).fetchone()
        geometry = found[0] if found else ""
        for place, style in enumerate(styles):
            row = (layer, geometry, style.name, style.qml, int(place == 0), style.description)
            file.execute(_STYLE, row)


def qml_text(root: ET.Element) -> str:
    """As QGIS reads it."""
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
