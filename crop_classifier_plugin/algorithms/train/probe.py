"""How well the features of an encoder part crops, beside those of an untrained one."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
)

from ...bridge.shown_polygons import Need
from ...shared.devices import TRAINING_DEVICES
from ...shared.jobs.pretrain import ProbeJob
from ...shared.jobs.sources import LabelledSeries, LabelSource
from ..common.class_choice_parameters import ClassChoiceParameters
from ..common.engine_algorithm import Parameters
from ..common.label_parameters import SHAPES
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, field of the job, title, type, default, least, most, tip
    ("DRAWS", "draws", "Draws", INTEGER, 5, 1, 1000,
     "How often the tiles are parted anew; the report tells mean and deviation."),
    ("SEQUENCES", "sequences", "Most tiles", INTEGER, 100, 2, 100_000, "Drawn at random from those with labels."),
    ("SUPPORT", "support", "Share that is learnt from", DOUBLE, 0.1, 0.001, 0.999,
     "Of the tiles; the others are tested on."),
    ("TILE", "tile", "Tile", INTEGER, 0, 0, 4096, "Pixels. 0: as in the pre-training."),
    ("NEIGHBOURS", "neighbours", "Neighbours", INTEGER, 20, 1, 10_000, "Of the k-nearest-neighbours probe."),
    ("SEED", "seed", "Seed", INTEGER, 1, 0, 2**31 - 1, "The same seed draws the same tiles again."),
)  # fmt: skip
FIGURES = {  # output -> encoder and probe of the report's row, title
    "KNN_ACCURACY": ("pre-trained", "knn", "Accuracy of the nearest neighbours"),
    "LINEAR_ACCURACY": ("pre-trained", "linear", "Accuracy of the linear classifier"),
    "UNTRAINED_ACCURACY": ("untrained", "linear", "Accuracy of the linear classifier on an untrained encoder"),
}


class Probe(ClassChoiceParameters, SeriesAlgorithm):
    """Encoder + labels -> how much it tells of crops, beside an untrained one."""

    devices = TRAINING_DEVICES
    NAME = "probe"
    TITLE = "Probe an encoder"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("ENCODER", self.tr("Encoder folder"), folder),
            self.tr("What 'Pre-train CropSTS without labels' has left."),
        )
        self.add_scenes("Rasters of the season that the labels are of, in any order.", folder=True)
        self.add(
            QgsProcessingParameterFeatureSource("LABELS", self.tr("Labelled parcels or points"), SHAPES),
            self.tr("Polygons or points with a class each, as QGIS shows them: selection, filter, unsaved edits."),
        )
        self.add(
            QgsProcessingParameterField("FIELD", self.tr("Field with the class"), None, "LABELS"),
            self.tr("Holds the class of each polygon or point."),
        )
        self.add_class_choice()
        for name, _, title, kind, default, least, most, tip in NUMBERS:
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least, maxValue=most)
            self.add(number, self.tr(tip), advanced=True)
        self.add_dates_and_masks()
        self.add_extent("Only this rectangle is looked at. Empty: everything the scenes cover.")
        self.add_device()
        self._add_outputs()

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterFileDestination("REPORT_JSON", self.tr("Report as JSON"), "JSON files (*.json)"),
            self.tr("Accuracy and mean IoU of both probes, on this encoder and on an untrained one."),
        )
        self.add(
            QgsProcessingParameterFileDestination(
                "REPORT_CSV", self.tr("Draws as CSV"), "CSV files (*.csv)", optional=True, createByDefault=False
            ),
            self.tr("A row for each draw."),
        )
        for name, (_, _, title) in FIGURES.items():
            self.addOutput(QgsProcessingOutputNumber(name, self.tr(title)))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        field = self.parameterAsStrings(parameters, "FIELD", context)[0]
        path, layer, crs = self.polygons(parameters, "LABELS", context, feedback, Need((field,)))
        series = self.series(parameters, context)
        labels = LabelSource(path, layer, field, crs=crs, choice=self.class_choice(parameters, context))
        return {"data": LabelledSeries(series, labels)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ProbeJob:
        read = {INTEGER: self.parameterAsInt, DOUBLE: self.parameterAsDouble}
        return ProbeJob(
            encoder=self.parameterAsString(parameters, "ENCODER", context),
            report_json=self.parameterAsFileOutput(parameters, "REPORT_JSON", context),
            report_csv=self.parameterAsFileOutput(parameters, "REPORT_CSV", context),
            device=self.device(parameters, context),
            **{field: read[kind](parameters, name, context) for name, field, _, kind, *_ in NUMBERS},
            **inputs,
        )

    def results(
        self, job: ProbeJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        rows = {(row["encoder"], row["probe"]): row["accuracy"] for row in event["outputs"]["results"]}
        figures = {name: rows[encoder, probe] for name, (encoder, probe, _) in FIGURES.items()}
        return {"REPORT_JSON": job.report_json, **self._table(job), **figures}

    def _table(self, job: ProbeJob) -> dict[str, Optional[str]]:
        return {"REPORT_CSV": job.report_csv} if job.report_csv else {}
