"""Class rasters of labels that change by month: files of a folder, or bands of one file."""

from __future__ import annotations

from pathlib import Path

from ....shared.errors import BadRaster, LabelsUnusable
from ....shared.jobs.sources import MonthRaster
from ....shared.months import month_of
from ...access.rasters import check_described, open_raster
from ...raster.writer import GDAL_ERRORS
from ...reporting.sentences import listed

_SUFFIXES = (".tif", ".tiff", ".img", ".vrt", ".jp2")


def month_rasters(path: str) -> tuple[MonthRaster, ...]:
    """Those of a folder with months in their names, or of a file with months in its bands' descriptions. Raises
    LabelsUnusable where a name has no month, BadRaster."""
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).iterdir() if file.suffix.lower() in _SUFFIXES)
        found = [(file.stem, str(file), 1) for file in files]
    else:
        found = [(name, path, band) for band, name in enumerate(_bands(path), start=1)]
    nameless = [name or f"band {band}" for name, _, band in found if not month_of(name)]
    if nameless or not found:
        raise LabelsUnusable(
            f"{path} has no month for {listed(nameless) or 'any raster'}: name files, or describe bands, as 2019-10 or "
            "Oct_2019."
        )
    return tuple(MonthRaster(month_of(name), file, band) for name, file, band in found)


def _bands(path: str) -> list[str]:
    try:
        with open_raster(path) as dataset:
            check_described(path, dataset)
            return [name or "" for name in dataset.descriptions]
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None
