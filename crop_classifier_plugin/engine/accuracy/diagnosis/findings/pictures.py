"""Pictures for the report: the map made small, and the places where confusions are densest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .....shared.legend import CropClass
from ....labels.constants import NO_DATA
from ....raster.grid import Grid, Window
from ....reporting.colours import RGB
from ....reporting.png import png_uri
from ..comparison import Comparison, Seen
from ..preview import LONGEST, NOT_COMPARED

_SIDES = (24, 96)  # px of a thumbnail, a third of a small map (choice)
_ZOOM = 4  # of its pixels, so that outlines are thin
_MOST = 120  # classes in a palette, strong and pale; more are grey
_GREY: RGB = (160, 160, 160)
_PALE = 0.65  # of white in what a thumbnail does not speak of (choice)
_LINE: RGB = (0, 0, 0)


class MapPicture:
    """Every so many pixels of the map one, while it is read."""

    def __init__(self, grid: Grid) -> None:
        self._step = -(-max(grid.height, grid.width) // LONGEST)
        shape = -(-grid.height // self._step), -(-grid.width // self._step)
        self._picture = np.full(shape, NO_DATA, np.int32)

    def see(self, seen: Seen) -> None:
        """Takes the window's part."""
        step, window = self._step, seen.window
        row, col = -window.row % step, -window.col % step
        part = seen.mapped[row::step, col::step]
        top, left = (window.row + row) // step, (window.col + col) // step
        self._picture[top : top + part.shape[0], left : left + part.shape[1]] = part

    def uri(self, classes: Sequence[CropClass]) -> str:
        """As a data URI, in the classes' colours."""
        return _in_colours(self._picture, classes)


def thumbnail(comparison: Comparison, place: tuple[int, int], pair: tuple[int, int]) -> str:
    """The map around (row, col) as a data URI, the reference's boundaries drawn over it in black; all but the pixels of
    the pair (reference, map) is pale."""
    window = around(place, comparison.crop_map.grid)
    zoom = np.ones((_ZOOM, _ZOOM), np.int32)
    mapped, truth = (np.kron(side, zoom) for side in (comparison.crop_map.read(window), comparison.truth(window)))
    pale = (truth != pair[0]) | (mapped != pair[1])
    return _in_colours(mapped, comparison.classes.all, pale, _edges(truth))


def around(place: tuple[int, int], grid: Grid) -> Window:
    """A thumbnail's pixels around a place, moved into the grid."""
    side = _side(grid)
    height, width = min(side, grid.height), min(side, grid.width)
    row = min(max(place[0] - height // 2, 0), grid.height - height)
    col = min(max(place[1] - width // 2, 0), grid.width - width)
    return Window(row, col, height, width)


def _side(grid: Grid) -> int:
    return int(np.clip(min(grid.height, grid.width) // 3, *_SIDES))


def densest_place(comparison: Comparison, window: Window, pair: tuple[int, int]) -> tuple[int, int]:
    """(row, col) of the wrong pixel of a pair (reference, map) with most of its like within a thumbnail around it."""
    wrong = (comparison.truth(window) == pair[0]) & (comparison.crop_map.read(window) == pair[1])
    near = ndimage.uniform_filter(wrong.astype(np.float32), _side(comparison.crop_map.grid), mode="constant")
    row, col = np.unravel_index(int(np.where(wrong, near, -1).argmax()), wrong.shape)
    return int(row) + window.row, int(col) + window.col


def _edges(truth: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(H, W): pixels whose neighbour on the right or below has another class, or none."""
    edges = np.zeros(truth.shape, bool)
    edges[:-1] |= truth[:-1] != truth[1:]
    edges[:, :-1] |= truth[:, :-1] != truth[:, 1:]
    return edges


def _in_colours(
    positions: NDArray[np.int32],
    classes: Sequence[CropClass],
    pale: NDArray[np.bool_] | None = None,
    lines: NDArray[np.bool_] | None = None,
) -> str:
    strong = [*(crop.rgb for crop in classes[:_MOST]), _GREY]
    palette = [*strong, *map(_paler, strong), NOT_COMPARED, _LINE]
    told = np.minimum(positions, len(strong) - 1)
    if pale is not None:
        told = told + len(strong) * pale
    told = np.where(positions == NO_DATA, len(palette) - 2, told)
    if lines is not None:
        told[lines] = len(palette) - 1
    return png_uri(told.astype(np.uint8), palette)


def _paler(colour: RGB) -> RGB:
    red, green, blue = (round(255 * _PALE + part * (1 - _PALE)) for part in colour)
    return red, green, blue
