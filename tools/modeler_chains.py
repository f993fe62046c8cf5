"""The chains that ship for the modeler: their inputs and steps. make_model3.py writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)


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


def review_parameters() -> list[QgsProcessingParameterDefinition]:
    raster, polygon = QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon
    folder = QgsProcessingParameterFile.Behavior.Folder
    return [
        QgsProcessingParameterMultipleLayers("INPUT", "Dated scenes of the season", raster),
        model_choice(),
        QgsProcessingParameterFile(
            "MODEL_FOLDER", "Own model folder, instead of the model above", folder, optional=True
        ),
        QgsProcessingParameterExtent("EXTENT", "Extent", optional=True),
        QgsProcessingParameterFeatureSource("PARCELS", "Parcels with their declared crop", [polygon]),
        QgsProcessingParameterField("DECLARED", "Field with the declared crop", parentLayerParameterName="PARCELS"),
        QgsProcessingParameterField(
            "ID", "Field with the parcel's id", parentLayerParameterName="PARCELS", optional=True
        ),
    ]


def on_parcels(name: str, outputs: dict[str, str]) -> Step:
    """A step that reads the map, its probabilities and the declared parcels."""
    maps = {"MAP": (("classify", "OUTPUT"),), "PROBABILITIES": (("classify", "PROBABILITIES"),)}
    return Step(name, name, ("PARCELS", "DECLARED", "ID"), maps, outputs=outputs)


CLASSIFY_TO_REVIEW = Chain(
    "classify_to_review",
    "Classify, and list what to look at",
    "Crop map and review",
    "Turns the dated scenes of a season into a crop map, holds it against the declared parcels, sums it up by parcel, "
    "and lists the parcels in the order of what a look at them gains. Fill in the review list, then run the chain "
    "'Learn from a review'.",
    review_parameters,
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
            linked={
                "MAP": (("classify", "OUTPUT"),),
                "CONFIDENCE": (("classify", "CONFIDENCE"),),
                "REFERENCE_VECTOR": ("PARCELS",),
                "FIELD": ("DECLARED",),
            },
            fixed={"LOAD_CLASSES": False},
            outputs={"AGREEMENT": "Agreement", "REPORT_HTML": "Report"},
        ),
        on_parcels("parcel_summary", {"SUMMARY": "Parcels with their crop", "REPORT_HTML": "Report of the parcels"}),
        on_parcels("review_list", {"REVIEW": "Review list"}),
    ),
)


def learn_parameters() -> list[QgsProcessingParameterDefinition]:
    raster, shapes = QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorAnyGeometry
    return [
        QgsProcessingParameterRasterLayer("MAP", "Crop map that was reviewed"),
        QgsProcessingParameterFeatureSource("REVIEW", "Answered review", [shapes]),
        QgsProcessingParameterMultipleLayers("INPUT", "Dated scenes to learn from", raster),
        QgsProcessingParameterString("WINDOWS", "Date windows, for more than 6 dates", optional=True),
    ]


LEARN_FROM_REVIEW = Chain(
    "learn_from_review",
    "Learn from a review",
    "Corrected map and model",
    "Brings the answers of a review back into the crop map, and trains a random forest on all listed parcels: with the "
    "crop that they were found to have where somebody looked, else with the one that was declared. "
    "'Classify crops with your own model' maps with it.",
    learn_parameters,
    (
        Step(
            "apply_review",
            "apply_review",
            ("MAP", "REVIEW"),
            outputs={
                "CORRECTED": "Corrected map",
                "LABELS": "Labels",
                "CLEANED_LABELS": "Cleaned labels",
                "REPORT_HTML": "Report",
            },
        ),
        Step(
            "train",
            "train_random_forest",
            ("INPUT", "WINDOWS"),
            {"LABELS": (("apply_review", "CLEANED_LABELS"),)},
            {"FIELD": "crop"},
            {"MODEL_FOLDER": "Model"},
        ),
    ),
)


CHAINS = (CLASSIFY_AND_DIAGNOSE, CLASSIFY_TO_REVIEW, CLOUDY_SEASON, LEARN_FROM_REVIEW)
