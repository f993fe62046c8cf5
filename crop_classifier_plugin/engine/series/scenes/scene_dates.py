"""The date of each band of a raster, and what is said of rasters that have none."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence

import rasterio
from rasterio.errors import RasterioError

from ....shared.errors import CropClassifierError, DateAmbiguous, DateMissing
from ...access.rasters import open_raster
from ...execution.reporter import Reporter
from ...products import dates, time_axis
from ...products.date_table import Told
from ...products.discovery import Raster
from ...raster.band_ref import file_of, short_name, split_name
from ...reporting.sentences import listed

# What is made of a scene may keep these of its metadata: its name counts before them (choice).
_ACQUIRED = ("SENSING_TIME", "DATE_ACQUIRED", "ACQUISITION_DATE", "RANGEBEGINNINGDATE")
_FOLDER, _STAMP = "folder", "TIFF date-time"
_TRIED = ("table of dates", "layer's temporal properties", "time axis", "bands' names", "acquisition and TIFF tags")


class FileDates:
    """The dates of the bands of one open file."""

    def __init__(self, file: rasterio.DatasetReader, raster: Raster) -> None:
        self._file, self._raster, self.path = file, raster, raster.source.path
        self.label = raster.source.name or short_name(raster.source.path)  # what a raster is called to the user
        self.far: dict[dt.date, str] = {}  # dates that neither the file nor its name tell, and what does
        self._tags = {**file.tags(), **_calendars(file.tags(1), raster.source.path)}

    def of(self, index: int, told: Told) -> dt.date | None:
        """The first of: table, layer's temporal properties, time axis, band description and metadata, GDAL's
        acquisition tag, layer name, file name, other acquisition tags, folders, TIFF date-time; None without any.

        One date of a layer's properties, or of a STAC item, does not stand for the steps of a time axis.
        The TIFF date-time comes last because most programs write there when the file was made, not acquired (choice).
        Raises DateAmbiguous, and BadInput for a time axis that holds no dates.
        """
        if told.date:
            return told.date
        source, count = self._raster.source, self._file.count
        a_band = source.dates[index - 1] if len(source.dates) >= count else ""
        if a_band:
            return dates.parse(a_band, self.label)
        step = time_axis.date_of(self._file.tags(index), self._tags, self.label)
        if step:
            return step
        if source.dates and len(source.dates) < count:
            return dates.parse(source.dates[0], self.label)
        return self._of_band(index) or self._of_file(source.name, source.path)

    def _of_band(self, index: int) -> dt.date | None:
        tags = self._file.tags(index)
        day = dates.in_name(self._file.descriptions[index - 1] or "", f"band {index} of {self.label}")
        told = {**tags, **self._file.tags(index, ns="FORCE")}
        return day or next((found for k, v in told.items() if (found := dates.in_metadata(k, v))), None)

    def _of_file(self, name: str, path: str) -> dt.date | None:
        file = file_of(path)
        tags = {**self._tags, **self._file.tags(ns="IMAGERY")}
        acquired = (dates.in_text(tags[key]) for key in _ACQUIRED if key in tags)
        stamped = dates.in_text(tags.get("TIFFTAG_DATETIME", "").replace(":", "-"))
        day = next(iter(dates.in_text(tags.get("ACQUISITIONDATETIME", ""))), None)
        day = day or dates.in_name(name) or dates.in_name(os.path.basename(file))
        day = day or next((days[0] for days in acquired if days), None)
        if day:
            return day
        by_folder = dates.in_folders(os.path.abspath(file) if os.path.exists(file) else file, self._raster.root)
        day = by_folder or next(iter(stamped), None)
        if day:
            self.far[day] = _FOLDER if by_folder else _STAMP
        return day


def _calendars(band: Mapping[str, str], path: str) -> dict[str, str]:
    """The calendars of the axes of a Zarr cube, which GDAL tells with the axes, as netCDF's are told."""
    file, inside = split_name(path)
    axes = [key[4:-6] for key in band if key.startswith("DIM_") and key.endswith("_VALUE")]
    found = {}
    for axis in axes if inside else ():
        beside = "/".join(filter(None, (inside.rpartition("/")[0], axis)))
        try:
            with open_raster(f'ZARR:"{file}":/{beside}') as coordinate:
                found[f"{axis}#calendar"] = coordinate.tags().get("calendar", "")
        except RasterioError:
            continue  # an axis without coordinates has no calendar
    return found


class DateNotes:
    """What is to be said of the dates of a series when all of its headers are read."""

    def __init__(self) -> None:
        self._rasters: dict[str, tuple[str, CropClassifierError]] = {}  # without a date: label and why, by path
        self._bands: dict[tuple[int, ...], list[str]] = {}  # without one, where others of the file have one
        self._far: dict[str, list[tuple[dt.date, str]]] = {}  # date and label, by what tells the dates

    def dates(self, of_file: FileDates, told: Sequence[Told], undated: dt.date | None) -> list[dt.date | None]:
        """The date of each band, `undated` for one without; None where it has none, which is noted."""
        found, why = list[dt.date | None](), dict[int, CropClassifierError]()
        for index, each in enumerate(told, start=1):
            try:
                day = of_file.of(index, each) or undated
            except DateAmbiguous as error:
                day, why[index] = None, error
            if day is None:
                why.setdefault(index, missing_date(of_file.label))
            found.append(day)
        if len(why) == len(told):
            self._rasters[of_file.path] = of_file.label, next(iter(why.values()))
        elif why:
            self._bands.setdefault(tuple(sorted(why)), []).append(of_file.label)
        for day, place in of_file.far.items():
            self._far.setdefault(place, []).append((day, of_file.label))
        return found

    def tell(self, dated: bool, reporter: Reporter) -> None:
        """Warns of what is left out. Raises where nothing has a date (not `dated`)."""
        missing = [label for label, error in self._rasters.values() if isinstance(error, DateMissing)]
        unclear = [error for _, error in self._rasters.values() if isinstance(error, DateAmbiguous)]
        if not dated and self._rasters:
            raise missing_date(listed(missing)) if missing else unclear[0]
        if missing:
            self._leave_out(missing, "no acquisition date was found. Put it in the name as YYYYMMDD, or give", reporter)
        if unclear:
            told = [f"{error.layer} ({', '.join(error.dates)})" for error in unclear]
            self._leave_out(told, "several dates in the name. Say which one counts in", reporter)
        for bands, labels in self._bands.items():
            numbers = f"Band{'s' if len(bands) > 1 else ''} {listed(bands)} of {listed(labels)}"
            reporter.log(f"{numbers} {_is(bands)} left out: without a date, which the other bands have.", "warning")
        self._tell_far(reporter)

    def _leave_out(self, names: Sequence[str], why: str, reporter: Reporter) -> None:
        sentence = f"{listed(names)} {_is(names)} left out: {why} a table with the columns layer and date."
        reporter.log(sentence, "warning")

    def _tell_far(self, reporter: Reporter) -> None:
        for place, told in self._far.items():
            days, files = listed(sorted({day for day, _ in told})), listed(dict.fromkeys(label for _, label in told))
            if place == _FOLDER:
                reporter.log(f"Dates told by the names of folders: {days} (of {files}).")
            else:
                reporter.log(
                    f"Dates told by nothing but the TIFF date-time, where most programs write when a file was made: "
                    f"{days} (of {files}). Check them, or give a table with the columns layer and date.",
                    "warning",
                )


def _is(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"


def missing_date(label: str) -> DateMissing:
    """Raised for a raster none of whose bands has a date."""
    return DateMissing(label, (*_TRIED, "name", "folders"))
