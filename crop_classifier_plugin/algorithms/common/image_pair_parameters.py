"""What algorithms that read pairs of fine and coarse images have in common."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...bridge import layers
from .engine_algorithm import Parameters
from .series_parameters import SeriesAlgorithm


class PairsAlgorithm(SeriesAlgorithm):
    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return {
            "fine": layers.scenes(parameters.get("FINE"), context),
            "coarse": layers.scenes(parameters.get("COARSE"), context),
            "dates": layers.date_entries(self.table(parameters, "DATES", context)),
            "extent": self.extent(parameters, context, "FINE"),
        }
