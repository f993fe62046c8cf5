"""The grid of a series that is built: its own, another resolution or CRS, or that of a reference layer."""

from __future__ import annotations

import math

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.warp import calculate_default_transform, transform_bounds

from .....shared.errors import (
    BadInput,
    BadRaster,
    NoOverlap,
)
from .....shared.jobs.build_series import BuildSeriesJob
from ....access.crs import crs_of_text
from ....access.rasters import open_raster
from ....raster.band_ref import Bounds
from ....raster.geodesy import unrolled
from ....raster.grid import Grid, grid_of
from ...cube.common_grid import checked_size

_DEGREES = 0.1  # a pixel of 11 km: whoever asks for more degrees means metres (choice)
_METRES = 0.01


def target_grid(job: BuildSeriesJob, own: Grid) -> Grid:
    """`own` is the grid of the finest band, over all that its scenes cover, or the extent. Raises BadInput."""
    if job.reference:
        return checked_size(_reference(job, own))
    crs = _crs(job.crs) if job.crs else own.crs
    _check_unit(job.resolution, crs)
    if crs == own.crs and job.resolution in (0, own.pixel[0]):
        return own
    bounds = _bounds_in(own, crs)
    size = job.resolution or _natural(own, crs)
    x0, y1 = math.floor(bounds[0] / size) * size, math.ceil(bounds[3] / size) * size
    return checked_size(Grid(crs, Affine(size, 0, x0, 0, -size, y1), 1, 1).snap(bounds))


def _crs(text: str) -> CRS:
    try:
        return crs_of_text(text)
    except (CRSError, ValueError) as error:
        raise BadInput(f"The CRS {text!r} is unknown ({error}): write it as EPSG:code.") from None


def _check_unit(resolution: float, crs: CRS) -> None:
    if crs.is_geographic and resolution >= _DEGREES:
        raise BadInput(
            f"{crs.to_string()} counts in degrees, and a resolution of {resolution:g} degrees is "
            f"{resolution * 111:.0f} km: give it in degrees (10 m is 0.0001), or choose a CRS in metres."
        )
    if not crs.is_geographic and 0 < resolution < _METRES:
        raise BadInput(
            f"{crs.to_string()} counts in {crs.linear_units}, and the resolution of {resolution:g} looks like degrees: "
            "give it in the unit of the CRS."
        )


def _reference(job: BuildSeriesJob, own: Grid) -> Grid:
    try:
        with open_raster(job.reference) as file:
            grid = grid_of(job.reference, file)
    except RasterioError as error:
        raise BadRaster(job.reference, str(error)) from None
    x0, y0, x1, y1 = grid.bounds
    a0, b0, a1, b1 = _bounds_in(own, grid.crs)
    if a0 >= x1 or a1 <= x0 or b0 >= y1 or b1 <= y0:
        raise NoOverlap("The series", f"the reference layer {job.reference}")
    if job.series.extent is None:
        return grid
    return grid.snap((max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)))


def _bounds_in(grid: Grid, crs: CRS) -> Bounds:
    if crs == grid.crs:
        return grid.bounds
    west, south, east, north = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=51)
    box = west, south, east, north
    return unrolled(box) if crs.is_geographic else box


def _natural(own: Grid, crs: CRS) -> float:
    """About the same pixel size in another CRS, two digits: 10, not 9.987."""
    transform, _, _ = calculate_default_transform(own.crs, crs, own.width, own.height, *own.bounds)
    return float(f"{transform.a:.2g}")
