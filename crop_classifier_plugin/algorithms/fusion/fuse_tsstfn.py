"""The fine images of days that only the coarse sensor saw, by a trained TSSTFN."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import FORECASTS
from ...shared.jobs.tsstfn import FuseTsstfnJob
from ..common.engine_algorithm import Parameters
from ..common.image_pair_parameters import PairsAlgorithm

INTEGER = QgsProcessingParameterNumber.Type.Integer


class FuseTsstfn(PairsAlgorithm):
    """Base pairs + coarse images of target days -> their fine images, by a trained model."""

    NAME = "fuse_tsstfn"
    TITLE = "Fuse fine and coarse images with TSSTFN"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add_scenes(
            "Of the base dates, as the aligned prediction year of Align the dates; later ones may be among them.",
            "Fine images",
            "FINE",
        )
        self.add_scenes("Of the base dates and of the targets' days, as MODIS NDVI.", "Coarse images", "COARSE")
        self.add(
            QgsProcessingParameterFile("MODEL", self.tr("Model folder"), folder),
            self.tr("What Train TSSTFN left: it has the files model.onnx and fusion.json."),
        )
        self.add(
            QgsProcessingParameterString("TARGETS", self.tr("Target days"), optional=True),
            self.tr("As 2021-07-30, 2021-08-31: days of coarse images. Empty: all after the last fine image."),
        )
        tip = "In sequence, the window of base pairs moves on and ends with the forecast before."
        self.add_choice("FORECAST", "Forecast", FORECASTS, tip)
        self._add_rest()
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Fused images")),
            self.tr("One GeoTIFF, one band a target, named as NDVI 2021-08-31: it joins a series as it is."),
        )

    def _add_rest(self) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("NEXT_MODEL", self.tr("Model of later targets"), folder, optional=True),
            self.tr("Only for a sequential forecast: a model trained on the dates moved on by one. Empty: the same."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "OVERLAP",
                self.tr("Overlap of tiles (pixels)"),
                QgsProcessingParameterNumber.Type.Integer,
                10,
                minValue=0,
            ),
            self.tr("Where tiles meet, one fades into the other."),
            advanced=True,
        )
        self.add_dates()
        self.add_extent("Only this rectangle is fused. Empty: everything the fine images cover.")
        self.add_device()

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> FuseTsstfnJob:
        return FuseTsstfnJob(
            **inputs,
            model=self.parameterAsFile(parameters, "MODEL", context),
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            targets=self.words(parameters, "TARGETS", context),
            forecast=self.choice(parameters, "FORECAST", context),
            next_model=self.parameterAsFile(parameters, "NEXT_MODEL", context),
            overlap=self.parameterAsInt(parameters, "OVERLAP", context),
            device=self.device(parameters, context),
        )

    def results(
        self, job: FuseTsstfnJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        facts = event["outputs"]
        title = self.tr("{} of {}, fused").format(facts["band"], ", ".join(facts["dates"]))
        style_output(context, LayerStyle(job.output, title, self.tr("Fused images"), 1))
        return {"OUTPUT": job.output}
