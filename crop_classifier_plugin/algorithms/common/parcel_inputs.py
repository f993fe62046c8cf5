"""What the algorithms about parcels ask for."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterLayer,
)

from ...bridge import layers
from ...bridge.shown_polygons import Need
from ...shared.errors import BadInput
from ...shared.jobs.accuracy import DeclaredParcels, MapRasters
from .engine_algorithm import REPORTS, EngineAlgorithm, Parameters


class ParcelInputs(EngineAlgorithm):
    """A crop map, what its run told beside it, and declared parcels."""

    def add_parcels(self) -> None:
        """The map, the parcels, and what tells more of them."""
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(
            QgsProcessingParameterRasterLayer("MAP", self.tr("Crop map")),
            self.tr("A raster of class codes; its own legend is used."),
        )
        self.add(
            QgsProcessingParameterFeatureSource("PARCELS", self.tr("Parcels"), [polygons]),
            self.tr("Polygons. A pixel that a boundary cuts counts by the share of it that lies inside."),
        )
        self._add_field("DECLARED", "Field with the declared crop", "Held against the map's crop, by name.")
        self._add_field("ID", "Field with the parcel's id", "Without one, parcels are told apart by their shape.")
        for name, title, tip in (
            ("PROBABILITIES", "Class probabilities", "Of the same run as the map: they tell how sure it is."),
            ("VALID_DATES", "Number of valid dates", "Of the same run as the map."),
        ):
            self.add(QgsProcessingParameterRasterLayer(name, self.tr(title), optional=True), self.tr(tip))
        tables = QgsProcessing.SourceType.TypeVector
        self.add(
            QgsProcessingParameterFeatureSource("MAPPING", self.tr("Table of classes"), [tables], optional=True),
            self.tr("Columns reference and class: which declared word means which class of the map."),
            advanced=True,
        )

    def _add_field(self, name: str, title: str, tip: str) -> None:
        parameter = QgsProcessingParameterField(name, self.tr(title), parentLayerParameterName="PARCELS", optional=True)
        self.add(parameter, self.tr(tip))

    def add_reports(self) -> None:
        """A page, JSON and CSV, all optional."""
        for name, title, files in REPORTS:
            parameter = QgsProcessingParameterFileDestination(name, self.tr(title), files, optional=True)
            self.add(parameter, self.tr("Hectares by crop, and accuracy in parcels where crops were declared."))

    def inputs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        fields = {name: "".join(self.parameterAsStrings(parameters, name, context)) for name in ("DECLARED", "ID")}
        need = Need(tuple(filter(None, fields.values())))
        path, layer, crs = self.polygons(parameters, "PARCELS", context, feedback, need)
        if not path:
            raise BadInput("No parcels were given: choose a layer of polygons.")
        crop_map = layers.scenes(parameters.get("MAP"), context)[0]
        names = ("PROBABILITIES", "VALID_DATES")
        others = {n.lower(): raster.path for n in names if (raster := self.raster(parameters, n, context))}
        return {
            "maps": MapRasters(crop_map.path, crs=crop_map.crs, **others),
            "parcels": DeclaredParcels(path, layer, fields["DECLARED"], fields["ID"], crs),
            "mapping": layers.class_mapping(self.table(parameters, "MAPPING", context)),
        }
