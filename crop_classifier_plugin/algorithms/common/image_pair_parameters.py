"""What algorithms that read pairs of fine and coarse images have in common."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...bridge import layers
from ...shared.jobs.fusion import image_pairs
from .engine_algorithm import Parameters
from .series_parameters import SeriesAlgorithm


class PairsAlgorithm(SeriesAlgorithm):
    """An algorithm about fine and coarse images of the same days."""

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        fine, coarse = image_pairs(
            layers.scenes(parameters.get("FINE"), context),
            layers.scenes(parameters.get("COARSE"), context),
            self.dates(parameters, context),
            self.extent(parameters, context, "FINE"),
        )
        return {"fine": fine, "coarse": coarse}
