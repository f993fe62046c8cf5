"""Where the map is right and wrong: one layer a class (TP, FP, FN, TN) and one of agreement.

Colours as in the LRTACF-Net paper: its figure 5 (per class) and figure 4 (agreement).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ....shared.legend import CropClass
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK, CropMap
from ...labels.constants import NO_DATA
from ...raster.grid import Grid
from ...raster.sidecars import RGB, Row, write_class_sidecars
from ...raster.writer import RasterSpec, RasterWriter

NODATA = 255
_LONGEST = 60  # of a name in a file's name, which codes make unique; names in registers can be sentences (choice)
TN, TP, FP, FN = range(4)
OUTCOMES = (
    Row(TN, "TN: neither map nor reference", (0, 0, 0)),
    Row(TP, "TP: map and reference agree", (128, 128, 128)),
    Row(FP, "FP: only in the map", (255, 0, 0)),
    Row(FN, "FN: only in the reference", (0, 0, 255)),
)
AGREEMENT = (Row(0, "wrong", (255, 255, 255)), Row(1, "right", (0, 0, 0)))

Positions = NDArray[np.signedinteger]
Reader = Callable[..., NDArray[np.int32]]


@dataclass(frozen=True)
class Layer:
    """A raster of outcomes to write: `position` is its class's place in the legend, None for the agreement."""

    path: str
    title: str
    rows: tuple[Row, ...]
    position: int | None = None

    def paint(self, mapped: Positions, truth: Positions) -> NDArray[np.uint8]:
        """(H, W) uint8 from positions in the legend; NODATA where either side says nothing."""
        outcome: NDArray[np.uint8]
        if self.position is None:
            outcome = (mapped == truth).view(np.uint8)
        else:
            in_map, in_truth = ((side == self.position).view(np.uint8) for side in (mapped, truth))
            outcome = in_map * np.uint8(FP) ^ in_truth * np.uint8(FN)  # of both it is TP: 2 ^ 3 = 1
        nothing = ((mapped == NO_DATA) | (truth == NO_DATA)).view(np.uint8)
        outcome |= nothing * np.uint8(NODATA)
        return outcome


class Painted(Protocol):
    """A layer that positions in the legend suffice to paint."""

    @property
    def path(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def rows(self) -> Sequence[Row]: ...

    def paint(self, mapped: Positions, truth: Positions) -> NDArray[np.uint8]: ...


def layers_of(folder: str, agreement: str, classes: Mapping[int, CropClass]) -> list[Layer]:
    """The agreement layer, then one a class; `classes` by their position in the legend."""
    layers = [Layer(agreement, "Map and reference: right or wrong", AGREEMENT)]
    for position, crop in classes.items():
        path = str(Path(folder) / f"diagnosis_{crop.code}_{slug(crop.name)}.tif")
        layers.append(Layer(path, f"{crop.name}: TP, FP, FN, TN", OUTCOMES, position))
    return layers


def slug(name: str) -> str:
    """A class name as part of a file name: plain letters, digits and underscores, at most _LONGEST."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST].rstrip("_") or "class"


def write_layers(
    layers: Sequence[Painted],
    crop_map: CropMap,
    truth: Reader,
    tags: Mapping[str, str],
    out: Outputs,
    reporter: Reporter,
) -> None:
    """All layers in one pass over the map; `truth(window)` gives the reference as positions in the map's legend."""
    blocks = list(crop_map.grid.blocks(BLOCK))
    with ExitStack() as stack:
        writers = []
        for layer in layers:
            stack.callback(reporter.check)  # between the closing of two files, each of which takes a while
            writers.append(stack.enter_context(_writer(layer, crop_map.grid, tags, out)))
        for done, window in enumerate(blocks, start=1):
            mapped, reference = _narrow(crop_map.read(window)), _narrow(truth(window))
            for layer, writer in zip(layers, writers):
                writer.write(layer.paint(mapped, reference), window)
                reporter.check()
            reporter.progress(done / len(blocks), "Writing the layers", done, len(blocks))
    for layer, writer in zip(layers, writers):
        write_class_sidecars(out, layer.path, _counted(layer.rows, writer), nodata_name=layer.rows[0].name)


def _narrow(positions: NDArray[np.int32]) -> Positions:
    """The same in bytes where they fit: each layer compares them anew."""
    return positions.astype(np.int8) if positions.max(initial=0) < 128 else positions


def _writer(layer: Painted, grid: Grid, tags: Mapping[str, str], out: Outputs) -> RasterWriter:
    colours: dict[int, RGB] = {row.value: row.rgb for row in layer.rows}
    spec = RasterSpec("uint8", NODATA, (layer.title,), colours, tags)
    return RasterWriter(out.path(layer.path), grid, spec)


def _counted(rows: Sequence[Row], writer: RasterWriter) -> tuple[Row, ...]:
    counts, hectares = (np.pad(found, (0, len(rows))) for found in (writer.counts, writer.hectares))
    return tuple(replace(row, count=int(counts[row.value]), hectares=float(hectares[row.value])) for row in rows)
