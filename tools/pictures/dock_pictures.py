"""The pictures of the guide: the docks in QGIS, from dated layers to a review. `dock_pictures.py`, or `make shots`.

A season is simulated, its scenes are opened, and the docks are used as a person does, up to four answers of a review.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 400  # for all of it
LIMIT = 150.0  # s that a step may take


def inside(season: Path, pictures: Path) -> None:
    """In QGIS: uses the docks, saves pictures, and ends QGIS."""
    from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
    from qgis.PyQt.QtCore import Qt
    from qgis.PyQt.QtTest import QTest
    from qgis.PyQt.QtWidgets import QApplication, QDockWidget
    from qgis.utils import iface, plugins

    window, project = iface.mainWindow(), QgsProject.instance()
    dock, panel = plugins["crop_classifier_plugin"].docks

    def wait(until: Callable[[], object], seconds: float = LIMIT) -> None:
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.02)

    def save(name: str) -> None:
        wait(lambda: False, 3)
        iface.messageBar().clearWidgets()
        window.grab().save(str(pictures / name))

    window.setGeometry(0, 0, 1400, 830)
    for other in window.findChildren(QDockWidget):
        other.setVisible(other.objectName() == "Layers")
    dock.show()
    for path in sorted(season.glob("S[12]_*.tif")):
        project.addMapLayer(QgsRasterLayer(str(path), path.stem), path.stem == "S2_10m_20240420")
    parcels = QgsVectorLayer(str(season / "parcels.gpkg"), "parcels")
    project.addMapLayer(parcels)
    iface.mapCanvas().setDestinationCrs(parcels.crs())
    iface.mapCanvas().setExtent(parcels.extent())
    dock.series.add_layers.click()
    wait(lambda: dock.plan.models)
    dock.steps[1].open(True)
    wait(lambda: dock.run.forecast)
    save("dock.png")
    dock.run.probabilities.setChecked(True)
    dock.run.run.click()
    wait(lambda: dock.queue.current is None)
    dock.review.list.click()
    wait(lambda: dock.queue.current is None)
    for step in dock.steps[:2]:
        step.open(False)
    dock.steps[4].open(True)
    dock.review.start.click()
    QApplication.setActiveWindow(window)
    panel.form.accept.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_D, Qt.Key.Key_V, Qt.Key.Key_A):
        wait(lambda: False, 2)
        QTest.keyClick(panel.form.accept, key)
    save("review.png")
    os._exit(0)


def main() -> None:
    from in_qgis import ROOT, run_in_qgis  # beside this file, which QGIS runs from elsewhere

    pictures = ROOT / "docs" / "guide"
    with tempfile.TemporaryDirectory(prefix="crop_season_") as season:
        engine = [str(ROOT / ".engine" / "bin" / "python"), "-m", "crop_classifier_plugin.engine"]
        subprocess.run([*engine, "simulate-season", "--out", season, "--no-modis"], cwd=ROOT, check=True)
        run_in_qgis(__file__, {"DOCK_PICTURES": str(pictures), "DOCK_SEASON": season}, SECONDS)
    print(f"Saved pictures in {pictures}: look at them.")


if "DOCK_PICTURES" in os.environ:
    from qgis.PyQt.QtCore import QTimer

    QTimer.singleShot(5_000, lambda: inside(Path(os.environ["DOCK_SEASON"]), Path(os.environ["DOCK_PICTURES"])))
elif __name__ == "__main__":
    sys.exit(main())
