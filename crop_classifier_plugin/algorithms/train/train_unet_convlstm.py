"""Training of VUnetConvLSTM on labels that change by month, or of UnetConvLSTM on those of one month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
)

from ...bridge import layers
from ...shared.errors import BadInput
from ...shared.jobs.sources import LabelSource, MonthRaster, SceneSource
from ...shared.months import month_of
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from .train_network_base import TrainNetworkAlgorithm

CHOICES = {
    "vunet_convlstm": "VUnetConvLSTM: one model for any month",
    "unet_convlstm": "UnetConvLSTM: a model for one month",
}


class TrainUnetConvLstm(TrainNetworkAlgorithm):
    """A radar series + labels by month -> a model that maps any month."""

    NAME = "train_unet_convlstm"
    TITLE = f"Train {NETWORKS['vunet_convlstm'].name} on your labels by month"
    BANDS = "VV, VH"

    def _add_labels(self) -> None:
        super()._add_labels()
        field = QgsProcessingParameterField(
            "FIELD",
            self.tr("Fields with the classes"),
            parentLayerParameterName="LABELS",
            allowMultiple=True,
            optional=True,
        )
        self.removeParameter("FIELD")
        self.add(
            field,
            self.tr(
                "One field a month, whose name holds month and year, as Oct_2019 or 2019_10: the class in that month. "
                "A single field without a month is the class of the whole season, as is a class raster."
            ),
        )

        rasters = QgsProcessing.SourceType.TypeRaster
        self.add(
            QgsProcessingParameterMultipleLayers(
                "LABEL_RASTERS", self.tr("Class rasters, one a month"), rasters, optional=True
            ),
            self.tr(
                "Layers whose names or times hold month and year, or one layer with a band a month. In place of "
                "parcels with a field a month."
            ),
        )

    def check_labels(self, parameters: Parameters) -> None:
        if not self.given(parameters, "LABEL_RASTERS"):
            super().check_labels(parameters)
        elif self.given(parameters, "LABELS") or self.given(parameters, "LABEL_RASTER"):
            raise BadInput("Labels are needed once: choose class rasters, one a month, and no other labels.")
        elif self.given(parameters, "VALIDATION_INPUT"):
            raise BadInput("With class rasters, one a month, a share of the parcels validates: leave the series out.")

    def _labels(
        self, prefix: str, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> LabelSource:
        if not self.given(parameters, "LABEL_RASTERS"):
            return super()._labels(prefix, parameters, context, feedback)
        scenes = layers.scenes(parameters["LABEL_RASTERS"], context)
        rasters = tuple(raster for scene in scenes for raster in _months_of(scene))
        legend, choice = self.parameterAsFile(parameters, "LEGEND", context), self.class_choice(parameters, context)
        first = scenes[0]
        return LabelSource(first.path, crs=first.crs, legend=legend, choice=choice, month_rasters=rasters)

    def add_network(self) -> None:
        tip = "VUnetConvLSTM is told the days of the year, and learns from the labels of all months."
        self.add_choice("NETWORK", "Network", CHOICES, tip)
        super().add_network()

    def class_fields(self, parameters: Parameters, context: QgsProcessingContext) -> dict[str, Any]:
        chosen = self.parameterAsStrings(parameters, "FIELD", context)
        months = [month_of(field) for field in chosen]
        if not any(months) and len(chosen) == 1:
            return super().class_fields(parameters, context)
        nameless = [field for field, month in zip(chosen, months) if not month]
        if nameless:
            raise BadInput(f"The field {nameless[0]!r} names no month: choose fields such as Oct_2019 or 2019_10.")
        return {"month_fields": tuple(zip(months, chosen))}

    def told_labels(self, parameters: Parameters, context: QgsProcessingContext, path: str) -> str:
        return "" if self.given(parameters, "LABEL_RASTERS") else super().told_labels(parameters, context, path)

    def network_name(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return self.choice(parameters, "NETWORK", context)


def _months_of(scene: SceneSource) -> Iterator[MonthRaster]:
    """The layer's month, of its time or its name; else a month for each of its bands. Raises BadInput."""
    month = scene.dates[0][:7] if len(scene.dates) == 1 else month_of(scene.name)
    if month:
        yield MonthRaster(month, scene.path)
        return
    raster = layers.opened(scene.path)
    for band in range(1, raster.bandCount() + 1):
        month = month_of(raster.bandDescription(band))
        if not month:
            raise BadInput(
                f"Neither the layer {scene.name} nor its band {band} names a month: call it as Oct_2019 or 2019_10."
            )
        yield MonthRaster(month, scene.path, band)
