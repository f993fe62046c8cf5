"""Writes resources/modeler/*.model3: a crop map and its errors, and the chain for a season with a clouded peak.

Run it again, with the Python that sees QGIS, when the algorithms' parameters or the shipped models change.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from qgis.core import (  # noqa: E402 - the environment comes first
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
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
from qgis.core import QgsProcessingModelChildParameterSource as Source  # noqa: E402
from qgis.PyQt.QtCore import QPointF  # noqa: E402

FOLDER = ROOT / "resources" / "modeler"


@dataclass(frozen=True)
class Step:
    """One algorithm of a chain. What a parameter gets: the model's parameters, outputs of earlier steps, or values."""

    name: str
    algorithm: str
    passed_on: tuple[str, ...] = ()  # parameters of the same name in the model
    linked: dict[str, tuple[str | tuple[str, str], ...]] = field(default_factory=dict)  # parameter, or (step, output)
    fixed: dict[str, object] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)  # the algorithm's output -> what the model calls it


@dataclass(frozen=True)
class Chain:
    """A model: its file, what QGIS calls it, its inputs and its steps."""

    file: str
    title: str
    group: str  # of its outputs
    help: str
    parameters: Callable[[], list[QgsProcessingParameterDefinition]]
    steps: tuple[Step, ...]


def classify_parameters() -> list[QgsProcessingParameterDefinition]:
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
    models = registry.algorithmById("cropclassifier:classify_lrtacf_net").parameterDefinition("MODEL")
    choice = QgsProcessingParameterString("MODEL", "Model", models.defaultValue(), optional=True)
    choice.setMetadata({"widget_wrapper": {"value_hints": models.options()}})
    return choice


CLASSIFY_AND_DIAGNOSE = Chain(
    "classify_and_diagnose",
    "Classify and diagnose",
    "Crop map and agreement",
    "Turns the dated scenes of a season into a crop map, and holds the map against a reference raster or "
    "reference polygons: layers of hits and errors, and a report.",
    classify_parameters,
    (
        Step(
            "classify",
            "classify_lrtacf_net",
            ("INPUT", "MODEL", "MODEL_FOLDER", "EXTENT"),
            outputs={"OUTPUT": "Crop map", "CONFIDENCE": "Confidence"},
        ),
        Step(
            "diagnose",
            "diagnose",
            ("REFERENCE", "REFERENCE_VECTOR", "FIELD"),
            {"MAP": (("classify", "OUTPUT"),)},
            outputs={"AGREEMENT": "Agreement", "FOLDER": "Layers of each class", "REPORT_HTML": "Report"},
        ),
    ),
)


def cloudy_parameters() -> list[QgsProcessingParameterDefinition]:
    raster, polygon = QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon
    return [
        QgsProcessingParameterMultipleLayers("SCENES", "Dated scenes, without the clouded peak", raster),
        QgsProcessingParameterMultipleLayers("COARSE", "Coarse NDVI images of the season, as MODIS", raster),
        QgsProcessingParameterRasterLayer("PEAK", "Coarse NDVI image of the clouded peak"),
        QgsProcessingParameterFeatureSource("LABELS", "Labelled parcels to learn from", [polygon]),
        QgsProcessingParameterField("FIELD", "Field with the class", parentLayerParameterName="LABELS"),
        QgsProcessingParameterFeatureSource("REFERENCE_VECTOR", "Other parcels to test on, same field", [polygon]),
        QgsProcessingParameterString("WINDOWS", "Date windows, for more than 6 dates", optional=True),
    ]


