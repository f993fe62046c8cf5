"""Vegetation, water and radar indices of every date of a series."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterRasterDestination,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import INDICES
from ...shared.jobs.series import IndexJob
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm


class Index(SeriesAlgorithm):
    """Scenes -> indices of every date."""

    NAME = "index"
    TITLE = "Indices of a series"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Rasters of any dates, in any order: one file a date, several files a date, or one stack.", folder=True
        )
        self.add(
            QgsProcessingParameterEnum(
                "INDICES",
                self.tr("Indices"),
                list(INDICES),
                allowMultiple=True,
                defaultValue=["NDVI"],
                usesStaticStrings=True,
            ),
            self.tr("One or more; RVI and VHVV are made of radar (VV, VH) and go together. See the help."),
        )
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is computed. Empty: everything the scenes cover.")
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Series of indices")),
            self.tr("One GeoTIFF of all dates; its bands are named as NDVI 2019-05-16."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "VALID_DATES", self.tr("Number of valid dates"), optional=True, createByDefault=False
            ),
            self.tr("On how many dates each pixel has a value, one band an index."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {"series": self.series(parameters, context)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> IndexJob:
        return IndexJob(
            **inputs,
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            indices=tuple(self.parameterAsEnumStrings(parameters, "INDICES", context)),
            valid_dates=self.parameterAsOutputLayer(parameters, "VALID_DATES", context),
        )

    def results(
        self, job: IndexJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        dates = event["outputs"]["dates"]
        group = self.tr("Series {} to {}").format(dates[0], dates[-1])
        style_output(context, LayerStyle(job.output, ", ".join(job.indices), group, 1))
        style_output(context, LayerStyle(job.valid_dates, self.tr("Number of valid dates"), group, visible=False))
        written = {"OUTPUT": job.output, "VALID_DATES": job.valid_dates}
        return {name: path for name, path in written.items() if path}
