"""What is no field: outside all parcels, or of certain classes of a land cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ....shared.errors import BadInput
from ....shared.jobs.clean_map import FieldMask
from ....shared.jobs.sources import LabelSource
from ....shared.legend import plain
from ...labels.class_map import CropMap
from ...labels.matching import Label
from ...labels.open_labels import open_labels
from ...raster.grid import Grid, Window
from ...reporting.sentences import listed
from ...vector.polygons import rasterize_polygons

IsField = Callable[[Window], NDArray[np.bool_]]  # (H, W) of a window


def everywhere(window: Window) -> NDArray[np.bool_]:
    """No mask."""
    return np.ones((window.height, window.width), bool)


def field_test(mask: FieldMask, shapes: NDArray[Any] | None, crop_map: CropMap, exits: ExitStack) -> IsField:
    """`shapes`: the parcels on the map's grid, where they were given. Raises BadInput, NoOverlap, BadRaster."""
    tests: list[IsField] = []
    if mask.only_parcels and shapes is not None:
        tests.append(_in_parcels(shapes, crop_map.grid))
    if mask.land_cover:
        tests.append(_on_land(mask, crop_map, exits))
    if not tests:
        return everywhere
    return lambda window: np.logical_and.reduce([test(window) for test in tests])


def _in_parcels(shapes: NDArray[Any], grid: Grid) -> IsField:
    tree = STRtree(shapes)

    def inside(window: Window) -> NDArray[np.bool_]:
        part = grid.sub(window)
        near = tree.query(shapely.box(*part.bounds))
        burnt: NDArray[np.bool_] = rasterize_polygons([(shapes[i], 1) for i in near], part, "uint8") > 0
        return burnt

    return inside


def _on_land(mask: FieldMask, crop_map: CropMap, exits: ExitStack) -> IsField:
    cover = exits.enter_context(open_labels(LabelSource(mask.land_cover), crop_map.grid, crop_map.path))
    wanted = [plain(name) for name in mask.not_fields]
    seen: set[str] = set()

    def is_field(window: Window) -> NDArray[np.bool_]:
        positions = cover.read(window)
        barred = np.array([_is_one_of(label, wanted, seen) for label in cover.labels] + [False, False], bool)
        return ~barred[positions]  # what is not known may be a field

    def close() -> None:
        unmet = [name for name in mask.not_fields if plain(name) not in seen]
        if len(unmet) == len(mask.not_fields):
            known = listed(cover.labels) or "none"
            raise BadInput(f"The land cover {mask.land_cover} has no class {listed(unmet)}: its classes are {known}.")

    exits.callback(close)
    return is_field


def _is_one_of(label: Label, wanted: Sequence[str], seen: set[str]) -> bool:
    words = {plain(word) for word in (label.text, label.name, *label.aliases) if word}
    found = words & set(wanted)
    seen |= found
    return bool(found)
