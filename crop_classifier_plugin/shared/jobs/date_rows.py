"""The user's table of dates as QGIS and the command line read it. Standard library only: both sides import this."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..errors import BadInput
from .sources import DateEntry

COLUMNS = ("layer", "date", "band", "name", "crs")
# What the table of build-series tells besides, and what databases and people add to a row: not read.
_TOLD = ("role", "sensor", "pixel_m", "scale", "offset", "unit", "clear_share", "level", "called")
_NOT_READ = (*_TOLD, "fid", "ogc_fid", "notes")


def check_columns(columns: Collection[str]) -> None:
    """Raises BadInput for a table that cannot be one of dates; names of columns are small."""
    known = ", ".join(COLUMNS)
    unknown = [name for name in columns if name and name not in (*COLUMNS, *_NOT_READ)]
    if unknown:
        raise BadInput(f"The table of dates has the column {unknown[0]!r}, which is unknown: give the columns {known}.")
    if "layer" not in columns or not {"date", "name", "crs"} & set(columns):
        lacking = "date" if "layer" in columns else "layer"
        raise BadInput(
            f"The table of dates has no column {lacking!r} (it has {', '.join(columns) or 'none'}): give the columns "
            f"{known}, of which layer and date are always needed unless a row tells a name or crs alone."
        )


def date_entries(rows: Iterable[Mapping[str, str]]) -> tuple[DateEntry, ...]:
    """The rows, as text by column; a row of empty cells is passed over. Raises BadInput for one that tells nothing."""
    filled = ((number, row) for number, row in enumerate(rows, start=1) if any(row.get(c) for c in COLUMNS))
    return tuple(_entry(number, {c: row.get(c) or "" for c in COLUMNS}) for number, row in filled)


def _entry(number: int, row: dict[str, str]) -> DateEntry:
    if not row["layer"]:
        raise BadInput(f"Row {number} of the table of dates has no layer: fill it in or delete the row.")
    if not (row["date"] or row["name"] or row["crs"]):
        raise BadInput(f"Row {number} of the table of dates has no date: fill it in or delete the row.")
    return DateEntry(row["layer"], row["date"], _band(row), row["name"], row["crs"])


def _band(row: Mapping[str, str]) -> int:
    """0 for an empty cell. Spreadsheets and databases may write 2 as 2.0."""
    try:
        number = float(row["band"] or 0)
    except ValueError:
        number = -1.0
    if number < 0 or not number.is_integer():
        raise BadInput(
            f"The band {row['band']!r} of {row['layer']} in the table of dates is no whole number: correct it (bands "
            "are counted from 1; empty means every band)."
        )
    return int(number)
