"""Which part of a grid the scenes of a series reach, by the bounding boxes of their files, and what to tell of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rasterio.crs import CRS

from ...execution.reporter import Reporter
from ...raster.band_ref import BandRef, Bounds
from ...raster.grid import Grid, Window
from ...reporting.sentences import listed
from ..scenes.images import Refs
from ..scenes.scene import Scene

_SAMPLE = 64  # px, side of the windows that clear shares and units are judged by
_SAMPLES = 4  # windows an axis
_WHOLE = 0.99  # of the area: what reaches so far is not told (choice)
_MOST = 0.9  # a date that reaches less of it gets a warning (choice)
_SPARSE = 2.0  # times the ground of two places: a box around both that is larger would be mostly empty (choice)


def boxes_of(scene: Scene, bands: Sequence[str], crs: CRS) -> list[Bounds]:
    """Where a scene has all of the bands that it has any of, in `crs`: image by image, and where images that lack some
    of the bands make up for each other."""
    wanted = [band for band in bands if scene.of(band)]
    having = [image for image in scene.images if any(ref.band in wanted for ref in image)]
    if all({ref.band for ref in image} >= set(wanted) for image in having):
        return [box for image in having if (box := _box(image, wanted, crs))]
    return _shared([scene.of(band) for band in wanted], crs)


def _shared(refs_of_bands: Sequence[Sequence[BandRef]], crs: CRS) -> list[Bounds]:
    """Where each of the bands has one of its files."""
    found: list[Bounds] | None = None
    for refs in refs_of_bands:
        own = {ref.bounds_in(crs) for ref in refs}
        found = list(own) if found is None else list({_both(a, b) for a in found for b in own if meet(a, b)})
    return found or []


def _both(a: Bounds, b: Bounds) -> Bounds:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _box(image: Refs, bands: Sequence[str], crs: CRS) -> Bounds | None:
    boxes = [ref.bounds_in(crs) for ref in image if ref.band in bands]
    x0, y0, x1, y1 = zip(*boxes)
    shared = max(x0), max(y0), min(x1), min(y1)
    return shared if shared[0] < shared[2] and shared[1] < shared[3] else None


def hull(boxes: Iterable[Bounds]) -> Bounds:
    x0, y0, x1, y1 = zip(*boxes)
    return min(x0), min(y0), max(x1), max(y1)


def meet(a: Bounds, b: Bounds) -> bool:
    """Whether two boxes share ground."""
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


def overlap(a: Window, b: Window) -> bool:
    """Whether two windows share a pixel."""
    rows = max(a.row, b.row) < min(a.row + a.height, b.row + b.height)
    return rows and max(a.col, b.col) < min(a.col + a.width, b.col + b.width)


def window_on(box: Bounds, grid: Grid) -> Window:
    """The pixels of the grid that a box in its CRS touches; of no height or width where there are none."""
    if not all(map(math.isfinite, box)):
        return Window(0, 0, grid.height, grid.width)
    if grid.crs.is_geographic and not meet(box, grid.bounds):
        turns = ((box[0] + turn, box[1], box[2] + turn, box[3]) for turn in (360, -360))
        box = next((turned for turned in turns if meet(turned, grid.bounds)), box)
    x0, y0, x1, y1 = box
    a0, b0, a1, b1 = grid.bounds
    inside = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return Window(0, 0, 0, 0)
    return grid.window_of(grid.snap(inside)).clipped(grid.height, grid.width)


def windows_of(scene: Scene, bands: Sequence[str], grid: Grid) -> list[Window]:
    """Where the images of a scene lie on the grid."""
    found = (window_on(box, grid) for box in boxes_of(scene, bands, grid.crs))
    return [window for window in found if window.height and window.width]


def reach_of(refs: Sequence[BandRef], grid: Grid) -> Window:
    """Beyond this window reading the files gives nothing, resampled or not."""
    boxes = [(ref.bounds_in(grid.crs), ref) for ref in refs]
    x0, y0, x1, y1 = hull(box for box, _ in boxes)
    px, py = grid.pixel
    dx = 4 * max(max(px, (box[2] - box[0]) / ref.width) for box, ref in boxes)  # cubic looks two pixels away
    dy = 4 * max(max(py, (box[3] - box[1]) / ref.height) for box, ref in boxes)
    return window_on((x0 - dx, y0 - dy, x1 + dx, y1 + dy), grid)


# --- places ----------------------------------------------------------------------------------------------------------


def places_of(windows: Iterable[Window]) -> list[Window]:
    """The windows joined into boxes that are not mostly empty: one where all lie together."""
    waiting = [(window, window.height * window.width) for window in dict.fromkeys(windows)]
    places: list[tuple[Window, int]] = []
    while waiting:
        window, ground = waiting.pop()
        for other, more in places:
            both = _around(window, other)
            size = both.height * both.width
            if size <= _SPARSE * (ground + more):
                places.remove((other, more))
                waiting.append((both, min(size, ground + more)))
                break
        else:
            places.append((window, ground))
    return sorted((window for window, _ in places), key=lambda w: (w.row, w.col))


def _around(a: Window, b: Window) -> Window:
    row, col = min(a.row, b.row), min(a.col, b.col)
    end_row, end_col = max(a.row + a.height, b.row + b.height), max(a.col + a.width, b.col + b.width)
    return Window(row, col, end_row - row, end_col - col)


def sample_windows(place: Window) -> Iterator[Window]:
    """At most 4 x 4 windows of 64 x 64 px, evenly spread; a small place is covered whole."""
    for row, height in _spread(place.height):
        for col, width in _spread(place.width):
            yield Window(place.row + row, place.col + col, height, width)


def _spread(size: int) -> list[tuple[int, int]]:
    if size <= _SAMPLE * _SAMPLES:
        return [(start, min(_SAMPLE, size - start)) for start in range(0, size, _SAMPLE)]
    step = (size - _SAMPLE) / (_SAMPLES - 1)
    return [(round(i * step), _SAMPLE) for i in range(_SAMPLES)]


# --- how much --------------------------------------------------------------------------------------------------------


def depth(dates: Sequence[Sequence[Window]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many of the dates reach each part of a grid: (R, C) counts, between the (R + 1,) rows and (C + 1,) columns
    at which any window begins or ends."""
    every = [window for windows in dates for window in windows]
    rows = np.unique([edge for w in every for edge in (w.row, w.row + w.height)])
    cols = np.unique([edge for w in every for edge in (w.col, w.col + w.width)])
    counts = np.zeros((max(len(rows) - 1, 0), max(len(cols) - 1, 0)), np.int64)
    for windows in dates:
        seen = np.zeros(counts.shape, np.bool_)
        for w in windows:
            top, bottom = np.searchsorted(rows, (w.row, w.row + w.height))
            left, right = np.searchsorted(cols, (w.col, w.col + w.width))
            seen[top:bottom, left:right] = True
        counts += seen
    return counts, rows, cols


