"""What the algorithms about series of scenes share: dates, cloud masks, extent, and names of bands."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMultipleLayers,
)

from ..bridge import layers
from ..engine.jobs import MASKS, Extent, Series
from .base import EngineAlgorithm, Parameters


class SeriesAlgorithm(EngineAlgorithm):
    """An algorithm whose INPUT is dated scenes."""

    def add_scenes(self, tip: str, title: str = "Dated scenes", name: str = "INPUT") -> None:
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(QgsProcessingParameterMultipleLayers(name, self.tr(title), rasters), self.tr(tip))

    def add_dates_and_masks(self) -> None:
        self.add(
            QgsProcessingParameterFeatureSource(
                "DATES", self.tr("Table of dates"), [QgsProcessing.SourceType.TypeVector], optional=True
            ),
            self.tr("Columns layer, date (YYYY-MM-DD) and, for stacks, band. Only needed where names hold no date."),
            advanced=True,
        )
        choices = ["Automatic", "None", "SCL (Sentinel-2)", "Fmask (HLS)", "QA_PIXEL (Landsat)", "The mask layers"]
        self.add(
            QgsProcessingParameterEnum("MASK", self.tr("Cloud mask"), [self.tr(c) for c in choices], defaultValue=0),
            self.tr("Where clouds are taken from. Automatic uses the mask band that a scene brings along, if any."),
        )
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

    def add_extent(self, tip: str) -> None:
        self.add(QgsProcessingParameterExtent("EXTENT", self.tr("Extent"), optional=True), self.tr(tip))

    def series(self, parameters: Parameters, context: QgsProcessingContext, name: str = "INPUT") -> Series:
        return Series(
            scenes=layers.scenes(parameters.get(name), context),
            dates=layers.date_entries(self.table(parameters, "DATES", context)),
            mask=self.mask(parameters, context),
            mask_layers=layers.scenes(parameters.get("MASK_LAYERS"), context),
            extent=self.extent(parameters, context, name),
        )

    def mask(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return MASKS[self.parameterAsEnum(parameters, "MASK", context)]

    def extent(self, parameters: Parameters, context: QgsProcessingContext, name: str = "INPUT") -> Optional[Extent]:
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
