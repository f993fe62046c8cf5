"""The whole road in one go: simulates a season, classifies it, diagnoses the map, leaves demo/ with a QGIS project.

`demo.py FOLDER` leaves it there. Uses the plugin's own algorithms, in a QGIS without a window and with a profile of
its own.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DEMO = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT / "demo"
SEED, SIZE, YEAR, CLOUDS = 7, 512, 2024, 0.1

SCRATCH = tempfile.mkdtemp(prefix="crop_demo_")  # a profile of its own; mkdtemp gives the mode 0700 Qt asks for
SCREEN = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
os.environ.update(QT_QPA_PLATFORM="offscreen", QGIS_CUSTOM_CONFIG_PATH=SCRATCH, XDG_RUNTIME_DIR=SCRATCH)
sys.path.insert(0, str(ROOT))

from qgis.core import (  # noqa: E402 - the environment comes first
    QgsApplication,
    QgsContrastEnhancement,
    QgsFillSymbol,
    QgsLayerTreeModel,
    QgsMapThemeCollection,
    QgsMultiBandColorRenderer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsReferencedRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from crop_classifier_plugin import assets, classFactory  # noqa: E402
from crop_classifier_plugin.shared.cards.card import Card  # noqa: E402
from crop_classifier_plugin.shared.cards.files import list_models, load_card  # noqa: E402


class Quiet(QgsProcessingFeedback):
    """One line that is written over on a terminal, warnings otherwise."""

    def __init__(self) -> None:
        super().__init__(False)
        self._terminal = sys.stdout.isatty()

    def setProgressText(self, text: str) -> None:
        if self._terminal:
            print(f"\r  {text}\033[K", end="", flush=True)

    def pushWarning(self, warning: str) -> None:
        print(f"  Warning: {warning}")


def run(title: str, algorithm: str, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
    """Runs one of the plugin's algorithms and loads its results into the project, as the toolbox does."""
    from processing.gui.Postprocessing import handleAlgorithmResults

    began, feedback = time.monotonic(), Quiet()
    made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
    valid, problem = made.checkParameterValues(parameters, context)
    if not valid:
        raise QgsProcessingException(problem)
    results, _ = made.run(parameters, context, feedback, {}, False)
    handleAlgorithmResults(made, context, QgsProcessingFeedback(False), results)
    clear = "\r\033[K" if sys.stdout.isatty() else ""
    print(f"{clear}{title} ({time.monotonic() - began:.0f} s)")
    return results


def context_of(project: QgsProject) -> QgsProcessingContext:
    context = QgsProcessingContext()
    context.setProject(project)
    return context


def opened(name: str, project: QgsProject) -> QgsProcessingOutputLayerDefinition:
    return QgsProcessingOutputLayerDefinition(str(DEMO / name), project)


def model() -> Card:
    """The shipped model that was trained on simulated seasons."""
    cards = [load_card(folder) for folder in list_models([assets.models()])]
    return next(card for card in cards if card.training.simulated and card.network == "lrtacf_net")


