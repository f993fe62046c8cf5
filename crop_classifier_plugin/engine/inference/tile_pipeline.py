"""The tile pipeline: read ahead, prepare, run, blend, hand over finished rows. Memory does not grow with the raster."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...shared.cards.card import Card
from ...shared.errors import OutOfMemory
from ..accuracy.calibration.scaling import calibrated
from ..execution.reporter import Reporter
from ..raster.grid import Grid, Window
from ..raster.tiling import Tiling, mirrored, strips
from ..runtime.base import Float, Runtime
from ..series.cube.input_normalisation import NetworkInputs, Preprocess

STRIP = 2048  # px; widest stretch of columns that is blended at a time
_AHEAD = 8  # tiles read ahead of the device
Prepare = Callable[[Float], NetworkInputs]  # of a cube (T,C,H,W)


class Source(Protocol):
    """What the pipeline reads: a ModelSeries, or a fake in a test. It is read in one thread."""

    @property
    def grid(self) -> Grid: ...

    @property
    def days(self) -> NDArray[np.int64]:
        """(T,) day of year, 0..365."""

    def read(self, window: Window) -> Float:
        """(T, C, H, W) float32, NaN marks no data; C are card.inputs.all_bands."""


@dataclass(frozen=True)
class Tile:
    """A tile ready for the network."""

    row: int  # of its first pixel; may lie outside the raster
    col: int
    feeds: dict[str, NDArray[Any]]  # as NetworkInputs.tensors
    seen: NDArray[np.bool_]  # (T,size,size): where a date is usable


@dataclass(frozen=True)
class FinishedBlock:
    """Rows that no further tile will change."""

    window: Window  # within the part that was asked for
    probability: Float  # (K, H, W); sums to 1 where valid
    valid: NDArray[np.bool_]  # (H, W): as many dates as the model needs are usable here
    valid_dates: NDArray[np.uint8]  # (H, W)
    attention: Float  # (T, H, W): the weight of each date in the cell that a pixel lies in; (0, H, W) if not asked for
    cell: int  # px, the side of such a cell; the tile's size where the network tells no finer; 0 = none told so far


TileOrigin = tuple[int, int]  # first row and column of a tile
TilePrediction = tuple[Float | None, Float | None]  # of a tile: probability (K,size,size), attention (T,h,w)


class TileReader:
    """Reads tiles in a thread of its own, so that the device need not wait."""

    def __init__(self, source: Source, prepare: Prepare, size: int) -> None:
        self._source, self._prepare, self._size = source, prepare, size
        self._queue: queue.Queue[Tile | BaseException | None] = queue.Queue(_AHEAD)
        self._stop = threading.Event()

    def tiles(self, tile_origins: list[tuple[int, int]]) -> Generator[Tile]:
        thread = threading.Thread(target=self._work, args=(tile_origins,), name="tile-reader", daemon=True)
        thread.start()
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self._stop.set()
            while thread.is_alive():  # a full queue must not hold the thread back
                self._drain()
                thread.join(0.05)

    def _drain(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()

    def _work(self, tile_origins: list[tuple[int, int]]) -> None:
        last: BaseException | None = None
        try:
            for row, col in tile_origins:
                if not self._put(read_tile(self._source, self._prepare, self._size, row, col)):
                    return
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for tiles
            last = error
        self._put(last)

    def _put(self, item: Tile | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False


def read_tile(source: Source, prepare: Prepare, size: int, row: int, col: int) -> Tile:
    """A tile anywhere on (or over the edge of) the raster; beyond the edge the raster is mirrored."""
    given = prepare(mirrored(source.read, Window(row, col, size, size), (source.grid.height, source.grid.width)))
    return Tile(row, col, given.tensors, given.usable)


def required_dates(card: Card) -> int:
    """How many dates of a pixel must be usable for it to be mapped."""
    return card.inputs.dates.min_dates or card.dates


class Strip:
    """Blends the tiles of one stretch of columns, and gives up rows as soon as they are finished."""

    def __init__(self, card: Card, tiling: Tiling, part: Window, cols: tuple[int, int], attention: bool) -> None:
        self._tiling, self._part, self._cols, self._min_dates = tiling, part, cols, required_dates(card)
        width = cols[1] - cols[0]
        self._weights, self._calibration = tiling.weights(), card.weights.calibration
        self._sum = np.zeros((len(card.legend), tiling.size, width), np.float32)
        self._weight = np.zeros((tiling.size, width), np.float32)
        self._seen = np.zeros((tiling.size, width), np.uint8)
        self._attention = np.zeros((card.dates if attention else 0, tiling.size, width), np.float32)
        self._cell = 0

    def add(self, tile: Tile, prediction: TilePrediction) -> None:
        """What the network says of a tile; None twice for one without a usable pixel."""
        probability, attention = prediction
        size = self._tiling.size
        left, right = max(tile.col, self._cols[0]), min(tile.col + size, self._cols[1])
        here = slice(left - self._cols[0], right - self._cols[0])
        there = slice(left - tile.col, right - tile.col)
        self._seen[:, here] = tile.seen[:, :, there].sum(axis=0, dtype=np.uint8)
        if probability is not None:
            self._sum[:, :, here] += probability[:, :, there] * self._weights[:, there]
            self._weight[:, here] += self._weights[:, there]
        if attention is not None:
            present = np.asarray(tile.seen.any(axis=(1, 2)))[:, None, None]  # what is not there cannot be heeded
            self._attention[:, :, here] += spread(attention * present, size)[:, :, there] * self._weights[:, there]
            self._cell = -(-size // min(attention.shape[1:]))

    def finish(self, row: int, last: bool) -> FinishedBlock | None:
        """The rows from `row` on that are whole once a row of tiles is added; the buffers move on."""
        stride = self._tiling.size if last else self._tiling.stride
        first, end = max(row, self._part.row), min(row + stride, self._part.row + self._part.height)
        done = self._cut(slice(first - row, end - row), first) if end > first else None
        for buffer in (self._sum, self._weight, self._seen, self._attention):
            kept = buffer[..., stride:, :].copy()
            buffer[...] = 0
            buffer[..., : kept.shape[-2], :] = kept
        return done

    def _cut(self, rows: slice, first: int) -> FinishedBlock:
        weight = self._weight[rows]
        seen = self._seen[rows].copy()
        whole: Float = np.maximum(weight, np.float32(1e-12))
        valid = (seen >= self._min_dates) & (weight > 0)
        window = Window(first - self._part.row, self._cols[0] - self._part.col, weight.shape[0], weight.shape[1])
        probability = calibrated(self._sum[:, rows] / whole, self._calibration)
        return FinishedBlock(window, probability, valid, seen, self._attention[:, rows] / whole, self._cell)


def spread(attention: Float, size: int) -> Float:
    """(T,h,w) -> (T,size,size): each pixel of a tile has the weights of the cell that it lies in."""
    rows, cols = (np.arange(size) * cells // size for cells in attention.shape[1:])
    return attention[:, rows[:, None], cols]


def classify_tiles(
    source: Source,
    card: Card,
    runtime: Runtime,
    reporter: Reporter,
    batch: int = 4,
    part: Window | None = None,
    attention: bool = False,
    wanted: Callable[[Window], bool] | None = None,
) -> Iterator[FinishedBlock]:
    """Every pixel of the source's grid, or of a `part` of it, exactly once, in windows of at most STRIP columns.

    A part is cut from the same tiles as the whole grid, so that its pixels get the values they would have in the whole.
    Tiles whose used pixels are not `wanted` are neither read nor run: what only they show is not valid.
    With `attention` the network, which must tell it, is asked for its own too.
    """
    grid = source.grid
    tiling = Tiling.of(card.tiling)
    part = part or Window(0, 0, grid.height, grid.width)
    plan = _plan(tiling, grid, part, wanted)
    tile_origins = [origin for _, rows in plan for _, in_row in rows for origin in in_row]
    prepare = partial(Preprocess(card.inputs, card.statistics).apply, days=source.days)
    runner = Runner(runtime, batch, required_dates(card), attention)
    done, total = 0, len(tile_origins)
    with closing(TileReader(source, prepare, tiling.size).tiles(tile_origins)) as tiles:
        for cols, rows in plan:
            strip = Strip(card, tiling, part, cols, attention)
            for row, in_row in rows:
                for tile, prediction in runner.run(tiles, len(in_row), reporter):
                    strip.add(tile, prediction)
                    done += 1
                    reporter.progress(done / total, "Classifying", done, total)
                finished = strip.finish(row, last=row == rows[-1][0])
                if finished:
                    yield finished


def _plan(
    tiling: Tiling, grid: Grid, part: Window, wanted: Callable[[Window], bool] | None
) -> list[tuple[tuple[int, int], list[tuple[int, list[TileOrigin]]]]]:
    """Stretches of columns [first, end), each with its rows of tiles."""
    shape = grid.height, grid.width
    rows = tiling.touching(grid.height, (part.row, part.row + part.height))
    plan = []
    for cols in ((part.col + a, part.col + b) for a, b in strips(part.width, STRIP)):
        columns = tiling.touching(grid.width, cols)
        in_rows = [
            (row, [(row, col) for col in columns if wanted is None or wanted(tiling.used(row, col, shape))])
            for row in rows
        ]
        plan.append((cols, in_rows))
    return plan


class Runner:
    """Runs tiles in batches; halves the batch when the device's memory is short."""

    def __init__(self, runtime: Runtime, batch: int, min_dates: int, attention: bool) -> None:
        self._runtime, self._batch = runtime, batch
        self._min_dates, self._attention = min_dates, attention

    def run(self, tiles: Iterator[Tile], count: int, reporter: Reporter) -> Iterator[tuple[Tile, TilePrediction]]:
        """The next `count` tiles with what the network says of them, in order."""
        waiting: list[Tile] = []
        for number in range(1, count + 1):
            tile = next(tiles)
            if (tile.seen.sum(axis=0) >= self._min_dates).any():
                waiting.append(tile)
            else:
                yield tile, (None, None)
            if len(waiting) == self._batch or (number == count and waiting):
                yield from zip(waiting, self._ask(waiting, reporter))
                waiting = []

    def _ask(self, tiles: list[Tile], reporter: Reporter) -> list[TilePrediction]:
        reporter.check()
        feeds = {name: np.stack([t.feeds[name] for t in tiles]) for name in tiles[0].feeds}
        try:
            answer = self._runtime.run(feeds, self._attention)
        except OutOfMemory:
            if len(tiles) == 1:
                raise
            self._batch = max(1, len(tiles) // 2)
            reporter.log(f"The device's memory is short: going on with batches of {self._batch} tiles.", "warning")
            half = len(tiles) // 2
            return self._ask(tiles[:half], reporter) + self._ask(tiles[half:], reporter)
        attention = answer.attention if answer.attention is not None else [None] * len(tiles)
        return list(zip(answer.probability, attention))
