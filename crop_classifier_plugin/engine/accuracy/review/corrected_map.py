"""A crop map with the reviewed units drawn into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ....shared.legend import Legend
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK, CropMap
from ...labels.constants import NO_DATA
from ...raster.grid import Grid, Window
from ...raster.pixel_area import pixel_areas
from ...raster.provenance import SIMULATED_TAG
from ...raster.sidecars import rows_of, write_class_sidecars
from ...raster.writer import RasterSpec, RasterWriter
from ...vector.polygons import rasterize_polygons

Draw = Callable[[NDArray[np.int32], Window], NDArray[np.int32]]  # a window's classes -> with something drawn over


@dataclass(frozen=True, eq=False)
class Change:
    """What drawing the answers changed: (K,) by class of the legend, by pixel counting."""

    before: NDArray[np.float64]  # hectares
    after: NDArray[np.float64]
    pixels: int  # that have another class than before
    hectares: float
    simulated: bool  # the map


def drawn_over(shapes: NDArray[Any], positions: NDArray[np.int64], grid: Grid, filled: bool) -> Draw:
    """Polygons, (n,) with each one's class, drawn over a window's classes: where the centre of a pixel lies inside.

    `filled`: also where there was no class.
    """
    tree = STRtree(shapes)

    def draw(classes: NDArray[np.int32], window: Window) -> NDArray[np.int32]:
        part = grid.sub(window)
        near = np.sort(tree.query(shapely.box(*part.bounds)))
        burnt = rasterize_polygons([(shapes[i], int(positions[i]) + 1) for i in near], part, "int32")
        over = (burnt > 0) & (filled | (classes != NO_DATA))
        return np.where(over, burnt - 1, classes)

    return draw


def write_corrected(
    path: str,
    crop_map: CropMap,
    legend: Legend,
    units: tuple[NDArray[Any], NDArray[np.int64]],
    out: Outputs,
    reporter: Reporter,
) -> Change:
    """`units`: relabelled polygons and each one's position in `legend`; pixels whose centre lies inside get it, also
    where the map had no class (choice: who looked, knows). `path` is the final one."""
    shapes, positions = units
    draw, codes = drawn_over(shapes, positions, crop_map.grid, filled=True), np.array([0, *legend.codes], np.uint16)
    before, after = np.zeros(len(legend) + 1), np.zeros(len(legend) + 1)
    changed, hectares = 0, 0.0
    spec = RasterSpec.classes(legend, "crop class")
    tags = {**spec.tags, **({SIMULATED_TAG: "yes"} if crop_map.simulated else {})}
    spec = RasterSpec(spec.dtype, spec.nodata, spec.descriptions, spec.colours, tags, resampling=spec.resampling)
    blocks = list(crop_map.grid.blocks(BLOCK))
    with RasterWriter(out.path(path), crop_map.grid, spec) as writer:
        for done, window in enumerate(blocks, start=1):
            old = crop_map.read(window)
            new = draw(old, window)
            pixel = pixel_areas(crop_map.grid).of(window)
            before += pixel * class_counts(old, len(legend))
            after += pixel * class_counts(new, len(legend))
            changed += int((new != old).sum())
            hectares += pixel * float((new != old).sum())
            writer.write(codes[np.where(new == NO_DATA, -1, new) + 1].astype(spec.dtype), window)
            reporter.progress(done / len(blocks), "Correcting the map", done, len(blocks))
    write_class_sidecars(out, path, rows_of(legend, writer.counts.tolist(), writer.hectares.tolist()))
    return Change(before[:-1], after[:-1], changed, hectares, crop_map.simulated)


def class_counts(positions: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """(K + 1,) pixels of each class, those without one last."""
    return np.bincount(np.where(positions == NO_DATA, classes, positions).ravel(), minlength=classes + 1)
