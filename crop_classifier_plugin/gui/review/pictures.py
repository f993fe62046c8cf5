"""Small pictures of a unit on the clearest dates of the series, rendered aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from qgis.core import (
    Qgis,
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsMapRendererCustomPainterJob,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRectangle,
    QgsTask,
)
from qgis.PyQt.QtCore import QObject, QPointF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from ..common.background import Latest

Row = dict[str, Any]
COUNT, SIDE = 6, 110  # pictures, and their px (choice)
COLOURS = {"true": ("B04", "B03", "B02"), "false": ("B08", "B04", "B03")}
_AROUND = 1.6  # times the unit's box that is shown (choice)
_LEAST = 200.0  # m, of the side of a picture (choice)
_STRETCH = QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
_LIMITS = QgsRasterMinMaxOrigin.Limits.CumulativeCut  # 2 to 98 %
_SAMPLE = 20_000  # px that the stretch is counted from
_OUTLINE = QColor("#ffeb3b")


@dataclass(frozen=True)
class Place:
    """A unit's geometry and the CRS that it is in."""

    geometry: QgsGeometry
    crs: QgsCoordinateReferenceSystem

    def in_crs(self, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
        moved = QgsGeometry(self.geometry)
        moved.transform(QgsCoordinateTransform(self.crs, crs, QgsProject.instance()))
        return moved

    def square(self, crs: QgsCoordinateReferenceSystem) -> QgsRectangle:
        """A square around the unit, in metres where the CRS has them."""
        box = self.in_crs(crs).boundingBox()
        least = _LEAST if not crs.isGeographic() else _LEAST / 111_000
        half = max(box.width(), box.height(), least) * _AROUND / 2
        middle = box.center()
        return QgsRectangle(middle.x() - half, middle.y() - half, middle.x() + half, middle.y() + half)


class Pictures(QObject):
    """Emits `ready` with a list of (date, image) for the newest unit that was asked for."""

    ready = pyqtSignal(list)

    def __init__(self) -> None:
        super().__init__()
        self._latest = Latest()
        self._latest.answered.connect(lambda made: self.ready.emit(made or []))

    def ask(self, place: Place, dates: list[Row], colours: str) -> None:
        """Renders in the background; an earlier question is dropped."""
        self.drop()
        chosen = clearest(dates, COLOURS[colours])
        if not chosen:
            self.ready.emit([])
        else:
            self._latest.ask(_render, place=place, rows=chosen, bands=COLOURS[colours])

    def drop(self) -> None:
        """Forgets the question."""
        self._latest.drop()


def clearest(dates: list[Row], bands: tuple[str, ...]) -> list[Row]:
    """The clearest dates that have the bands, by date."""
    having = [row for row in dates if all(band in row.get("where", {}) for band in bands)]
    best = sorted(having, key=lambda row: -(row["clear"] if row["clear"] is not None else 1.0))[:COUNT]
    return sorted(best, key=lambda row: row["date"])


def _render(task: QgsTask, place: Place, rows: list[Row], bands: tuple[str, ...]) -> list[tuple[str, QImage]]:
    made = []
    for row in rows:
        if task.isCanceled():
            return []
        image = _image(row, place, bands)
        if image is not None:
            made.append((row["date"], image))
    return made


def _image(row: Row, place: Place, bands: tuple[str, ...]) -> Optional[QImage]:
    """None for bands of several files, or of one that cannot be opened."""
    paths = {row["where"][band][0] for band in bands}
    layer = QgsRasterLayer(paths.pop(), "", "gdal", QgsRasterLayer.LayerOptions(False))  # a style would count it all
    if paths or not layer.isValid():
        return None
    square = place.square(layer.crs())
    image = coloured(layer, [row["where"][band][1] for band in bands], square)
    _outline(image, place.in_crs(layer.crs()), square)
    return image


def coloured(layer: QgsRasterLayer, numbers: list[int], square: QgsRectangle) -> QImage:
    """A part of a raster by three of its bands, stretched to what lies there.

    Its data provider is left to QGIS: Python loses the providers of layers that are made in another thread.
    """
    layer.setRenderer(QgsMultiBandColorRenderer(None, *numbers))
    layer.setContrastEnhancement(_STRETCH, _LIMITS, square, _SAMPLE)
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setExtent(square)
    image = QImage(SIDE, SIDE, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QgsMapRendererCustomPainterJob(settings, painter).renderSynchronously()
    painter.end()
    return image


def _outline(image: QImage, geometry: QgsGeometry, square: QgsRectangle) -> None:
    scale = SIDE / square.width()
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_OUTLINE, 1.6))
    for part in geometry.asGeometryCollection():
        for ring in part.asPolygon() if part.type() == Qgis.GeometryType.Polygon else ():
            points = [((p.x() - square.xMinimum()) * scale, (square.yMaximum() - p.y()) * scale) for p in ring]
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))
    painter.end()
