"""What a class raster says about its own values: names and colours, from its tags, its side file, or its codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as ET

from ...shared.errors import BadInput, TooLarge
from ...shared.legend import CropClass, Legend, plain
from ...shared.texts.bounded import bounded_bytes, parsed_json
from ...shared.texts.names import clean
from ..raster.writer import LEGEND_TAG
from ..reporting.colours import RGB, Uncoloured, colours_of

MOST_CODE = 65534
_NAME, _VALUE, _COLOURS = "2", "5", ("6", "7", "8")  # GDAL's GFU_Name, GFU_MinMax, GFU_Red / Green / Blue


@dataclass(frozen=True)
class Named:
    """A value of a class raster as its file describes it."""

    name: str
    rgb: RGB | None = None
    aliases: tuple[str, ...] = ()


def described(path: str, dataset: Any) -> tuple[dict[int, Named], str]:
    """The values that the raster itself names, and where the names stand ("" = nowhere).

    In this order: this project's tag, the attribute table and the category names in GDAL's .aux.xml beside the file.
    """
    tag = dataset.tags().get(LEGEND_TAG)
    if tag:
        return _from_tag(path, tag), "its own legend"
    band = _pam_band(path)
    colours = _colour_table(dataset, band)
    for rows, where in ((_table(band), "its attribute table"), (_categories(band), "its category names")):
        names = {
            value: Named(clean(name), rgb or colours.get(value)) for value, name, rgb in rows if clean(name).strip()
        }
        if names:
            return names, where
    return {}, ""


def legend_of(codes: Iterable[int], names: Mapping[int, Named]) -> Legend:
    """A legend of every code that is named or occurs; codes without a name are called 'class 7'."""
    taken: set[str] = set()
    found = [
        (c, names.get(c, Named(f"class {c}"))) for c in sorted({c for c in names if 0 <= c <= MOST_CODE} | set(codes))
    ]
    colours = colours_of([Uncoloured((known.name, *known.aliases), known.rgb) for _, known in found])
    classes = []
    for (code, known), colour in zip(found, colours):
        name = known.name if plain(known.name) not in taken else f"{known.name} ({code})"
        taken.add(plain(name))
        classes.append(CropClass(code, name, colour, known.aliases))
    return Legend(tuple(classes))


def _from_tag(path: str, tag: str) -> dict[int, Named]:
    try:
        legend = Legend.from_dict(parsed_json(tag, path))
    except (ValueError, BadInput) as error:
        raise BadInput(f"The legend inside {path} cannot be read ({error}): make the map again.") from None
    return {c.code: Named(c.name, c.rgb, c.aliases) for c in legend}


def _pam_band(path: str) -> Element | None:
    """What GDAL keeps about band 1 in the file beside the raster; None where there is none that can be read."""
    beside = Path(f"{str(path).removeprefix('vrt://').split('?bands=')[0]}.aux.xml")  # of its first band, as names go
    try:  # a comfort: without names the codes speak for themselves
        return ET.fromstring(bounded_bytes(beside)).find("PAMRasterBand[@band='1']")
    except (OSError, TooLarge, ET.ParseError, DefusedXmlException):
        return None


def _categories(band: Element | None) -> Iterator[tuple[int, str, RGB | None]]:
    rows = [] if band is None else band.findall("CategoryNames/Category")
    return ((value, row.text or "", None) for value, row in enumerate(rows))


def _table(band: Element | None) -> Iterator[tuple[int, str, RGB | None]]:
    """Value, name and colour of each row of a raster attribute table that has values and names."""
    table = None if band is None else band.find("GDALRasterAttributeTable")
    if table is None:
        return
    usage = [field.findtext("Usage", "") for field in table.findall("FieldDefn")]
    if _NAME not in usage or _VALUE not in usage:
        return
    for row in table.findall("Row"):
        cells = dict(zip(usage, (cell.text or "" for cell in row.findall("F"))))
        value = _whole(cells.get(_VALUE, ""))
        rgb = tuple(_whole(cells.get(colour, "")) for colour in _COLOURS)
        if value is not None:
            yield value, cells.get(_NAME, ""), _rgb(rgb)


def _colour_table(dataset: Any, band: Element | None) -> dict[int, RGB]:
    try:
        return {value: entry[:3] for value, entry in dataset.colormap(1).items()}
    except ValueError:  # rasterio's way to say that the file holds no colour table
        entries = [] if band is None else band.findall("ColorTable/Entry")
        table = {v: _rgb(tuple(_whole(e.get(c, "")) for c in ("c1", "c2", "c3"))) for v, e in enumerate(entries)}
        return {value: rgb for value, rgb in table.items() if rgb}


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def _rgb(parts: tuple[int | None, ...]) -> RGB | None:
    red, green, blue = parts
    if red is None or green is None or blue is None or not all(0 <= p <= 255 for p in (red, green, blue)):
        return None
    return red, green, blue
