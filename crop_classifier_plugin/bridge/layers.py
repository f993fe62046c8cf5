"""Layers, tables, rectangles and polygons of QGIS as the engine's jobs know them.

Values are taken as the user gave them, not through parameterAsLayerList: that leaves out, without a word, whatever
cannot be loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional
from xml.sax.saxutils import unescape

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsDataProvider,
    QgsFeatureSource,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QDate, QDateTime

from ..shared.errors import (
    BadInput,
    BadRaster,
    NotAFile,
)
from ..shared.jobs import date_rows
from ..shared.jobs.sources import DateEntry, Extent, SceneSource
from ..shared.texts.bounded import bounded_text
from ..shared.texts.cells import plain_cell
from . import no_data

CUBES = (".hdf", ".h5", ".he5", ".hdf5", ".nc", ".nc4")  # as engine/products/cubes
HOLDERS = (".zip", ".tar", ".xml", ".json", ".geojson", *CUBES)
_VRT_SOURCE = re.compile(r"<SourceFilename[^>]*>([^<]*)<")
_NETWORK = ("/vsicurl/", "/vsis3/", "/vsigs/", "/vsiaz/", "http://", "https://")
IN_MEMORY = ("MEM:", "/vsimem/")  # GDAL's names for rasters that only this process can see


def scenes(value: Any, context: QgsProcessingContext) -> tuple[SceneSource, ...]:
    """Every raster of a parameter's value, in its order. Raises when one of them is no readable raster file."""
    return tuple(_scene(item, context) for item in _flat(value, context))


def _flat(value: Any, context: QgsProcessingContext) -> Iterator[Any]:
    """The single layers and strings in a value: lists may hold lists in a model."""
    if isinstance(value, QgsProperty):
        value = value.value(context.expressionContext())[0]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item, context)
    elif isinstance(value, QgsMapLayer) or (isinstance(value, str) and value):
        yield value


def _scene(value: Any, context: QgsProcessingContext) -> SceneSource:
    layer = _known_layer(value, context) if isinstance(value, str) else value
    return _scene_of_path(value) if layer is None else _scene_of_layer(layer)


def _known_layer(text: str, context: QgsProcessingContext) -> Optional[QgsMapLayer]:
    """The layer that a text names. Files are not loaded: QGIS would compute the histogram of every band of each."""
    layer = QgsProcessingUtils.mapLayerFromString(text, context, False)
    if layer is None and context.project() is not None:
        layer = context.project().mapLayer(text)  # the first look-up passes over layers whose file is gone
    return layer


def _scene_of_path(text: str) -> SceneSource:
    coded, provider, uri = QgsProcessingUtils.decodeProviderKeyAndUri(text)
    if coded and provider != "gdal":
        raise NotAFile(uri, f"the data source '{provider}'")
    path = _path(uri if coded else text, text)
    if holds_rasters(Path(path)):
        return SceneSource(path=path)
    if not opened(path).isValid():
        raise BadRaster(path, "no raster can be opened there")
    return SceneSource(path=path, name=Path(path).stem)


def holds_rasters(path: Path) -> bool:
    """Whether it is a folder, an archive, a product's metadata, an HDF file or a STAC item: the engine opens it up."""
    return os.path.isdir(path) or (path.suffix.lower() in HOLDERS and os.path.isfile(path))


def opened(uri: str, provider: str = "gdal") -> QgsDataProvider:
    return QgsProviderRegistry.instance().createProvider(provider, uri, QgsDataProvider.ProviderOptions())


def _scene_of_layer(layer: QgsMapLayer) -> SceneSource:
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal":
        raise NotAFile(layer.name(), f"the data source '{layer.providerType()}'")
    path = _path(layer.source(), layer.name())  # before isValid(): GDAL >= 3.10 does not open rasters of the memory
    if not layer.isValid():
        raise BadRaster(layer.source(), f"the layer {layer.name()} cannot be opened")
    return SceneSource(
        path=path,
        name=layer.name(),
        dates=_dates(layer),
        crs=assigned_crs(layer.crs(), layer.dataProvider().crs()),
        no_data=no_data.no_data_of(layer),
        addresses=_addresses(path),
    )


