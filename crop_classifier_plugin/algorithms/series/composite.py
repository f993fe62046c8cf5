"""One cloud-masked picture a month, dekad or n days."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, load, style_output
from ...shared.choices import COMPOSITES, EMPTY, PERIODS
from ...shared.jobs.series import CompositeJob
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm


class Composite(SeriesAlgorithm):
    """Scenes of any dates -> one cloud-masked picture a period."""

    NAME = "composite"
    TITLE = "Composite a series"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Rasters of any dates, in any order: one file a date, several files a date, or one stack.", folder=True
        )
        self.add_choice("PERIOD", "Periods", PERIODS, "What one composite stands for.")
        self.add_choice(
            "METHOD", "Method", COMPOSITES, "How the clear dates of a period become one value; see the help."
        )
        self._add_time()
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), optional=True),
            self.tr("As B04 B08 B11 or VV VH, all optical or all radar. Empty: all of the most complete scene."),
        )
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is composited. Empty: everything the scenes cover.")
        self._add_outputs()

    def _add_time(self) -> None:
        integer, date = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterDateTime.Type.Date
        self.add(
            QgsProcessingParameterNumber("DAYS", self.tr("Days in a run"), integer, 10, minValue=1, maxValue=366),
            self.tr("Used when the periods are runs of some days; the first run starts on the first day."),
        )
        for name, title, tip in (
            ("FIRST", "First day", "Empty: the day of the first scene. The periods that it falls into are whole."),
            ("LAST", "Last day", "Empty: the day of the last scene."),
        ):
            self.add(QgsProcessingParameterDateTime(name, self.tr(title), date, optional=True), self.tr(tip))
        self.add_choice("EMPTY", "Periods without a scene", EMPTY, "They are named in the log in either case.")

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterFolderDestination("FOLDER", self.tr("Folder for the composites"), optional=True),
            self.tr("One GeoTIFF a period, named after the day in its middle."),
        )
        for name, title, tip in (
            ("STACK", "Stack of all composites", "One GeoTIFF; its bands are named as B04 2019-05-16."),
            ("VALID_DATES", "Number of valid dates", "One band a period: how many dates were clear at each pixel."),
        ):
            self.add(
                QgsProcessingParameterRasterDestination(name, self.tr(title), optional=True, createByDefault=False),
                self.tr(tip),
            )
        self.add(
            QgsProcessingParameterBoolean("LOAD_COMPOSITES", self.tr("Open the composites of the folder"), True),
            self.tr("Adds each composite to the project; only the first is switched on."),
            advanced=True,
        )
        self.addOutput(QgsProcessingOutputMultipleLayers("COMPOSITES", self.tr("Composites")))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {"series": self.series(parameters, context)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> CompositeJob:
        return CompositeJob(
            **inputs,
            folder=self.parameterAsFileOutput(parameters, "FOLDER", context),
            stack=self.parameterAsOutputLayer(parameters, "STACK", context),
            valid_dates=self.parameterAsOutputLayer(parameters, "VALID_DATES", context),
            bands=self.words(parameters, "BANDS", context),
            period=self.choice(parameters, "PERIOD", context),
            days=self.parameterAsInt(parameters, "DAYS", context),
            method=self.choice(parameters, "METHOD", context),
            empty=self.choice(parameters, "EMPTY", context),
            first=self.day(parameters, "FIRST", context),
            last=self.day(parameters, "LAST", context),
        )

    def results(
        self, job: CompositeJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        files, spans = outputs["files"], outputs["periods"]
        group = self.tr("Composites {} to {}").format(spans[0]["first"], spans[-1]["last"])
        if self.parameterAsBool(parameters, "LOAD_COMPOSITES", context):
            for order, (path, span) in enumerate(zip(files, spans)):
                name = f"{span['first']} - {span['last']}"
                load(context, LayerStyle(path, name, group, len(files) - order, visible=order == 0), "COMPOSITES")
        style_output(context, LayerStyle(job.valid_dates, self.tr("Number of valid dates"), group, -1, visible=False))
        style_output(context, LayerStyle(job.stack, self.tr("Stack of composites"), group, -2, visible=not files))
        written = {"FOLDER": job.folder, "STACK": job.stack, "VALID_DATES": job.valid_dates}
        return {**{name: path for name, path in written.items() if path}, "COMPOSITES": files}
