"""The demo says little, and its project opens with everything in it."""

import os
import subprocess
import sys

from qgis.core import QgsProject

from kits.paths import REPOSITORY


def test_demo_leaves_a_project_that_opens(engine, card, tmp_path):
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "tools" / "demo.py"), str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "CROP_CLASSIFIER_PYTHON": str(engine)},
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) <= 6
    assert str(folder / "demo.qgz") in done.stdout
    project = QgsProject()
    assert project.read(str(folder / "demo.qgz"))
    assert all(layer.isValid() for layer in project.mapLayers().values())
    groups = {g.name(): [node.name() for node in g.findLayers()] for g in project.layerTreeRoot().findGroups()}
    assert groups.pop("Errors of crop_map")[-1] == "Agreement"
    assert list(groups.values()) == [["Crop map", "Confidence"]]
    assert set(project.mapThemeCollection().mapThemes()) == {"Crop map", "Errors"}
    assert project.viewSettings().defaultViewExtent().width() > 0
    assert "kappa" in (folder / "accuracy.html").read_text().lower()
    project.clear()
