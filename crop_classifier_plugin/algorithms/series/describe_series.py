"""What is read of a series, which models fit it, and what a run of one would take."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from ...bridge import shipped_models
from ...shared.jobs.describe_series import DescribeSeriesJob
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm


class DescribeSeries(SeriesAlgorithm):
    """Series -> dates, bands and clear shares; models that fit; time, memory and holes of a run."""

    NAME = "describe_series"
    TITLE = "Describe a series, and which models fit it"
    LEFT_OUT = ("INPUT", "RADAR")

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes("Rasters of one season, in any order.", folder=True)
        self.add_scenes("Sentinel-1 of the same season.", "Dated radar scenes", "RADAR", folder=True)
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("MODEL_FOLDER", self.tr("Model whose run is foreseen"), folder, optional=True),
            self.tr("A few of its tiles are run: they tell time, memory and the share that would have no class."),
        )
        self.add(
            QgsProcessingParameterString("OWN_MODELS", self.tr("Own models"), optional=True),
            self.tr("Model folders, with semicolons between them, that are held against the series too."),
            advanced=True,
        )
        self._add_rules()
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle counts. Empty: everything the scenes cover.")
        self.add_device()
        self._add_outputs()

    def _add_rules(self) -> None:
        self.add(
            QgsProcessingParameterBoolean("CLEAR", self.tr("Count clear shares"), True),
            self.tr("Reads samples of every date. Without it headers alone are read."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("MODELS", self.tr("Hold the models against the series"), True),
            self.tr("Whether each model that comes with the plugin, and each of your own, fits the series."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("FILL", self.tr("Fill holes from other scenes"), False),
            self.tr("As in the classification that is foreseen."),
            advanced=True,
        )

    def _add_outputs(self) -> None:
        for name, title, files, tip in (
            ("REPORT_JSON", "Description", "JSON files (*.json)", "Everything that was found."),
            ("REPORT_CSV", "Dates as a table", "CSV files (*.csv)", "One row a date."),
        ):
            self.add(QgsProcessingParameterFileDestination(name, self.tr(title), files, optional=True), self.tr(tip))
        self.add(
            QgsProcessingParameterFolderDestination(
                "THUMBNAILS", self.tr("Pictures"), optional=True, createByDefault=False
            ),
            self.tr("A small picture of each date: the middle of the area."),
        )

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        optical, radar = self.both_series(parameters, context)
        return {"optical": optical, "radar": radar}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> DescribeSeriesJob:
        own = self.parameterAsString(parameters, "OWN_MODELS", context).split(";")
        known = shipped_models.candidates(*NETWORKS) if self.parameterAsBool(parameters, "MODELS", context) else ()
        models = [*filter(None, map(str.strip, own)), *known]
        return DescribeSeriesJob(
            **inputs,
            candidates=tuple(dict.fromkeys(models)),
            model=self.parameterAsFile(parameters, "MODEL_FOLDER", context),
            fill=self.parameterAsBool(parameters, "FILL", context),
            clear=self.parameterAsBool(parameters, "CLEAR", context),
            device=self.device(parameters, context),
            report_json=self.parameterAsFileOutput(parameters, "REPORT_JSON", context),
            report_csv=self.parameterAsFileOutput(parameters, "REPORT_CSV", context),
            thumbnails=self.parameterAsString(parameters, "THUMBNAILS", context),
        )

    def results(
        self, job: DescribeSeriesJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        written = {"REPORT_JSON": job.report_json, "REPORT_CSV": job.report_csv, "THUMBNAILS": job.thumbnails}
        return {name: path for name, path in written.items() if path}
