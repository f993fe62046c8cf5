"""What the algorithms about series of scenes share: dates, cloud masks, extent, and names of bands."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
)

from ...bridge import layers
from ...shared.choices import MASKS
from ...shared.errors import CropClassifierError
from ...shared.jobs.sources import DateEntry, Extent, SceneSource, Series, optical_and_radar
from .engine_algorithm import EngineAlgorithm, Parameters


class SeriesAlgorithm(EngineAlgorithm):
    """An algorithm whose INPUT is dated scenes."""

    LEFT_OUT: tuple[str, ...] = ()  # parameters of scenes of which none need be given

    def add_scenes(self, tip: str, title: str = "Dated scenes", name: str = "INPUT", folder: bool = False) -> None:
        """`folder`: a folder may be given beside the layers, or in their stead; `scenes` reads both."""
        rasters = QgsProcessing.SourceType.TypeRaster
        layers_in = QgsProcessingParameterMultipleLayers(name, self.tr(title), rasters, optional=folder)
        self.add(layers_in, self.tr(tip))
        if folder:
            behaviour = QgsProcessingParameterFile.Behavior.Folder
            title = self.tr("Folder of {}").format(self.tr(title).lower())
            self.add(
                QgsProcessingParameterFile(f"{name}_FOLDER", title, behaviour, optional=True),
                self.tr(
                    "Its rasters, and below it the products (Sentinel-1 and -2, HLS, Landsat, MODIS) and what lies in "
                    "folders that tell a date (2019-04-21, 2019/4/21)."
                ),
            )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """Either the layers or the folder must be given, which QGIS cannot know: each alone is optional."""
        asked = [d for d in self.parameterDefinitions() if d.type() == "multilayer" and d.name() not in self.LEFT_OUT]
        for scenes in asked:
            folder = self.parameterDefinition(f"{scenes.name()}_FOLDER")
            if folder and not any(self.given(parameters, each.name()) for each in (scenes, folder)):
                return False, self.tr("No raster was given: choose '{}', or '{}'.").format(
                    scenes.description(), folder.description()
                )
        try:
            self.dates(parameters, context)
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(parameters, context)

    def scenes(
        self, parameters: Parameters, context: QgsProcessingContext, name: str = "INPUT"
    ) -> tuple[SceneSource, ...]:
        """The scenes of the layers, and of the folder if there is one."""
        return layers.scenes([parameters.get(name), parameters.get(f"{name}_FOLDER")], context)

    def add_dates(self) -> None:
        """The table of dates, for layers that do not tell theirs."""
        self.add(
            QgsProcessingParameterFeatureSource(
                "DATES", self.tr("Table of dates"), [QgsProcessing.SourceType.TypeVector], optional=True
            ),
            self.tr(
                "Columns layer (name or path; * for any text), date (YYYY-MM-DD), band (its number; empty = all), "
                "name (of the band, as B04) and crs (of files without one). Only where files do not tell these."
            ),
            advanced=True,
        )

    def dates(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[DateEntry, ...]:
        """The rows of the table of dates, if there is one. Raises CropClassifierError."""
        if not self.parameterDefinition("DATES"):
            return ()
        return layers.date_entries(self.table(parameters, "DATES", context))

    def add_dates_and_masks(self) -> None:
        """The table of dates, where not to use the scenes, and what their numbers mean."""
        self.add_dates()
        self.add_scale()
        tip = "Where clouds are taken from. Automatic uses the mask band that a scene brings along, if any."
        self.add_choice("MASK", "Cloud mask", MASKS, tip)
        self.add(
            QgsProcessingParameterMultipleLayers(
                "MASK_LAYERS", self.tr("Mask layers"), QgsProcessing.SourceType.TypeRaster, optional=True
            ),
            self.tr(
                "Only with the cloud mask 'The mask layers': one for all dates, or dated ones. Every value but 0 "
                "means: do not use this pixel."
            ),
            advanced=True,
        )

    def add_scale(self) -> None:
        """What makes the numbers of the files reflectance."""
        kind = QgsProcessingParameterNumber.Type.Double
        self.add(
            QgsProcessingParameterNumber("SCALE", self.tr("Scale"), kind, 0, minValue=0, optional=True),
            self.tr(
                "Reflectance from 0 to 1 (or an index) is the number in the file times this, plus the file's offset: 1 "
                "for decimals from 0 to 1, 0.0001 for x 10000. 0: as the files say."
            ),
            advanced=True,
        )

    def add_extent(self, tip: str) -> None:
        """The rectangle that is read."""
        self.add(QgsProcessingParameterExtent("EXTENT", self.tr("Extent"), optional=True), self.tr(tip))

    def series(self, parameters: Parameters, context: QgsProcessingContext, name: str = "INPUT") -> Series:
        """The dated scenes with their masks. Raises CropClassifierError."""
        return Series(
            scenes=self.scenes(parameters, context, name),
            dates=self.dates(parameters, context),
            mask=self.mask(parameters, context),
            mask_layers=layers.scenes(parameters.get("MASK_LAYERS"), context),
            extent=self.extent(parameters, context, name),
            scale=self.parameterAsDouble(parameters, "SCALE", context),
        )

    def both_series(
        self, parameters: Parameters, context: QgsProcessingContext
    ) -> tuple[Optional[Series], Optional[Series]]:
        """The scenes and, where the algorithm asks for them, the radar scenes; None for what is not given. Raises
        CropClassifierError."""
        return optical_and_radar(
            scenes=self.scenes(parameters, context),
            radar=self.scenes(parameters, context, "RADAR") if self.parameterDefinition("RADAR") else (),
            dates=self.dates(parameters, context),
            mask=self.mask(parameters, context),
            mask_layers=layers.scenes(parameters.get("MASK_LAYERS"), context),
            extent=self.extent(parameters, context),
            scale=self.parameterAsDouble(parameters, "SCALE", context),
        )

    def mask(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        """The kind of cloud mask, by the job's word for it."""
        return self.choice(parameters, "MASK", context)

    def extent(self, parameters: Parameters, context: QgsProcessingContext, name: str = "INPUT") -> Optional[Extent]:
        """The rectangle that was chosen; None = everything."""
        if not self.given(parameters, "EXTENT"):
            return None
        rectangle = self.parameterAsExtent(parameters, "EXTENT", context)
        crs = self.parameterAsExtentCrs(parameters, "EXTENT", context)
        return layers.extent(rectangle, crs, layers.crs_of(parameters.get(name), context))

    def day(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> str:
        """An optional date in ISO form, "" when it is not given."""
        if not self.given(parameters, name):
            return ""
        return str(self.parameterAsDateTime(parameters, name, context).date().toString("yyyy-MM-dd"))

    def words(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> tuple[str, ...]:
        """The parts of a text that are separated by commas or blanks."""
        text: Any = self.parameterAsString(parameters, name, context)
        return tuple(text.replace(",", " ").split())
