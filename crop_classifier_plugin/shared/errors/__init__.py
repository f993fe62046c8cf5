"""One tree of errors; each class owns its sentence. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

from collections.abc import Iterable

from .base import BadInput as BadInput
from .base import Cancelled as Cancelled
from .base import CancelledKept as CancelledKept
from .base import CropClassifierError as CropClassifierError
from .rasters import BadRaster as BadRaster
from .rasters import BandMissing as BandMissing
from .rasters import CrsMissing as CrsMissing
from .rasters import DateAmbiguous as DateAmbiguous
from .rasters import DateMissing as DateMissing
from .rasters import DateUnreadable as DateUnreadable
from .rasters import DriverMissing as DriverMissing
from .rasters import DuplicateDate as DuplicateDate
from .rasters import MaskMissing as MaskMissing
from .rasters import NoOverlap as NoOverlap
from .rasters import NotAFile as NotAFile
from .rasters import NotGeocoded as NotGeocoded
from .rasters import OffsetMissing as OffsetMissing
from .rasters import RadarMissing as RadarMissing
from .rasters import TooFewDates as TooFewDates
from .rasters import UnitUnclear as UnitUnclear
from .rasters import WindowsEmpty as WindowsEmpty

# --- models ----------------------------------------------------------------------------------------------------------


class BadModel(CropClassifierError):
    code = "bad-model"

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"The model {model} cannot be used ({reason}): choose another one or get its folder again.")


class ModelAltered(CropClassifierError):
    code = "model-altered"

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(
            f"{path} is not the file its card describes (sha256 {found[:12]}..., the card says {expected[:12]}...): "
            "get the model folder again from where it came."
        )


class DeviceMissing(CropClassifierError):
    code = "device-missing"

    def __init__(self, device: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The device {device} cannot be used ({reason}): choose 'auto' or 'cpu'.")


class OutOfMemory(CropClassifierError):
    code = "out-of-memory"

    def __init__(self, what: str, advice: str = "close other programs, or use a smaller model") -> None:
        super().__init__(f"Not enough memory for {what}: {advice}.")


class TrainingFailed(CropClassifierError):
    code = "training-failed"


class CheckpointUnusable(CropClassifierError):
    code = "checkpoint-unusable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The earlier training in {path} cannot be taken up ({reason}): choose 'restart' to throw it away, or "
            "another folder."
        )


class LossNotFinite(TrainingFailed):
    code = "loss-not-finite"

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"The loss is no longer a number in epoch {epoch}: lower the learning rate, choose AdamW, or the precision "
            "32."
        )


class TrainingMissing(CropClassifierError):
    code = "training-missing"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The engine lacks {package}, which training needs: run 'Set up the engine' from the Crop Classifier "
            "toolbox with 'Also what training needs' ticked."
        )


# --- labels ----------------------------------------------------------------------------------------------------------


class LabelsUnusable(CropClassifierError):
    code = "labels-unusable"


# --- outputs and the engine itself -----------------------------------------------------------------------------------


class OutputNotWritable(CropClassifierError):
    code = "output-not-writable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"Cannot write {path} ({reason}): choose a folder you may write to.")


class DiskFull(CropClassifierError):
    code = "disk-full"

    def __init__(self, path: str) -> None:
        super().__init__(f"The disk is full while writing {path}: free some space or choose another folder.")


class Unforeseen(CropClassifierError):
    """A fault of the program itself."""

    code = "internal"

    def __init__(self, error: BaseException) -> None:
        kind = type(error).__name__
        super().__init__(
            f"The program failed in a way nobody foresaw ({kind}: {error}): please report it with the log."
        )


class EngineMissing(CropClassifierError):
    code = "engine-missing"

    def __init__(self, looked: Iterable[str]) -> None:
        super().__init__(
            f"The engine is not installed (looked in {', '.join(looked)}): run 'Set up the engine' from the Crop "
            "Classifier toolbox once."
        )


class EngineDied(CropClassifierError):
    code = "engine-died"

    def __init__(self, how: str, last_words: str) -> None:
        tail = f" Its last words: {last_words}" if last_words else ""
        advice = "this is a fault of the program, please report it with the log."
        if "SIGKILL" in how:  # what a system does when memory runs out
            advice = "free some memory or choose a smaller area, then run again."
        super().__init__(f"The engine stopped without a result ({how}), no output was written: {advice}{tail}")


class EngineSetupFailed(CropClassifierError):
    code = "engine-setup-failed"

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(
            f"The engine could not be set up ({step}: {reason}): check the network or the wheel folder, or choose "
            "another Python interpreter, then run it again."
        )
