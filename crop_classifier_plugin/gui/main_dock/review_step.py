"""Step 5: how right the map is, and what is worth a look."""

from __future__ import annotations

from collections import Counter
from typing import Optional

from qgis.core import (
    Qgis,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsPalettedRasterRenderer,
    QgsProcessing,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QWidget

from ...shared.review_table import ANSWERED, OPEN
from ..common.background import Run, RunQueue
from ..common.step import Step
from ..common.ui import load_form, show_fields, tr
from .plan import Row

_PROBABILITIES = "PROBABILITIES"


class ReviewStep(QWidget):
    """Map, parcels, and one button for each thing that can be known of them."""

    reviewing = pyqtSignal(object)  # the layer whose review begins

    def __init__(self, queue: RunQueue) -> None:
        super().__init__()
        load_form(self, "review_step")
        self._queue = queue
        self._companions: dict[str, Row] = {}  # path of a map -> what its run left beside it
        self.error = ""
        self.map.setFilters(Qgis.LayerFilter.RasterLayer)
        self.parcels.setFilters(Qgis.LayerFilter.PolygonLayer)
        self.parcels.layerChanged.connect(self._take_layer)
        self.map.layerChanged.connect(lambda _: self.refresh())
        self.diagnose.clicked.connect(self.start_diagnosis)
        self.summary.clicked.connect(self.start_summary)
        self.list.clicked.connect(self.start_list)
        self.start.clicked.connect(lambda: self.reviewing.emit(self.review()))
        self.bring.clicked.connect(self.start_bringing_back)
        queue.changed.connect(self.refresh)
        QgsProject.instance().layersAdded.connect(self._offer_maps)
        QgsProject.instance().layersRemoved.connect(self.refresh)
        self._offer_maps()
        self._take_layer(self.parcels.currentLayer())

    def take_map(self, run: Run) -> None:
        """Chooses the map that a run made, and remembers what lies beside it."""
        path = run.results.get("OUTPUT", "")
        self._companions[path] = run.results
        for layer in QgsProject.instance().mapLayers().values():
            if layer.source() == path:
                self.map.setLayer(layer)
        self.refresh()

    def _offer_maps(self, *_: object) -> None:
        """Only rasters of classes can be judged."""
        every = QgsProject.instance().mapLayers().values()
        self.map.setExceptedLayerList([layer for layer in every if not is_class_map(layer)])

    def _take_layer(self, layer: Optional[QgsVectorLayer]) -> None:
        show_fields(self.field, layer, "crop|class|declared|culture")
        self.refresh()

    def close_down(self) -> None:
        """Lets go of the project."""
        QgsProject.instance().layersAdded.disconnect(self._offer_maps)
        QgsProject.instance().layersRemoved.disconnect(self.refresh)

    # --- runs --------------------------------------------------------------------------------------------------------

    def start_diagnosis(self) -> Run:
        """The report opens when it is done."""
        asked = {"MAP": self.map.currentLayer().id(), "REFERENCE_VECTOR": self.parcels.currentLayer().id()}
        asked |= {"FIELD": self.field.currentField(), "AGREEMENT": _opened(), "FOLDER": QgsProcessing.TEMPORARY_OUTPUT}
        return self._start("diagnose", {**asked, **_reports()}, self._show_report)

    def start_summary(self) -> Run:
        """The parcels open by crop; the report of their accuracy when they are declared."""
        return self._start("parcel_summary", {**self._judged(), "SUMMARY": _opened(), **_reports()}, self._show_report)

    def start_list(self) -> Run:
        """A layer with a form for the answers."""
        return self._start("review_list", {**self._judged(), "REVIEW": _opened()}, self._after)

    def start_bringing_back(self) -> Run:
        """Of the newest review in the project."""
        asked = {"MAP": self.map.currentLayer().id(), "REVIEW": self.review().id()}
        return self._start(
            "apply_review", {**asked, "CORRECTED": _opened(), "LABELS": _opened(), **_reports()}, self._show_report
        )

    def _judged(self) -> Row:
        layer = self.map.currentLayer()
        beside = self._companions.get(layer.source(), {})
        more = {_PROBABILITIES: beside[_PROBABILITIES]} if beside.get(_PROBABILITIES) else {}
        asked = {"MAP": layer.id(), "PARCELS": self.parcels.currentLayer().id(), **more}
        return {**asked, "DECLARED": self.field.currentField()} if self.field.currentField() else asked

    def _start(self, algorithm: str, parameters: Row, done) -> Run:
        self.error = ""
        return self._queue.add(Run(algorithm, parameters), done)

    def _after(self, run: Run) -> None:
        self.error = run.error
        self.refresh()

    def _show_report(self, run: Run) -> None:
        self._after(run)
        if run.ok and run.results.get("REPORT_HTML"):
            QDesktopServices.openUrl(QUrl.fromLocalFile(run.results["REPORT_HTML"]))

    # --- what is shown -----------------------------------------------------------------------------------------------

    def review(self) -> Optional[QgsVectorLayer]:
        """The newest review list of the project."""
        found = [layer for layer in QgsProject.instance().mapLayers().values() if is_review(layer)]
        return found[-1] if found else None

    def refresh(self, *_: object) -> None:
        """Buttons, and how far the review is."""
        judged = self.map.currentLayer() is not None and self.parcels.currentLayer() is not None
        for button in (self.diagnose, self.summary, self.list):
            button.setEnabled(judged)
        self.diagnose.setEnabled(judged and bool(self.field.currentField()))
        self.start.setEnabled(self.review() is not None)
        self.bring.setEnabled(self.map.currentLayer() is not None and self.review() is not None)
        self.told.setText(self.error or self._progress())

    def _progress(self) -> str:
        layer = self.review()
        if layer is None:
            return ""
        place = layer.fields().indexOf("status")
        request = QgsFeatureRequest().setSubsetOfAttributes([place])
        request.setFlags(Qgis.FeatureRequestFlag.NoGeometry)
        states = Counter(str(feature.attribute(place)) for feature in layer.getFeatures(request))
        answered = sum(states[state] for state in ANSWERED)
        return tr("{} of {} units are to look at, {} answered.").format(states[OPEN], sum(states.values()), answered)

    def tell(self, step: Step) -> None:
        """One line about the judgement."""
        if self.error:
            step.tell("wrong", self.error)
        elif self.map.currentLayer() is None:
            step.tell("missing", tr("Waits for a map."))
        elif self.parcels.currentLayer() is None:
            step.tell("missing", tr("Add a layer of parcels to judge the map by."))
        else:
            step.tell("ok", self._progress() or tr("No review list yet."))


def is_class_map(layer: QgsMapLayer) -> bool:
    """Whether a layer shows classes."""
    return isinstance(layer, QgsRasterLayer) and isinstance(layer.renderer(), QgsPalettedRasterRenderer)


def is_review(layer: QgsMapLayer) -> bool:
    """Whether a layer has the table that a review fills in."""
    wanted = {"uid", "status", "review_name", "base_sha256"}
    return isinstance(layer, QgsVectorLayer) and wanted <= {field.name() for field in layer.fields()}


def _opened() -> QgsProcessingOutputLayerDefinition:
    return QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())


def _reports() -> Row:
    return dict.fromkeys(("REPORT_HTML", "REPORT_JSON", "REPORT_CSV"), QgsProcessing.TEMPORARY_OUTPUT)
