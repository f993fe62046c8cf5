"""The docks that the plugin adds to the window of QGIS."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt

from .main_dock.main_dock import MainDock


def make_docks(iface: Any) -> list[QgsDockWidget]:
    """Adds them to the window, hidden; each has close_down()."""
    dock = MainDock(iface)
    iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    dock.hide()
    return [dock]
