"""How results look in QGIS: names, groups, order, visibility, and the style that the engine wrote beside or in them."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsLayerNotesUtils,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingUtils,
)

# Processing does not own post-processors: without this, Python would delete them before the layers are loaded.
_alive: set[QgsProcessingLayerPostProcessorInterface] = set()


@dataclass(frozen=True)
class LayerStyle:
    """A result as the layer tree shows it."""

    path: str
    name: str
    group: str
    order: int = 0  # higher = nearer to the top of its group
    visible: bool = True
    notes: str = ""  # plain text that stays with the layer; "" = none


def style_output(context: QgsProcessingContext, shown: LayerStyle) -> None:
    """Dresses an output, if the user wants it opened."""
    if shown.path and context.willLoadLayerOnCompletion(shown.path):
        _dress(context.layerToLoadOnCompletionDetails(shown.path), shown)


def load(context: QgsProcessingContext, shown: LayerStyle, output: str) -> None:
    """Opens, after the run, a raster that is no output parameter of its own."""
    _load(context, shown, output, QgsProcessingUtils.LayerHint.Raster)


def load_table(context: QgsProcessingContext, shown: LayerStyle, output: str) -> None:
    """Opens a CSV file as a table after the run."""
    _load(context, shown, output, QgsProcessingUtils.LayerHint.Vector)


def _load(context: QgsProcessingContext, shown: LayerStyle, output: str, hint: QgsProcessingUtils.LayerHint) -> None:
    details = QgsProcessingContext.LayerDetails(shown.name, context.project(), output, hint)
    _dress(details, shown)
    context.addLayerToLoadOnCompletion(shown.path, details)


def _dress(details: QgsProcessingContext.LayerDetails, shown: LayerStyle) -> None:
    details.name = shown.name
    details.forceName = True
    details.groupName = shown.group
    details.layerSortKey = shown.order
    dresser = LayerStyler(shown)
    _alive.add(dresser)
    details.setPostProcessor(dresser)


class LayerStyler(QgsProcessingLayerPostProcessorInterface):
    """Gives a loaded layer its style and its place. Runs in the main thread."""

    def __init__(self, shown: LayerStyle) -> None:
        super().__init__()
        self.shown = shown

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        style = Path(self.shown.path).with_suffix(".qml")
        if os.path.isfile(style):
            layer.loadNamedStyle(str(style))
        elif layer.type() == Qgis.LayerType.Vector:
            layer.loadDefaultStyle()  # the one inside a GeoPackage, which Processing leaves out
        layer.triggerRepaint()
        if self.shown.notes:
            note(layer, self.shown.notes)
        node = context.project().layerTreeRoot().findLayer(layer.id()) if context.project() else None
        if node is not None:
            node.setExpanded(self.shown.visible)
            node.setItemVisibilityChecked(self.shown.visible)
        _alive.discard(self)


def note(layer: QgsMapLayer, text: str) -> None:
    """Keeps a text with a layer: as its notes, which QGIS marks in the layer tree, and in its metadata's abstract."""
    QgsLayerNotesUtils.setLayerNotes(layer, html.escape(text).replace("\n", "<br>"))
    metadata = layer.metadata()
    metadata.setAbstract("\n\n".join(filter(None, (metadata.abstract(), text))))
    layer.setMetadata(metadata)
