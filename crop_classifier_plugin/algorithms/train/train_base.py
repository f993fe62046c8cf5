"""Training of any network: a subclass names the network and its settings, everything else is the same."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...shared.choices import LOSSES, OPTIMIZERS, PRECISIONS, RECIPES, RESUME, SCHEDULES
from ...shared.devices import TRAINING_DEVICES
from ...shared.jobs.sources import LabelSource, read_windows
from ...shared.jobs.train import (
    CardTexts,
    HardwareSpec,
    ModelInputs,
    NetworkSpec,
    OptimSpec,
    SplitSpec,
    TrainJob,
)
from ...shared.metrics import METRICS
from ...shared.networks import NETWORKS
from ...shared.recipes import describe
from ..common.engine_algorithm import Parameters
from ..common.label_parameters import LabelledAlgorithm
from ..common.model_folders import ModelMaker

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, field of the job, title, type, default, least, most, advanced, tip
    ("HELD_OUT", "held_out", "Share held out for the test", DOUBLE, 0.3, 0, 0.9, False,
     "Share of the labelled area whose parcels are never trained on: they say how good the model is."),
    ("VALIDATION", "validation", "Share for the validation", DOUBLE, 0.15, 0, 0.9, False,
     "Share of the labelled area whose parcels choose the best epoch. 0: the last epoch is kept. "
     "Not used with validation scenes."),
    ("MINUTES", "minutes", "Minutes to learn", DOUBLE, 10, 0.1, 100_000, False,
     "About how long the recipe that learns on your machine may take, if that does nothing else: epochs and steps are "
     "planned from what a few steps take. Not asked with epochs of your own, or with the paper's recipe."),
    ("EPOCHS", "epochs", "Epochs", INTEGER, 0, 0, 10_000, True,
     "In place of the minutes: looks at the validation, at most. The log tells the loss of each epoch. 0: as the "
     "recipe says."),
    ("STEPS", "steps", "Steps an epoch", INTEGER, 0, 0, 1_000_000, True,
     "0: as many as show each labelled pixel about once, at least 10, or as fit into the minutes."),
    ("SEED", "seed", "Seed", INTEGER, 1, 0, 2**31 - 1, False,
     "The same seed parts the parcels in the same way again."),
    ("BATCH", "batch", "Batch", INTEGER, 0, 0, 1024, True,
     "Patches a step. Fewer need less memory. 0: as the recipe says."),
    ("PATCH", "patch", "Side of a patch in pixels", INTEGER, 0, 0, 4096, True,
     "What is learnt from at once: a network of many levels sees farther and wants larger patches, small areas have "
     "only room for smaller ones. 0: as the recipe says."),
    ("MIN_PARCELS", "min_parcels", "Fewest parcels of a class", INTEGER, 3, 1, 1_000_000, True,
     "A class with fewer parcels on the series ends the run before anything is learnt. In a class raster, what a class "
     "has of a square of 32 pixels counts as a parcel."),
    ("LEARNING_RATE", "learning_rate", "Learning rate", DOUBLE, 0, 0, 10, True,
     "The highest. 0: the recipe's, or of another optimiser than its own 0.011 (SAM), 0.003 (AdamW), 0.001 (Adam)."),
    ("CARDS", "devices", "Graphics cards", INTEGER, 1, 0, 64, True,
     "How many graphics cards share each batch, which must be a multiple of them. 0: all there are."),
    ("PATIENCE", "patience", "Patience", INTEGER, -1, -1, 10_000, True,
     "The training ends when the validation mean F1 did not rise for so many epochs. 0: never, -1: as the recipe."),
)  # fmt: skip
RECIPE = (
    "How the network learns. The paper's recipe is meant for tens of thousands of steps on a graphics card; with it "
    "the epochs are the paper's. Loss, optimiser, rate and the rest can be set one by one as advanced parameters."
)
CHOICES = (  # name, field of the job, title, choices, tip
    ("OPTIMIZER", "optimizer", "Optimiser", OPTIMIZERS,
     "SAM takes twice the time a step, AdamW is the usual choice elsewhere."),
    ("SCHEDULE", "schedule", "Course of the learning rate", SCHEDULES,
     "One cycle goes up to the learning rate and down to nothing by the last step; the others are the papers'."),
    ("LOSS", "loss", "Loss", LOSSES,
     "What the training makes small. The weighted ones give rare classes more weight."),
    ("PRECISION", "precision", "Precision", PRECISIONS,
     "Automatic: 32 bit on the processor, mixed on a graphics card, which is faster there and takes less memory."),
    ("RESUME", "resume", "A training of this model that was cancelled or broken off", RESUME,
     "After each epoch the state of the training is kept in a folder beside the model folder, until the model "
     "is whole. It can go on only with the same labels, scenes and settings."),
)  # fmt: skip
_CHOSEN = {name: field for name, field, *_ in CHOICES} | {"DEVICE": "device", "RECIPE": "recipe"}
TEXTS = (  # name, field of the job, title, tip
    ("TITLE", "title", "Title of the model", "What maps of this model are called. Empty: the name of its folder."),
    ("REGION", "region", "Region", "Where the model was trained, for its card. Empty: the scenes' place in degrees."),
    ("SEASON", "season", "Season", "Of what season it is, for its card. Empty: the months of the scenes."),
)


class TrainAlgorithm(LabelledAlgorithm, ModelMaker):
    """What all trainings ask and give."""

    devices = TRAINING_DEVICES
    NETWORK = ""
    BANDS = "B02, B03, B04, B8A, B11, B12"

    def add_network(self) -> None:
        """Adds the parameters of the network's own settings."""

    def network_name(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        """The network's name in networks.trainable()."""
        return self.NETWORK

    def settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        """The network's settings, as text. Raises CropClassifierError."""
        return ()

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes(
            "Rasters of one season, in any order: one file a date, several files a date, or one stack.",
            "Dated scenes of the season",
        )
        self._add_labels()
        self._add_season()
        self.add_network()
        self.add_settings()
        self._add_learning()
        self._add_outputs()

    def _add_season(self) -> None:
        self.add(
            QgsProcessingParameterString("WINDOWS", self.tr("Date windows"), optional=True),
            self.tr(
                "Days of the year from which the model takes one date each, as 95-135, 150-195, 210-260. "
                "Empty: 20 days around each scene, or with more than 6 dates the calendar months."
            ),
        )
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), self.BANDS),
            self.tr("What the model takes of each date. Every scene that is used must have them."),
            advanced=True,
        )
        self.add_dates_and_masks()

    def _add_learning(self) -> None:
        self.add_choice("RECIPE", "Recipe", RECIPES, self.tr(RECIPE) + self._told_recipes())
        for name, _, title, kind, default, least, most, advanced, tip in NUMBERS:
            parameter = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least, maxValue=most)
            self.add(parameter, self.tr(tip), advanced)
        for name, _, title, choices, tip in CHOICES:
            self.add_choice(name, title, choices, tip, advanced=True)
        self.add_validation()
        self.add_device()

    def _told_recipes(self) -> str:
        """The recipes of the one network that the algorithm trains."""
        recipes = NETWORKS[self.NETWORK].recipes if self.NETWORK else None
        return "".join(f"\n{RECIPES[name]}: {describe(recipes.named(name))}." for name in RECIPES) if recipes else ""

    def _add_outputs(self) -> None:
        for name, _, title, tip in TEXTS:
            self.add(QgsProcessingParameterString(name, self.tr(title), optional=True), self.tr(tip), advanced=True)
        tip = "The model, its card, the split of the parcels and the report are written here."
        self.add_model_folder("MODEL_FOLDER", "Model folder", tip)
        self.addOutput(QgsProcessingOutputHtml("REPORT", self.tr("Report of the training")))
        for key, metric in METRICS.items():
            title = self.tr("{} on the held-out parcels").format(self.tr(metric.title))
            self.addOutput(QgsProcessingOutputNumber(key.upper(), title))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return self.data(parameters, context, feedback)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> TrainJob:
        return TrainJob(
            **inputs,
            **self._chosen(TrainJob, parameters, context),
            model=self.model_folder(parameters, "MODEL_FOLDER", context),
            split=self.split(parameters, context),
            network=self.network(parameters, context),
            model_inputs=ModelInputs(
                bands=self.words(parameters, "BANDS", context),
                windows=read_windows(self.parameterAsString(parameters, "WINDOWS", context)),
            ),
            optim=self.optim(parameters, context),
            hardware=HardwareSpec(**self._chosen(HardwareSpec, parameters, context)),
            card=self.card(parameters, context, inputs["data"][0].labels),
        )

    def split(self, parameters: Parameters, context: QgsProcessingContext) -> SplitSpec:
        """How parcels are held out."""
        return SplitSpec(**self._chosen(SplitSpec, parameters, context))

    def network(self, parameters: Parameters, context: QgsProcessingContext) -> NetworkSpec:
        """Which network, and its settings."""
        settings = self.settings(parameters, context) + self.own_settings(parameters, context)
        return NetworkSpec(self.network_name(parameters, context), settings)

    def optim(self, parameters: Parameters, context: QgsProcessingContext) -> OptimSpec:
        """How it learns."""
        return OptimSpec(**self._chosen(OptimSpec, parameters, context))

    def card(self, parameters: Parameters, context: QgsProcessingContext, labels: LabelSource) -> CardTexts:
        """What the model's card is to say."""
        texts = {field: self.parameterAsString(parameters, name, context).strip() for name, field, *_ in TEXTS}
        return CardTexts(training_data=self.told_labels(parameters, context, labels.path), **texts)

    def _chosen(self, part: Any, parameters: Parameters, context: QgsProcessingContext) -> dict[str, Any]:
        """The fields of a part of the job that are numbers and choices; a forest asks for less."""
        known = {field.name for field in fields(part)}
        read = {INTEGER: self.parameterAsInt, DOUBLE: self.parameterAsDouble}
        asked = {definition.name() for definition in self.parameterDefinitions()}
        numbers = {field: (name, kind) for name, field, _, kind, *_ in NUMBERS if field in known and name in asked}
        named = {field: name for name, field in _CHOSEN.items() if field in known and name in asked}
        return {
            **{field: read[kind](parameters, name, context) for field, (name, kind) in numbers.items()},
            **{field: self.choice(parameters, name, context) for field, name in named.items()},
        }

    def results(
        self, job: TrainJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        outputs = event["outputs"]
        figures = {key.upper(): outputs[key] for key in METRICS}
        told = {name: value for name, value in figures.items() if value is not None}
        return {"MODEL_FOLDER": job.model, "REPORT": outputs["report"], **told}
