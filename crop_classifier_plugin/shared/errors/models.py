"""What can be wrong with models and their training. Standard library only: both sides import this."""

from __future__ import annotations

from .base import CropClassifierError


class BadModel(CropClassifierError):
    """A model folder that cannot be used."""

    code = "bad-model"

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"The model {model} cannot be used ({reason}): choose another one or get its folder again.")


class ModelAltered(CropClassifierError):
    """Weights that are not those of the card."""

    code = "model-altered"

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(
            f"{path} is not the file its card describes (sha256 {found[:12]}..., the card says {expected[:12]}...): "
            "get the model folder again from where it came."
        )


class DeviceMissing(CropClassifierError):
    """A device that was asked for and does not work."""

    code = "device-missing"

    def __init__(self, device: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The device {device} cannot be used ({reason}): choose 'auto' or 'cpu'.")


class TrainingFailed(CropClassifierError):
    """A training that came to nothing."""

    code = "training-failed"


class CheckpointUnusable(CropClassifierError):
    """An earlier training that cannot be gone on with."""

    code = "checkpoint-unusable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The earlier training in {path} cannot be taken up ({reason}): choose 'restart' ('Throw it away' in "
            "QGIS), or another folder."
        )


class LossNotFinite(TrainingFailed):
    """A loss that is no longer a number."""

    code = "loss-not-finite"

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"The loss is no longer a number in epoch {epoch}: lower the learning rate, choose AdamW, or the precision "
            "32."
        )


class TrainingMissing(CropClassifierError):
    """Packages that only training needs are not installed."""

    code = "training-missing"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The engine lacks {package}, which training needs: run 'Set up the engine' from the Crop Classifier "
            "toolbox with 'Also what training needs' ticked."
        )


class CloudsMissing(CropClassifierError):
    """Packages that only cloud masks need are not installed."""

    code = "clouds-missing"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The engine lacks {package}, which cloud masks need: run 'Set up the engine' from the Crop Classifier "
            "toolbox with 'Also cloud masks' ticked, or install resources/engine/requirements-clouds.txt."
        )
