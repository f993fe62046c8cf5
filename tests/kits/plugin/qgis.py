"""What the plugin's tests do with QGIS: run algorithms, listen to them, read rasters."""

import time
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsPalettedRasterRenderer,
    QgsProcessingAlgRunnerTask,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QEventLoop, QTimer


def plugged_in():
    """The plugin with its provider registered, as qgis_process has it."""
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    return plugin


class Recorder(QgsProcessingFeedback):
    """Remembers what it is told. `cancel_at`: presses Cancel once that much progress is seen."""

    def __init__(self, cancel_at=None):
        super().__init__(False)
        self.percents, self.texts, self.infos, self.warnings, self.errors, self.details = [], [], [], [], [], []
        self.progressChanged.connect(lambda percent: self._moved(percent, cancel_at))

    def _moved(self, percent, cancel_at):
        self.percents.append(percent)
        if cancel_at is not None and percent >= cancel_at:
            self.cancel()

    def setProgressText(self, text):
        self.texts.append(text)

    def pushInfo(self, info):
        self.infos.append(info)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def pushDebugInfo(self, info):
        self.details.append(info)

    def reportError(self, error, fatalError=False):
        self.errors.append(error)


SIZE = 160  # px: more than a tile, and no multiple of one


def run(algorithm, parameters, context, feedback=None):
    """As processing.run does it, without taking the layers out of the context."""
    made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
    ok, message = made.checkParameterValues(parameters, context)
    if not ok:
        raise QgsProcessingException(message)
    results, ok = made.run(parameters, context, feedback or QgsProcessingFeedback(), {}, False)
    assert ok
    return results


def values(path, band=1):
    """Every value of a band, row by row."""
    layer = QgsRasterLayer(str(path))
    provider = layer.dataProvider()
    block = provider.block(band, provider.extent(), provider.xSize(), provider.ySize())
    return [int(block.value(i)) for i in range(provider.xSize() * provider.ySize())]


def diagnosis(folder):
    """The outputs that a diagnosis must be given."""
    reports = {f"REPORT_{kind}": str(folder / f"report.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    return reports | {"AGREEMENT": str(folder / "agreement.tif"), "FOLDER": str(folder / "classes")}


class Run:
    """The algorithm in a task of QGIS's task manager, while this thread's event loop goes on."""

    def __init__(self, parameters, context, feedback, cancel_after=None, algorithm="simulate_season"):
        self.ticks, self.ok, self.results = 0, None, None
        self.seen = []
        loop = QEventLoop()
        beat = QTimer()
        beat.timeout.connect(self._beat)
        beat.start(20)
        made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
        self.task = QgsProcessingAlgRunnerTask(made, parameters, context, feedback)
        self.task.executed.connect(self._executed)
        self.task.executed.connect(loop.quit)
        self.task.progressChanged.connect(self.seen.append)
        QgsApplication.taskManager().addTask(self.task)
        if cancel_after is not None:
            QTimer.singleShot(int(1000 * cancel_after), self._cancel)
        QTimer.singleShot(20_000, loop.quit)
        loop.exec()

    def _beat(self):
        self.ticks += 1

    def _cancel(self):
        self.cancelled = time.monotonic()
        self.task.cancel()

    def _executed(self, ok, results):
        self.ended, self.ok, self.results = time.monotonic(), ok, results


def labels(path):
    """The legend that a bare QGIS shows for a raster, without the .qml beside it."""
    style = Path(path).with_suffix(".qml")
    style.unlink()
    layer = QgsRasterLayer(str(path))
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    return [c.label for c in layer.renderer().classes()]
