"""What the names in a file's path tell of the product it belongs to: sensor, scale, no data, and the unit of radar."""

from __future__ import annotations

from pathlib import PurePath

from .bands import is_mask
from .spec import Coding, specs


def coding_of(path: str, band: str) -> Coding | None:
    """How the numbers of this band are meant, as far as the names in its path tell; None where they do not."""
    if not band or is_mask(band):
        return None
    for spec in specs():
        found = spec.coding_in_file(path, band) if spec.coding_in_file else None
        if found:
            return Coding(*found)
    rows = [row for spec in specs() for row in spec.codings if band in row.bands]
    names = reversed(PurePath(path).parts[-2:])  # the file, then the folder of a product whose files are named by band
    return next((row.coding for name in names for row in rows if row.names.search(name)), None)


def sensor_of(path: str) -> str:
    """As `Sentinel-2A`, `HLS S30`, `Landsat 8`, `MODIS MOD13Q1`; "" where no name in the path tells."""
    for name in (PurePath(path).name, _names(path)):
        for form, sensor in (row for spec in specs() for row in spec.sensors):
            found = form.search(name)
            if found:
                return sensor.format(*(g.upper() for g in found.groups()))
    return ""


def radar_unit_of(path: str) -> str:
    """power, dB or amplitude, as the name of a radar product tells; "" where it does not."""
    name = PurePath(path).name
    return next((unit for spec in specs() if spec.radar_unit and (unit := spec.radar_unit(name))), "")


def _names(path: str) -> str:
    """The file's own name and those of the folders (or archives) around it, nearest first."""
    parts = PurePath(path).parts
    return "|".join(reversed(parts[-7:]))
