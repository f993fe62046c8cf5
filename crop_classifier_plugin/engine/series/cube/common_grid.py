"""The one grid that all scenes of a stack are read onto."""

from __future__ import annotations

import math
from collections.abc import Sequence

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds

from ....shared.cards.parts import InputSpec
from ....shared.cards.refusals import refuse_coarse
from ....shared.errors import BadInput, NoOverlap
from ....shared.jobs.sources import Extent
from ...access.crs import crs_of_text
from ...raster.band_ref import BandRef, Bounds
from ...raster.geodesy import lie_across_180, unrolled
from ...raster.grid import Grid
from ..scenes.scene import Scene
from ..selection.coverage import boxes_of, hull, meet

_MOST = 10**10  # px of one band: 1000 km square at 10 m (choice)


def common_grid(scenes: Sequence[Scene], spec: InputSpec, extent: Extent | None = None) -> Grid:
    """The grid of the finest needed band, over the extent, or over all that any scene covers.

    A pixel that a date does not reach is no data on that date. Raises NoOverlap where no scene meets the extent.
    """
    base = _base(scenes, spec, extent)
    if extent:
        return base.snap(extent_bounds(extent, base.crs, base.bounds))
    return base.snap(hull(_covered(scenes, spec, base.crs)))


def grid_and_surroundings(scenes: Sequence[Scene], spec: InputSpec, extent: Extent | None) -> tuple[Grid, Grid]:
    """The common grid, and on its lattice that of all that the scenes cover."""
    base = _base(scenes, spec, extent)
    widest = base.snap(hull(_covered(scenes, spec, base.crs)))
    return base.snap(extent_bounds(extent, base.crs, base.bounds)) if extent else widest, widest


def _base(scenes: Sequence[Scene], spec: InputSpec, extent: Extent | None) -> Grid:
    """The lattice of the finest needed band (where there is an extent: of the files that meet it)."""
    refs = [r for s in scenes for b in spec.bands for r in s.of(b)]
    fine = [ref for ref in refs if not extent or _meets(ref, extent)]
    if not fine:
        raise NoOverlap("The series", "the extent")
    finest = _finest(fine, extent)
    return _at_pixel_size(Grid(finest.crs, finest.transform, finest.height, finest.width), finest, spec)


def _covered(scenes: Sequence[Scene], spec: InputSpec, crs: CRS) -> list[Bounds]:
    """Where the scenes have the needed bands, image by image."""
    boxes = [box for scene in scenes for box in boxes_of(scene, spec.bands, crs)]
    if not boxes:
        raise NoOverlap(f"The bands of {scenes[0].date}", "each other")
    shown = [box for box in boxes if all(math.isfinite(edge) for edge in box)]
    if not shown:
        raise BadInput(f"No scene lies where {crs.to_string()} can show it: bring the scenes to one CRS first.")
    if crs.is_geographic and lie_across_180(shown):
        return [(w + 360, s, e + 360, n) if w + e < 0 else (w, s, e, n) for w, s, e, n in shown]
    return shown


def checked_size(grid: Grid) -> Grid:
    """The grid. Raises BadInput for one that no disk would hold."""
    if grid.width * grid.height > _MOST:
        raise BadInput(
            f"The series would have {grid.width} x {grid.height} pixels a band: choose a smaller extent or a coarser "
            "resolution, or check whether its scenes lie where they should."
        )
    return grid


def reaching(scenes: Sequence[Scene], extent: Extent | None) -> tuple[Scene, ...]:
    """The scenes that meet the extent. Raises NoOverlap where none does."""
    found = [s for s in scenes if not extent or any(_meets(ref, extent) for ref in s.refs)]
    if scenes and not found:
        raise NoOverlap("The series", "the extent")
    return tuple(found)


def _finest(refs: Sequence[BandRef], extent: Extent | None) -> BandRef:
    """The finest band; of bands that are about as fine (1 %), one in the CRS that most of the area has."""
    limit = 1.01 * min(r.pixel for r in refs)
    fine = [r for r in refs if r.pixel <= limit]
    areas: dict[str, float] = {}
    for ref in fine:
        areas[ref.crs.to_wkt()] = areas.get(ref.crs.to_wkt(), 0.0) + _ground(ref, extent)
    most = max(areas, key=lambda wkt: areas[wkt])
    return min((r for r in fine if r.crs.to_wkt() == most), key=lambda r: round(r.pixel, 3))


def _ground(ref: BandRef, extent: Extent | None) -> float:
    """The area of a file inside the extent, m2 (bounding boxes)."""
    x0, y0, x1, y1 = ref.bounds
    if extent:
        a0, b0, a1, b1 = extent_bounds(extent, ref.crs, ref.bounds)
        x0, y0, x1, y1 = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    pixels = max(0.0, x1 - x0) * max(0.0, y1 - y0) / abs(ref.transform.a * ref.transform.e)
    return float(pixels) * ref.pixel**2


def _at_pixel_size(base: Grid, finest: BandRef, spec: InputSpec) -> Grid:
    """`base`, or the same CRS at the model's pixel size when the data are finer than the model can take."""
    refuse_coarse(spec, finest.path, finest.pixel)
    low = spec.pixel_size * (1 - spec.pixel_tolerance)
    if finest.pixel >= low - 1e-6 and not base.transform.b and base.transform.e < 0:
        return base
    size = float(f"{spec.pixel_size * _units_a_metre(base, finest):.2g}")  # two digits: 30, not 29.988
    xmin, _, _, ymax = finest.bounds
    return Grid(base.crs, Affine(size, 0, xmin, 0, -size, ymax), 1, 1)


def _units_a_metre(base: Grid, finest: BandRef) -> float:
    """CRS units a metre, at this raster."""
    return float(base.pixel[0]) / finest.pixel


def _meets(ref: BandRef, extent: Extent) -> bool:
    return meet(ref.bounds, extent_bounds(extent, ref.crs, ref.bounds))


def extent_bounds(extent: Extent, crs: CRS, near: Bounds) -> Bounds:
    """The extent in another CRS; in degrees counted so that it meets `near` where it can."""
    box = (extent.xmin, extent.ymin, extent.xmax, extent.ymax)
    try:
        own = crs_of_text(extent.crs) if extent.crs else crs
    except (CRSError, ValueError) as error:
        raise BadInput(f"The extent's CRS {extent.crs!r} is unknown ({error}): write it as EPSG:code.") from None
    if own != crs:
        west, south, east, north = transform_bounds(own, crs, *box)
        box = west, south, east, north
    if not crs.is_geographic:
        return box
    west, south, east, north = unrolled(box)
    turns = [(west + turn, south, east + turn, north) for turn in (0, 360, -360)]
    return next((turned for turned in turns if meet(turned, near)), turns[0])
