"""Step 1: which dated scenes make up the series, and what is found in them."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QAbstractItemView, QFileDialog, QWidget

from ..common.step import Step
from ..common.ui import load_form, tr
from .plan import Plan
from .scene_table import SceneTable
from .timeline import Timeline

_PICTURE = 24  # px, side of the thumbnails
_MOST = 3  # warnings that are shown; all stand in the tooltip


class SeriesStep(QWidget):
    """Table of dates, timeline, and the buttons that add and remove."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        load_form(self, "series_step")
        self._plan = plan
        self.scenes, self.timeline = SceneTable(), Timeline()
        self.table.setModel(self.scenes)
        self.table.setIconSize(QSize(_PICTURE, _PICTURE))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.rows.replaceWidget(self.line, self.timeline)
        self.line.deleteLater()
        self.scenes.edited.connect(plan.describe)
        self.add_layers.clicked.connect(self._add_layers)
        self.add_folder.clicked.connect(self._ask_folder)
        self.remove.clicked.connect(self.remove_chosen)
        self.remove.setShortcut("Del")
        self.search.clicked.connect(_search)
        plan.changed.connect(self.refresh)
        plan.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """Shows what is known."""
        plan = self._plan
        self.scenes.show(plan.dates, plan.model, plan.sources)
        self.timeline.show_dates(plan.dates, plan.model.get("windows", []))
        if plan.dates:
            self.table.resizeColumnsToContents()
        warnings = plan.description.get("warnings", [])
        self.notes.setText("\n".join(warnings[:_MOST]))
        self.notes.setToolTip("\n".join(warnings))
        self.notes.setVisible(bool(warnings))

    def tell(self, step: Step) -> None:
        """One line about the series."""
        plan, dates = self._plan, self._plan.dates
        if plan.error:
            step.tell("wrong", plan.error)
        elif not plan.sources:
            step.tell("missing", tr("Add the dated scenes of the season: layers or a folder."))
        elif not dates:
            step.tell("busy", tr("Reading the headers of {} sources...").format(len(plan.sources)))
        else:
            days = sorted({row["date"] for row in dates})
            said = tr("{} dates, {} to {}").format(len(days), days[0], days[-1])
            step.tell(
                "busy" if plan.busy else "ok", said + (tr("; looking at clouds and models...") if plan.busy else "")
            )

    def _add_layers(self) -> None:
        if not self._plan.add_dated_layers():
            self.notes.setText(tr("No further raster layer of the project tells a date by its name or its properties."))
            self.notes.show()

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of dated scenes"))
        if folder:
            self.take_folder(folder)

    def take_folder(self, folder: str) -> None:
        """Adds a folder to the sources."""
        self._plan.set_sources([*self._plan.sources, str(Path(folder))])

    def remove_chosen(self) -> None:
        """Takes the layers of the chosen dates out, and folders that they lie in; with nothing chosen, everything."""
        chosen = {index.row() for index in self.table.selectionModel().selectedRows()}
        if not chosen:
            self._plan.set_sources([])
            return
        gone = {source for number in chosen for source in self.scenes.layers(number)}
        files = [path for number in chosen for path in self._plan.dates[number]["files"]]
        known = QgsProject.instance().mapLayers()
        folders = {s for s in self._plan.sources if s not in known and any(s in path for path in files)}
        self._plan.set_sources([s for s in self._plan.sources if s not in gone | folders])

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.remove_chosen()
        else:
            super().keyPressEvent(event)


def _search() -> None:
    from processing import execAlgorithmDialog  # a plugin itself: there only once QGIS has started it

    execAlgorithmDialog("cropclassifier:search_scenes")
