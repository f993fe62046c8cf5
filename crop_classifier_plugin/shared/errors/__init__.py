"""One tree of errors; each class owns its sentence. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

from .base import BadInput as BadInput
from .base import Cancelled as Cancelled
from .base import CancelledKept as CancelledKept
from .base import CropClassifierError as CropClassifierError
from .engine import EngineDied as EngineDied
from .engine import EngineMissing as EngineMissing
from .engine import EngineSetupFailed as EngineSetupFailed
from .engine import OutOfMemory as OutOfMemory
from .engine import Unforeseen as Unforeseen
from .labels import LabelsUnusable as LabelsUnusable
from .models import BadModel as BadModel
from .models import CheckpointUnusable as CheckpointUnusable
from .models import DeviceMissing as DeviceMissing
from .models import LossNotFinite as LossNotFinite
from .models import ModelAltered as ModelAltered
from .models import TrainingFailed as TrainingFailed
from .models import TrainingMissing as TrainingMissing
from .network import AccessRefused as AccessRefused
from .network import HostNotAllowed as HostNotAllowed
from .network import NetworkFailed as NetworkFailed
from .network import NotThere as NotThere
from .outputs import DiskFull as DiskFull
from .outputs import OutputNotWritable as OutputNotWritable
from .rasters import BadRaster as BadRaster
from .rasters import BandAmbiguous as BandAmbiguous
from .rasters import BandMissing as BandMissing
from .rasters import BandTwice as BandTwice
from .rasters import CrsMissing as CrsMissing
from .rasters import DateAmbiguous as DateAmbiguous
from .rasters import DateMissing as DateMissing
from .rasters import DateUnreadable as DateUnreadable
from .rasters import DriverMissing as DriverMissing
from .rasters import IndexOutOfRange as IndexOutOfRange
from .rasters import LevelUnfit as LevelUnfit
from .rasters import MaskMissing as MaskMissing
from .rasters import NoOverlap as NoOverlap
from .rasters import NotAFile as NotAFile
from .rasters import NotGeocoded as NotGeocoded
from .rasters import NumbersUnscaled as NumbersUnscaled
from .rasters import OffsetMissing as OffsetMissing
from .rasters import RadarMissing as RadarMissing
from .rasters import TooFewDates as TooFewDates
from .rasters import UnitUnclear as UnitUnclear
from .rasters import WindowsEmpty as WindowsEmpty
