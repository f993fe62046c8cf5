"""The review panel: one key is one answer, saved, and the next unit is there."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsFeature, QgsProject, QgsVectorLayer
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage, QKeySequence, QPixmap
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QShortcut,
    QWidget,
)

from ...shared.errors import CropClassifierError
from ...shared.review_table import ACCEPTED, RELABELLED, SKIPPED, VISIT
from ..common.ui import load_form, tr
from .pictures import COUNT, Pictures, Place
from .review_file import Answer, Merged, ReviewFile, merge

Row = dict[str, Any]
_COLUMNS = 3  # of pictures and of crops
_MOST_KEYS = 9
_ZOOM = 3.0  # times the unit's box that the map window shows (choice)
_MOST = 10  # units that are named


class ReviewPanel(QgsDockWidget):
    """Works through the units of a review layer. `dates`: what tells the dates of the series, for the pictures."""

    answered = pyqtSignal()  # an answer was saved, or taken back

    def __init__(self, iface: Any, dates: Callable[[], list[Row]]) -> None:
        super().__init__(tr("Review"), iface.mainWindow())
        self.setObjectName("CropClassifierReview")
        self.form = QWidget()
        load_form(self.form, "review_panel")
        self.setWidget(self.form)
        self._canvas, self._dates = iface.mapCanvas(), dates
        self.layer: Optional[QgsVectorLayer] = None
        self.file: Optional[ReviewFile] = None
        self.number = 0
        self.crops: list[str] = []
        self._frames = self._make_frames()
        self._crop_buttons: list[QPushButton] = []
        self._crop_grid = QGridLayout(self.form.crops)
        self._pictures = Pictures()
        self._pictures.ready.connect(self._show_pictures)
        self._connect()

    def _make_frames(self) -> list[QLabel]:
        grid = QGridLayout(self.form.pictures)
        frames = [QLabel() for _ in range(COUNT)]
        for n, frame in enumerate(frames):
            frame.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(frame, n // _COLUMNS, n % _COLUMNS)
        return frames

    def _connect(self) -> None:
        form = self.form
        keys = {
            "A": (form.accept, lambda: self.answer(Answer(ACCEPTED))),
            "D": (form.declared, self.take_declared),
            "V": (form.visit, lambda: self.answer(Answer(VISIT))),
            "S": (form.skip, lambda: self.answer(Answer(SKIPPED))),
            "N": (form.note, self._ask_note),
            "F": (form.photo, self._ask_photo),
            "U": (form.undo, self.undo),
            "Left": (form.previous, lambda: self.go(self.number - 1)),
            "Right": (form.next, lambda: self.go(self.number + 1)),
        }
        for key, (button, act) in keys.items():
            button.clicked.connect(act)
            self._key(key, button.click)
        for digit in range(1, _MOST_KEYS + 1):
            self._key(str(digit), lambda digit=digit: self._press_crop(digit))
        form.merge.clicked.connect(self._ask_merge)
        form.blind.toggled.connect(self.refresh)
        form.false_colour.toggled.connect(self._ask_pictures)

    def _key(self, key: str, act: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    # --- opening -----------------------------------------------------------------------------------------------------

    def open(self, layer: QgsVectorLayer) -> bool:
        """Starts at the first unit without an answer; False, with the reason shown, for a layer that is no review."""
        path = layer.source().split("|")[0]
        try:
            self.file = ReviewFile(path, getpass.getuser())
        except CropClassifierError as error:
            self.form.known.setText(error.sentence)
            self.show()
            return False
        self.layer = layer
        names = [unit[key] for unit in self.file.units for key in ("map_name", "declared_name", "second_name")]
        self.crops = sorted({name for name in names if name}, key=names.index)
        self._offer_crops()
        self.show()
        self.raise_()
        self.form.accept.setFocus()
        self.go(self.file.first_open() or 0)
        return True

    def _offer_crops(self) -> None:
        while self._crop_buttons:
            self._crop_buttons.pop().deleteLater()
        for n, name in enumerate(self.crops):
            key = f"{n + 1}  " if n < _MOST_KEYS else ""
            button = QPushButton(key + name)
            button.clicked.connect(lambda _, name=name: self.answer(Answer(RELABELLED, name)))
            self._crop_grid.addWidget(button, n // _COLUMNS, n % _COLUMNS)
            self._crop_buttons.append(button)

    def _press_crop(self, digit: int) -> None:
        if digit <= len(self._crop_buttons):
            self._crop_buttons[digit - 1].click()

    # --- answering ---------------------------------------------------------------------------------------------------

    @property
    def unit(self) -> Row:
        """The unit that is shown; {} where none is."""
        return self.file.units[self.number] if self.file and self.file.units else {}

    def answer(self, given: Answer) -> None:
        """Saves the answer and goes on to the next unit without one."""
        if not self.unit:
            return
        if given.status == RELABELLED and given.name == self.unit["map_name"]:
            given = Answer(ACCEPTED)
        given = Answer(given.status, given.name, blind=self.form.blind.isChecked())
        if self._do(lambda: self.file.answer(self.number, given)):
            self.go(self.file.first_open(self.number))

    def take_declared(self) -> None:
        """The declared crop grows here."""
        if self.unit.get("declared_name"):
            self.answer(Answer(RELABELLED, self.unit["declared_name"]))

    def undo(self) -> None:
        """Takes the newest answer back, and shows its unit."""
        found: list[Optional[int]] = []
        if self.file and self._do(lambda: found.append(self.file.undo())) and found[0] is not None:
            self.go(found[0])

    def _ask_note(self) -> None:
        text, ok = QInputDialog.getMultiLineText(self, tr("Note"), tr("Note to this unit"), self.unit.get("note") or "")
        if ok:
            self.annotate(note=text)

    def _ask_photo(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Photo"), "", tr("Pictures (*.jpg *.jpeg *.png)"))
        if path:
            folder = Path(self.file.path).parent
            inside = folder in Path(path).parents
            self.annotate(photo=str(Path(path).relative_to(folder)) if inside else path)

    def annotate(self, **texts: str) -> None:
        """Keeps a note or a photo of the unit that is shown."""
        if self.unit and self._do(lambda: self.file.annotate(self.number, **texts)):
            self.refresh()

    def _ask_merge(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Another reviewer's file"), "", "GeoPackage (*.gpkg)")
        if path:
            self.take_over(path)

    def take_over(self, path: str) -> Optional[Merged]:
        """Merges another reviewer's answers, and lists what both answered differently."""
        found: list[Merged] = []
        if not self.file or not self._do(lambda: found.append(merge(self.file, ReviewFile(path, self.file.reviewer)))):
            return None
        merged = found[0]
        self.go(self.number)
        units = "; ".join(f"{uid}: {mine} / {other}" for uid, mine, other in merged.conflicts[:_MOST])
        self.form.known.setText(
            tr("{} answers were taken over, {} are the same, {} differ (yours stay). {}").format(
                merged.taken, merged.same, len(merged.conflicts), units
            )
        )
        return merged

    def _do(self, act: Callable[[], object]) -> bool:
        """Whether it could be written; else the sentence is shown and the unit stays."""
        try:
            act()
        except CropClassifierError as error:
            self.form.known.setText(error.sentence)
            return False
        self.layer.triggerRepaint()
        self.answered.emit()
        return True

    # --- showing -----------------------------------------------------------------------------------------------------

    def go(self, number: Optional[int]) -> None:
        """Shows the unit of a number; None: there is nothing left to do."""
        if self.file is None or not self.file.units:
            return
        if number is not None:
            self.number = min(max(number, 0), len(self.file.units) - 1)
            self._zoom()
            self._ask_pictures()
        self.refresh()
        if number is None:
            self.form.place.setText(tr("Every unit has an answer."))

    def _place(self) -> Optional[Place]:
        if not self.unit or self.layer is None:
            return None
        feature: QgsFeature = self.layer.getFeature(self.unit["fid"])
        return Place(feature.geometry(), self.layer.crs()) if feature.hasGeometry() else None

    def _zoom(self) -> None:
        place = self._place()
        if place is None:
            return
        crs = self._canvas.mapSettings().destinationCrs()
        try:
            box = QgsCoordinateTransform(place.crs, crs, QgsProject.instance()).transformBoundingBox(
                place.geometry.boundingBox()
            )
        except QgsCsException:
            return
        box.scale(_ZOOM)
        self._canvas.setExtent(box)
        self._canvas.refresh()
        self._canvas.flashFeatureIds(self.layer, [self.unit["fid"]], flashes=1)

    def _ask_pictures(self) -> None:
        place = self._place()
        if place is not None:
            self._pictures.ask(place, self._dates(), "false" if self.form.false_colour.isChecked() else "true")

    def _show_pictures(self, made: list[tuple[str, QImage]]) -> None:
        for frame, picture in zip(self._frames, [*made, *[None] * COUNT]):
            frame.setVisible(picture is not None)
            if picture is not None:
                frame.setPixmap(QPixmap.fromImage(picture[1]))
                frame.setToolTip(picture[0])

    def refresh(self) -> None:
        """Texts, buttons, progress."""
        unit, form = self.unit, self.form
        for button in (form.accept, form.visit, form.skip, form.note, form.photo, form.undo, form.previous, form.next):
            button.setEnabled(bool(unit))
        form.declared.setEnabled(bool(unit.get("declared_name")))
        if not unit:
            return
        form.place.setText(
            tr("{} / {}   {} {}   {:.2f} ha   {}").format(
                self.number + 1, len(self.file.units), unit["unit"], unit["uid"], unit["area_ha"] or 0, unit["status"]
            )
        )
        hidden = form.blind.isChecked() and unit["status"] == "open"
        form.known.setText(tr("Blind: what the map says is hidden.") if hidden else known(unit))
        form.declared.setVisible(not hidden)
        self._show_progress()

    def _show_progress(self) -> None:
        states, units = self.file.states(), len(self.file.units)
        self.form.progress.setMaximum(units)
        self.form.progress.setValue(units - states["open"])
        right, answered, right_ha, answered_ha = self.file.agreement()
        if answered:
            said = tr("The map was right in {} of {} answered units ({:.0%}), on {:,.1f} of {:,.1f} ha.")
            self.form.so_far.setText(said.format(right, answered, right / answered, right_ha, answered_ha))

    def close_down(self) -> None:
        """Ends what runs."""
        self._pictures.drop()


def known(unit: Row) -> str:
    """What the map and the declaration say of a unit."""
    parts = [
        (tr("map: {}"), unit["map_name"], unit["map_prob"] if unit["map_prob"] is not None else unit["map_share"]),
        (tr("second: {}"), unit["second_name"], unit["second_prob"]),
        (tr("declared: {}"), unit["declared_name"], None),
        (tr("answer: {}"), unit["review_name"], None),
        (tr("note: {}"), unit["note"], None),
    ]
    told = [text.format(name) + (f" {share:.0%}" if share is not None else "") for text, name, share in parts if name]
    return "   ".join(told)
