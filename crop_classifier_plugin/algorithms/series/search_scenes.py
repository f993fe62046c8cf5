"""Scenes of a place and a season, looked for in a STAC catalogue and downloaded."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...bridge import layers
from ...bridge.styling import LayerStyle, load_table
from ...shared.choices import TOKENS
from ...shared.errors import BadInput, CropClassifierError
from ...shared.jobs.search_scenes import NetworkAccess, SearchScenesJob, check_address
from ...shared.jobs.sources import Extent
from ..common.engine_algorithm import Parameters
from ..common.series_parameters import SeriesAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
FILES = "CSV files (*.csv);;GeoPackages (*.gpkg);;STAC items (*.json)"


class SearchScenes(SeriesAlgorithm):
    """Catalogue + place + season -> table of the scenes, and a folder that is a series."""

    NAME = "search_scenes"
    TITLE = "Search and download scenes"

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        for name, title, tip in (
            ("API", "Catalogue (STAC API)", "Its address, as https://host/v1. Only it, and the hosts below, are read."),
            ("COLLECTIONS", "Collections", "As sentinel-2-l2a; several with commas between them."),
        ):
            self.add(QgsProcessingParameterString(name, self.tr(title)), self.tr(tip))
        self.add(QgsProcessingParameterExtent("EXTENT", self.tr("Place")), self.tr("What lies over it is fetched."))
        date = QgsProcessingParameterDateTime.Type.Date
        for name, title in (("FIRST", "First day"), ("LAST", "Last day")):
            self.add(QgsProcessingParameterDateTime(name, self.tr(title), date), self.tr("Of the season."))
        self.add(
            QgsProcessingParameterNumber("MAX_CLOUD", self.tr("Most cloud (%)"), DOUBLE, 100, minValue=0, maxValue=100),
            self.tr("Of a whole scene, as the catalogue tells it; scenes that do not tell it stay."),
        )
        self.add(
            QgsProcessingParameterString("BANDS", self.tr("Bands"), optional=True),
            self.tr("As B04 B08 SCL, or keys of assets. Empty: every band that is known."),
        )
        self._add_access()
        self._add_outputs()

    def _add_access(self) -> None:
        for name, title, tip in (
            (
                "HOSTS",
                "Hosts",
                "Of the files, beside the catalogue's own, if you trust them: the log names those needed.",
            ),
            ("TOKEN", "Token", "planetary-computer, or the address of a service that answers a token ({collection})."),
        ):
            self.add(QgsProcessingParameterString(name, self.tr(title), optional=True), self.tr(tip), advanced=True)
        self.add(
            QgsProcessingParameterBoolean("WHOLE", self.tr("Whole files"), False),
            self.tr("Files are fetched as they are, not only what lies over the place."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber("MOST", self.tr("Most scenes"), INTEGER, 500, minValue=1),
            self.tr("More are refused: narrow the search."),
            advanced=True,
        )

    def _add_outputs(self) -> None:
        self.add(
            QgsProcessingParameterFileDestination("TABLE", self.tr("Table of the scenes"), FILES),
            self.tr("CSV (a table of dates), GeoPackage (with footprints) or STAC items, by its ending."),
        )
        self.add(
            QgsProcessingParameterFolderDestination(
                "FOLDER", self.tr("Folder of the files"), optional=True, createByDefault=False
            ),
            self.tr("Empty: nothing is downloaded. The other algorithms take it as a folder of scenes."),
        )
        self.addOutput(QgsProcessingOutputNumber("SCENES", self.tr("Number of scenes")))

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """What can be seen to be wrong before the network is asked."""
        try:
            check_address(self.tr("address of the catalogue"), self._text(parameters, "API", context))
            self._access(parameters, context)
            first, last = (self.day(parameters, name, context) for name in ("FIRST", "LAST"))
            if first and last and first > last:
                raise BadInput(self.tr("The season ends before it begins: exchange the first and the last day."))
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(parameters, context)

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        rectangle = self.parameterAsExtent(parameters, "EXTENT", context)
        crs = self.parameterAsExtentCrs(parameters, "EXTENT", context)
        bounds = rectangle.xMinimum(), rectangle.yMinimum(), rectangle.xMaximum(), rectangle.yMaximum()
        return {"extent": Extent(*bounds, layers.crs_text(crs))}

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> SearchScenesJob:
        return SearchScenesJob(
            **inputs,
            api=self._text(parameters, "API", context),
            collections=self.words(parameters, "COLLECTIONS", context),
            first=self.day(parameters, "FIRST", context),
            last=self.day(parameters, "LAST", context),
            table=self.parameterAsFileOutput(parameters, "TABLE", context),
            folder=self.parameterAsString(parameters, "FOLDER", context),
            max_cloud=self.parameterAsDouble(parameters, "MAX_CLOUD", context),
            bands=self.words(parameters, "BANDS", context),
            whole=self.parameterAsBool(parameters, "WHOLE", context),
            most=self.parameterAsInt(parameters, "MOST", context),
            access=self._access(parameters, context),
        )

    def _access(self, parameters: Parameters, context: QgsProcessingContext) -> NetworkAccess:
        token = self._text(parameters, "TOKEN", context)
        return NetworkAccess(self.words(parameters, "HOSTS", context), TOKENS.get(token, token))

    def _text(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> str:
        text: str = self.parameterAsString(parameters, name, context)
        return text.strip()

    def results(
        self, job: SearchScenesJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        if job.table.lower().endswith((".csv", ".gpkg")):
            days = event["outputs"]["dates"]
            group = self.tr("Scenes {} to {}").format(days[0], days[-1])
            load_table(context, LayerStyle(job.table, self.tr("Table of the scenes"), group), "TABLE")
        written = {"TABLE": job.table, "FOLDER": job.folder}
        return {**{k: path for k, path in written.items() if path}, "SCENES": len(event["outputs"]["scenes"])}
