"""A vector layer as QGIS shows it, in a file that the engine reads: its own where that says the same, else a copy.

QGIS hands out the file of a layer without a look at what was done to the layer since: unsaved edits, fields that are
joined or computed, an encoding or a CRS that the user set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    Qgis,
    QgsFeatureSource,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProperty,
    QgsVectorLayer,
)

from ..shared.errors import BadInput
from .layers import assigned_crs, opened

FORMATS = ("gpkg", "shp", "geojson", "fgb")  # that the engine reads as they are
SINGLE_LAYER_FORMATS = ("shp", "geojson", "fgb")  # files that hold one layer, so that a path says all
Export = Callable[[list[str]], "tuple[str, str]"]  # compatible formats -> path and layer, of the file or a copy


@dataclass(frozen=True)
class Need:
    """What a job reads of a vector file."""

    fields: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    carries_crs: bool = True  # whether the job says which CRS the user gave the layer; else a copy has it


def layer_of(value: Any, context: QgsProcessingContext) -> Optional[QgsVectorLayer]:
    """The vector layer that a parameter's value means, as QGIS itself finds it."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.value(context.expressionContext())[0]
    if isinstance(value, str):
        value = QgsProcessingUtils.mapLayerFromString(value, context)
    return value if isinstance(value, QgsMapLayer) and isinstance(value, QgsVectorLayer) else None


def unlike_its_file(layer: QgsVectorLayer, need: Need) -> list[str]:
    """What QGIS shows of the layer and its file does not say."""
    found = ["unsaved edits"] if layer.isModified() else []
    found += [f"the field {name}" for name in need.fields if _is_added(layer, name)]
    if layer.providerType() == "ogr":
        found += _unlike_encoding(layer) if need.fields else []
        assigned = assigned_crs(layer.crs(), opened(layer.source(), "ogr").crs())
        found += [] if need.carries_crs or not assigned else ["the CRS that it was given"]
    return found


def _is_added(layer: QgsVectorLayer, name: str) -> bool:
    """Whether a field is joined or computed; one that is added by an edit is an unsaved edit."""
    place = layer.fields().indexOf(name)
    return place >= 0 and layer.fields().fieldOrigin(place) in (Qgis.FieldOrigin.Join, Qgis.FieldOrigin.Expression)


def _unlike_encoding(layer: QgsVectorLayer) -> list[str]:
    """Of a shapefile that does not say how its texts are written, QGIS shows them as it or the user chose."""
    path, shown = Path(layer.source().split("|")[0]), layer.dataProvider().encoding()
    says = path.suffix.lower() not in (".shp", ".dbf") or path.with_suffix(".cpg").exists()
    same = says and shown == opened(layer.source(), "ogr").encoding()
    return [] if same else [f"the encoding {shown}"]


def file_of(
    source: QgsFeatureSource,
    layer: Optional[QgsVectorLayer],
    need: Need,
    export: Export,
    feedback: Optional[QgsProcessingFeedback],
) -> tuple[str, str]:
    """Path and layer of a file with what `source` holds of `layer`, as far as it is one. Raises BadInput."""
    unlike = unlike_its_file(layer, need) if layer else []
    path, name = export([] if unlike else list(need.formats))
    if unlike:
        kept, whole = opened(path, "ogr").featureCount(), source.featureCount()
        if whole >= 0 and kept != whole:
            raise BadInput(
                f"Of the {whole} features of the layer {source.sourceName()} only {kept} could be copied as QGIS shows "
                "them: export the layer to a GeoPackage and give that."
            )
        if feedback:
            feedback.pushInfo(f"The layer {source.sourceName()} is read as QGIS shows it, with {', '.join(unlike)}.")
    return path, "" if unlike else name  # QGIS tells the name in the layer's own file, the copy has one layer
