"""Classification by any network: a subclass names the network, everything else is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterDestination,
)

from ...bridge import ground, shipped_models
from ...bridge.shown_polygons import SINGLE_LAYER_FORMATS, Need
from ...bridge.styling import LayerStyle, style_output
from ...shared.cards.card import Card
from ...shared.cards.files import load_card
from ...shared.cards.refusals import refuse_coarse, refuse_months, refuse_series
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.classify import ClassifyJob, ClassifyOutputs
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm

_SPHERE = 1.01  # by which a distance on a sphere may be too long: what is refused is too coarse for the engine too


class ClassifyAlgorithm(SeriesAlgorithm):
    """What all classifications ask and give; a subclass names its networks."""

    NETWORKS: tuple[str, ...] = ()  # whose models are offered; none: the user's own of any network
    SCENES = "Dated scenes of the season"
    MAP_OPTIONAL = False  # whether something else may be made in place of the crop map
    RADAR = False  # whether models may read a radar series beside the scenes
    ATTENTIVE = False  # whether networks may tell which dates they heed

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._add_inputs()
        self._add_place()
        self._add_outputs()

    def _add_inputs(self) -> None:
        self.add_scenes(
            "Rasters of one season, in any order: one file a date, several files a date, or one stack.",
            self.SCENES,
            folder=True,
        )
        if self.RADAR:
            self.add_scenes(
                "Sentinel-1 of the same season (VV and VH, decibel or power), for models of two series.",
                "Dated radar scenes",
                "RADAR",
                folder=True,
            )
        self._add_model()
        self.add_dates_and_masks()

    def _add_model(self) -> None:
        names = list(shipped_models.offered(*self.NETWORKS))
        if not names:
            self._add_model_folder("Model folder", optional=False)
            return
        self.add(
            QgsProcessingParameterEnum(
                "MODEL",
                self.tr("Model"),
                names,
                optional=True,
                usesStaticStrings=True,
            ),
            self.tr(
                "A model that comes with the plugin, or one of your own. It needs certain bands, and dates of certain "
                "parts of the year. "
                "Not chosen: the one that fits place, season and sensor of the series; the run ends where none does."
            ),
        )
        self._add_model_folder("Own model folder, instead of the model above", optional=True)

    def _add_model_folder(self, title: str, optional: bool) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(
            QgsProcessingParameterFile("MODEL_FOLDER", self.tr(title), folder, optional=optional),
            self.tr("A folder with model.onnx and model.json, as training leaves it."),
            advanced=optional,
        )

    def _add_place(self) -> None:
        self.add_extent("Only this rectangle is mapped. Empty: everything the scenes cover.")
        self.add(
            QgsProcessingParameterFeatureSource(
                "AREA", self.tr("Area"), [QgsProcessing.SourceType.TypeVectorPolygon], optional=True
            ),
            self.tr("Only these polygons are mapped; the rest becomes no data."),
        )
        self.add(
            QgsProcessingParameterBoolean("FILL", self.tr("Fill holes from other scenes"), False),
            self.tr(
                "What clouds hide in a chosen scene is taken from the other scenes of the same time of the season."
            ),
            advanced=True,
        )
        self.add_device()

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Crop map"), optional=self.MAP_OPTIONAL),
            self.tr("GeoTIFF of class codes with names and colours inside; 0 is no data."),
        )
        self.add(
            QgsProcessingParameterRasterDestination("CONFIDENCE", self.tr("Confidence"), optional=True),
            self.tr("Probability of the mapped class, 0-100; 255 is no data."),
        )
        for name, title, tip in (
            ("PROBABILITIES", "Class probabilities", "One band a class, stored as 0-10000 with the scale 0.0001."),
            ("ENTROPY", "Entropy", "Of the probabilities: 0 where the model is sure, 1 where it knows nothing."),
            ("MARGIN", "Margin", "The highest probability less the next: 0 is a draw."),
            ("VALID_DATES", "Number of valid dates", "How many of the model's dates are free of cloud and gaps."),
        ):
            self.add(
                QgsProcessingParameterRasterDestination(name, self.tr(title), optional=True, createByDefault=False),
                self.tr(tip),
            )
        if self.ATTENTIVE:
            self._add_attention()

    def _add_attention(self) -> None:
        for name, title, kind, tip in (
            ("ATTENTION", "Attention to the dates, table", "CSV files (*.csv)", "How much the network heeds each date, "
             "averaged over the pixels of each mapped class."),
            ("ATTENTION_PLOT", "Attention to the dates, curves", "HTML files (*.html)", "The same as a page with one "
             "curve a class."),
        ):  # fmt: skip
            output = QgsProcessingParameterFileDestination(
                name, self.tr(title), kind, optional=True, createByDefault=False
            )
            self.add(output, self.tr(tip), advanced=True)

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Takes the model's number too, as QGIS's own help offers it, and refuses what cannot be mapped with it.

        Only headers and the card are looked at, so that it is known before the run.
        """
        checked = dict(parameters)
        try:
            if self.given(parameters, "MODEL"):
                checked["MODEL"] = self._model_name(parameters, context, shipped_models.offered(*self.NETWORKS))
            if self._chosen(parameters):
                self._refuse(self._card(parameters, context), parameters, context)
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(checked, context)

    def _refuse(self, card: Card, parameters: Parameters, context: QgsProcessingContext) -> None:
        """Raises what the engine would say of this model and these series."""
        optical, radar = (self._some(parameters, name) for name in ("INPUT", "RADAR"))
        if optical or radar:  # that there is none is said by QGIS, or by the run
            refuse_series(card.inputs, optical, radar)
        refuse_months(card, self.given(parameters, "MONTHS"), False)
        finest = ground.finest(self.scenes(parameters, context)) if optical else None
        if finest:
            refuse_coarse(card.inputs, finest[1], finest[0] / _SPHERE)

    def _chosen(self, parameters: Parameters) -> bool:
        """Whether a model is named: else the engine takes the one that fits."""
        return self.given(parameters, "MODEL") or self.given(parameters, "MODEL_FOLDER")

    def _some(self, parameters: Parameters, name: str) -> bool:
        """Whether a series is given, as layers or as a folder."""
        return self.given(parameters, name) or self.given(parameters, f"{name}_FOLDER")

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        optical, radar = self.both_series(parameters, context)
        return {"optical": optical, "radar": radar, "area": self._area(parameters, context, feedback)}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> ClassifyJob:
        if self._chosen(parameters):
            self._card(parameters, context)
        return ClassifyJob(
            model=str(self._model(parameters, context)) if self._chosen(parameters) else "",
            candidates=() if self._chosen(parameters) else shipped_models.candidates(*self.NETWORKS),
            written=self.written(parameters, context),
            months=self.months(parameters, context),
            device=self.device(parameters, context),
            fill=self.parameterAsBool(parameters, "FILL", context),
            **inputs,
        )

    def written(self, parameters: Parameters, context: QgsProcessingContext) -> ClassifyOutputs:
        """What the job is to write."""
        return ClassifyOutputs(
            class_map=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            confidence=self.parameterAsOutputLayer(parameters, "CONFIDENCE", context),
            probabilities=self.parameterAsOutputLayer(parameters, "PROBABILITIES", context),
            entropy=self.parameterAsOutputLayer(parameters, "ENTROPY", context),
            margin=self.parameterAsOutputLayer(parameters, "MARGIN", context),
            valid_dates=self.parameterAsOutputLayer(parameters, "VALID_DATES", context),
            **self.attention(parameters, context),
        )

    def months(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[str, ...]:
        """The target months, of algorithms that map months."""
        return ()

    def attention(self, parameters: Parameters, context: QgsProcessingContext) -> dict[str, str]:
        """What is asked of the attention; "" is nothing."""
        names = ("ATTENTION", "ATTENTION_PLOT") if self.ATTENTIVE else ()
        return {name.lower(): self.parameterAsFileOutput(parameters, name, context) for name in names}

    def _model(self, parameters: Parameters, context: QgsProcessingContext) -> Path:
        own = self.parameterAsFile(parameters, "MODEL_FOLDER", context)
        if own:
            return Path(own)
        known = shipped_models.offered(*self.NETWORKS)
        return known[self._model_name(parameters, context, known)]

    def _card(self, parameters: Parameters, context: QgsProcessingContext) -> Card:
        """Of the model. Raises BadModel, and BadInput for one of a network that the algorithm is not named after."""
        folder = self._model(parameters, context)
        card = load_card(folder)
        if self.NETWORKS and card.network not in self.NETWORKS:
            row = NETWORKS.get(card.network)
            raise BadInput(
                f"The model in {folder} is of the network {row.name if row else card.network}, and this algorithm is "
                f"for {' and '.join(NETWORKS[name].name for name in self.NETWORKS)}: use the algorithm of its network, "
                "or 'Classify crops with your own model'."
            )
        return card

    def _model_name(self, parameters: Parameters, context: QgsProcessingContext, known: dict[str, Path]) -> str:
        # As text: of an enumeration's value that it does not know, QGIS makes the default without a word.
        return shipped_models.choose(self.parameterAsString(parameters, "MODEL", context), known)

    def _area(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> str:
        """A file with the area's polygons: the layer's own, or a copy of them as QGIS shows them."""
        need = Need(formats=SINGLE_LAYER_FORMATS, carries_crs=False)
        return self.polygons(parameters, "AREA", context, feedback, need)[0]

    def results(
        self, job: ClassifyJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        group = event["outputs"]["group"]  # the model and the dates it used
        written = {
            "OUTPUT": (job.written.class_map, "Crop map"),
            "CONFIDENCE": (job.written.confidence, "Confidence"),
            "PROBABILITIES": (job.written.probabilities, "Class probabilities"),
            "ENTROPY": (job.written.entropy, "Entropy"),
            "MARGIN": (job.written.margin, "Margin"),
            "VALID_DATES": (job.written.valid_dates, "Number of valid dates"),
        }
        for order, (path, name) in enumerate(reversed(list(written.values()))):
            visible, notes = path == job.written.class_map, warnings_of(event["outputs"])
            style_output(context, LayerStyle(path, self.tr(name), group, order, visible, notes))
        tables = {name: event["outputs"].get(name.lower(), "") for name in ("ATTENTION", "ATTENTION_PLOT")}
        paths = {name: path for name, (path, _) in written.items()}
        return {name: path for name, path in {**paths, **tables}.items() if path}


def warnings_of(made: dict[str, Any]) -> str:
    """What speaks against the model on the series of a map, a line each, from the engine's words on the map."""
    return "\n".join(finding["sentence"] for finding in made.get("applicability", ()))