def _addresses(path: str) -> tuple[str, ...]:
    """What a VRT that QGIS shows reads from the network: the user has loaded it, so it is named."""
    if Path(path).suffix.lower() != ".vrt" or not Path(path).is_file():
        return ()
    found = (unescape(text.strip()) for text in _VRT_SOURCE.findall(bounded_text(path)))
    return tuple(dict.fromkeys(text for text in found if text.startswith(_NETWORK)))


def unread_no_data(value: Any, context: QgsProcessingContext) -> Iterator[str]:
    """What is to be said of rasters whose no data the user set in QGIS alone, where the engine reads their files."""
    for item in _flat(value, context):
        layer = _known_layer(item, context) if isinstance(item, str) else item
        if isinstance(layer, QgsRasterLayer) and layer.isValid() and layer.providerType() == "gdal":
            yield from no_data.said(layer)


def _path(source: str, name: str) -> str:
    """What GDAL opens, with nothing that only QGIS understands, and independent of the working folder."""
    path = source.split("|")[0]  # open options follow a bar
    if path.startswith(IN_MEMORY):
        raise NotAFile(name, "the memory of QGIS")
    return str(Path(path).absolute()) if os.path.exists(path) else path


def assigned_crs(shown: QgsCoordinateReferenceSystem, own: QgsCoordinateReferenceSystem) -> str:
    """The CRS that the user gave a layer in place of the file's own; "" = the file's own."""
    return crs_text(shown) if shown.isValid() and shown != own else ""


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """Authority id or WKT. What a user defined has an id that only this QGIS knows."""
    known = crs.authid() and not crs.authid().startswith("USER:")
    return crs.authid() if known else crs.toWkt(Qgis.CrsWktVariant.Wkt2_2019)


def labels_crs(source: QgsFeatureSource, path: str, layer: str) -> str:
    """The CRS that the user gave the polygons in place of that of their file, which may be a copy; "" = the file's."""
    uri = f"{path}|layername={layer}" if layer else path
    return assigned_crs(source.sourceCrs(), opened(uri, "ogr").crs())


def _dates(layer: QgsRasterLayer) -> tuple[str, ...]:
    """ISO dates from the layer's temporal properties: one for all, or one a band, "" for a band without; the first day
    of each range."""
    properties = layer.temporalProperties()
    if not properties.isActive():
        return ()
    if properties.mode() == Qgis.RasterTemporalMode.FixedTemporalRange:
        begin = properties.fixedTemporalRange().begin()
        return (_iso(begin),) if begin.isValid() else ()
    if properties.mode() != Qgis.RasterTemporalMode.FixedRangePerBand:
        return ()
    ranges = properties.fixedRangePerBand()
    begins = {band: ranges[band].begin() for band in ranges}
    return tuple(_iso(begins[band]) if band in begins else "" for band in range(1, layer.bandCount() + 1))


def _iso(moment: QDateTime) -> str:
    """ "" for a moment that is none."""
    return str(moment.date().toString("yyyy-MM-dd"))


# --- outputs ---------------------------------------------------------------------------------------------------------

NO_FILE = re.compile(r"\w\w+:")  # memory:, ogr:dbname=...; a single letter is a drive of Windows


def files_of(layer: Optional[QgsMapLayer]) -> list[str]:
    """The file behind a layer, where there is one."""
    if layer is None:
        return []
    path = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source()).get("path", "")
    return [path] if path and Path(path).is_file() else []


