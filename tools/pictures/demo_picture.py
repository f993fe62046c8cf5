"""The picture of the README: the demo's project in QGIS, the crop map beside the errors of a class.

`demo_picture.py DEMO [PICTURE]`: DEMO is the folder that demo.py left. Needs qgis and xvfb-run; a profile of its own is
made for it and thrown away.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

WIDTH, HEIGHT = 1400, 830
KEPT = ("mFileToolBar", "mMapNavToolBar", "Crop Classifier")  # tool bars
SECONDS = 150  # for QGIS to open, draw and close


def inside() -> None:
    """In QGIS: arranges the window, draws, saves it, and ends QGIS."""
    from qgis.core import QgsProject
    from qgis.PyQt.QtCore import QTimer
    from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QToolBar
    from qgis.utils import iface

    window = iface.mainWindow()

    def arrange() -> None:
        for bar in window.findChildren(QToolBar):
            bar.setVisible(bar.objectName() in KEPT or "rop" in bar.windowTitle())
        for dock in window.findChildren(QDockWidget):
            dock.setVisible(dock.objectName() == "Layers")
        window.setGeometry(0, 0, WIDTH, HEIGHT)
        beside = iface.createNewMapCanvas("Errors: Winter wheat")
        beside.setTheme("Errors")
        dock = next(d for d in window.findChildren(QDockWidget) if d.isAncestorOf(beside))
        dock.setFloating(False)
        layers = next(d for d in window.findChildren(QDockWidget) if d.objectName() == "Layers")
        window.resizeDocks([layers, dock], [345, 480], 1)  # Qt.Horizontal
        extent = iface.mapCanvas().extent()
        extent.scale(0.6)
        for canvas in (iface.mapCanvas(), beside):
            canvas.setExtent(extent)
            canvas.refresh()
        QTimer.singleShot(15_000, save)

    def save() -> None:
        iface.messageBar().clearWidgets()
        iface.setActiveLayer(None)
        iface.layerTreeView().clearSelection()
        window.grab().save(os.environ["DEMO_PICTURE"])
        QgsProject.instance().setDirty(False)
        QApplication.instance().exit(0)
        os._exit(0)

    QTimer.singleShot(15_000, arrange)


def main() -> None:
    from in_qgis import ROOT, run_in_qgis  # beside this file, which QGIS runs from elsewhere

    demo = Path(sys.argv[1]).absolute() / "demo.qgz"
    picture = Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else ROOT / "resources" / "images" / "demo.png"
    run_in_qgis(__file__, {"DEMO_PICTURE": str(picture)}, SECONDS, str(demo))
    print(f"Saved {picture}: look at it.")


if "DEMO_PICTURE" in os.environ:
    inside()
elif __name__ == "__main__":
    main()
