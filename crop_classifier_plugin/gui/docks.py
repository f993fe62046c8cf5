"""The docks that the plugin adds to the window of QGIS."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt

from .main_dock.main_dock import MainDock
from .review.panel import ReviewPanel


def make_docks(iface: Any) -> list[QgsDockWidget]:
    """Adds them to the window, hidden, the main one first; each has close_down()."""
    dock = MainDock(iface)
    panel = ReviewPanel(iface, lambda: dock.plan.dates)
    dock.review.reviewing.connect(panel.open)
    panel.answered.connect(dock.review.refresh)
    panel.answered.connect(dock.refresh)
    iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, panel)
    for each in (dock, panel):
        each.hide()
    return [dock, panel]
