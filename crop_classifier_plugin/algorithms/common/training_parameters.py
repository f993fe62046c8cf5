"""What every training of a network asks: on what it computes, in which precision, and whether it goes on."""

from __future__ import annotations

from qgis.core import QgsProcessingContext, QgsProcessingParameterNumber

from ...shared.choices import PRECISIONS, RESUME
from ...shared.devices import TRAINING_DEVICES
from ...shared.jobs.train import HardwareSpec
from .engine_algorithm import Parameters
from .model_folders import ModelMaker


class TrainingParameters(ModelMaker):
    devices = TRAINING_DEVICES

    def add_hardware(self) -> None:
        self.add_choice(
            "PRECISION",
            "Precision",
            PRECISIONS,
            "Automatic: 32 bit on the processor, mixed on a graphics card, faster there and with less memory.",
            advanced=True,
        )
        kind = QgsProcessingParameterNumber.Type.Integer
        self.add(
            QgsProcessingParameterNumber("CARDS", self.tr("Graphics cards"), kind, 1, minValue=0, maxValue=64),
            self.tr("How many graphics cards share each batch, which must be a multiple of them. 0: all there are."),
            advanced=True,
        )
        self.add_device()

    def hardware(self, parameters: Parameters, context: QgsProcessingContext) -> HardwareSpec:
        return HardwareSpec(
            device=self.choice(parameters, "DEVICE", context),
            devices=self.parameterAsInt(parameters, "CARDS", context),
            precision=self.choice(parameters, "PRECISION", context),
        )

    def add_resume(self, title: str, tip: str, finish: str = RESUME["finish"]) -> None:
        """What becomes of a training that was cancelled or broken off; `finish` says what it leaves then."""
        self.add_choice("RESUME", title, {**RESUME, "finish": finish}, tip, advanced=True)

    def resume(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return self.choice(parameters, "RESUME", context)
