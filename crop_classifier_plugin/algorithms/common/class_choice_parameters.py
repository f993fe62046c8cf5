"""Which classes of labels are used, and which count as one."""

from __future__ import annotations

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...bridge import layers
from ...shared.class_choice import ClassChoice, read_merges, read_names
from ...shared.errors import CropClassifierError
from .engine_algorithm import EngineAlgorithm, Parameters


class ClassChoiceParameters(EngineAlgorithm):
    """An algorithm with labels, whose classes may be left out or merged."""

    def add_class_choice(self) -> None:
        text, tables = QgsProcessingParameterString, [QgsProcessing.SourceType.TypeVector]
        self.add(
            text("EXCLUDE", self.tr("Classes left out"), optional=True),
            self.tr("Names, with commas between them: they are no labels, as if nothing was known there."),
            advanced=True,
        )
        self.add(
            text("MERGE", self.tr("Classes that count as one"), optional=True, multiLine=True),
            self.tr("As Winter barley + Barley = Barley, one a line."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                "MERGE_TABLE", self.tr("Table of classes that count as one"), tables, optional=True
            ),
            self.tr("Columns reference and class: what the labels say, and the class that it counts as."),
            advanced=True,
        )
        kind = QgsProcessingParameterNumber.Type.Double
        self.add(
            QgsProcessingParameterNumber(
                "MIN_SHARE", self.tr("Least share of a class"), kind, 0.0, minValue=0.0, maxValue=0.99
            ),
            self.tr("Of the labelled area, as 0.053: classes that have less are left out. 0: none."),
            advanced=True,
        )
        self.add(
            text("RARE", self.tr("Rarer classes count as"), optional=True),
            self.tr("A class, as Other, that takes those below the least share, in place of leaving them out."),
            advanced=True,
        )

    def class_choice(self, parameters: Parameters, context: QgsProcessingContext) -> ClassChoice:
        """Raises CropClassifierError."""
        merges = read_merges([self.parameterAsString(parameters, "MERGE", context)])
        return ClassChoice(
            read_names(self.parameterAsString(parameters, "EXCLUDE", context)),
            (*merges, *layers.class_mapping(self.table(parameters, "MERGE_TABLE", context))),
            self.parameterAsDouble(parameters, "MIN_SHARE", context),
            self.parameterAsString(parameters, "RARE", context).strip(),
        )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        try:
            self.class_choice(parameters, context)
        except CropClassifierError as error:
            return False, error.sentence
        return super().checkParameterValues(parameters, context)
