"""What the training of a network of two series asks: dated radar scenes beside the first series."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterMultipleLayers,
)

from ...bridge import layers
from ...shared.errors import BadInput
from ...shared.jobs.sources import LabelledSeries, Series
from ..common.engine_algorithm import Parameters
from .train_network_base import TrainNetworkAlgorithm


class TrainTwoSeriesAlgorithm(TrainNetworkAlgorithm):
    """A training with a second, radar series."""

    LEFT_OUT = ("RADAR",)
    RADAR_TIP = "Sentinel-1 of the same season (VV and VH, decibel or power). Left out, the model is optical only."

    def add_network(self) -> None:
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers("RADAR", self.tr("Dated radar scenes"), rasters, optional=True),
            self.tr(self.RADAR_TIP),
        )
        super().add_network()

    def add_validation(self) -> None:
        """Validation series of both sensors."""
        super().add_validation()
        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers(
                "VALIDATION_RADAR", self.tr("Validation: dated radar scenes"), rasters, optional=True
            ),
            self.tr("Sentinel-1 of the validation scenes' place and season; only where radar is learnt from too."),
            advanced=True,
        )

    def check_labels(self, parameters: Parameters) -> None:
        super().check_labels(parameters)
        needed = all(self.given(parameters, name) for name in ("RADAR", "VALIDATION_INPUT"))
        if self.given(parameters, "VALIDATION_RADAR") and not needed:
            raise BadInput(
                "Radar scenes for the validation are only of use beside dated radar scenes and the validation's "
                "scenes: give those, or leave them out."
            )

    def data(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, tuple[LabelledSeries, ...]]:
        found, names = (
            super().data(parameters, context, feedback),
            {"data": "RADAR", "validation_series": "VALIDATION_RADAR"},
        )
        return {
            field: tuple(self._with_radar(each, name, parameters, context) for each in found[field])
            for field, name in names.items()
        }

    def _with_radar(
        self, given: LabelledSeries, name: str, parameters: Parameters, context: QgsProcessingContext
    ) -> LabelledSeries:
        scenes = layers.scenes(parameters.get(name), context)
        return replace(given, radar=Series(scenes, given.series.dates)) if scenes else given
