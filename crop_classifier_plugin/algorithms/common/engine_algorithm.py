"""What the algorithms share: who they are, their help, and the road to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ... import assets
from ...bridge import layers, runner, shown_polygons
from ...shared.devices import DEVICES, DeviceRow
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.sources import SceneSource, read_settings

Parameters = dict[str, Any]

_LISTS_OF_CODES = ("MASK_LAYERS", "MAPS")  # parameters of several rasters that hold codes

GROUPS = {  # the folder that an algorithm lies in -> the group of the toolbox
    "classify": "Map",
    "accuracy": "Accuracy",
    "train": "Train",
    "series": "Series",
    "fusion": "Fuse",
    "help": "Help",
}


class CropAlgorithm(QgsProcessingAlgorithm):
    """An algorithm with a name, a title, an icon and a help file of that name, in the group of its folder."""

    NAME = ""
    TITLE = ""

    def createInstance(self) -> CropAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.NAME

    def displayName(self) -> str:
        return self.tr(self.TITLE)

    def groupId(self) -> str:
        folder = type(self).__module__.split(".")[-2]
        return folder if folder in GROUPS else ""

    def group(self) -> str:
        return self.tr(GROUPS.get(self.groupId(), ""))

    def icon(self) -> QIcon:
        return QIcon(assets.icon(self.NAME))

    def svgIconPath(self) -> str:
        return assets.icon(self.NAME)

    def shortHelpString(self) -> str:
        return assets.help_text(self.NAME)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("CropClassifier", text)

    def add(self, parameter: QgsProcessingParameterDefinition, tip: str, advanced: bool = False) -> None:
        """Adds a parameter with the text that appears when the mouse rests on it."""
        parameter.setHelp(tip)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)


REPORTS = (  # of every algorithm that reports: parameter, title, files
    ("REPORT_HTML", "Report", "HTML files (*.html)"),
    ("REPORT_JSON", "Report as JSON", "JSON files (*.json)"),
    ("REPORT_CSV", "Report as CSV", "CSV files (*.csv)"),
)


class EngineAlgorithm(CropAlgorithm):
    """An algorithm whose work is a job of the engine.

    Inputs are read in prepareAlgorithm, which runs in the main thread, where layers of the project may be asked.
    Outputs are named in processAlgorithm: what it loads afterwards, QGIS takes from that thread's context alone.
    """

    SCENES: tuple[str, ...] = ()  # parameters of single rasters that are scenes; other single ones hold codes
    devices: Mapping[str, DeviceRow] = DEVICES  # that the user may choose from, where there is such a choice

    def __init__(self) -> None:
        super().__init__()
        self._inputs: dict[str, Any] = {}
        self._choices: dict[str, tuple[str, ...]] = {}  # parameter -> the job's values, as they are shown
        self._refusal = ""
        self._tables: list[str] = []  # files that were read to make the job

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """The fields of the job that come from layers. Raises CropClassifierError."""
        return {}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> Any:
        """The job that the parameters mean. Raises CropClassifierError."""
        raise NotImplementedError

    def results(
        self, job: Any, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        """Every declared output, from the engine's result; shows what is to be shown."""
        raise NotImplementedError

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Says what is wrong with a raster, where QGIS would only say that something is.

        QGIS checks the rest, and is given stand-ins for the rasters: it would load them all, with their statistics.
        """
        checked = {}
        try:
            for name in self._rasters():
                if layers.scenes(parameters.get(name), context):
                    checked[name] = QgsRasterLayer()
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues({**parameters, **checked}, context)

    def _rasters(self) -> list[str]:
        """The parameters that take rasters."""
        return [d.name() for d in self.parameterDefinitions() if d.type() in ("raster", "multilayer")]

    def _code_rasters(self) -> list[str]:
        """The parameters of rasters that hold codes: of them the file is read, not what QGIS shows of its no data."""
        kinds = {d.name(): d.type() for d in self.parameterDefinitions()}
        return [n for n in self._rasters() if n not in self.SCENES and (kinds[n] == "raster" or n in _LISTS_OF_CODES)]

    def prepareAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        # An exception here would leave a script with 'there were errors': its sentence is kept for processAlgorithm.
        # (The exception itself holds this algorithm by its traceback, and would keep it alive past its time.)
        try:
            self._inputs = self.inputs(parameters, context, feedback)
        except CropClassifierError as error:
            self._refusal = error.sentence
            return True
        for name in self._code_rasters():
            for warning in layers.unread_no_data(parameters.get(name), context):
                feedback.pushWarning(warning)
        return True

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        if self._refusal:
            raise QgsProcessingException(self._refusal)
        parameters = self._with_absolute_outputs(parameters, context)
        try:
            job = self.job(parameters, context, self._inputs)
            event = runner.run(job, feedback, self._tables)
        except CropClassifierError as error:
            raise QgsProcessingException(error.sentence) from None
        return self.results(job, event, parameters, context)

    def _with_absolute_outputs(self, parameters: Parameters, context: QgsProcessingContext) -> Parameters:
        """The parameters with every output's path absolute, so that what a killed engine leaves there is found."""
        outputs = [d.name() for d in self.destinationParameterDefinitions() if d.name() in parameters]
        return {**parameters, **{name: layers.absolute_output(parameters[name], context) for name in outputs}}

    def given(self, parameters: Parameters, name: str) -> bool:
        """Whether an optional parameter has a value."""
        return parameters.get(name) not in (None, "", [])

    def raster(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> Optional[SceneSource]:
        """An optional raster, None where none was given. Raises BadInput."""
        return layers.scenes(parameters[name], context)[0] if self.given(parameters, name) else None

    def report_paths(self, parameters: Parameters, context: QgsProcessingContext) -> dict[str, str]:
        """Where the REPORTS go, by the job's fields; "" = not asked for."""
        return {name.lower(): self.parameterAsFileOutput(parameters, name, context) for name, _, _ in REPORTS}

    def written_reports(self, job: Any) -> dict[str, str]:
        """The reports that were asked for, as results."""
        return {name: path for name, _, _ in REPORTS if (path := getattr(job, name.lower()))}

    def add_choice(
        self,
        name: str,
        title: str,
        choices: Mapping[str, str],
        tip: str,
        default: str = "",
        advanced: bool = False,
    ) -> None:
        """One of `choices`: the job's values and their titles; `default` is a value, "" stands for the first."""
        self._choices[name] = tuple(choices)
        titles, number = [self.tr(each) for each in choices.values()], list(choices).index(default) if default else 0
        parameter = QgsProcessingParameterEnum(name, self.tr(title), titles, defaultValue=number)
        self.add(parameter, self.tr(tip), advanced)

    def choice(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> str:
        """The job's value of what was chosen."""
        return self._choices[name][self.parameterAsEnum(parameters, name, context)]

    def add_device(self) -> None:
        """What the job may be asked to run on."""
        self.add_choice(
            "DEVICE",
            "Device",
            {value: row.title for value, row in self.devices.items()},
            "Automatic takes the GPU where one works; the log says which device was used and why.",
            advanced=True,
        )

    def device(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        """The device that was chosen, by the job's word for it."""
        return self.choice(parameters, "DEVICE", context)

    def add_settings(self) -> None:
        """The network's settings as text."""
        self.add(
            QgsProcessingParameterString("SETTINGS", self.tr("Network settings"), optional=True),
            self.tr(
                "NAME=VALUE with commas or semicolons between them, as dropout=0.2, widths=8,16,24: they go over those "
                "of the size. The command 'crop-classifier networks' lists networks; a wrong name is answered with "
                "all right ones. Not used where the training starts from an earlier model."
            ),
            advanced=True,
        )

    def own_settings(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[tuple[str, str], ...]:
        """The network's settings that the user wrote. Raises BadInput."""
        return read_settings(self.parameterAsString(parameters, "SETTINGS", context))

    def table(
        self, parameters: Parameters, name: str, context: QgsProcessingContext
    ) -> Optional[QgsProcessingFeatureSource]:
        """An optional table. Raises when one is named and cannot be read."""
        if not self.given(parameters, name):
            return None
        source = self.parameterAsSource(parameters, name, context)
        if source is None:
            raise BadInput(self.invalidSourceError(parameters, name))
        self._tables += layers.files_of(self.parameterAsLayer(parameters, name, context))
        return source

    def polygons(
        self,
        parameters: Parameters,
        name: str,
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
        need: shown_polygons.Need,
    ) -> tuple[str, str, str]:
        """Path, layer and assigned CRS of a file with the polygons as QGIS shows them. Raises BadInput."""
        source = self.table(parameters, name, context)
        if source is None:
            return "", "", ""

        def export(formats: list[str]) -> tuple[str, str]:
            path, layer = self.parameterAsCompatibleSourceLayerPathAndLayerName(
                parameters, name, context, formats, "gpkg", feedback
            )
            return path, layer

        shown = shown_polygons.layer_of(parameters[name], context)
        path, layer = shown_polygons.file_of(source, shown, need, export, feedback)
        return path, layer, layers.labels_crs(source, path, layer)
