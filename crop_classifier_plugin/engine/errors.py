"""One tree of errors; each class owns its sentence. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

from collections.abc import Iterable


class CropClassifierError(Exception):
    """Something the user can act on: one sentence that says what, which value, what to do."""

    code = "error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BadInput(CropClassifierError):
    """An option or a job that cannot be meant as it stands."""

    code = "bad-input"


class Cancelled(CropClassifierError):
    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("Cancelled: no output was written.")


class CancelledKept(Cancelled):
    """A cancelled job that leaves what it had finished."""

    def __init__(self, what: str, where: str) -> None:
        CropClassifierError.__init__(self, f"Cancelled: {what} was kept in {where}.")


# --- rasters ---------------------------------------------------------------------------------------------------------


class BadRaster(CropClassifierError):
    code = "bad-raster"

    def __init__(self, path: str, reason: str) -> None:
        why = reason.replace(f"{path}: ", "").strip(" .")
        super().__init__(f"Cannot read the raster {path} ({why}): check that the file is complete, or leave it out.")


class NotAFile(CropClassifierError):
    code = "not-a-file"

    def __init__(self, layer: str, provider: str) -> None:
        super().__init__(
            f"The layer {layer} comes from {provider}, not from a raster file: export it to GeoTIFF and use that."
        )


class CrsMissing(CropClassifierError):
    code = "crs-missing"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} has no coordinate reference system: assign one to the layer or the file.")


class DriverMissing(CropClassifierError):
    code = "driver-missing"

    def __init__(self, path: str, driver: str) -> None:
        super().__init__(
            f"{path} needs GDAL's driver {driver}, which the engine's GDAL lacks: get the product as GeoTIFF (AppEEARS "
            "offers it), or convert it with a GDAL that has it (gdal_translate)."
        )


class NotGeocoded(CropClassifierError):
    code = "not-geocoded"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is in the geometry of the sensor, not on a map: use a terrain-corrected product (Sentinel-1 RTC, "
            "or SNAP's Range Doppler terrain correction)."
        )


class NoOverlap(CropClassifierError):
    code = "no-overlap"

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} do not overlap: choose layers (and an extent) of the same area.")


# --- dates and bands -------------------------------------------------------------------------------------------------


class DateMissing(CropClassifierError):
    code = "date-missing"

    def __init__(self, layer: str, tried: Iterable[str]) -> None:
        super().__init__(
            f"No acquisition date for {layer} (tried: {'; '.join(tried)}): put the date in its name as YYYYMMDD, "
            "or give a table with the columns layer and date."
        )


class DateUnreadable(CropClassifierError):
    code = "date-unreadable"

    def __init__(self, layer: str, text: str) -> None:
        super().__init__(f"The date {text!r} of {layer} cannot be read: write it as YYYY-MM-DD.")


class DateAmbiguous(CropClassifierError):
    code = "date-ambiguous"

    def __init__(self, layer: str, dates: Iterable[str]) -> None:
        super().__init__(
            f"The name of {layer} holds several dates ({', '.join(dates)}): say which one counts in a table with the "
            "columns layer and date."
        )


class DuplicateDate(CropClassifierError):
    code = "duplicate-date"

    def __init__(self, date: str, band: str, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} both give band {band} of {date} for the same place: leave one of them out."
        )


class BandMissing(CropClassifierError):
    code = "band-missing"

    def __init__(self, missing: Iterable[str], date: str, found: Iterable[str], model: str) -> None:
        seen = ", ".join(found) or "no named band"
        super().__init__(
            f"The model {model} needs {', '.join(missing)}, which the scene of {date} lacks (it has {seen}): add the "
            "file with it, or name the band in the file's band description."
        )


class UnitUnclear(CropClassifierError):
    code = "unit-unclear"

    def __init__(self, path: str, reason: str, wanted: str) -> None:
        super().__init__(
            f"The values of {path} are {reason}, but the model expects {wanted}: "
            "set the file's scale and offset (gdal_edit.py -scale), or use the original product."
        )


class OffsetMissing(CropClassifierError):
    code = "offset-missing"

    def __init__(self, path: str, baseline: str) -> None:
        super().__init__(
            f"{path} is of the Sentinel-2 processing baseline {baseline}, whose values hold an offset of 1000, but "
            "the file declares none: set it (gdal_edit.py -scale 0.0001 -offset -0.1), or take the baseline out of the "
            "name if the offset is already removed."
        )


class TooFewDates(CropClassifierError):
    code = "too-few-dates"

    def __init__(self, model: str, needed: str, found: Iterable[str]) -> None:
        seen = ", ".join(found) or "none"
        super().__init__(f"The model {model} needs {needed}, the series has {seen}: add scenes of that time.")


class WindowsEmpty(CropClassifierError):
    code = "windows-empty"

    def __init__(self, model: str, least: int, dates: int, empty: list[str], target: str) -> None:
        what, where = ("months", f" up to the target month {target}") if target else ("stretches of the season", "")
        lacking = ", ".join(empty)
        advice = "add scenes of that time" + (", or choose another month." if target else ".")
        last = " and always of the target month" if target else ""
        super().__init__(
            f"The model {model} needs scenes in {least} of the {dates} {what}{where}{last}, {dates - len(empty)} have "
            f"some (none in {lacking}): {advice}"
        )


class RadarMissing(CropClassifierError):
    code = "radar-missing"

    def __init__(self, model: str, lacking: str, bands: Iterable[str]) -> None:
        super().__init__(
            f"The model {model} reads optical and radar scenes ({', '.join(bands)}) together, {lacking} was not given: "
            "add the scenes that are missing."
        )


class MaskMissing(CropClassifierError):
    code = "mask-missing"

    def __init__(self, mask: str, date: str) -> None:
        super().__init__(
            f"The scene of {date} has no {mask} mask band: add its file, choose another mask source, or choose 'none'."
        )


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
        super().__init__(f"The device {device} cannot be used ({reason}): choose 'auto' or 'cpu'.")


class OutOfMemory(CropClassifierError):
    code = "out-of-memory"

    def __init__(self, what: str) -> None:
        super().__init__(f"Not enough memory for {what}: close other programs, or use a smaller model.")


class TrainingFailed(CropClassifierError):
    code = "training-failed"


class CheckpointUnusable(CropClassifierError):
    code = "checkpoint-unusable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"The earlier training in {path} cannot be taken up ({reason}): choose 'restart' to throw it away, or "
            "another model folder."
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
