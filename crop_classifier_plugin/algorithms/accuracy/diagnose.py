"""Holds a crop map against a reference: layers of hits and errors, and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import SINGLE_LAYER_FORMATS, Need
from ...bridge.styling import LayerStyle, load, style_output
from ...shared.errors import BadInput
from ...shared.jobs.accuracy import CompareLimits, DiagnoseJob, ErrorLayers
from ...shared.jobs.sources import LabelSource
from ...shared.metrics import METRICS
from ..common.class_choice_parameters import ClassChoiceParameters
from ..common.engine_algorithm import REPORTS, Parameters
from ..common.label_parameters import SHAPES
from ..common.report_pdf import check_place, write_pdf

_MORE = {"DISAGREEMENT": "Which for which", "SURENESS": "Right or wrong, sure or unsure"}  # layers over all classes


class Diagnose(ClassChoiceParameters):
    """Crop map + reference -> layers of hits and errors, agreement, report."""

    NAME = "diagnose"
    TITLE = "Diagnose a crop map"

    def __init__(self) -> None:
        super().__init__()
        self._pdf = ("", "")  # the page, and where it goes as a PDF; "" = not asked for

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_inputs()
        self._add_outputs()

    def _add_inputs(self) -> None:
        tables = QgsProcessing.SourceType.TypeVector
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("A raster of class codes; its own legend is used."),
        )
        self.add(
            QgsProcessingParameterRasterLayer("REFERENCE", self.tr("Reference raster"), optional=True),
            self.tr("A raster of classes, in any grid. Give this or polygons or points, not both."),
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "REFERENCE_VECTOR", self.tr("Reference polygons or points"), SHAPES, optional=True
            ),
            self.tr("Polygons or points with a class each; a point is of its pixel. Give these or a raster, not both."),
        )
        self.add(
            QgsProcessingParameterField(
                "FIELD", self.tr("Field with the class"), parentLayerParameterName="REFERENCE_VECTOR", optional=True
            ),
            self.tr("Holds the class of each polygon or point: a name or a code of the map's legend."),
        )
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which value of the reference means which class of the map."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("LEAVE_OUT_MISSING", self.tr("Leave out classes that the map lacks"), False),
            self.tr("Pixels of such a class are not compared. Otherwise they count as wrong."),
            advanced=True,
        )
        self.add_class_choice()
        self._add_limits()
        self.add(
            QgsProcessingParameterBoolean("LOAD_CLASSES", self.tr("Open the layers of each class"), True),
            self.tr("Adds them to the project after the run, the first one visible."),
            advanced=True,
        )

    def _add_limits(self) -> None:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        whole, real = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
        self.add(
            QgsProcessingParameterFeatureSource("AREA", self.tr("Area"), [polygons], optional=True),
            self.tr("Only pixels inside its polygons are compared."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "BOUNDARY", self.tr("Width of boundaries"), whole, 0, minValue=0, maxValue=100
            ),
            self.tr("Pixels: so close to another class of the reference, a pixel is counted apart."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterRasterLayer("CONFIDENCE", self.tr("Confidence of the map"), optional=True),
            self.tr("Of the same run: for the layer that tells where the map is sure and wrong."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                "SURE_ABOVE", self.tr("Sure from, in per cent"), real, 80, minValue=0, maxValue=100
            ),
            self.tr("Confidence from which the map is taken to be sure."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile(
                "AREA_ESTIMATE", self.tr("Area estimate (JSON)"), extension="json", optional=True
            ),
            self.tr("Report of Estimate areas for this map: its hectares, with intervals, stand in the report."),
            advanced=True,
        )

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("AGREEMENT", self.tr("Agreement")),
            self.tr("Right is black, wrong is white."),
        )
        self.add(
            QgsProcessingParameterFolderDestination("FOLDER", self.tr("Folder for the layers of each class")),
            self.tr("One raster a class: true positives gray, false positives red, false negatives blue."),
        )
        tips = ("One layer over all classes: which is mapped as which.", "Needs the map's confidence.")
        for (name, title), tip in zip(_MORE.items(), tips):
            layer = QgsProcessingParameterRasterDestination(name, self.tr(title), optional=True, createByDefault=False)
            self.add(layer, self.tr(tip))
        for name, title, files in REPORTS:
            self.add(
                QgsProcessingParameterFileDestination(name, self.tr(title), files),
                self.tr("Confusion matrix and accuracy of each class and of the whole map."),
            )
        pdf = QgsProcessingParameterFileDestination(
            "REPORT_PDF", self.tr("Report as PDF"), "PDF files (*.pdf)", optional=True, createByDefault=False
        )
        self.add(pdf, self.tr("The page, laid out for A4 paper."))
        self.addOutput(QgsProcessingOutputMultipleLayers("CLASS_LAYERS", self.tr("Layers of each class")))
        for key, metric in METRICS.items():
            self.addOutput(QgsProcessingOutputNumber(key.upper(), self.tr(metric.title)))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        return {
            "class_map": crop_map.path,
            "map_crs": crop_map.crs,
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
            "reference": self._reference(parameters, context, feedback),
            "limits": self._limits(parameters, context, feedback),
            "confidence": self._confidence(parameters, context),
        }

    def _limits(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> CompareLimits:
        need = Need(formats=SINGLE_LAYER_FORMATS, carries_crs=False)
        area, *_ = self.polygons(parameters, "AREA", context, feedback, need)
        missing = self.parameterAsBool(parameters, "LEAVE_OUT_MISSING", context)
        return CompareLimits(area, self.parameterAsInt(parameters, "BOUNDARY", context), missing)

    def _confidence(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return layers.scenes(parameters["CONFIDENCE"], context)[0].path if self.given(parameters, "CONFIDENCE") else ""

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> DiagnoseJob:
        more = ErrorLayers(
            self.parameterAsOutputLayer(parameters, "DISAGREEMENT", context),
            self.parameterAsOutputLayer(parameters, "SURENESS", context),
            inputs.pop("confidence"),
            self.parameterAsDouble(parameters, "SURE_ABOVE", context),
        )
        self._pdf = "", self.parameterAsFileOutput(parameters, "REPORT_PDF", context)
        if self._pdf[1]:
            check_place(self._pdf[1])
        return DiagnoseJob(
            layers=more,
            area_estimate=self.parameterAsString(parameters, "AREA_ESTIMATE", context),
            folder=self.parameterAsString(parameters, "FOLDER", context),
            agreement=self.parameterAsOutputLayer(parameters, "AGREEMENT", context),
            **self.report_paths(parameters, context),
            **inputs,
        )

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Writes the PDF, in the main thread, where Qt may lay out text."""
        page, pdf = self._pdf
        if pdf:
            write_pdf(page, pdf)
        return {}

    def _reference(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> LabelSource:
        raster, vector = (self.given(parameters, name) for name in ("REFERENCE", "REFERENCE_VECTOR"))
        if raster == vector:
            raise BadInput("One reference is needed: choose a reference raster, or reference polygons or points.")
        if raster:
            scene = layers.scenes(parameters["REFERENCE"], context)[0]
            return LabelSource(scene.path, crs=scene.crs, choice=self.class_choice(parameters, context))
        fields = self.parameterAsStrings(parameters, "FIELD", context)
        if not fields:
            raise BadInput("The field with the class of the reference is missing: choose it.")
        path, layer, crs = self.polygons(parameters, "REFERENCE_VECTOR", context, feedback, Need((fields[0],)))
        return LabelSource(path, layer, fields[0], crs=crs, choice=self.class_choice(parameters, context))

    def results(
        self, job: DiagnoseJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        self._pdf = job.report_html, self._pdf[1]
        group = self.tr("Errors of {}").format(Path(job.class_map).stem)
        classes = outputs["class_layers"]
        style_output(context, LayerStyle(job.agreement, self.tr("Agreement"), group, order=-1, visible=False))
        for name, title in _MORE.items():
            style_output(context, LayerStyle(getattr(job.layers, name.lower()), self.tr(title), group, visible=False))
        if self.parameterAsBool(parameters, "LOAD_CLASSES", context):
            for order, path in enumerate(classes):
                shown = LayerStyle(path, _title(path), group, len(classes) - order, visible=order == 0)
                load(context, shown, "CLASS_LAYERS")
        return {
            "AGREEMENT": job.agreement,
            **{name: path for name in _MORE if (path := getattr(job.layers, name.lower()))},
            "FOLDER": job.folder,
            **self.written_reports(job),
            **({"REPORT_PDF": self._pdf[1]} if self._pdf[1] else {}),
            "CLASS_LAYERS": classes,
            **{key.upper(): outputs[key] for key in METRICS},
        }


def _title(path: str) -> str:
    """What the engine calls a layer: its band's description, as 'Maize: TP, FP, FN, TN'."""
    layer = QgsRasterLayer(path)
    return layer.dataProvider().bandDescription(1) or Path(path).stem