def pixels(dates: Sequence[Sequence[Window]], least: int = 1) -> int:
    """The pixels that at least so many of the dates reach."""
    counts, rows, cols = depth(dates)
    return int((np.diff(rows)[:, None] * np.diff(cols))[counts >= least].sum())


def log_coverage(scenes: Sequence[Scene], bands: Sequence[str], grid: Grid, reporter: Reporter) -> None:
    """Says which dates reach only a part of the grid, and how much of it no date reaches."""
    dates = [windows_of(scene, bands, grid) for scene in scenes]
    size = grid.height * grid.width
    total = pixels(dates) / size
    if total < _WHOLE:
        places = len(places_of(window for windows in dates for window in windows))
        apart = f" They lie in {places} places far apart: an extent for each makes smaller files." if places > 1 else ""
        reporter.log(
            f"The scenes cover {_percent(total)} of the area of {grid.width} x {grid.height} px, the rest is no data."
            + apart,
            "warning",
        )
    shares = [pixels([windows]) / size for windows in dates]
    partial = [(scene.date, share) for scene, share in zip(scenes, shares) if share < _WHOLE * total]
    if partial:
        told = listed(f"{day} covers {_percent(share)}" for day, share in partial)
        level = "warning" if min(share for _, share in partial) < _MOST * total else "info"
        reporter.log(f"Of the area of the series {told}; where a date does not reach, it is no data.", level)


def _percent(share: float) -> str:
    """Never 0% of something that is there."""
    return f"{share:.0%}" if share >= 0.005 or not share else "less than 1%"
