"""The one grid that all scenes of a stack are read onto."""

from __future__ import annotations

from collections.abc import Sequence

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds

from ....shared.cards.parts import InputSpec
from ....shared.errors import BadInput, NoOverlap
from ....shared.jobs.sources import Extent
from ...raster.band_ref import BandRef, Bounds
from ...raster.grid import Grid
from ..scenes.scene import Scene


def common_grid(scenes: Sequence[Scene], spec: InputSpec, extent: Extent | None = None) -> Grid:
    """The grid of the finest needed band, over the area that every date covers (and the extent, if any)."""
    finest = _finest([r for s in scenes for b in spec.bands for r in s.of(b)], extent)
    base = Grid(finest.crs, finest.transform, finest.height, finest.width)
    base = _at_pixel_size(base, finest, spec)
    area = _cover(scenes[0], spec, base.crs)
    for scene in scenes[1:]:
        area = _meet(area, _cover(scene, spec, base.crs), scenes[0].date.isoformat(), scene.date.isoformat())
    if extent:
        area = _meet(area, extent_bounds(extent, base.crs), "The series", "the extent")
    return base.snap(area)


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
        a0, b0, a1, b1 = extent_bounds(extent, ref.crs)
        x0, y0, x1, y1 = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    pixels = max(0.0, x1 - x0) * max(0.0, y1 - y0) / abs(ref.transform.a * ref.transform.e)
    return float(pixels) * ref.pixel**2


def _at_pixel_size(base: Grid, finest: BandRef, spec: InputSpec) -> Grid:
    """`base`, or the same CRS at the model's pixel size when the data are finer than the model can take."""
    low, high = spec.pixel_size * (1 - spec.pixel_tolerance), spec.pixel_size * (1 + spec.pixel_tolerance)
    if finest.pixel > high + 1e-6:
        raise BadInput(
            f"The finest band ({finest.path}) has pixels of {finest.pixel:.4g} m, the model {spec.model} was made for "
            f"{spec.pixel_size:g} m: use a series of that resolution or another model."
        )
    if finest.pixel >= low - 1e-6 and not base.transform.b and base.transform.e < 0:
        return base
    size = float(f"{spec.pixel_size * _units_a_metre(base, finest):.2g}")  # two digits: 30, not 29.988
    xmin, _, _, ymax = finest.bounds
    return Grid(base.crs, Affine(size, 0, xmin, 0, -size, ymax), 1, 1)


def _units_a_metre(base: Grid, finest: BandRef) -> float:
    """CRS units a metre, at this raster."""
    return float(base.pixel[0]) / finest.pixel


def _cover(scene: Scene, spec: InputSpec, crs: CRS) -> Bounds:
    """The area where a scene has every needed band (bounding boxes)."""
    areas = []
    for band in spec.bands:
        boxes = [r.bounds_in(crs) for r in scene.of(band)]
        x0, y0, x1, y1 = zip(*boxes)
        areas.append((min(x0), min(y0), max(x1), max(y1)))
    area = areas[0]
    for other in areas[1:]:
        area = _meet(area, other, f"The bands of {scene.date}", "each other")
    return area


def _meet(a: Bounds, b: Bounds, name_a: str, name_b: str) -> Bounds:
    shared = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    if shared[0] >= shared[2] or shared[1] >= shared[3]:
        raise NoOverlap(name_a, name_b)
    return shared


def extent_bounds(extent: Extent, crs: CRS) -> Bounds:
    box = (extent.xmin, extent.ymin, extent.xmax, extent.ymax)
    try:
        own = CRS.from_user_input(extent.crs) if extent.crs else crs
    except (CRSError, ValueError) as error:
        raise BadInput(f"The extent's CRS {extent.crs!r} is unknown ({error}): write it as EPSG:code.") from None
    if own == crs:
        return box
    west, south, east, north = transform_bounds(own, crs, *box)
    return west, south, east, north
