"""The dock: five steps in a column, each with its state in one line."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ..common import project_state
from ..common.background import RunQueue, end_all
from ..common.step import Step
from ..common.ui import tr
from .model_step import ModelStep
from .plan import Plan
from .review_step import ReviewStep
from .run_step import RunStep
from .series_step import SeriesStep
from .train_step import TrainStep

_WIDE = 380  # px


class MainDock(QgsDockWidget):
    """Everything that it knows lies in the project; it starts algorithms and nothing else."""

    def __init__(self, iface: Any) -> None:
        """`iface`: QGIS's interface."""
        super().__init__(tr("Crop Classifier"), iface.mainWindow())
        self.setObjectName("CropClassifierDock")
        self.plan, self.queue = Plan(), RunQueue()
        self.series, self.model = SeriesStep(self.plan), ModelStep(self.plan)
        self.train = TrainStep(self.plan, self.queue)
        self.run = RunStep(self.plan, self.queue, iface.mapCanvas())
        self.review = ReviewStep(self.queue)
        titles = (tr("Series"), tr("Model"), tr("Train"), tr("Run"), tr("Review"))
        self._bodies = (self.series, self.model, self.train, self.run, self.review)
        self.steps = [Step(n, title, body) for n, (title, body) in enumerate(zip(titles, self._bodies), 1)]
        self._lay_out()
        self._connect()
        self.steps[0].open(True)
        self._start()

    def _lay_out(self) -> None:
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(4, 4, 4, 4)
        for step in self.steps:
            layout.addWidget(step)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(column)
        scroll.setMinimumWidth(_WIDE)
        self.setWidget(scroll)

    def _connect(self) -> None:
        for signal in (self.plan.changed, self.plan.chosen, self.queue.changed):
            signal.connect(self.refresh)
        self.train.trained.connect(self.model.take_folder)
        self.run.mapped.connect(self.review.take_map)
        project = QgsProject.instance()
        project.readProject.connect(self._start)
        project.cleared.connect(self._start)
        project.layersAdded.connect(self._later)
        project.layersRemoved.connect(self._layers_removed)

    def _later(self, *_: object) -> None:
        QTimer.singleShot(0, self.refresh)  # after QGIS has dressed the layers

    def _start(self, *_: object) -> None:
        """Reads what the project keeps; a project that keeps nothing starts with its dated layers."""
        if not self.plan.sources:
            self.plan.add_dated_layers()
        self.plan.describe()
        self.refresh()

    def _layers_removed(self, gone: list[str]) -> None:
        if set(gone) & set(project_state.read("sources", [])):
            self.plan.describe()

    def refresh(self) -> None:
        """The heads of all steps."""
        for step, body in zip(self.steps, self._bodies):
            body.tell(step)

    def close_down(self) -> None:
        """Ends what runs, and lets go of the project."""
        self.plan.stop()
        self.run.stop()
        self.queue.cancel()
        project = QgsProject.instance()
        project.readProject.disconnect(self._start)
        project.cleared.disconnect(self._start)
        project.layersAdded.disconnect(self._later)
        project.layersRemoved.disconnect(self._layers_removed)
        self.review.close_down()
        end_all()
