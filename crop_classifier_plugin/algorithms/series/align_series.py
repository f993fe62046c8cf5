"""Two years brought to the same days."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import ALIGN_RULES, ALIGNED_DAYS, STRATEGIES
from ...shared.jobs.series import AlignLimits, AlignSeriesJob
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm


class AlignSeries(SeriesAlgorithm):
    """Two years -> one year's images at the other's dates."""

    NAME = "align_series"
    TITLE = "Align the dates of two years"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "The year that is learnt from: rasters of its dates, in any order.",
            "Training year",
            "TRAINING",
            folder=True,
        )
        self.add_scenes("The year that is to be predicted.", "Prediction year", "PREDICTION", folder=True)
        tip = "Which days both years get, and where values come from; see the help."
        self.add_choice("STRATEGY", "Strategy", STRATEGIES, tip, "B")
        self.add(
            QgsProcessingParameterNumber(
                "COUNT", self.tr("Base dates"), QgsProcessingParameterNumber.Type.Integer, 7, minValue=1, maxValue=366
            ),
            self.tr("The last so many days are taken."),
        )
        self._add_days()
        tip = "The early union ends with the last prediction date."
        self.add_choice("DAYS", "Days of an own rule", ALIGNED_DAYS, tip, advanced=True)
        self.add_choice("RULE", "Values of an own rule", ALIGN_RULES, "On days without an image.", advanced=True)
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), optional=True),
            self.tr("As NDVI, or B04 B08. Empty: all of the prediction year's most complete scene."),
        )
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is aligned. Empty: everything the scenes cover.")
        self._add_outputs()

    def _add_days(self) -> None:
        date = QgsProcessingParameterDateTime.Type.Date
        for name, title, tip in (
            ("TRAINING_BEFORE", "Training: base dates before", "As the first day of the peak. Empty: all dates."),
            ("PREDICTION_BEFORE", "Prediction: base dates before", "Later images are not used. Empty: all dates."),
            ("TARGET", "Target day of the prediction year", "Empty: the series are aligned without a target."),
            ("TRAINING_TARGET", "Training image for the target", "Empty: interpolated, or the first after the base."),
        ):
            self.add(QgsProcessingParameterDateTime(name, self.tr(title), date, optional=True), self.tr(tip))

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("TRAINING_OUTPUT", self.tr("Aligned training year")),
            self.tr("One GeoTIFF of the base dates and, last, the target; bands are named as NDVI 2020-05-16."),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                "PREDICTION_OUTPUT", self.tr("Aligned prediction year"), optional=True
            ),
            self.tr("One GeoTIFF of the same base dates of the prediction year."),
        )
        self.add(
            QgsProcessingParameterFileDestination("TABLE", self.tr("Table of dates"), "CSV files (*.csv)"),
            self.tr("Which images each value is made of, and with which weights."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {name.lower(): self.series(parameters, context, name) for name in ("TRAINING", "PREDICTION")}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> AlignSeriesJob:
        names = ("TRAINING_BEFORE", "PREDICTION_BEFORE", "TARGET", "TRAINING_TARGET")
        return AlignSeriesJob(
            **inputs,
            training_output=self.parameterAsOutputLayer(parameters, "TRAINING_OUTPUT", context),
            prediction_output=self.parameterAsOutputLayer(parameters, "PREDICTION_OUTPUT", context),
            table=self.parameterAsFileOutput(parameters, "TABLE", context),
            bands=self.words(parameters, "BANDS", context),
            strategy=self.choice(parameters, "STRATEGY", context),
            days=self.choice(parameters, "DAYS", context),
            rule=self.choice(parameters, "RULE", context),
            count=self.parameterAsInt(parameters, "COUNT", context),
            limits=AlignLimits(**{name.lower(): self.day(parameters, name, context) for name in names}),
        )

    def results(
        self, job: AlignSeriesJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        group = self.tr("Aligned dates, strategy {}").format(job.strategy)
        style_output(context, LayerStyle(job.training_output, self.tr("Training year"), group, 1))
        style_output(context, LayerStyle(job.prediction_output, self.tr("Prediction year"), group, visible=False))
        written = {
            "TRAINING_OUTPUT": job.training_output,
            "PREDICTION_OUTPUT": job.prediction_output,
            "TABLE": job.table,
        }
        return {name: path for name, path in written.items() if path}
