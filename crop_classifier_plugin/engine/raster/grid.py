"""Grid and Window: values that know their axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from ...shared.errors import BadInput, CrsMissing
from ..access.crs import crs_of_text

# Of coordinates (choice: zones before an easting make 1e8 m). Turned into degrees, larger ones keep GDAL busy without
# end: it takes 360 away from a longitude until it is one.
_FARTHEST = 1e10


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: rows [row, row+height), columns [col, col+width)."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)

    def shifted(self, rows: int, cols: int) -> Window:
        return Window(self.row + rows, self.col + cols, self.height, self.width)

    def clipped(self, height: int, width: int) -> Window:
        """What of it lies on a raster of this size."""
        top, left = max(self.row, 0), max(self.col, 0)
        bottom, right = min(self.row + self.height, height), min(self.col + self.width, width)
        return Window(top, left, max(bottom - top, 0), max(right - left, 0))


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid. `transform` maps (column, row) to map coordinates."""

    crs: CRS
    transform: Affine
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise BadInput(f"The grid would be {self.width} x {self.height} pixels: choose a larger area.")

    @property
    def pixel(self) -> tuple[float, float]:
        """Pixel width and height, positive, in the CRS's unit."""
        return abs(self.transform.a), abs(self.transform.e)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax."""
        x0, y0 = self.transform @ (0, 0)
        x1, y1 = self.transform @ (self.width, self.height)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def sub(self, window: Window) -> Grid:
        """The grid of a window of this grid."""
        shifted = self.transform @ Affine.translation(window.col, window.row)
        return Grid(self.crs, shifted, window.height, window.width)

    def window_of(self, part: Grid) -> Window:
        """Where a grid on the same lattice lies in this one."""
        px, py = self.pixel
        row = round((self.transform.f - part.transform.f) / py)
        col = round((part.transform.c - self.transform.c) / px)
        return Window(row, col, part.height, part.width)

    def snap(self, bounds: tuple[float, float, float, float]) -> Grid:
        """This grid's pixels that touch `bounds` (same CRS), as a grid on the same lattice."""
        xmin, ymin, xmax, ymax = bounds
        px, py = self.pixel
        tiny, left, top = 1e-6, self.transform.c, self.transform.f
        edges = (xmin - left) / px, (top - ymax) / py, (xmax - left) / px, (top - ymin) / py
        if not all(map(math.isfinite, edges)):
            raise BadInput(
                f"A grid of pixels of {px:g} x {py:g} has no end: check the place and pixel size of its files."
            )
        c0, r0 = (math.floor(edge + tiny) for edge in edges[:2])
        c1, r1 = (math.ceil(edge - tiny) for edge in edges[2:])
        return Grid(self.crs, self.transform @ Affine.translation(c0, r0), r1 - r0, c1 - c0)

    def same_lattice(self, crs: CRS, transform: Affine) -> bool:
        """Whether a raster with this CRS and transform has its pixels exactly on this grid's lattice."""
        px, py = self.pixel
        if crs != self.crs or transform.b or transform.d:
            return False
        if abs(transform.a - self.transform.a) > 1e-9 * px or abs(transform.e - self.transform.e) > 1e-9 * py:
            return False
        dx = (transform.c - self.transform.c) / px
        dy = (transform.f - self.transform.f) / py
        return abs(dx - round(dx)) < 1e-4 and abs(dy - round(dy)) < 1e-4

    def blocks(self, size: int) -> Iterator[Window]:
        """Windows of at most size x size pixels that cover the grid once, row by row."""
        for row in range(0, self.height, size):
            for col in range(0, self.width, size):
                yield Window(row, col, min(size, self.height - row), min(size, self.width - col))


def crs_of(path: str, own: CRS | None, assigned_crs: str = "") -> CRS:
    """The CRS of the raster at `path`: `assigned_crs` (authority id or WKT, from the user), else the file's `own`.

    Raises BadInput for an unknown one, CrsMissing where there is none.
    """
    if not assigned_crs:
        if own is None:
            raise CrsMissing(path)
        return own
    try:
        return crs_of_text(assigned_crs)
    except (CRSError, ValueError) as error:
        raise BadInput(f"The CRS {assigned_crs!r} of {path} is unknown ({error}): assign another.") from None


def grid_of(path: str, dataset: rasterio.DatasetReader, assigned_crs: str = "") -> Grid:
    """The grid of an open raster, in its own CRS or the user's. Raises what crs_of and upright raise."""
    transform = upright(path, dataset.transform, dataset.height, dataset.width)
    grid = Grid(crs_of(path, dataset.crs, assigned_crs), transform, dataset.height, dataset.width)
    check_degrees(path, grid.crs, transform)
    return grid


def check_degrees(path: str, crs: CRS, transform: Affine) -> None:
    """Raises BadInput for metres under a CRS that counts degrees."""
    if crs.is_geographic and (abs(transform.c) > 720 or abs(transform.f) > 720):
        raise BadInput(
            f"The CRS of {path} ({crs.to_string()}) counts degrees, and its coordinates ({transform.c:.0f}, "
            f"{transform.f:.0f}) are none: assign the right CRS."
        )


def upright(path: str, transform: Affine, height: int, width: int) -> Affine:
    """The transform without the rotation that rounding left in it, of at most a hundredth of a pixel over the raster.

    South-up is no rotation. Raises BadInput for a raster whose rows and columns are turned against its coordinate
    system's axes, or whose columns run against them, or that has no pixel size or place.
    """
    if not (all(map(math.isfinite, transform[:6])) and transform.determinant):
        raise BadInput(f"{path} has no pixel size or no place: give it one (gdal_edit.py -a_ullr), or leave it out.")
    far = max(abs(edge) for corner in ((0, 0), (width, 0), (0, height), (width, height)) for edge in transform @ corner)
    if not far <= _FARTHEST:
        raise BadInput(
            f"{path} lies nowhere on Earth by its CRS, its coordinates reach {far:.3g}: assign the right CRS, or "
            "give it its place (gdal_edit.py -a_ullr)."
        )
    turned_x = abs(transform.b) * height > 0.01 * abs(transform.a)
    turned_y = abs(transform.d) * width > 0.01 * abs(transform.e)
    if turned_x or turned_y:
        raise BadInput(f"{path} is rotated against its coordinate system: bring it north-up with gdalwarp first.")
    if transform.a < 0:
        raise BadInput(
            f"The columns of {path} run against its coordinate system (in a cube of netCDF or Zarr, x and y may stand "
            "in the other order): bring it north-up with gdalwarp first, or write the cube's dimensions as time, y, x."
        )
    return Affine(transform.a, 0.0, transform.c, 0.0, transform.e, transform.f)
