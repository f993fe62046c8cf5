"""What a model says of the labelled pixels of a series, as a classification would map them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.card import Card
from ....shared.jobs.sources import LabelledSeries
from ...execution.reporter import Reporter
from ...labels.labelled_pixels import unit_numbers
from ...labels.matching import Matcher
from ...labels.open_labels import Labels, open_labels
from ...raster.grid import Grid, Window
from ...reporting.sentences import listed
from ...runtime.base import Float, Runtime
from ...series.cube.model_series import ModelSeries
from ...series.cube.open_model_series import open_model_series
from ...series.scenes.read_series import read_model_scenes
from ..tile_pipeline import classify_tiles

Ints = NDArray[np.int64]
Mapping = Sequence[tuple[str, str]]
Kept = Callable[[Grid, NDArray[np.bool_], NDArray[np.int64]], NDArray[np.bool_]]


def _all(place: Grid, labelled: NDArray[np.bool_], parcel: NDArray[np.int64]) -> NDArray[np.bool_]:
    return labelled


@dataclass(frozen=True, eq=False)
class LabelledBlock:
    """n labelled pixels of a map."""

    probability: Float  # (K, n)
    truth: Ints  # (n,) position in the model's legend
    parcel: Ints  # (n,) number


class LabelledMap:
    """A series and its labels, both open. Close it with the `exits` it was opened in."""

    def __init__(self, source: LabelledSeries, card: Card, mapping: Mapping, folder: Path, exits: ExitStack) -> None:
        self._source, self._card, self._folder, self._exits = source, card, folder, exits
        self._matcher = Matcher(card.legend, mapping)
        self.series: ModelSeries
        self.labels: Labels
        self._parcels: Callable[[Window], Ints]

    def open(self, reporter: Reporter) -> None:
        """Raises what a series or labels can be refused for."""
        scenes = read_model_scenes(self._source.series, self._source.radar, reporter)
        series = open_model_series(scenes, self._card.inputs, reporter).where_it_lies()
        self._exits.callback(series.close)
        for note in series.notes:
            reporter.log(note)
        labels = open_labels(
            self._source.labels, series.grid, self._source.series.scenes[0].path, self._matcher.position
        )
        self.series, self.labels = series, self._exits.enter_context(labels)
        self._parcels = unit_numbers(self.labels, series.grid, self._folder, reporter)
        for note in self.labels.notes:
            reporter.log(note, "warning")

    @property
    def grid(self) -> Grid:
        return self.series.grid

    @property
    def simulated(self) -> bool:
        return self.series.simulated or self.labels.simulated

    def blocks(self, runtime: Runtime, reporter: Reporter, kept: Kept = _all) -> Iterator[LabelledBlock]:
        """Only what has labels is run. The card's own calibration is in it, where it has one.

        `kept`: which of the labelled pixels of a part of the grid are used, by their parcels' numbers."""
        grid, widest = self.grid, self.series.widest
        part = widest.window_of(grid)
        wide = self._exits.enter_context(self.series.on(widest))

        def wanted(window: Window) -> bool:
            inside = window.shifted(-part.row, -part.col).clipped(grid.height, grid.width)
            return bool(inside.height and inside.width and (self.labels.read(inside) >= 0).any())

        for block in classify_tiles(wide, self._card, runtime, reporter, part=part, wanted=wanted):
            label, parcel = self.labels.read(block.window), self._parcels(block.window)
            truth = self._positions()[label]
            known = kept(grid.sub(block.window), (truth >= 0) & (parcel >= 0) & block.valid, parcel)
            yield LabelledBlock(block.probability[:, known], truth[known], parcel[known])

    def parcel_at(self, x: float, y: float) -> int:
        """Number of the parcel at a place of the grid's system; negative where there is none."""
        at = self.grid.transform
        row, col = np.floor((y - at.f) / at.e), np.floor((x - at.c) / at.a)
        window = Window(int(row), int(col), 1, 1).clipped(self.grid.height, self.grid.width)
        return int(self._parcels(window)[0, 0]) if window.height and window.width else -1

    def _positions(self) -> Ints:
        """Of each label, its class; the last two are of what is no label."""
        found = (self._matcher.position(label) for label in self.labels.labels)
        return np.array([*(-1 if place is None else place for place in found), -1, -1], np.int64)

    def tell_unknown(self, reporter: Reporter) -> None:
        """Labels that the model has no class for, and classes that no label has."""
        known = self._positions()[:-2]
        unknown = [str(label) for label, place in zip(self.labels.labels, known) if place < 0]
        if unknown:
            reporter.log(
                f"Labels that the model has no class for say nothing of its confidence and are left out: "
                f"{listed(sorted(unknown))}. Its classes: {listed(self._card.legend.names)}.",
                "warning",
            )
        missing = [crop.name for place, crop in enumerate(self._card.legend) if place not in known]
        if missing:
            reporter.log(f"No label is of {listed(missing)}: these classes keep the weight that they have.", "warning")
