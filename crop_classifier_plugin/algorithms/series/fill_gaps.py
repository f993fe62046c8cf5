"""A series with clouds, mended from its own clear dates."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import FILLERS
from ...shared.jobs.series import FillGapsJob
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double


class FillGaps(SeriesAlgorithm):
    """A series with clouded dates -> the same dates without gaps."""

    NAME = "fill_gaps"
    TITLE = "Fill the gaps of a series"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Rasters of any dates, in any order: one file a date, several files a date, or one stack.", folder=True
        )
        tip = "How the value of a clouded date is found from the clear ones; see the help."
        self.add_choice("METHOD", "Method", FILLERS, tip, "whittaker")
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), optional=True),
            self.tr("As B04 B08 or NDVI, all optical or all indices. Empty: all of the most complete scene."),
        )
        self._add_numbers()
        for name, title, default, tip in (
            (
                "HOLD",
                "Hold first and last value",
                True,
                "Outside the clear dates: that value, or no data.",
            ),
            ("SMOOTH_ALL", "Smooth clear values too", False, "Otherwise what was seen stays as it is."),
        ):
            self.add(QgsProcessingParameterBoolean(name, self.tr(title), default), self.tr(tip), advanced=True)
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is filled. Empty: everything the scenes cover.")
        self._add_outputs()

    def _add_numbers(self) -> None:
        for name, title, kind, default, least, tip in (
            ("MAX_GAP", "Longest gap (days)", DOUBLE, 0, 0, "Longer gaps stay open. 0: no limit."),
            ("WINDOW", "Window (days)", DOUBLE, 85, 1, "Savitzky-Golay: the days a polynomial is fitted to."),
            ("ORDER", "Order", INTEGER, 2, 0, "Savitzky-Golay: the order of the polynomials."),
            ("SMOOTHNESS", "Smoothness", DOUBLE, 10, 1e-6, "Whittaker's lambda, for dates a dekad apart."),
        ):
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least)
            self.add(number, self.tr(tip), advanced=True)

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Filled series")),
            self.tr("One GeoTIFF of all dates; its bands are named as B04 2019-05-16."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "VALID_DATES", self.tr("Number of valid dates"), optional=True, createByDefault=False
            ),
            self.tr("How many dates were clear at each pixel, one band for each band filled."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {"series": self.series(parameters, context)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> FillGapsJob:
        return FillGapsJob(
            **inputs,
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            valid_dates=self.parameterAsOutputLayer(parameters, "VALID_DATES", context),
            bands=self.words(parameters, "BANDS", context),
            method=self.choice(parameters, "METHOD", context),
            smooth_all=self.parameterAsBool(parameters, "SMOOTH_ALL", context),
            hold=self.parameterAsBool(parameters, "HOLD", context),
            max_gap=self.parameterAsDouble(parameters, "MAX_GAP", context),
            window=self.parameterAsDouble(parameters, "WINDOW", context),
            order=self.parameterAsInt(parameters, "ORDER", context),
            smoothness=self.parameterAsDouble(parameters, "SMOOTHNESS", context),
        )

    def results(
        self, job: FillGapsJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        dates = event["outputs"]["dates"]
        group = self.tr("Series {} to {}").format(dates[0], dates[-1])
        style_output(context, LayerStyle(job.output, self.tr("Filled series"), group, 1))
        style_output(context, LayerStyle(job.valid_dates, self.tr("Number of valid dates"), group, visible=False))
        written = {"OUTPUT": job.output, "VALID_DATES": job.valid_dates}
        return {name: path for name, path in written.items() if path}