def dates(card: Card) -> list[str]:
    """Three in each window of the model, so that the clearest can be chosen, and two outside."""
    days = [day for w in card.inputs.dates.windows for day in (w.first + 6, (w.first + w.last) // 2, w.last - 6)]
    first = dt.date(YEAR, 1, 1)
    return [(first + dt.timedelta(day - 1)).isoformat() for day in sorted({*days, 75, 285})]


# --- the three steps -------------------------------------------------------------------------------------------------


def simulate(card: Card, project: QgsProject) -> dict[str, Any]:
    shutil.rmtree(DEMO / "season", ignore_errors=True)
    size = {"WIDTH": SIZE, "HEIGHT": SIZE, "YEAR": YEAR, "SEED": SEED, "CLOUD_SHARE": CLOUDS}
    chosen = {"DATES": ",".join(dates(card)), "SENTINEL1": False, "MODIS": False, "FOLDER": str(DEMO / "season")}
    return run(f"Simulated a season of {SIZE} x {SIZE} px", "simulate_season", size | chosen, context_of(project))


def classify(card: Card, season: dict[str, Any], project: QgsProject) -> dict[str, Any]:
    outputs = {"OUTPUT": opened("crop_map.tif", project), "CONFIDENCE": opened("confidence.tif", project)}
    inputs = {"INPUT": season["SCENES"], "MODEL": card.name}
    return run(f"Classified it with {card.title}", "classify_lrtacf_net", inputs | outputs, context_of(project))


def diagnose(crop_map: dict[str, Any], season: dict[str, Any], project: QgsProject) -> dict[str, Any]:
    inputs = {"MAP": crop_map["OUTPUT"], "REFERENCE": season["TRUTH"], "CONFIDENCE": crop_map["CONFIDENCE"]}
    outputs = {f"REPORT_{kind}": str(DEMO / f"accuracy.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    layers = {"AGREEMENT": opened("agreement.tif", project), "FOLDER": str(DEMO / "diagnosis")}
    return run("Diagnosed the map against the truth", "diagnose", inputs | outputs | layers, context_of(project))


# --- the project -----------------------------------------------------------------------------------------------------


def backdrop(season: dict[str, Any], crop_map: Path, project: QgsProject) -> None:
    """A true-colour scene and the parcels' outlines, below the results."""
    used = sorted(path for path in season["SCENES"] if "10m" in Path(path).name)
    scene = QgsRasterLayer(used[len(used) // 2], f"Scene {Path(used[len(used) // 2]).stem[-8:]} (simulated)")
    provider = scene.dataProvider()
    names = [provider.bandDescription(band) for band in range(1, scene.bandCount() + 1)]
    red, green, blue = (names.index(name) + 1 for name in ("B04", "B03", "B02"))
    scene.setRenderer(QgsMultiBandColorRenderer(provider, red, green, blue))
    stretch = QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    scene.setContrastEnhancement(stretch, QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    parcels = QgsVectorLayer(season["PARCELS"], "Parcels (simulated)")
    outline = QgsFillSymbol.createSimple({"style": "no", "outline_color": "#333333", "outline_width": "0.1"})
    parcels.setRenderer(QgsSingleSymbolRenderer(outline))
    for layer in (parcels, scene):
        project.addMapLayer(layer, False)
        project.layerTreeRoot().addLayer(layer)
    project.layerTreeRoot().findLayer(parcels.id()).setItemVisibilityChecked(False)


def themes(project: QgsProject) -> None:
    """Two views to switch between: the errors of a class, and the crop map, which is left open."""
    root = project.layerTreeRoot()
    errors, results = root.findGroups()  # the diagnosis came last, so it is on top
    tree = QgsLayerTreeModel(root)
    for shown, hidden, name in ((errors, results, "Errors"), (results, errors, "Crop map")):
        for group in (shown, hidden):
            group.setItemVisibilityChecked(group is shown)
            group.setExpanded(group is shown)
        root.children()[-1].setItemVisibilityChecked(shown is results)  # the scene would show between the errors
        project.mapThemeCollection().insert(name, QgsMapThemeCollection.createThemeFromCurrentState(root, tree))


def save(project: QgsProject, crop_map: str) -> Path:
    layer = QgsRasterLayer(crop_map)
    project.setTitle("Crop Classifier demo (simulated)")
    project.setCrs(layer.crs())
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(layer.extent(), layer.crs()))
    target = DEMO / "demo.qgz"
    if not project.write(str(target)):
        sys.exit(f"{target} could not be written: {project.error()}")
    return target


def make() -> Path:
    DEMO.mkdir(parents=True, exist_ok=True)
    project, card = QgsProject.instance(), model()
    season = simulate(card, project)
    crop_map = classify(card, season, project)
    accuracy = diagnose(crop_map, season, project)
    print(
        f"The map agrees with the simulated truth on {accuracy['OA']:.1%} of the pixels, "
        f"mean F1 {accuracy['MEAN_F1']:.2f}."
    )
    backdrop(season, Path(crop_map["OUTPUT"]), project)
    themes(project)
    return save(project, crop_map["OUTPUT"])


def offer(target: Path) -> None:
    """Opens QGIS on a machine with a display, if its user wants that."""
    qgis = shutil.which("qgis")
    if not (SCREEN and qgis and sys.stdin.isatty()):
        return
    if input("Open it in QGIS? [Y/n] ").strip().lower() in ("", "y", "yes"):
        own = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH")}
        subprocess.Popen([qgis, str(target)], env=own)


def main() -> None:
    app = QgsApplication([], False)
    app.initQgis()
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    Processing.initialize()
    plugin = classFactory(None)
    plugin.initProcessing()
    try:
        target = make()
    except QgsProcessingException as error:
        sys.exit(f"The demo stopped: {error}")
    finally:
        QgsProject.instance().clear()
        plugin.unload()
        app.exitQgis()
        shutil.rmtree(SCRATCH, ignore_errors=True)
    print(f"Maps, report (accuracy.html) and the QGIS project: {target}")
    offer(target)


if __name__ == "__main__":
    main()
