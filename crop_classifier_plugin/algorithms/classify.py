"""Classification by any network: a subclass names the network, everything else is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterDestination,
)

from ..bridge import layers, models
from ..bridge.styling import Shown, dress
from ..engine.errors import BadInput
from ..engine.jobs import ClassifyJob
from .base import Parameters
from .series import SeriesAlgorithm

SINGLE_LAYER_FORMATS = ["shp", "geojson", "fgb"]  # files that hold one layer, so that a path says all


class ClassifyAlgorithm(SeriesAlgorithm):
    NETWORK = ""

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_inputs()
        self._add_place()
        self._add_outputs()

    def _add_inputs(self) -> None:
        self.add_scenes(
            "Rasters of one season, in any order: one file a date, several files a date, or one stack.",
            "Dated scenes of the season",
            folder=True,
        )
        self._add_model()
        self.add_dates_and_masks()

    def _add_model(self) -> None:
        names = list(models.shipped(self.NETWORK))
        self.add(
            QgsProcessingParameterEnum(
                "MODEL",
                self.tr("Model"),
                names,
                defaultValue=names[0] if names else None,
                optional=True,
                usesStaticStrings=True,
            ),
            self.tr(
                "A model that comes with the plugin. It needs certain bands, and dates of certain parts of the year."
            ),
        )
        self.add(
            QgsProcessingParameterFile(
                "MODEL_FOLDER",
                self.tr("Own model folder, instead of the model above"),
                QgsProcessingParameterFile.Behavior.Folder,
                optional=True,
            ),
            self.tr("A folder with model.onnx and model.json."),
            advanced=True,
        )

    def _add_place(self) -> None:
        self.add_extent("Only this rectangle is mapped. Empty: everything the scenes share.")
        self.add(
            QgsProcessingParameterFeatureSource(
                "AREA", self.tr("Area"), [QgsProcessing.SourceType.TypeVectorPolygon], optional=True
            ),
            self.tr("Only these polygons are mapped; the rest becomes no data."),
        )
        self.add_device()

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Crop map")),
            self.tr("GeoTIFF of class codes with names and colours inside; 0 is no data."),
        )
        self.add(
            QgsProcessingParameterRasterDestination("CONFIDENCE", self.tr("Confidence"), optional=True),
            self.tr("Probability of the mapped class, 0-100; 255 is no data."),
        )
        for name, title, tip in (
            ("PROBABILITIES", "Class probabilities", "One band a class, stored as 0-10000 with the scale 0.0001."),
            ("VALID_DATES", "Number of valid dates", "How many of the model's dates are free of cloud and gaps."),
        ):
            self.add(
                QgsProcessingParameterRasterDestination(name, self.tr(title), optional=True, createByDefault=False),
                self.tr(tip),
            )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Takes the model's number too, as QGIS's own help offers it, and says which models there are."""
        checked = dict(parameters)
        if self.given(parameters, "MODEL"):
            try:
                checked["MODEL"] = self._model_name(parameters, context, models.shipped(self.NETWORK))
            except BadInput as error:
                return False, error.sentence
        return super().checkParameterValues(checked, context)

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {
            "scenes": self.scenes(parameters, context),
            "dates": layers.date_entries(self.table(parameters, "DATES", context)),
            "mask": self.mask(parameters, context),
            "mask_layers": layers.scenes(parameters.get("MASK_LAYERS"), context),
            "extent": self.extent(parameters, context),
            "area": self._area(parameters, context, feedback),
        }

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ClassifyJob:
        def output(name: str) -> str:
            return self.parameterAsOutputLayer(parameters, name, context)

        return ClassifyJob(
            model=str(self._model(parameters, context)),
            class_map=output("OUTPUT"),
            confidence=output("CONFIDENCE"),
            probabilities=output("PROBABILITIES"),
            valid_dates=output("VALID_DATES"),
            device=self.device(parameters, context),
            **inputs,
        )

    def _model(self, parameters: Parameters, context: QgsProcessingContext) -> Path:
        own = self.parameterAsFile(parameters, "MODEL_FOLDER", context)
        if own:
            return Path(own)
        known = models.shipped(self.NETWORK)
        return known[self._model_name(parameters, context, known)]

    def _model_name(self, parameters: Parameters, context: QgsProcessingContext, known: dict[str, Path]) -> str:
        # As text: of an enumeration's value that it does not know, QGIS makes the default without a word.
        return models.choose(self.parameterAsString(parameters, "MODEL", context), known)

    def _area(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> str:
        """A file with the area's polygons: the layer's own, or a copy of the selected or filtered ones."""
        if self.table(parameters, "AREA", context) is None:
            return ""
        return self.parameterAsCompatibleSourceLayerPath(
            parameters, "AREA", context, SINGLE_LAYER_FORMATS, "gpkg", feedback
        )

    def results(
        self, job: ClassifyJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        group = event["outputs"]["group"]  # the model and the dates it used
        written = {
            "OUTPUT": (job.class_map, "Crop map"),
            "CONFIDENCE": (job.confidence, "Confidence"),
            "PROBABILITIES": (job.probabilities, "Class probabilities"),
            "VALID_DATES": (job.valid_dates, "Number of valid dates"),
        }
        for order, (path, name) in enumerate(reversed(list(written.values()))):
            dress(context, Shown(path, self.tr(name), group, order, visible=path == job.class_map))
        return {name: path for name, (path, _) in written.items() if path}
