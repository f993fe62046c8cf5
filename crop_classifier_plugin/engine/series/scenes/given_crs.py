"""The coordinate reference system of each raster: its own, or one that was given; what was given is said."""

from __future__ import annotations

import rasterio
from rasterio.crs import CRS

from ....shared.errors import BadInput, NotGeocoded
from ...access.crs import crs_of_text
from ...execution.reporter import Reporter
from ...products.discovery import Raster
from ...raster.band_ref import short_name
from ...raster.grid import crs_of
from ...reporting.sentences import listed

_LAYER, _TABLE, _ITEM = "assigned to the layer in QGIS", "from the table of dates", "from the STAC item"


class GivenCrs:
    """Which rasters of a series got a CRS that is not their file's."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str, str], list[str]] = {}  # by CRS, who gave it, and the file's own

    def of(self, file: rasterio.DatasetReader, raster: Raster, told: str) -> CRS:
        """What the user assigned to the layer, else what the table of dates tells (`told`), else the file's own, else
        that of the STAC item. Raises CrsMissing without any, NotGeocoded and BadInput for a raster without a place."""
        path = raster.source.path
        item = "" if file.crs else raster.crs
        given, by = next(
            ((crs, by) for crs, by in ((raster.source.crs, _LAYER), (told, _TABLE), (item, _ITEM)) if crs), ("", "")
        )
        if not (given or file.crs) and file.gcps[0]:
            raise NotGeocoded(path)
        crs = crs_of(path, file.crs or None, given)
        if given and not file.crs and file.transform.is_identity:
            raise BadInput(
                f"{path} does not say where it lies, a CRS alone does not tell: georeference it (gdal_translate "
                "-a_ullr), or leave it out."
            )
        if given and crs != file.crs:
            own = file.crs.to_string() if file.crs else ""
            self._given.setdefault((given, by, own), []).append(short_name(path))
        return crs

    def tell(self, reporter: Reporter) -> None:
        """Logs what was given: a warning where it is not what the file says."""
        for (crs, by, own), files in self._given.items():
            name = crs if len(crs) < 40 else crs_of_text(crs).to_dict().get("proj", "a CRS of its own")
            if own:
                reporter.log(f"The CRS {name}, {by}, is used in place of {own}, their own: {listed(files)}.", "warning")
            else:
                reporter.log(f"The CRS {name}, {by}, is used for files that have none themselves: {listed(files)}.")
