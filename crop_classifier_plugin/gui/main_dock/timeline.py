"""The dates of a series on a line, over the windows of the chosen model; long gaps are hatched."""

from __future__ import annotations

import datetime as dt

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from qgis.PyQt.QtWidgets import QWidget

from .plan import Row

GAP = 30  # days without a date, and longer, are hatched (choice)
_EDGE, _HIGH = 8, 46  # px
_KINDS = {"optical": QColor("#38761d"), "radar": QColor("#1155cc"), "index": QColor("#7f6000")}
_WINDOW = QColor(246, 178, 107, 90)


class Timeline(QWidget):
    """Clear dates are filled, clouded ones hollow: the filled part of a dot is its clear share."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._windows: list[Row] = []
        self.setMinimumHeight(_HIGH)

    def sizeHint(self) -> QSize:
        return QSize(300, _HIGH)

    def show_dates(self, rows: list[Row], windows: list[Row]) -> None:
        """Draws anew."""
        self._rows, self._windows = rows, windows
        gaps = ", ".join(f"{first} - {last}" for first, last in self.gaps())
        self.setToolTip(gaps)
        self.update()

    def gaps(self) -> list[tuple[dt.date, dt.date]]:
        """Stretches of GAP days and more between two dates."""
        days = sorted({_day(row["date"]) for row in self._rows})
        return [(a, b) for a, b in zip(days, days[1:]) if (b - a).days >= GAP]

    def paintEvent(self, event: QPaintEvent) -> None:
        days = [_day(row["date"]) for row in self._rows]
        if not days:
            return
        edges = [*days, *(_day(w[key]) for w in self._windows for key in ("first", "last"))]
        self._first, self._span = min(edges), max((max(edges) - min(edges)).days, 1)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_windows(painter)
        self._draw_gaps(painter)
        self._draw_months(painter)
        for row, day in zip(self._rows, days):
            self._draw_date(painter, row, day)
        painter.end()

    def _x(self, day: dt.date) -> float:
        return _EDGE + (self.width() - 2 * _EDGE) * (day - self._first).days / self._span

    def _draw_windows(self, painter: QPainter) -> None:
        for window in self._windows:
            left, right = self._x(_day(window["first"])), self._x(_day(window["last"]))
            painter.fillRect(QRectF(left, 2, max(right - left, 1), _HIGH - 18), _WINDOW)

    def _draw_gaps(self, painter: QPainter) -> None:
        hatched = QBrush(self.palette().mid().color(), Qt.BrushStyle.BDiagPattern)
        for first, last in self.gaps():
            left, right = self._x(first), self._x(last)
            painter.fillRect(QRectF(left, 10, right - left, 12), hatched)

    def _draw_months(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.palette().text().color()))
        line = _HIGH - 14.0
        painter.drawLine(QPointF(_EDGE, line), QPointF(self.width() - _EDGE, line))
        day = self._first.replace(day=1)
        last = self._first + dt.timedelta(self._span)
        step = 1 + self._span // 400
        while day <= last:
            if day >= self._first and (day.month - 1) % step == 0:
                painter.drawText(QPointF(self._x(day), _HIGH - 2.0), f"{day:%b}")
                painter.drawLine(QPointF(self._x(day), line), QPointF(self._x(day), line + 3))
            day = (day + dt.timedelta(32)).replace(day=1)

    def _draw_date(self, painter: QPainter, row: Row, day: dt.date) -> None:
        colour = _KINDS[row["series"]]
        middle = QPointF(self._x(day), 10.0 if row["series"] != "radar" else 24.0)
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(middle, 4, 4)
        share = 1.0 if row["clear"] is None else row["clear"]
        painter.setBrush(QBrush(colour))
        painter.drawPie(QRectF(middle.x() - 4, middle.y() - 4, 8, 8), 90 * 16, -round(360 * 16 * share))


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
