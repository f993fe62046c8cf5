"""Step 3: a model of one's own, on labels of this place."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Optional

from qgis.core import (
    Qgis,
    QgsFeatureRequest,
    QgsFeatureSource,
    QgsTask,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ...bridge.shipped_models import own_models
from ...shared.networks import NETWORKS
from ..common.background import Latest, Run, RunQueue
from ..common.step import Step
from ..common.ui import load_form, show_fields, tr
from .plan import Plan, Row

OFFERED = {"random_forest": "train_random_forest", "lrtacf_net": "train_lrtacf_net", "cropsts": "train_cropsts"}
_FEWEST = 3  # parcels of a class, as the trainings ask


class TrainStep(QWidget):
    """Labels, network, name. `trained` comes with the folder of a new model."""

    trained = pyqtSignal(str)

    def __init__(self, plan: Plan, queue: RunQueue) -> None:
        super().__init__()
        load_form(self, "train_step")
        self._plan, self._queue = plan, queue
        self._counting = Latest()
        self._counting.answered.connect(self._take_counts)
        self.counts: Counter[str] = Counter()
        self.error = ""
        self.labels.setFilters(Qgis.LayerFilters(Qgis.LayerFilter.PolygonLayer | Qgis.LayerFilter.PointLayer))
        for name in OFFERED:
            self.network.addItem(NETWORKS[name].name, name)
        self.labels.layerChanged.connect(self._take_layer)
        self.field.fieldChanged.connect(self._count)
        self.network.currentIndexChanged.connect(lambda _: self.minutes.setEnabled(self._network() != "random_forest"))
        self.minutes.setEnabled(False)
        self.train.clicked.connect(self.start)
        self.options.clicked.connect(self._open_dialog)
        plan.changed.connect(self.refresh)
        queue.changed.connect(self.refresh)
        self._take_layer(self.labels.currentLayer())

    def _network(self) -> str:
        return str(self.network.currentData())

    def _take_layer(self, layer: Optional[QgsVectorLayer]) -> None:
        show_fields(self.field, layer, "crop|class|label|culture|code")
        if layer is not None:
            self.name.setPlaceholderText(f"{layer.name()} {NETWORKS[self._network()].name}")
        self._count()

    # --- the classes -------------------------------------------------------------------------------------------------

    def _count(self, *_: Any) -> None:
        """Counts the classes in a task: a layer may have a hundred thousand parcels."""
        self.counts = Counter()
        layer, field = self.labels.currentLayer(), self.field.currentField()
        self._counting.drop()
        if layer is not None and field:
            source = QgsVectorLayerFeatureSource(layer)  # may be read in another thread
            self._counting.ask(_counted, source=source, index=layer.fields().indexOf(field))
        self.refresh()

    def _take_counts(self, counts: Optional[Counter[str]]) -> None:
        self.counts = counts or Counter()
        self.refresh()

    # --- the run -----------------------------------------------------------------------------------------------------

    def parameters(self) -> Row:
        """Of the training that is set here."""
        title = self.name.text().strip() or self.name.placeholderText()
        asked = {
            "INPUT": self._plan.sources,
            "LABELS": self.labels.currentLayer().id(),
            "FIELD": self.field.currentField(),
            "TITLE": title,
            "MODEL_FOLDER": str(own_models() / re.sub(r"[^\w-]+", "_", title.lower()).strip("_")),
        }
        return asked if self._network() == "random_forest" else {**asked, "MINUTES": self.minutes.value()}

    def start(self) -> Run:
        """Trains, after the runs that wait."""
        run = Run(OFFERED[self._network()], self.parameters())
        self._queue.add(run, self._ended)
        return run

    def _ended(self, run: Run) -> None:
        self.error = run.error
        self.refresh()
        if run.ok:
            self.trained.emit(run.results["MODEL_FOLDER"])

    def _open_dialog(self) -> None:
        from processing import execAlgorithmDialog

        execAlgorithmDialog(f"cropclassifier:{OFFERED[self._network()]}", self.parameters())

    # --- what is shown -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Buttons and classes."""
        ready = bool(self.counts) and bool(self._plan.dates)
        self.train.setEnabled(ready)
        self.options.setEnabled(ready)
        self.classes.setText(self.error or ", ".join(f"{name} {n}" for name, n in self.counts.most_common()))

    def tell(self, step: Step) -> None:
        """One line about the labels."""
        few = [name for name, n in self.counts.items() if n < _FEWEST]
        if self.error:
            step.tell("wrong", self.error)
        elif not self.counts:
            step.tell("missing", tr("Only where no model fits: choose labels of this place."))
        elif len(self.counts) - len(few) < 2:
            step.tell("wrong", tr("A model needs two classes with at least {} parcels each.").format(_FEWEST))
        else:
            said = tr("{} labels of {} classes").format(sum(self.counts.values()), len(self.counts))
            step.tell("ok", said + (tr("; {} too rare").format(", ".join(few)) if few else ""))


def _counted(task: QgsTask, source: QgsFeatureSource, index: int) -> Counter[str]:
    """How many features each value of a field has."""
    request = QgsFeatureRequest().setSubsetOfAttributes([index])
    request.setFlags(Qgis.FeatureRequestFlag.NoGeometry)
    found: Counter[str] = Counter()
    for feature in source.getFeatures(request):
        if task.isCanceled():
            break
        value = feature.attribute(index)
        if value not in (None, "") and not (hasattr(value, "isNull") and value.isNull()):
            found[str(value)] += 1
    return found
