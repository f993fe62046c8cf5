"""Edges of polygons cut at rows and columns of pixels: how much of each pixel lies inside.

Green's theorem: what a polygon holds of a raster is the sum over its edges of what their rows hold west of them, plus
for an edge with the polygon on its west, minus for the others. West of an edge lie whole pixels, which sums along the
rows tell at once, and shares of those that it runs through. So nothing is done for the pixels of the inside one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...raster.grid import Window
from .edges import Edges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Crossings:
    """Edges cut at the rows and columns of a window.

    R runs, each within a row: `height` times what the row holds from `start` to `before`, where the run's first pixel
    begins, is the owner's; these number the W + 1 borders of the window's pixels, row by row. C cells, the pixels that
    the runs go through: `share` of each is the owner's. Both signed: what two edges have in common cancels out.
    """

    owner: Ints  # (R,) ascending within those of one polygon
    height: Floats  # (R,)
    start: Ints  # (R,)
    before: Ints  # (R,)
    cell_owner: Ints  # (C,)
    cell: Ints  # (C,) row by row
    share: Floats  # (C,)


def cut_at_pixels(edges: Edges, window: Window) -> Crossings:
    """The edges within the window's rows, all of whose columns lie in it."""
    edge, row, height, west, east = _runs(edges, window)
    first = np.clip(west.astype(np.int64), 0, window.width - 1)
    count = np.maximum(np.minimum(np.ceil(east).astype(np.int64), window.width) - first, 1)
    owner, borders = edges.owner.take(edge), row * (window.width + 1)
    start = borders + (edges.left - window.col).take(edge)
    cell = row * window.width + first
    west, east = west - first, east - first
    one, many = np.flatnonzero(count == 1), np.flatnonzero(count > 1)
    shares = height[one] * (west[one] + east[one]) * 0.5
    run, further, more = _cells(count[many], height[many], west[many], east[many])
    return Crossings(
        owner,
        height,
        start,
        borders + first,
        np.concatenate([owner[one], owner[many].take(run)]),
        np.concatenate([cell[one], cell[many].take(run) + further]),
        np.concatenate([shares, more]),
    )


def _runs(edges: Edges, window: Window) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """(R,) the edge of each run, its row in the window, its signed height, its westernmost and easternmost column."""
    top = np.maximum(edges.top, window.row)
    bottom = np.minimum(edges.bottom, window.row + window.height)
    first = np.floor(top).astype(np.int64)
    edge, number = _repeated(np.ceil(bottom).astype(np.int64) - first)
    row = first.take(edge) + number
    upper, lower = np.maximum(top.take(edge), row), np.minimum(bottom.take(edge), row + 1)
    slope, begin = edges.slope.take(edge), edges.top.take(edge)
    col = (edges.col - window.col).take(edge)
    here, there = col + (upper - begin) * slope, col + (lower - begin) * slope
    height = (lower - upper) * edges.sign.take(edge)
    return edge, row - window.row, height, np.minimum(here, there), np.maximum(here, there)


def _cells(count: Ints, height: Floats, west: Floats, east: Floats) -> tuple[Ints, Ints, Floats]:
    """(C,) the run of each cell that runs through several go through, its number in the run, and its share.

    `west` and `east` are told from the run's first cell. Of a cell lies west of a run: all of it in those rows in which
    the run is beyond it, a part of it in those in which the run goes through it.
    """
    run, number = _repeated(count)
    steepness, end = (height / (east - west)).take(run), east.take(run)
    enters, leaves = np.maximum(west.take(run), number), np.minimum(end, number + 1)
    share = steepness * (end - leaves + (leaves - enters) * ((enters + leaves) * 0.5 - number))
    return run, number, share


def _repeated(counts: Ints) -> tuple[Ints, Ints]:
    """Each place as often as `counts` says, and the how-many-th time it is."""
    place = np.repeat(np.arange(len(counts)), counts)
    return place, np.arange(len(place)) - (np.cumsum(counts) - counts).take(place)
