"""A made-up season, with its truth."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...shared.jobs.simulate import SimulateJob
from ..common.engine_algorithm import EngineAlgorithm, Parameters

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double


class SimulateSeason(EngineAlgorithm):
    """A season with known truth, to try things out on."""

    NAME = "simulate_season"
    TITLE = "Simulate a season"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        for name, title, default, least, most, tip in (
            ("WIDTH", "Width (pixels of 10 m)", 512, 64, 100_000, "An even number."),
            ("HEIGHT", "Height (pixels of 10 m)", 512, 64, 100_000, "An even number."),
            ("YEAR", "Year", 2024, 1985, 2100, "The year of the harvest."),
            ("SEED", "Seed", 1, 0, 2**31 - 1, "The same seed gives the same season again."),
        ):
            self.add(
                QgsProcessingParameterNumber(name, self.tr(title), INTEGER, default, minValue=least, maxValue=most),
                self.tr(tip),
            )
        self._add_weather()
        self._add_sensors()
        self._add_outputs()

    def _add_weather(self) -> None:
        self.add(
            QgsProcessingParameterNumber(
                "CLOUD_SHARE", self.tr("Cloud share"), DOUBLE, 0.33, minValue=0, maxValue=0.95
            ),
            self.tr("Mean share of the pixels of a date that lie under cloud or its shadow, 0-0.95."),
        )
        self.add(
            QgsProcessingParameterString("DATES", self.tr("Sentinel-2 dates"), optional=True),
            self.tr("YYYY-MM-DD, separated by commas. Empty: every few days from March to October."),
        )
        self.add(
            QgsProcessingParameterNumber(
                "REVISIT_DAYS", self.tr("Days between two dates"), INTEGER, 10, minValue=1, maxValue=60
            ),
            self.tr("Used when no dates are given."),
            advanced=True,
        )

    def _add_sensors(self) -> None:
        for name, title, tip in (
            ("SENTINEL1", "Also Sentinel-1 (VV, VH)", "Backscatter in dB with speckle."),
            ("MODIS", "Also MODIS NDVI (250 m)", "For experiments in data fusion."),
        ):
            self.add(QgsProcessingParameterBoolean(name, self.tr(title), True), self.tr(tip), advanced=True)

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterFolderDestination("FOLDER", self.tr("Folder for the season")),
            self.tr("Scenes, truth and parcels are written here."),
        )
        self.addOutput(QgsProcessingOutputMultipleLayers("SCENES", self.tr("Sentinel-2 scenes")))
        self.addOutput(QgsProcessingOutputRasterLayer("TRUTH", self.tr("True crops")))
        self.addOutput(QgsProcessingOutputVectorLayer("PARCELS", self.tr("Parcels")))

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> SimulateJob:
        text = self.parameterAsString(parameters, "DATES", context)
        return SimulateJob(
            folder=self.parameterAsString(parameters, "FOLDER", context),
            width=self.parameterAsInt(parameters, "WIDTH", context),
            height=self.parameterAsInt(parameters, "HEIGHT", context),
            year=self.parameterAsInt(parameters, "YEAR", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
            dates=tuple(part.strip() for part in text.split(",") if part.strip()),
            revisit_days=self.parameterAsInt(parameters, "REVISIT_DAYS", context),
            cloud_share=self.parameterAsDouble(parameters, "CLOUD_SHARE", context),
            sentinel1=self.parameterAsBool(parameters, "SENTINEL1", context),
            modis=self.parameterAsBool(parameters, "MODIS", context),
        )

    def results(
        self, job: SimulateJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        return {
            "FOLDER": job.folder,
            "SCENES": outputs["scenes"],
            "TRUTH": outputs["truth"],
            "PARCELS": outputs["parcels"],
        }
