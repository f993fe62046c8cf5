"""The simulated landscape: an endless plane of farms, split into fields, each made from the seed and its place.

Farms are the Voronoi cells of a jittered lattice, with a road around each. A farm is split again and again across its
longer side until its pieces are fields; some cuts leave a track. A gentle warp bends the edges. All lengths are in
10 m pixels, x to the right and y down from the upper left corner of the raster. Shapes and shares are a choice.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from ..raster.grid import Window
from .crops import CROPS, KIND
from .noise import key, smooth_at

FARM = 130.0  # px between farms: about 170 ha each
JITTER = 0.7
REACH = 1.22 * FARM  # no farm extends farther from its site: an empty circle between four sites is no larger
ROAD = 0.6  # px, half the width of the road between farms
WARP, WARP_LENGTH = 3.0, 70.0  # px: amplitude and wavelength of the bent edges
LARGEST, SMALLEST = 2000.0, 60.0  # px: fields of 0.6 .. 20 ha
CACHED_FARMS = 2048  # about 50 MB: enough for the rows of farms that two rows of blocks share, 20,000 px wide
GOLDEN = 0.6180339887498949

Point = tuple[float, float]
Polygon = list[Point]  # convex, without the repeated first point


@dataclass(frozen=True)
class Parcels:
    """Pieces of land in a fixed order. `kinds` index crops.COVERS; `keys` seed each parcel's own numbers."""

    shapes: NDArray[np.object_]  # shapely polygons in pixel coordinates
    kinds: NDArray[np.intp]
    keys: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.kinds)

    def take(self, which: NDArray[np.bool_]) -> Parcels:
        return Parcels(self.shapes[which], self.kinds[which], self.keys[which])


class Landscape:
    """The plane of one seed. Any part of it can be asked for alone and is always the same."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._farms: OrderedDict[tuple[int, int], Parcels] = OrderedDict()

    def farm(self, i: int, j: int) -> Parcels:
        """The parcels of the farm in row `i` and column `j` of the lattice."""
        if (i, j) not in self._farms:
            self._farms[i, j] = _make_farm(self.seed, i, j)
            if len(self._farms) > CACHED_FARMS:
                self._farms.popitem(last=False)
        return self._farms[i, j]

    def near(self, window: Window) -> Parcels:
        """The parcels whose bounding boxes touch the window, in the order in which all windows know them."""
        farms = [self.farm(i, j) for i, j in farms_around(window)]
        parcels = join(farms)
        left, top, right, bottom = shapely.bounds(parcels.shapes).T
        inside = (right > window.col) & (left < window.col + window.width)
        inside &= (bottom > window.row) & (top < window.row + window.height)
        return parcels.take(inside)

    def burn(self, window: Window) -> tuple[NDArray[np.int32], Parcels]:
        """(H, W) int32: 1 + index into the parcels by the pixel-centre rule; 0 = roads and verges."""
        parcels = self.near(window)
        shape = (window.height, window.width)
        if not len(parcels):
            return np.zeros(shape, np.int32), parcels
        corner = np.array([window.col, window.row])
        outlines = [{"type": "Polygon", "coordinates": [ring]} for ring in _rings(parcels.shapes, corner)]
        values = zip(outlines, range(1, len(outlines) + 1))
        return rasterize(values, out_shape=shape, dtype="int32"), parcels


def farms_around(window: Window) -> list[tuple[int, int]]:
    """Lattice rows and columns of all farms that may touch the window."""
    rows = _reaching(window.row, window.height)
    cols = _reaching(window.col, window.width)
    return [(i, j) for i in rows for j in cols]


def join(farms: Iterable[Parcels]) -> Parcels:
    parts = list(farms)
    return Parcels(
        np.concatenate([p.shapes for p in parts]),
        np.concatenate([p.kinds for p in parts]),
        np.concatenate([p.keys for p in parts]),
    )


def _reaching(first: int, count: int) -> range:
    """The lattice lines whose farms may reach the pixels [first, first + count)."""
    margin, edge = REACH + 3 * WARP, (1 - JITTER) / 2
    lowest = math.ceil((first - margin) / FARM - (1 - edge))
    highest = math.floor((first + count + margin) / FARM - edge)
    return range(lowest, highest + 1)


def _rings(shapes: NDArray[np.object_], corner: NDArray[Any]) -> list[Any]:
    """The outlines as lists of (x, y) relative to a corner."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    ends = np.cumsum(np.bincount(owner, minlength=len(shapes)))[:-1]
    return [ring.tolist() for ring in np.split(points - corner, ends)]


# --- one farm --------------------------------------------------------------------------------------------------------


def _make_farm(seed: int, i: int, j: int) -> Parcels:
    rng = Random(key(seed, "farm", i, j))
    fields: list[Polygon] = []
    typical = 520.0 * math.exp(0.5 * rng.gauss(0, 1))  # px: the size at which this farm stops splitting
    _split(_outline(seed, i, j), typical, 0, rng, fields)
    fields = [f for f in fields if _area(f) >= SMALLEST]
    kinds = _crops(len(fields), rng)
    keys = np.array([rng.getrandbits(32) for _ in fields], np.uint32)
    shapes = _warp(_polygons(fields), seed)
    return Parcels(shapes, _non_crops(shapes, kinds, keys, seed), keys)


@lru_cache(maxsize=4096)
def _site(seed: int, i: int, j: int) -> Point:
    rng = Random(key(seed, "site", i, j))
    x, y = ((1 - JITTER) / 2 + JITTER * rng.random() for _ in range(2))
    return (j + x) * FARM, (i + y) * FARM


