"""Step 4: where the model maps, what that takes, and the run itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProcessing,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..common.background import Run, RunQueue
from ..common.step import Step
from ..common.ui import load_form, tr
from .plan import Plan, Row

_SETTLED = 800  # ms that the map window must stand still before its forecast is made (choice)
PREVIEW = 512  # px, side of the square that a preview maps (choice)


class RunStep(QWidget):
    """Extent, forecast, preview, run, cancel. `mapped` comes with each map that was made."""

    mapped = pyqtSignal(object)  # the run

    def __init__(self, plan: Plan, queue: RunQueue, canvas: Any) -> None:
        """`canvas`: QGIS's map canvas."""
        super().__init__()
        load_form(self, "run_step")
        self._plan, self._queue, self._canvas = plan, queue, canvas
        self._foreseeing: Optional[Run] = None
        self.forecast: Row = {}
        self.error = ""
        self.area.setFilters(Qgis.LayerFilter.PolygonLayer)
        self.polygons.toggled.connect(self.area.setEnabled)
        self.area.layerChanged.connect(lambda _: self.foresee() if self.polygons.isChecked() else None)
        self._moved = QTimer(self)
        self._moved.setSingleShot(True)
        self._moved.setInterval(_SETTLED)
        self._moved.timeout.connect(self.foresee)
        canvas.extentsChanged.connect(self._follow)
        for button in (self.whole, self.canvas, self.polygons, self.fill):
            button.toggled.connect(self.foresee)
        self.preview.clicked.connect(self.start_preview)
        self.run.clicked.connect(self.start_run)
        self.options.clicked.connect(self._open_dialog)
        self.cancel.clicked.connect(queue.cancel)
        plan.changed.connect(self.foresee)
        plan.chosen.connect(self.foresee)
        queue.changed.connect(self.refresh)
        self.refresh()

    # --- what a run would take ---------------------------------------------------------------------------------------

    def foresee(self) -> None:
        """Asks the engine what a run of the chosen model would take; an earlier question is dropped."""
        self.forecast, self.error = {}, ""
        self.stop()
        model = self._plan.model
        if model and not model["refused"] and not self._plan.busy:
            asked = {**self._box(), "INPUT": self._plan.sources, "MODEL_FOLDER": model["folder"]}
            asked |= {"CLEAR": False, "MODELS": False, "FILL": self.fill.isChecked()}
            run = Run("describe_series", {**asked, "REPORT_JSON": QgsProcessing.TEMPORARY_OUTPUT}, shown=False)
            self._foreseeing = run
            run.ended.connect(self._read)
            run.start()
        self.refresh()

    def _follow(self) -> None:
        """Of the map window, once it stands still."""
        if self.canvas.isChecked():
            self._moved.start()

    def stop(self) -> None:
        """Drops the question that is under way."""
        if self._foreseeing is not None:
            self._foreseeing.cancel()
            self._foreseeing = None

    def _read(self, run: Run) -> None:
        if run is not self._foreseeing:
            return
        self._foreseeing = None
        if run.ok:
            text = Path(run.results["REPORT_JSON"]).read_text(encoding="utf-8")
            self.forecast = json.loads(text)["forecast"]
        self.error = run.error
        self.refresh()

    def _box(self) -> Row:
        """EXTENT of what is to be mapped: of polygons the box around them, so that the forecast is no smaller."""
        place = self.place()
        if "AREA" in place:
            layer = self.area.currentLayer()
            return {"EXTENT": text_of(layer.extent(), layer.crs())}
        return place

    def place(self) -> Row:
        """EXTENT or AREA of what is to be mapped; {} for everything."""
        if self.canvas.isChecked():
            return {"EXTENT": text_of(self._canvas.extent(), self._canvas.mapSettings().destinationCrs())}
        if self.polygons.isChecked() and self.area.currentLayer() is not None:
            return {"AREA": self.area.currentLayer().id()}
        return {}

    # --- the run -----------------------------------------------------------------------------------------------------

    def parameters(self) -> Row:
        """Of the classification that is set here."""
        model = self._plan.model
        project = QgsProject.instance()
        asked = {**self._plan.inputs(model), "MODEL_FOLDER": model["folder"], **self.place()}
        wanted = {"OUTPUT": True, "CONFIDENCE": self.confidence.isChecked()}
        wanted["PROBABILITIES"] = self.probabilities.isChecked()
        outputs = {
            name: QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, project)
            for name, yes in wanted.items()
            if yes
        }
        return {**asked, "FILL": self.fill.isChecked(), **outputs}

    def start_run(self) -> Run:
        """Maps the crops, after the runs that wait."""
        return self._start(self.parameters(), tr("Map the crops"))

    def start_preview(self) -> Optional[Run]:
        """Maps a square in the middle of the canvas."""
        extent = self.preview_extent()
        if extent is None:
            self.running.setText(tr("The map window does not show the series: zoom to it first."))
            return None
        asked = {key: value for key, value in self.parameters().items() if key not in ("AREA", "PROBABILITIES")}
        return self._start({**asked, "EXTENT": extent}, tr("Preview"))

    def preview_extent(self) -> Optional[str]:
        """A square around the canvas's middle, in the grid of the series; None where that lies elsewhere."""
        grid = self._plan.description["grid"]
        crs = QgsCoordinateReferenceSystem(grid["crs"])
        own = self._canvas.mapSettings().destinationCrs()
        try:
            middle = QgsCoordinateTransform(own, crs, QgsProject.instance()).transform(self._canvas.extent().center())
        except QgsCsException:
            return None
        half = PREVIEW / 2 * grid["pixel"]
        box = QgsRectangle(middle.x() - half, middle.y() - half, middle.x() + half, middle.y() + half)
        x0, y0, x1, y1 = grid["bounds"]
        return text_of(box, crs) if box.intersects(QgsRectangle(x0, y0, x1, y1)) else None

    def _start(self, parameters: Row, title: str) -> Run:
        run = Run("classify_model", parameters, title)
        run.progressed.connect(self._show_progress)
        self._queue.add(run, self._ended)
        return run

    def _ended(self, run: Run) -> None:
        self.running.setText(run.error or (tr("Cancelled.") if run.cancelled else tr("Done: {}.").format(run.title)))
        self.refresh()
        if run.ok:
            self.mapped.emit(run)

    def _show_progress(self, percent: float, text: str) -> None:
        self.progress.setValue(round(percent))
        waiting = tr(" ({} more wait)").format(self._queue.waiting) if self._queue.waiting else ""
        self.running.setText(text + waiting)

    def _open_dialog(self) -> None:
        from processing import execAlgorithmDialog

        execAlgorithmDialog("cropclassifier:classify_model", self.parameters() if self._plan.model else {})

    # --- what is shown -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Buttons, forecast and progress."""
        ready = bool(self._plan.model) and not self._plan.model["refused"]
        for button in (self.preview, self.run, self.options):
            button.setEnabled(ready)
        running = self._queue.current is not None
        self.progress.setVisible(running)
        self.cancel.setEnabled(running)
        if not running:
            self.progress.setValue(0)
        self.foreseen.setText(self.error or sentence(self.forecast))
        self.foreseen.setVisible(bool(self.foreseen.text()))

    def tell(self, step: Step) -> None:
        """One line about the run."""
        if self._queue.current is not None:
            step.tell("busy", self._queue.current.title)
        elif not self._plan.model:
            step.tell("missing", tr("Waits for a model."))
        elif self.error or self._plan.model["refused"]:
            step.tell("wrong", self.error or self._plan.model["refused"])
        else:
            step.tell("ok" if self.forecast else "busy", sentence(self.forecast) or tr("Foreseeing the run..."))


def text_of(box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> str:
    """As Processing writes an extent."""
    edges = (box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum())
    return f"{','.join(f'{edge:.10g}' for edge in edges)} [{crs.authid()}]"


def sentence(forecast: Row) -> str:
    """'12.0 Mpx, 120,000 ha, about 40 s, 300 MB on cpu; 11 % without a class'."""
    if not forecast:
        return ""
    seconds = forecast["seconds"]
    time = tr("{:.0f} min").format(seconds / 60) if seconds >= 90 else tr("{:.0f} s").format(max(seconds, 1))
    memory = f", {forecast['memory_mib']:.0f} MB" if forecast["memory_mib"] else ""
    said = tr("{:.1f} Mpx, {:,.0f} ha, about {}{} on {}").format(
        forecast["pixels"] / 1e6, forecast["hectares"], time, memory, forecast["device"]
    )
    return said + (tr("; {:.0%} without a class").format(forecast["holes"]) if forecast["holes"] >= 0.005 else "")
