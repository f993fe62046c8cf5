"""The fine image of a day that only the coarse sensor saw, by STARFM."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ...bridge.styling import LayerStyle, style_output
from ...shared.choices import COMBINATIONS, SPREADS
from ...shared.jobs.fusion import FuseStarfmJob, StarfmSpec
from ..common.engine_algorithm import Parameters
from ..common.image_pair_parameters import PairsAlgorithm

INTEGER, DOUBLE = QgsProcessingParameterNumber.Type.Integer, QgsProcessingParameterNumber.Type.Double
NUMBERS = (  # name, title, kind, default, least, tip
    ("WINDOW", "Window (pixels)", INTEGER, 61, 3, "Side of the window that neighbours come from, fine pixels, odd."),
    ("CLASSES", "Classes", INTEGER, 4, 1, "The more, the more alike to the pixel its neighbours must be."),
    ("DISTANCE", "Half distance (pixels)", DOUBLE, 0, 0, "Where a neighbour counts half. 0: half the window."),
    ("SIGMA_FINE", "Uncertainty of fine values", DOUBLE, 0.03, 0, "In their unit: NDVI, or reflectance 0-1."),
    ("SIGMA_COARSE", "Uncertainty of coarse values", DOUBLE, 0.03, 0, "In their unit: NDVI, or reflectance 0-1."),
    ("LOG_SCALE", "Scale of the logarithm", DOUBLE, 10_000, 1e-6, "B in ln(S B + 1) ln(T B + 1) D."),
)


class FuseStarfm(PairsAlgorithm):
    """Base pairs + the coarse image of another day -> the fine image of that day."""

    NAME = "fuse_starfm"
    TITLE = "Fuse fine and coarse images with STARFM"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_scenes("Of the base dates, as Sentinel-2 NDVI; other dates may be among them.", "Fine images", "FINE")
        self.add_scenes("Of the base dates and of the target's day, as MODIS NDVI.", "Coarse images", "COARSE")
        self.add(
            QgsProcessingParameterDateTime(
                "TARGET", self.tr("Target day"), QgsProcessingParameterDateTime.Type.Date, optional=True
            ),
            self.tr("The day of a coarse image. Empty: the only coarse date without a fine image."),
        )
        self.add(
            QgsProcessingParameterNumber("PAIRS", self.tr("Base pairs"), INTEGER, 1, minValue=1, maxValue=2),
            self.tr("Dates with both images: the nearest to the target, or one on each side of it."),
        )
        self.add(
            QgsProcessingParameterString("BAND", self.tr("Band"), "NDVI"),
            self.tr("As NDVI or B08; both kinds of images must have it. NDVI is best computed before it is fused."),
        )
        self._add_details()
        self.add_dates()
        self.add_extent("Only this rectangle is fused. Empty: everything the fine images cover.")
        self.add(
            QgsProcessingParameterRasterDestination("OUTPUT", self.tr("Fused image")),
            self.tr("A GeoTIFF of the target's day; its band is named as NDVI 2021-08-31."),
        )

    def _add_details(self) -> None:
        for name, title, kind, default, least, tip in NUMBERS:
            number = QgsProcessingParameterNumber(name, self.tr(title), kind, default, minValue=least)
            self.add(number, self.tr(tip), advanced=True)
        self.add(
            QgsProcessingParameterBoolean("TEMPORAL_FILTER", self.tr("Filter by change"), True),
            self.tr("Leaves out neighbours whose coarse value changed more than the pixel's own."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean("CUBIC", self.tr("Cubic resampling"), False),
            self.tr("Coarse images come to the fine grid cubically; otherwise bilinearly."),
            advanced=True,
        )
        tip = "Neighbours differ from a pixel by 2 of these / classes at most."
        self.add_choice("SPREAD", "Standard deviation of", SPREADS, tip, advanced=True)
        tip = "How spectral (S), temporal (T) and spatial (D) distance join."
        self.add_choice("COMBINATION", "Combined distance", COMBINATIONS, tip, advanced=True)

    def job(self, parameters: Parameters, context: QgsProcessingContext, inputs: dict[str, Any]) -> FuseStarfmJob:
        read = {INTEGER: self.parameterAsInt, DOUBLE: self.parameterAsDouble}
        return FuseStarfmJob(
            **inputs,
            output=self.parameterAsOutputLayer(parameters, "OUTPUT", context),
            target=self.day(parameters, "TARGET", context),
            pairs=self.parameterAsInt(parameters, "PAIRS", context),
            band=self.parameterAsString(parameters, "BAND", context).strip(),
            cubic=self.parameterAsBool(parameters, "CUBIC", context),
            starfm=StarfmSpec(
                **{name.lower(): read[kind](parameters, name, context) for name, _, kind, *_ in NUMBERS},
                temporal_filter=self.parameterAsBool(parameters, "TEMPORAL_FILTER", context),
                spread=self.choice(parameters, "SPREAD", context),
                combination=self.choice(parameters, "COMBINATION", context),
            ),
        )

    def results(
        self, job: FuseStarfmJob, event: dict[str, Any], parameters: Parameters, context: QgsProcessingContext
    ) -> dict[str, Any]:
        title = self.tr("{} of {}, fused").format(job.band, event["outputs"]["date"])
        style_output(context, LayerStyle(job.output, title, self.tr("Fused images"), 1))
        return {"OUTPUT": job.output}
