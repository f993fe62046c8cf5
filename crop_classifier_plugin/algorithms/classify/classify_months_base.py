"""Classification of target months: one map a month, which QGIS's Temporal Controller plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, load
from ...shared.jobs.classify import ClassifyJob, ClassifyOutputs, read_months
from ..common.engine_algorithm import Parameters
from .classify_base import ClassifyAlgorithm, warnings_of


class MonthlyAlgorithm(ClassifyAlgorithm):
    """An algorithm whose models may map months. With a folder it makes one map a month in it."""

    FOLDER_ONLY = True  # whether there is no other output than the folder

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterString("MONTHS", self.tr("Target months"), optional=True),
            self.tr("As 2020-03, or 2020-03 to 2021-02; several with commas. Empty: the latest month of the series."),
        )
        only = self.FOLDER_ONLY
        self.add(
            QgsProcessingParameterFolderDestination(
                "FOLDER", self.tr("Folder for one map a month"), optional=not only, createByDefault=only
            ),
            self.tr("The maps are named crop_map_2020-03.tif, and each is shown in its month."),
        )
        for name, title, default, tip in (
            ("CONFIDENCE_MAPS", "Also the confidence of each month", False, "Into the same folder."),
            ("LOAD_MAPS", "Open the maps of the folder", True, "The Temporal Controller plays them month by month."),
        ):
            self.add(QgsProcessingParameterBoolean(name, self.tr(title), default), self.tr(tip), advanced=True)
        self.addOutput(QgsProcessingOutputMultipleLayers("MAPS", self.tr("Crop maps of the months")))
        if not only:
            super()._add_outputs()

    def months(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[str, ...]:
        return read_months(self.parameterAsString(parameters, "MONTHS", context))

    def written(self, parameters: Parameters, context: QgsProcessingContext) -> ClassifyOutputs:
        """One map, or the folder of one map a month."""
        if not (self.FOLDER_ONLY or self.given(parameters, "FOLDER")):
            return super().written(parameters, context)
        folder = self.parameterAsFileOutput(parameters, "FOLDER", context)
        sure = self.parameterAsBool(parameters, "CONFIDENCE_MAPS", context)
        confidence = str(Path(folder) / "confidence.tif") if sure else ""
        return ClassifyOutputs(folder=folder, confidence=confidence, **self.attention(parameters, context))

    def results(
        self, job: ClassifyJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        if not job.written.folder:
            return super().results(job, event, parameters, context)
        outputs = event["outputs"]
        maps = sorted(outputs["maps"], key=lambda made: made["month"])
        if self.parameterAsBool(parameters, "LOAD_MAPS", context):
            for order, made in enumerate(maps):  # all are switched on: the Temporal Controller shows one at a time
                name = self.tr("Crop map {}").format(made["month"])
                shown = LayerStyle(made["class_map"], name, outputs["group"], order, notes=warnings_of(made))
                load(context, shown, "MAPS")
        return {"FOLDER": job.written.folder, "MAPS": [made["class_map"] for made in maps]}