def absolute_output(value: Any, context: QgsProcessingContext) -> Any:
    """The value of an output parameter with its path absolute; what is no path stays as it is."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        made = QgsProcessingOutputLayerDefinition(value)
        made.sink = QgsProperty.fromValue(absolute_output(value.sink, context))
        return made
    if isinstance(value, QgsProperty):
        value = value.valueAsString(context.expressionContext())[0]
    if not isinstance(value, str) or value in ("", QgsProcessing.TEMPORARY_OUTPUT) or NO_FILE.match(value):
        return value
    return str(Path(value).absolute())


# --- tables ----------------------------------------------------------------------------------------------------------


def date_entries(table: Optional[QgsFeatureSource]) -> tuple[DateEntry, ...]:
    """Rows of a table of dates; its columns are those of shared/jobs/date_rows."""
    if table is None:
        return ()
    columns = _columns(table)
    date_rows.check_columns(columns)
    wanted = {name: index for name, index in columns.items() if name in date_rows.COLUMNS}
    rows = ({name: _text(each[index]) for name, index in wanted.items()} for each in table.getFeatures())
    return date_rows.date_entries(rows)


def _columns(table: QgsFeatureSource) -> dict[str, int]:
    """Where each column stands; their names are read in any case."""
    return {field.name().strip().lower(): index for index, field in enumerate(table.fields())}


def class_mapping(table: Optional[QgsFeatureSource]) -> tuple[tuple[str, str], ...]:
    """Rows of a table with the columns reference and class."""
    return tuple((r["reference"], r["class"]) for r in _rows(table, "table of classes", ("reference", "class"), ()))


def strategies(table: Optional[QgsFeatureSource]) -> dict[str, str]:
    """Rows of a table with the columns layer and strategy: the strategy by the layer's name in small letters."""
    rows = _rows(table, "table of strategies", ("layer", "strategy"), ())
    return {row["layer"].casefold(): row["strategy"] for row in rows}


def _rows(
    table: Optional[QgsFeatureSource], what: str, needed: tuple[str, ...], optional: tuple[str, ...]
) -> list[dict[str, str]]:
    """The rows as text; names of columns are read in any case. An empty needed cell is refused."""
    if table is None:
        return []
    columns = _columns(table)
    for name in needed:
        if name not in columns:
            raise BadInput(f"The {what} has no column {name!r} (it has {', '.join(columns)}): name its columns so.")
    wanted = [name for name in (*needed, *optional) if name in columns]
    rows = []
    for number, feature in enumerate(table.getFeatures(), start=1):
        row = {**dict.fromkeys(optional, ""), **{name: _text(feature[columns[name]]) for name in wanted}}
        empty = [name for name in needed if not row[name]]
        if empty:
            raise BadInput(f"Row {number} of the {what} has no {empty[0]}: fill it in or delete the row.")
        rows.append(row)
    return rows


def _text(value: Any) -> str:
    """A cell as text: dates in ISO form, whole numbers without a point, "" for NULL; as it was before it was kept from
    being a formula."""
    if isinstance(value, QDateTime):
        return _iso(value) if value.isValid() else ""
    if isinstance(value, QDate):
        return value.toString("yyyy-MM-dd") if value.isValid() else ""
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return plain_cell(str(value).strip())


# --- places ----------------------------------------------------------------------------------------------------------


def extent(rectangle: QgsRectangle, crs: QgsCoordinateReferenceSystem, fallback: str) -> Extent:
    """`fallback`: the CRS of the scenes, for a rectangle that came without one."""
    return Extent(
        rectangle.xMinimum(),
        rectangle.yMinimum(),
        rectangle.xMaximum(),
        rectangle.yMaximum(),
        crs_text(crs) if crs.isValid() else fallback,
    )


def crs_of(value: Any, context: QgsProcessingContext) -> str:
    """The CRS of the first raster of a parameter's value, "" when it has none."""
    first = next(iter(scenes(value, context)), None)
    if first is None or first.crs or holds_rasters(Path(first.path)):
        return first.crs if first else ""
    crs = opened(first.path).crs()
    return crs_text(crs) if crs.isValid() else ""
