"""What the steps of the dock share: the series' sources, what the engine tells of them, and the chosen model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Optional

from qgis.core import QgsMapLayer, QgsPalettedRasterRenderer, QgsProcessing, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..common import project_state
from ..common.background import Run

Row = dict[str, Any]
_WAIT = 300  # ms after the last change before headers are read anew (choice)
_DATED = re.compile(r"(19|20)\d{2}[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])|(19|20)\d{2}[0-3]\d{2}(?!\d)")
_RADAR = {"VV", "VH"}


class Plan(QObject):
    """Emits `changed` when sources or what is known of them changed, `chosen` when another model was."""

    changed = pyqtSignal()
    chosen = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.description: Row = {}
        self.error = ""
        self._run: Optional[Run] = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT)
        self._timer.timeout.connect(self._read_headers)

    # --- sources -----------------------------------------------------------------------------------------------------

    @property
    def sources(self) -> list[str]:
        """Ids of layers and paths of folders; layers that are gone are left out."""
        known = QgsProject.instance().mapLayers()
        kept = [text for text in project_state.read("sources", []) if isinstance(text, str)]
        return [text for text in kept if text in known or Path(text).exists()]

    def set_sources(self, sources: list[str]) -> None:
        """The sources of the series from now on, each once."""
        project_state.write("sources", list(dict.fromkeys(sources)))
        self.describe()

    def add_dated_layers(self) -> int:
        """Adds every raster layer of the project whose name or properties tell a date; returns how many were new."""
        found = [layer.id() for layer in QgsProject.instance().mapLayers().values() if looks_like_a_scene(layer)]
        new = [text for text in found if text not in self.sources]
        if new:
            self.set_sources([*self.sources, *new])
        return len(new)

    # --- what is known of them ---------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether headers or samples are being read."""
        return self._timer.isActive() or self._run is not None

    def describe(self) -> None:
        """Reads the series anew, a moment after the last call."""
        self.stop()
        self.description, self.error = {}, ""
        if self.sources:
            self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Ends the reading that is under way."""
        self._timer.stop()
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def _read_headers(self) -> None:
        self._start({"CLEAR": False, "MODELS": False})

    def _start(self, asked: Row) -> None:
        outputs = {"REPORT_JSON": QgsProcessing.TEMPORARY_OUTPUT}
        run = Run("describe_series", {"INPUT": self.sources, **asked, **outputs}, shown=False)
        self._run = run
        run.ended.connect(self._read)
        run.start()

    def _read(self, run: Run) -> None:
        if run is not self._run:
            return  # of sources that are not asked for any more
        self._run, first = None, not self.description
        if run.ok:
            self.description = json.loads(Path(run.results["REPORT_JSON"]).read_text(encoding="utf-8"))
            if first:
                own = ";".join(project_state.read("own_models", []))
                self._start({"THUMBNAILS": QgsProcessing.TEMPORARY_OUTPUT, "OWN_MODELS": own})
        else:
            self.error = run.error
        self.changed.emit()

    @property
    def dates(self) -> list[Row]:
        """A row a date and quantity."""
        return list(self.description.get("dates", ()))

    @property
    def models(self) -> list[Row]:
        """Every model held against the series, those that fit first."""
        return list(self.description.get("models", ()))

    # --- the model ---------------------------------------------------------------------------------------------------

    @property
    def model(self) -> Row:
        """The chosen model, or else the first that fits; {} where there is none."""
        folder = project_state.read("model", "")
        named = [row for row in self.models if row["folder"] == folder]
        fitting = [row for row in self.models if fits(row)]
        return next(iter(named or fitting), {})

    def choose(self, folder: str) -> None:
        """The model from now on."""
        project_state.write("model", folder)
        self.chosen.emit()

    def inputs(self, model: Row) -> Row:
        """INPUT and RADAR of a classification by this model: the sources that have what it reads."""
        bands = set(model["bands"])
        optical = self._with("optical", "index") or self.sources
        radar = self._with("radar")
        if bands <= _RADAR:
            return {"INPUT": radar}
        return {"INPUT": optical, "RADAR": radar} if bands & _RADAR else {"INPUT": optical}

    def _with(self, *kinds: str) -> list[str]:
        """The sources that dates of these kinds are read from."""
        files = [path for row in self.dates if row["series"] in kinds for path in row["files"]]
        return [source for source in self.sources if any(path_of(source) in path for path in files)]


def fits(model: Row) -> bool:
    """Whether nothing speaks against a model on the series."""
    return not model["refused"] and not model["against"]


def against(model: Row) -> list[str]:
    """The sentences that speak against it."""
    return [model["refused"]] if model["refused"] else [finding["sentence"] for finding in model["against"]]


def path_of(source: str) -> str:
    """The file of a layer's id, or the folder itself."""
    layer = QgsProject.instance().mapLayer(source)
    return layer.source().split("|")[0] if layer is not None else source


def looks_like_a_scene(layer: QgsMapLayer) -> bool:
    """Whether a layer is a dated raster of measurements, by its name and properties: the engine reads what it is."""
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal":
        return False
    if isinstance(layer.renderer(), QgsPalettedRasterRenderer):  # a map of classes
        return False
    return layer.temporalProperties().isActive() or bool(_DATED.search(f"{layer.name()} {Path(layer.source()).stem}"))
