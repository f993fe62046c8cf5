"""The dates of a series as a table: what each has, and whether the chosen model reads it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsDateTimeRange, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QAbstractTableModel, QDate, QDateTime, QModelIndex, Qt, QTime, pyqtSignal
from qgis.PyQt.QtGui import QIcon

from ..common.ui import tr
from .plan import Row, path_of

HEADERS = ("Date", "Used", "Clear", "Bands", "Sensor")
_TOP = QModelIndex()
_MOST_BANDS = 3  # that are named; more are counted


class SceneTable(QAbstractTableModel):
    """A row a date. The date of scenes that are layers can be edited: it becomes the layers' own temporal range."""

    edited = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._windows: list[Row] = []
        self._read: set[str] = set()  # kinds of series that the model reads
        self._layers: list[list[str]] = []  # of each row, the ids of the layers that it is read from

    def show(self, rows: list[Row], model: Row, sources: list[str]) -> None:
        """`sources`: ids of layers and folders."""
        self.beginResetModel()
        self._rows, self._windows = rows, model.get("windows", [])
        bands = set(model.get("bands", ()))
        self._read = {kind for kind in ("optical", "radar", "index") if bands & _bands_of(rows, kind)}
        layers = {path_of(source): source for source in sources if QgsProject.instance().mapLayer(source)}
        self._layers = [[layers[path] for path in row["files"] if path in layers] for row in rows]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _TOP) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _TOP) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return tr(HEADERS[section])
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, name = self._rows[index.row()], HEADERS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._texts(row)[name]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, name)
        if role == Qt.ItemDataRole.DecorationRole and name == "Date" and row.get("thumbnail"):
            return QIcon(row["thumbnail"])
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        editable = index.column() == 0 and bool(self._layers[index.row()])
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Gives the layers of a row the date; False for a text that is none."""
        try:
            day = dt.date.fromisoformat(str(value).strip())
        except ValueError:
            return False
        for source in self._layers[index.row()]:
            set_date(QgsProject.instance().mapLayer(source), day)
        self.edited.emit()
        return True

    def layers(self, number: int) -> list[str]:
        """Ids of the layers that a row is read from."""
        return self._layers[number]

    def _texts(self, row: Row) -> dict[str, str]:
        bands, clear = row["bands"], row["clear"]
        several = tr("{} bands").format(len(bands))
        return {
            "Date": row["date"],
            "Sensor": ", ".join(row["sensors"]) or tr(row["series"]),
            "Bands": ", ".join(bands) if len(bands) <= _MOST_BANDS else several,
            "Clear": "" if clear is None else f"{clear:.0%}",
            "Used": self.use(row),
        }

    def _tip(self, row: Row, name: str) -> str:
        lacks = tr("\nlacks {}").format(", ".join(row["lacks"])) if row["lacks"] else ""
        tips = {
            "Date": "\n".join(Path(path).name for path in row["files"]),
            "Bands": ", ".join(row["bands"]) + lacks,
            "Clear": tr("Share of the pixels without cloud, by the mask {}").format(row["mask"]),
        }
        return tips.get(name, self._texts(row)[name])

    def use(self, row: Row) -> str:
        """Which window of the model the date fills, or why none; "" where no model is chosen."""
        if not self._windows:
            return ""
        if row["series"] not in self._read:
            return tr("no: not read by the model")
        inside = [n for n, w in enumerate(self._windows, 1) if w["first"] <= row["date"] <= w["last"]]
        used = [n for n in inside if row["date"] in self._windows[n - 1]["dates"]]
        if used:
            return tr("window {}").format(", ".join(map(str, used)))
        if not inside:
            return tr("no: outside the windows")
        return tr("no: lacks bands") if row["lacks"] else tr("no: window {} has a clearer date").format(inside[0])


def _bands_of(rows: list[Row], kind: str) -> set[str]:
    return {band for row in rows if row["series"] == kind for band in row["bands"]}


def set_date(layer: QgsRasterLayer, day: dt.date) -> None:
    """Makes a day the layer's temporal range, from which series take its date."""
    date = QDate(day.year, day.month, day.day)
    properties = layer.temporalProperties()
    properties.setMode(Qgis.RasterTemporalMode.FixedTemporalRange)
    begin, end = QDateTime(date, QTime(0, 0)), QDateTime(date, QTime(23, 59, 59))
    properties.setFixedTemporalRange(QgsDateTimeRange(begin, end))
    properties.setIsActive(True)
