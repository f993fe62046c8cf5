"""Start, peak and end of the season, or of several seasons, of every pixel."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import INDICES
from ...shared.jobs.series import MOST_SEASONS, PhenologyJob, SeasonRule
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double

YEAR_TIP = (
    "Its 1 January is day 1. 0: of the middle of the search. Of a series over 18 months: the year in which the "
    "seasons peak."
)


class Phenology(SeriesAlgorithm):
    """A series -> start, peak, end, length and amplitude of each pixel's seasons."""

    NAME = "phenology"
    TITLE = "Phenology of a series"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Rasters of any dates, in any order: bands, or an index such as the indices algorithm writes.", folder=True
        )
        self.add(
            QgsProcessingParameterEnum(
                "INDEX", self.tr("Index"), list(INDICES), defaultValue="NDVI", usesStaticStrings=True
            ),
            self.tr("Whose season is sought: taken as it is where the scenes have it, else computed from the bands."),
        )
        self._add_time()
        self.add(
            QgsProcessingParameterNumber("SEASONS", self.tr("Seasons"), INTEGER, 1, minValue=1, maxValue=MOST_SEASONS),
            self.tr(
                "Most of a pixel that are told. 1: that with the highest peak; more: their number as band 1, then "
                "the values of each, in the order of time."
            ),
        )
        self._add_numbers()
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is searched. Empty: everything the scenes cover.")
        self._add_outputs()

    def _add_time(self) -> None:
        date = QgsProcessingParameterDateTime.Type.Date
        for name, title, tip in (
            ("FIRST", "First day", "The seasons lie between these two days, 18 months or less. Empty: the first date."),
            ("LAST", "Last day", "Empty: the last date of the series."),
        ):
            self.add(QgsProcessingParameterDateTime(name, self.tr(title), date, optional=True), self.tr(tip))

    def _add_numbers(self) -> None:
        for name, title, kind, default, least, most, tip in (
            ("START_SHARE", "Start at share of the rise", DOUBLE, 0.2, 0.01, 0.99, "0.2: the fifth of the way up."),
            ("END_SHARE", "End at share of the fall", DOUBLE, 0.2, 0.01, 0.99, "0.2: a fifth above the later low."),
            ("LEAST_AMPLITUDE", "Least amplitude", DOUBLE, 0.1, 1e-6, 1e6, "A smaller rise or fall is no season."),
            ("LEAST_DATES", "Least clear dates", INTEGER, 6, 3, 1000, "Pixels with fewer become no data."),
            ("SMOOTHNESS", "Smoothness", DOUBLE, 10, 1e-6, 1e9, "Whittaker's lambda, for dates a dekad apart."),
            ("YEAR", "Year of day 1", INTEGER, 0, 0, 9998, YEAR_TIP),
        ):
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least, maxValue=most)
            self.add(number, self.tr(tip), advanced=True)

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Phenology")),
            self.tr(
                "Seven bands a season: start, peak and end (day of the year), length, amplitude, base and peak value."
            ),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "VALID_DATES", self.tr("Number of valid dates"), optional=True, createByDefault=False
            ),
            self.tr("How many dates were clear at each pixel."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {"series": self.series(parameters, context)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> PhenologyJob:
        return PhenologyJob(
            **inputs,
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            valid_dates=self.parameterAsOutputLayer(parameters, "VALID_DATES", context),
            index=self.parameterAsEnumString(parameters, "INDEX", context),
            first=self.day(parameters, "FIRST", context),
            last=self.day(parameters, "LAST", context),
            year=self.parameterAsInt(parameters, "YEAR", context),
            rule=SeasonRule(
                self.parameterAsDouble(parameters, "START_SHARE", context),
                self.parameterAsDouble(parameters, "END_SHARE", context),
                self.parameterAsDouble(parameters, "LEAST_AMPLITUDE", context),
                self.parameterAsDouble(parameters, "SMOOTHNESS", context),
                self.parameterAsInt(parameters, "SEASONS", context),
            ),
            min_dates=self.parameterAsInt(parameters, "LEAST_DATES", context),
        )

    def results(
        self, job: PhenologyJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        group = self.tr("Season {}").format(event["outputs"]["season_year"])
        shown = self.tr("Start of season") if job.rule.seasons == 1 else self.tr("Number of seasons")
        style_output(context, LayerStyle(job.output, shown, group, 1))
        style_output(context, LayerStyle(job.valid_dates, self.tr("Number of valid dates"), group, visible=False))
        written = {"OUTPUT": job.output, "VALID_DATES": job.valid_dates}
        return {name: path for name, path in written.items() if path}
