"""Writes resources/modeler/classify_and_diagnose.model3: a crop map and its errors in one step of the modeler.

Run it again, with the Python that sees QGIS, when the algorithms' parameters or the shipped models change.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from qgis.core import (  # noqa: E402 - the environment comes first
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF  # noqa: E402

TARGET = ROOT / "resources" / "modeler" / "classify_and_diagnose.model3"
CLASSIFY, DIAGNOSE = "classify", "diagnose"
PASSED_ON = {
    CLASSIFY: ("INPUT", "MODEL", "MODEL_FOLDER", "EXTENT"),
    DIAGNOSE: ("REFERENCE", "REFERENCE_VECTOR", "FIELD"),
}
OUTPUTS = {  # the algorithm's output -> what the model calls it
    CLASSIFY: {"OUTPUT": "Crop map", "CONFIDENCE": "Confidence"},
    DIAGNOSE: {"AGREEMENT": "Agreement", "FOLDER": "Layers of each class", "REPORT_HTML": "Report"},
}
GROUP = "Crop map and agreement"
HELP = {
    "ALG_DESC": "Turns the dated scenes of a season into a crop map, and holds the map against a reference raster or "
    "reference polygons: layers of hits and errors, and a report.",
}


def parameters() -> list[QgsProcessingParameterDefinition]:
    """The model's inputs."""
    raster, polygon = QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon
    folder = QgsProcessingParameterFile.Behavior.Folder
    return [
        QgsProcessingParameterMultipleLayers("INPUT", "Dated scenes of the season", raster),
        model_choice(),
        QgsProcessingParameterFile(
            "MODEL_FOLDER", "Own model folder, instead of the model above", folder, optional=True
        ),
        QgsProcessingParameterExtent("EXTENT", "Extent", optional=True),
        QgsProcessingParameterRasterLayer("REFERENCE", "Reference raster", optional=True),
        QgsProcessingParameterFeatureSource("REFERENCE_VECTOR", "Reference polygons", [polygon], optional=True),
        QgsProcessingParameterField(
            "FIELD", "Field with the class", parentLayerParameterName="REFERENCE_VECTOR", optional=True
        ),
    ]


def model_choice() -> QgsProcessingParameterString:
    """The shipped models, from the algorithm itself, as a text with proposals.

    An enumeration would refuse a wrong or a numbered model with QGIS's words; a text leaves it to the algorithm.
    """
    registry = QgsApplication.processingRegistry()
    models = registry.algorithmById("cropclassifier:classify_lrtacfnet").parameterDefinition("MODEL")
    choice = QgsProcessingParameterString("MODEL", "Model", models.defaultValue(), optional=True)
    choice.setMetadata({"widget_wrapper": {"value_hints": models.options()}})
    return choice


def step(name: str, algorithm: str, column: int) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(f"cropclassifier:{algorithm}")
    child.setChildId(name)
    child.setDescription(child.algorithm().displayName())
    child.setPosition(QPointF(300 + 320 * column, 260))
    for parameter in PASSED_ON[name]:
        child.addParameterSources(parameter, [QgsProcessingModelChildParameterSource.fromModelParameter(parameter)])
    outputs = {}
    for row, (output, title) in enumerate(OUTPUTS[name].items()):
        made = QgsProcessingModelOutput(title, title)
        made.setChildId(name)
        made.setChildOutputName(output)
        made.setPosition(QPointF(460 + 320 * column, 320 + 60 * row))
        outputs[title] = made
    child.setModelOutputs(outputs)
    return child


def build() -> QgsProcessingModelAlgorithm:
    model = QgsProcessingModelAlgorithm("Classify and diagnose", "Crop Classifier")
    for row, parameter in enumerate(parameters()):
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(120 + 230 * (row % 4), 40 + 100 * (row // 4)))
        model.addModelParameter(parameter, component)
    model.addChildAlgorithm(step(CLASSIFY, "classify_lrtacfnet", 0))
    diagnose = step(DIAGNOSE, "diagnose", 1)
    diagnose.addParameterSources("MAP", [QgsProcessingModelChildParameterSource.fromChildOutput(CLASSIFY, "OUTPUT")])
    model.addChildAlgorithm(diagnose)
    model.setHelpContent(HELP)
    model.setOutputGroup(GROUP)  # QGIS puts a model's outputs into the model's group, not into the algorithm's
    return model


if __name__ == "__main__":
    app = QgsApplication([], False)
    app.initQgis()
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    model = build()
    valid, problems = model.validate()
    if not valid or not model.toFile(str(TARGET)):
        sys.exit(f"The model could not be written to {TARGET}: {problems}")
    print(TARGET)
    plugin.unload()
    app.exitQgis()
