"""Layers of any kind, or a folder, as one analysis-ready series that QGIS plays."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingUtils,
)

from ...bridge import layers
from ...bridge.styling import (
    LayerStyle,
    load,
    load_table,
    style_output,
)
from ...shared.jobs.build_series import BuildSeriesJob
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double


class BuildSeries(SeriesAlgorithm):
    """Layers or a folder of products -> one masked series on one grid."""

    NAME = "build_series"
    TITLE = "Build a series"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes("Rasters of any dates and sensors, in any order; products as downloaded too.", folder=True)
        self.add(
            QgsProcessingParameterBoolean("ONLY_TABLE", self.tr("Only show the table"), False),
            self.tr("Writes the table of what the series would be made of, and no pixels."),
        )
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), optional=True),
            self.tr("As B04 B08 B11, or VV VH, or NDVI. Empty: all of the most complete scene."),
        )
        self._add_grid()
        self.add_dates_and_masks()
        self.add(
            QgsProcessingParameterNumber("MAX_GAP", self.tr("Longest gap (days)"), INTEGER, 30, minValue=0),
            self.tr("Longer times without a scene are told in the log. 0: none is told."),
            advanced=True,
        )
        self._add_outputs()

    def _add_grid(self) -> None:
        self.add(
            QgsProcessingParameterNumber("RESOLUTION", self.tr("Resolution"), DOUBLE, 0, minValue=0),
            self.tr("Pixel size in the unit of the CRS: metres, or degrees. 0: that of the finest band."),
        )
        self.add(
            QgsProcessingParameterCrs("CRS", self.tr("CRS"), optional=True),
            self.tr("Empty: that of the finest band."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("REFERENCE", self.tr("Reference layer"), optional=True),
            self.tr("Its grid is taken, pixel by pixel, in place of the resolution and the CRS."),
            advanced=True,
        )
        self.add_extent("Only this rectangle is built. Empty: everything the scenes cover.")

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Series"), optional=True),
            self.tr("One cloud-optimised GeoTIFF; its bands are named as 2019-05-16 B04."),
        )
        for name, title, kind, tip in (
            ("VRT", "Light series", "VRT files (*.vrt)", "A small file over the originals. It applies no cloud mask."),
            ("TABLE", "Table of the layers", "CSV files (*.csv)", "Layer, band, date, sensor, clear share. Empty: "
             "beside the series."),
        ):  # fmt: skip
            output = QgsProcessingParameterFileDestination(
                name, self.tr(title), kind, optional=True, createByDefault=False
            )
            self.add(output, self.tr(tip))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        reference = layers.scenes(parameters.get("REFERENCE"), context)
        crs = self.parameterAsCrs(parameters, "CRS", context)
        return {
            "series": self.series(parameters, context),
            "reference": reference[0].path if reference else "",
            "crs": layers.crs_text(crs) if crs.isValid() else "",
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> BuildSeriesJob:
        bare = self.parameterAsBool(parameters, "ONLY_TABLE", context)
        table = self.parameterAsFileOutput(parameters, "TABLE", context)
        return BuildSeriesJob(
            **inputs,
            output="" if bare else self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            vrt="" if bare else self.parameterAsFileOutput(parameters, "VRT", context),
            table=table or (QgsProcessingUtils.generateTempFilename("series_dates.csv") if bare else ""),
            bands=self.words(parameters, "BANDS", context),
            resolution=self.parameterAsDouble(parameters, "RESOLUTION", context),
            max_gap=self.parameterAsInt(parameters, "MAX_GAP", context),
        )

    def results(
        self, job: BuildSeriesJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        dates, table = event["outputs"]["dates"], event["outputs"]["table"]
        group = self.tr("Series {} to {}").format(dates[0], dates[-1])
        style_output(context, LayerStyle(job.output, self.tr("Series"), group, 2))
        if job.vrt:
            load(context, LayerStyle(job.vrt, self.tr("Light series"), group, 1, visible=not job.output), "VRT")
        load_table(context, LayerStyle(table, self.tr("Table of the layers"), group), "TABLE")
        written = {"OUTPUT": job.output, "VRT": job.vrt, "TABLE": table}
        return {name: path for name, path in written.items() if path}