SERIES = (("fill", "OUTPUT"), ("fuse", "OUTPUT"))  # what the forest sees
CLOUDY_SEASON = Chain(
    "cloudy_season",
    "Cloudy season",
    "Crop map of a cloudy season",
    "A crop map of a season whose peak no fine image shows: the scenes become one series of NDVI without gaps, the "
    "coarse images are brought to the day of the last fine one, STARFM makes the fine NDVI of the peak, a random "
    "forest learns the labelled parcels on all these dates, and its map is held against other parcels.",
    cloudy_parameters,
    (
        Step("build", "build_series", linked={"INPUT": ("SCENES",)}, fixed={"BANDS": "B04 B08"}),
        Step("index", "index", linked={"INPUT": (("build", "OUTPUT"),)}, fixed={"INDICES": ["NDVI"]}),
        Step("fill", "fill_gaps", linked={"INPUT": (("index", "OUTPUT"),)}, outputs={"OUTPUT": "NDVI of the season"}),
        Step(
            "align",
            "align_series",
            linked={"TRAINING": ("COARSE",), "PREDICTION": (("fill", "OUTPUT"),)},
            fixed={"STRATEGY": 1, "COUNT": 1, "BANDS": "NDVI"},  # B: linear in time, to the last fine date
        ),
        Step(
            "fuse",
            "fuse_starfm",
            linked={"FINE": (("fill", "OUTPUT"),), "COARSE": (("align", "TRAINING_OUTPUT"), "PEAK")},
            outputs={"OUTPUT": "NDVI of the clouded peak"},
        ),
        Step(
            "train",
            "train_random_forest",
            ("LABELS", "FIELD", "WINDOWS"),
            {"INPUT": SERIES},
            {"BANDS": "NDVI"},
            {"MODEL_FOLDER": "Model"},
        ),
        Step(
            "classify",
            "classify_model",
            linked={"INPUT": SERIES, "MODEL_FOLDER": (("train", "MODEL_FOLDER"),)},
            outputs={"OUTPUT": "Crop map", "CONFIDENCE": "Confidence"},
        ),
        Step(
            "diagnose",
            "diagnose",
            ("REFERENCE_VECTOR", "FIELD"),
            {"MAP": (("classify", "OUTPUT"),)},
            outputs={"AGREEMENT": "Agreement", "FOLDER": "Layers of each class", "REPORT_HTML": "Report"},
        ),
    ),
)


def child_of(step: Step, column: int) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(f"cropclassifier:{step.algorithm}")
    child.setChildId(step.name)
    child.setDescription(child.algorithm().displayName())
    child.setPosition(QPointF(300 + 320 * column, 260))
    for parameter in step.passed_on:
        child.addParameterSources(parameter, [Source.fromModelParameter(parameter)])
    for parameter, sources in step.linked.items():
        child.addParameterSources(parameter, [source_of(source) for source in sources])
    for parameter, value in step.fixed.items():
        child.addParameterSources(parameter, [Source.fromStaticValue(value)])
    outputs = {}
    for row, (output, title) in enumerate(step.outputs.items()):
        made = QgsProcessingModelOutput(title, title)
        made.setChildId(step.name)
        made.setChildOutputName(output)
        made.setPosition(QPointF(460 + 320 * column, 320 + 60 * row))
        outputs[title] = made
    child.setModelOutputs(outputs)
    return child


def source_of(source: str | tuple[str, str]) -> Source:
    return Source.fromModelParameter(source) if isinstance(source, str) else Source.fromChildOutput(*source)


def build(chain: Chain) -> QgsProcessingModelAlgorithm:
    model = QgsProcessingModelAlgorithm(chain.title, "Crop Classifier")
    for row, parameter in enumerate(chain.parameters()):
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(120 + 230 * (row % 4), 40 + 100 * (row // 4)))
        model.addModelParameter(parameter, component)
    for column, step in enumerate(chain.steps):
        model.addChildAlgorithm(child_of(step, column))
    model.setHelpContent({"ALG_DESC": chain.help})
    model.setOutputGroup(chain.group)  # QGIS puts a model's outputs into the model's group, not into the algorithm's
    return model


def write(chain: Chain) -> None:
    model, target = build(chain), FOLDER / f"{chain.file}.model3"
    valid, problems = model.validate()
    if not valid or not model.toFile(str(target)):
        sys.exit(f"The model could not be written to {target}: {problems}")
    print(target)


if __name__ == "__main__":
    app = QgsApplication([], False)
    app.initQgis()
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    for chain in (CLASSIFY_AND_DIAGNOSE, CLOUDY_SEASON):
        write(chain)
    plugin.unload()
    app.exitQgis()