def _outline(seed: int, i: int, j: int) -> Polygon:
    """The Voronoi cell of a farm less its half of the road. Seven by seven neighbours decide it wholly."""
    x, y = _site(seed, i, j)
    size = 2 * FARM
    cell = [(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)]
    for a in range(i - 3, i + 4):
        for b in range(j - 3, j + 4):
            if (a, b) != (i, j):
                sx, sy = _site(seed, a, b)
                length = math.hypot(sx - x, sy - y)
                normal = ((sx - x) / length, (sy - y) / length)
                cell = _clip(cell, normal, normal[0] * (x + sx) / 2 + normal[1] * (y + sy) / 2 - ROAD)
    return cell


def _split(piece: Polygon, typical: float, level: int, rng: Random, fields: list[Polygon]) -> None:
    """Cuts a piece in two across its longer side until it is small enough, and collects the fields."""
    area = _area(piece)
    enough = min(typical * math.exp(0.35 * rng.gauss(0, 1)), LARGEST)
    if len(piece) < 3 or area <= max(enough, 3 * SMALLEST):
        if len(piece) >= 3:
            fields.append(piece)
        return
    normal, near, far = _cut_across(piece, rng)
    at = near + (far - near) * (0.5 + 0.16 * rng.uniform(-1, 1))
    track = _half_track(level, rng)
    _split(_clip(piece, normal, at - track), typical, level + 1, rng, fields)
    _split(_clip(piece, (-normal[0], -normal[1]), -at - track), typical, level + 1, rng, fields)


def _half_track(level: int, rng: Random) -> float:
    """px. The first cuts are farm tracks, some later ones hedges; the rest are furrows."""
    draw = rng.random()
    return 0.5 if level < 2 or draw < 0.15 else 0.05


def _cut_across(piece: Polygon, rng: Random) -> tuple[Point, float, float]:
    """The direction to cut across, and the piece's extent in it: its longer side, or (strips) the shorter."""
    (x0, y0), (x1, y1) = max(zip(piece, piece[1:] + piece[:1]), key=lambda e: math.dist(*e))
    angle = math.atan2(y1 - y0, x1 - x0) + math.radians(3.0) * rng.gauss(0, 1)
    spans = []
    for turned in (angle, angle + math.pi / 2):
        normal = (math.cos(turned), math.sin(turned))
        reach = [normal[0] * x + normal[1] * y for x, y in piece]
        spans.append((normal, min(reach), max(reach)))
    along, across = spans
    ratio = (along[2] - along[1]) / (across[2] - across[1])
    strips = rng.random() < 0.25 and 0.6 < ratio < 1.8
    return along if (ratio >= 1) != strips else across


def _clip(piece: Polygon, normal: Point, limit: float) -> Polygon:
    """The part of a convex piece where normal . point <= limit."""
    nx, ny = normal
    kept: Polygon = []
    sides = [nx * x + ny * y - limit for x, y in piece]
    for k, (x, y) in enumerate(piece):
        before = sides[k - 1]
        if before * sides[k] < 0:
            px, py = piece[k - 1]
            share = before / (before - sides[k])
            kept.append((px + share * (x - px), py + share * (y - py)))
        if sides[k] <= 0:
            kept.append((x, y))
    return kept


def _polygons(pieces: list[Polygon]) -> NDArray[np.object_]:
    if not pieces:
        return np.empty(0, object)
    owner = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    rings = shapely.linearrings(np.array([point for piece in pieces for point in piece]), indices=owner)
    return np.asarray(shapely.polygons(rings), object)


def _area(piece: Polygon) -> float:
    """px."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(piece, piece[1:] + piece[:1]))) / 2


# --- what stands on the fields ---------------------------------------------------------------------------------------


def _crops(count: int, rng: Random) -> NDArray[np.intp]:
    """Kinds by a golden-ratio sequence: each farm grows every crop near its share, neighbours differ (a choice)."""
    position = (rng.random() + GOLDEN * np.arange(count)) % 1.0
    shares = np.cumsum([crop.share for crop in CROPS])
    return np.searchsorted(shares / shares[-1], position, side="right").astype(np.intp) + 1


def _non_crops(
    shapes: NDArray[np.object_], kinds: NDArray[np.intp], keys: NDArray[np.uint32], seed: int
) -> NDArray[np.intp]:
    """Woods and villages in patches, a few ponds: about 7 % of the land."""
    if not len(shapes):
        return kinds
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    kinds = kinds.copy()
    kinds[smooth_at(x, y, key(seed, "woods"), 60.0) > 1.75] = KIND["Woodland"]
    kinds[smooth_at(x, y, key(seed, "towns"), 45.0) > 2.0] = KIND["Settlement"]
    kinds[(keys % np.uint32(1000) < 6) & (shapely.area(shapes) < 400)] = KIND["Water"]
    return kinds


def _warp(shapes: NDArray[np.object_], seed: int) -> NDArray[np.object_]:
    """Bends the edges by a displacement that depends on the place alone, so neighbours still meet."""
    if not len(shapes):
        return shapes
    dense = shapely.segmentize(shapes, 4.0)
    x, y = shapely.get_coordinates(dense).T
    moved = [
        position + WARP * smooth_at(x, y, key(seed, "warp", axis), WARP_LENGTH) for axis, position in enumerate((x, y))
    ]
    return shapely.set_coordinates(dense, np.stack(moved, axis=1))
