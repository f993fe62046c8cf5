"""The place of a search, from what a user gives in a terminal: a rectangle, or a file that lies there."""

from __future__ import annotations

from rasterio.errors import RasterioError

from ...shared.errors import BadInput
from ...shared.jobs.sources import Extent
from ..access.rasters import open_raster
from ..access.vectors import read_features
from ..vector.broken import BROKEN


def place_of(extent: tuple[float, float, float, float] | None, crs: str, area: str) -> Extent:
    """The rectangle, or that of a raster or of shapes. Raises BadInput where not one of them is given."""
    if bool(extent) == bool(area):
        raise BadInput("The place is given once: by --extent, or by --area.")
    if extent:
        return Extent(*extent, crs)
    try:
        with open_raster(area) as file:
            if file.crs:
                xmin, ymin, xmax, ymax = file.bounds
                return Extent(xmin, ymin, xmax, ymax, file.crs.to_wkt())
            raise BadInput(f"The raster {area} has no CRS: give --extent and --extent-crs.")
    except RasterioError:
        pass
    try:
        shapes = read_features(area)
    except BROKEN as error:
        raise BadInput(f"{area} is neither a raster nor a file of polygons ({error}): give --extent.") from None
    if shapes.empty or shapes.crs is None:
        raise BadInput(f"The file {area} has no shapes, or no CRS: give --extent and --extent-crs.")
    xmin, ymin, xmax, ymax = shapes.total_bounds.tolist()
    return Extent(xmin, ymin, xmax, ymax, shapes.crs.to_wkt())
