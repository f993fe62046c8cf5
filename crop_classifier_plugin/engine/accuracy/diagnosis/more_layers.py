"""Layers over all classes: which is taken for which, and whether the map was sure of what is right and wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput, BadRaster
from ....shared.jobs.accuracy import ErrorLayers
from ....shared.legend import CropClass
from ...access.rasters import open_raster
from ...execution.job_run import JobRun
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK
from ...labels.constants import NO_DATA
from ...raster.grid import Window
from ...raster.sidecars import Row, write_class_sidecars
from ...raster.writer import GDAL_ERRORS, RasterSpec, RasterWriter, as_rasterio
from ...reporting.colours import distinct_colour
from ..confusion import Confusion
from .comparison import Comparison
from .error_layers import NODATA, Positions

_MOST_PAIRS = 254  # of classes in one layer, the commonest: the others are one value (choice)
RIGHT_SURE, RIGHT_UNSURE, WRONG_UNSURE, WRONG_SURE = range(4)
SURENESS = (
    Row(RIGHT_SURE, "right, and sure", (26, 110, 60)),
    Row(RIGHT_UNSURE, "right, but unsure", (166, 217, 150)),
    Row(WRONG_UNSURE, "wrong, and unsure", (253, 174, 97)),
    Row(WRONG_SURE, "wrong, but sure", (165, 0, 38)),
)


@dataclass(frozen=True)
class PairWords:
    """What the values of pairs are called."""

    same: str
    between: str  # the two classes of a pair
    rarer: str


MISTAKES = PairWords("agrees", ", mapped as ", "rarer mistakes")


class Pairs:
    """Values of the pairs (row, column of the matrix): 0 on its diagonal, then the pairs by how common they are."""

    def __init__(self, classes: Sequence[CropClass], confusion: Confusion, words: PairWords = MISTAKES) -> None:
        wrong = confusion.n.copy()
        np.fill_diagonal(wrong, 0)
        order = [divmod(int(i), len(wrong)) for i in np.argsort(-wrong, axis=None, kind="stable")]
        found = [(i, j) for i, j in order if wrong[i, j]]
        own, others = found[: _MOST_PAIRS - 1], found[_MOST_PAIRS - 1 :]
        self.rows = [Row(0, words.same, (0, 0, 0))]
        self.lumped = others  # pairs that share one value
        self._size = len(wrong) + 1  # of a row of the table: the first is for where nothing is said
        table = np.full((self._size, self._size), NODATA, np.uint8)
        table[1:, 1:] = 0
        for value, (i, j) in enumerate(own, start=1):
            table[i + 1, j + 1] = value
            name = f"{classes[i].name}{words.between}{classes[j].name}"
            self.rows.append(Row(value, name, distinct_colour(value)))
        if others:
            self.rows.append(Row(_MOST_PAIRS, words.rarer, (200, 200, 200)))
            for i, j in others:
                table[i + 1, j + 1] = _MOST_PAIRS
        self._table, self._kind = table.ravel(), np.min_scalar_type(table.size)

    def paint(self, mapped: Positions, truth: Positions) -> NDArray[np.uint8]:
        """(H, W) uint8; NODATA where either side says nothing, which is -1."""
        one, size = self._kind.type(1), self._kind.type(self._size)
        row, column = (side.astype(self._kind) + one for side in (truth, mapped))
        painted: NDArray[np.uint8] = self._table.take(row * size + column)
        return painted


@dataclass(frozen=True, eq=False)
class PairsLayer:
    """The layer of all mistakes."""

    path: str
    pairs: Pairs
    title: str = "Which class is mapped as which"

    @property
    def rows(self) -> Sequence[Row]:
        return self.pairs.rows

    def paint(self, mapped: Positions, truth: Positions) -> NDArray[np.uint8]:
        return self.pairs.paint(mapped, truth)


def write_sureness(asked: ErrorLayers, comparison: Comparison, tags: Mapping[str, str], run: JobRun) -> None:
    """Raises BadInput for a confidence of another grid, BadRaster."""
    grid = comparison.crop_map.grid
    try:
        with open_raster(asked.confidence) as confidence:
            if (confidence.height, confidence.width) != (grid.height, grid.width):
                raise BadInput(f"{asked.confidence} is of another size than the map: give that of the same run.")

            def paint(mapped: NDArray[np.int32], truth: NDArray[np.int32], window: Window) -> NDArray[np.uint8]:
                read = confidence.read(1, window=as_rasterio(window), masked=True)
                sure = read.filled(0) >= asked.sure_above
                right = mapped == truth
                value = np.where(
                    right, np.where(sure, RIGHT_SURE, RIGHT_UNSURE), np.where(sure, WRONG_SURE, WRONG_UNSURE)
                )
                nothing = (mapped == NO_DATA) | (truth == NO_DATA) | np.ma.getmaskarray(read)
                return np.where(nothing, NODATA, value).astype(np.uint8)

            _write(asked.sureness, "Right or wrong, and how sure", SURENESS, paint, (comparison, tags, run))
    except GDAL_ERRORS as error:
        raise BadRaster(asked.confidence, str(error)) from None


def _write(
    path: str, title: str, rows: Sequence[Row], paint: Any, of: tuple[Comparison, Mapping[str, str], JobRun]
) -> None:
    comparison, tags, run = of
    crop_map = comparison.crop_map
    reporter: Reporter = run.step(0.9, 1)
    spec = RasterSpec("uint8", NODATA, (title,), {row.value: row.rgb for row in rows}, tags)
    blocks = list(crop_map.grid.blocks(BLOCK))
    with RasterWriter(run.output(path), crop_map.grid, spec) as writer:
        for done, window in enumerate(blocks, start=1):
            writer.write(paint(crop_map.read(window), comparison.truth(window), window), window)
            reporter.progress(done / len(blocks), "Writing the layers", done, len(blocks))
    counts, hectares = (np.pad(found, (0, 256)) for found in (writer.counts, writer.hectares))
    counted = [Row(r.value, r.name, r.rgb, int(counts[r.value]), float(hectares[r.value])) for r in rows]
    write_class_sidecars(run.outputs, path, counted, nodata_name=rows[0].name)
