"""What can be wrong with rasters, their dates, bands and masks. Standard library only: both sides import this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .base import CropClassifierError

_LEVEL_2 = " (Sentinel-2 L2A, Landsat L2SP, Planet's SR)"


_MOST = 10  # things named in a sentence (choice)


def _listed(things: Iterable[str]) -> str:
    """As "a, b, c", cut after ten."""
    words = list(things)
    return ", ".join(words[:_MOST]) + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")


class BadRaster(CropClassifierError):
    """A file that cannot be read as a raster."""

    code = "bad-raster"

    def __init__(self, path: str, reason: str) -> None:
        why = reason.replace(f"{path}: ", "").strip(" .")
        super().__init__(f"Cannot read the raster {path} ({why}): check that the file is complete, or leave it out.")


class NotAFile(CropClassifierError):
    """A layer that is no raster file."""

    code = "not-a-file"

    def __init__(self, layer: str, provider: str) -> None:
        super().__init__(
            f"The layer {layer} comes from {provider}, not from a raster file: export it to GeoTIFF and use that."
        )


class CrsMissing(CropClassifierError):
    """Something without a coordinate reference system."""

    code = "crs-missing"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} has no coordinate reference system: assign one to the layer or the file, or give it: of scenes "
            "in the column crs of the table of dates, of labels by --labels-crs."
        )


class DriverMissing(CropClassifierError):
    """A format that GDAL cannot read here."""

    code = "driver-missing"

    def __init__(self, path: str, driver: str) -> None:
        super().__init__(
            f"{path} needs GDAL's driver {driver}, which the engine's GDAL lacks: get the product as GeoTIFF (AppEEARS "
            "offers it), or convert it with a GDAL that has it (gdal_translate)."
        )


class NotGeocoded(CropClassifierError):
    """A raster without a place on the ground."""

    code = "not-geocoded"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is in the geometry of the sensor, not on a map: use a terrain-corrected product (Sentinel-1 RTC, "
            "or SNAP's Range Doppler terrain correction)."
        )


class NoOverlap(CropClassifierError):
    """Things that do not meet on the ground."""

    code = "no-overlap"

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} do not overlap: choose layers (and an extent) of the same area.")


# --- dates and bands -------------------------------------------------------------------------------------------------


class DateMissing(CropClassifierError):
    """A scene without a date."""

    code = "date-missing"

    def __init__(self, layer: str, tried: Iterable[str]) -> None:
        super().__init__(
            f"No acquisition date for {layer} (tried: {'; '.join(tried)}): put the date in its name as YYYYMMDD, "
            "or give a table with the columns layer and date."
        )


class DateUnreadable(CropClassifierError):
    """A date that is none."""

    code = "date-unreadable"

    def __init__(self, layer: str, text: str) -> None:
        super().__init__(f"The date {text!r} of {layer} cannot be read: write it as YYYY-MM-DD.")


class DateAmbiguous(CropClassifierError):
    """A scene with several dates to choose from."""

    code = "date-ambiguous"

    def __init__(self, layer: str, dates: Iterable[str]) -> None:
        self.layer, self.dates = layer, tuple(dates)
        super().__init__(
            f"The name of {layer} holds several dates ({', '.join(self.dates)}): say which one counts in a table with "
            "the columns layer, date and, for single bands, band."
        )


class BandMissing(CropClassifierError):
    """A band that is needed and not there."""

    code = "band-missing"

    def __init__(self, missing: Iterable[str], date: str, found: Iterable[str], model: str) -> None:
        seen = ", ".join(found) or "no named band"
        super().__init__(
            f"The model {model} needs {', '.join(missing)}, which the scene of {date} lacks (it has {seen}): add the "
            "file with it, or name the band in the file's band description or in the table of dates, columns layer, "
            "band and name."
        )


class BandAmbiguous(CropClassifierError):
    """Names of bands that two sensors give to different ones."""

    code = "band-ambiguous"

    def __init__(self, path: str, names: Sequence[str], readings: Sequence[str]) -> None:
        among = f" ({', '.join(readings)})" if readings else ""
        super().__init__(
            f"The bands of {path} ({', '.join(names)}) are called so by several sensors{among}: put the sensor into "
            "the name of the file, of its folder or of the layer, as Landsat8 or Sentinel2, or name the bands (B04, "
            "B8A ...) in the table of dates, columns layer, band and name."
        )


class BandTwice(CropClassifierError):
    """Bands of one file that are named alike."""

    code = "band-twice"

    def __init__(self, path: str, band: str, numbers: Sequence[int], date: str) -> None:
        which = ", ".join(map(str, numbers[:10]))
        super().__init__(
            f"The bands {which} of {path} are all named {band} and of {date}: correct their band descriptions, or tell "
            "their dates and names in the table of dates, columns layer, band, date and name."
        )


def unit_advice(scale: float) -> str:
    """What to do about numbers that are reflectance by this scale; 0 = it is not known."""
    if scale == 1:
        return (
            "if they are reflectance from 0 to 1, say so, in the file (gdal_edit.py -units reflectance -scale 1 "
            "-offset 0) or by the scale of the series (--scale 1, Scale in QGIS)."
        )
    if scale:
        return (
            f"if they are reflectance times {1 / scale:g}, say so, in the file (gdal_edit.py -scale {scale:g}) or by "
            f"the scale of the series (--scale {scale:g}, Scale in QGIS); else use the original product."
        )
    return (
        "set the scale by which they are reflectance from 0 to 1, in the file (gdal_edit.py -scale -offset) or of the "
        "series (--scale, Scale in QGIS), or use the original product."
    )


NO_LAND = (
    "declare their fill as no data (gdal_edit.py -a_nodata), set the file's scale and offset (gdal_edit.py -scale "
    "-offset), or leave the file out."
)


class UnitUnclear(CropClassifierError):
    """Values that cannot be what their file says."""

    code = "unit-unclear"

    def __init__(self, path: str, reason: str, wanted: str, advice: str) -> None:
        super().__init__(f"The values of {path} are {reason}, but {wanted} is expected: {advice}")


class IndexOutOfRange(CropClassifierError):
    """An index whose values its formula cannot give."""

    code = "index-out-of-range"

    def __init__(self, path: str, index: str, reach: str, limits: tuple[float, float]) -> None:
        super().__init__(
            f"The values of {path} reach {reach}, {index} lies within {limits[0]:.3g} and {limits[1]:.3g}: set its "
            "scale, in the file (gdal_edit.py -scale) or of the series (--scale, Scale in QGIS), or recompute it."
        )


class LevelUnfit(CropClassifierError):
    """Values of another level of processing than the one that is asked for."""

    code = "level-unfit"

    def __init__(self, path: str, level: str, wanted: str, model: str) -> None:
        product = f"{wanted}{_LEVEL_2 if wanted.startswith('surface') else ''}"
        super().__init__(
            f"{path} holds {level} (as its name tells), but the model {model} takes {wanted}: give the "
            f"product with {product}, or train a model on what you have."
        )


class NumbersUnscaled(CropClassifierError):
    """Numbers of a sensor that are no reflectance."""

    code = "numbers-unscaled"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} holds the sensor's calibrated numbers (level 1, as its name tells), which are no reflectance: "
            f"give the product with surface reflectance{_LEVEL_2}, or scale them with the factors in its metadata "
            "(gdal_edit.py -scale -offset)."
        )


class OffsetMissing(CropClassifierError):
    """Values with an offset that their file does not tell."""

    code = "offset-missing"

    def __init__(self, path: str, baseline: str) -> None:
        super().__init__(
            f"{path} is of the Sentinel-2 processing baseline {baseline}, whose values hold an offset of 1000, but "
            "the file declares none: set it (gdal_edit.py -scale 0.0001 -offset -0.1), or take the baseline out of the "
            "name if the offset is already removed."
        )


class TooFewDates(CropClassifierError):
    """Windows of the season that no scene fills."""

    code = "too-few-dates"

    def __init__(self, model: str, needed: str, found: Iterable[str]) -> None:
        seen = _listed(found) or "none"
        super().__init__(f"The model {model} needs {needed}, the series has {seen}: add scenes of that time.")


class WindowsEmpty(CropClassifierError):
    """Windows of the season without any scene."""

    code = "windows-empty"

    def __init__(self, model: str, least: int, dates: int, empty: list[str], target: str) -> None:
        what, where = ("months", f" up to the target month {target}") if target else ("stretches of the season", "")
        lacking = _listed(empty)
        advice = "add scenes of that time" + (", or choose another month." if target else ".")
        last = " and always of the target month" if target else ""
        super().__init__(
            f"The model {model} needs scenes in {least} of the {dates} {what}{where}{last}, {dates - len(empty)} have "
            f"some (none in {lacking}): {advice}"
        )


class RadarMissing(CropClassifierError):
    """A second series that is needed and not there."""

    code = "radar-missing"

    def __init__(self, model: str, lacking: str, bands: Iterable[str]) -> None:
        super().__init__(
            f"The model {model} reads optical and radar scenes ({', '.join(bands)}) together, {lacking} was not given: "
            "add the scenes that are missing."
        )


class MaskMissing(CropClassifierError):
    """A cloud mask that was asked for and is not there."""

    code = "mask-missing"

    def __init__(self, mask: str, date: str) -> None:
        super().__init__(
            f"The scene of {date} has no {mask} mask band: add its file, choose another mask source, or choose 'none'."
        )
