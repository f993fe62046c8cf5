"""The time axis of netCDF and Zarr cubes: CF's "days since 1990-01-01" as dates.

CF conventions 1.11, section 4.4. GDAL tells the coordinate of each band, and the axis' unit and calendar.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from ...shared.errors import BadInput
from . import dates

_NETCDF, _ZARR = re.compile(r"^NETCDF_DIM_(.+)$"), re.compile(r"^DIM_(.+)_VALUE$")
_SINCE = re.compile(r"^\s*(\w+)\s+since\s+(\d+)-(\d+)-(\d+)(?:[T ]\s*(\d+):(\d+)(?::(\d+))?)?", re.IGNORECASE)
_SECONDS = {
    "d": 86_400.0, "day": 86_400.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "min": 60.0, "minute": 60.0, "s": 1.0,
    "sec": 1.0, "second": 1.0, "ms": 1e-3, "millisecond": 1e-3, "microsecond": 1e-6, "ns": 1e-9, "nanosecond": 1e-9,
}  # fmt: skip
_REAL = ("", "standard", "gregorian", "proleptic_gregorian")
_REFORM = dt.datetime(1582, 10, 15)  # before it, the standard calendar is Julian


def date_of(band: Mapping[str, str], file: Mapping[str, str], label: str) -> dt.date | None:
    """The date of a band by its metadata and its file's; None without a time axis.

    Raises BadInput for a calendar whose days are no dates, and for units that are no length of time.
    """
    for key, value in band.items():
        netcdf, zarr = _NETCDF.match(key), _ZARR.match(key)
        name = (netcdf or zarr or ("", ""))[1]
        if not name:
            continue
        units = file.get(f"{name}#units", "") if netcdf else band.get(f"DIM_{name}_UNIT", "")
        calendar = file.get(f"{name}#calendar", "")
        if "since" in units.split():
            return _since(value, units, calendar.strip().lower(), f"The time axis {name} of {label}")
        if name.lower() in ("t", "time", "date") or units.startswith("day as"):
            found = dates.in_text(value.split(".")[0] if units.startswith("day as") else value)
            if found:
                return found[0]
    return None


def _since(value: str, units: str, calendar: str, what: str) -> dt.date:
    advice = "convert it to dates of the standard calendar, or give a table of dates."
    if calendar not in _REAL:
        raise BadInput(f"{what} counts in the calendar {calendar!r}, whose days are no dates: {advice}")
    found = _SINCE.match(units)
    length = _SECONDS.get(found[1].lower()) or _SECONDS.get(found[1].lower().rstrip("s")) if found else None
    if found is None or length is None:
        raise BadInput(f"{what} is in {units!r}, which is no number of days or hours: {advice}")
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[1:])
        first = dt.datetime(year, month, day, hour, minute, second)
        moment = first + dt.timedelta(seconds=round(float(value) * length))
    except (ValueError, OverflowError):
        raise BadInput(f"{what} holds {value} {units}, which is no date: {advice}") from None
    if first < _REFORM and calendar != "proleptic_gregorian":
        raise BadInput(f"{what} is in {units!r}, before the calendar of today: {advice}")
    return moment.date()
