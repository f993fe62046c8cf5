"""Map and reference read together, and the classes that they are counted by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import CompareLimits
from ....shared.legend import CropClass, plain
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK, CropMap
from ...labels.constants import DISPUTED, NO_DATA
from ...labels.matching import Label, Matcher
from ...labels.open_labels import Labels
from ...raster.grid import Window
from ...reporting.colours import colour_of
from ...reporting.sentences import listed
from ..confusion import Confusion
from .limits import Limits

_EVERYWHERE = CompareLimits()
_REASONS = ("map_no_data", "reference_no_data", "disputed", "outside_area", "edges", "edges_right")
_MOST_MISSING = 1000  # more classes that the map lacks are names of parcels, or measurements (choice)


@dataclass(frozen=True)
class Excluded:
    """Pixels of the map that were not compared, and why; a pixel counts under the first reason that holds."""

    map_no_data: int
    reference_no_data: int
    disputed: int  # where polygons of different classes overlap
    outside_legend: tuple[tuple[str, int], ...]  # (reference value, pixels), largest first; only where it is asked for
    outside_area: int = 0  # of the map
    edges: int = 0  # close to a boundary: counted apart
    edges_right: int = 0  # of these

    @property
    def outside(self) -> int:
        return sum(pixels for _, pixels in self.outside_legend)


class ComparedClasses:
    """The classes of the map's legend and, behind them, those of the reference that the map never names.

    A map that misses a class wholly errs wherever the class is. `leave_out`: such pixels are not compared.
    """

    def __init__(self, crop_map: CropMap, matcher: Matcher, leave_out: bool) -> None:
        self.all: list[CropClass] = list(crop_map.legend)  # grows while the reference is read
        self.matched = False  # whether a label so far is a class of the map
        self._crop_map, self._matcher, self._leave_out = crop_map, matcher, leave_out
        self._places: dict[str, int] = {}

    @property
    def missing(self) -> list[CropClass]:
        return self.all[len(self._crop_map.legend) :]

    def position(self, label: Label) -> int:
        """Of the class that the label means; NO_DATA where it is left out. Raises LabelsUnusable."""
        found = self._matcher.position(label)
        if found is not None:
            self.matched = True
            return found
        return NO_DATA if self._leave_out else self._behind(label)

    def _behind(self, label: Label) -> int:
        """A place behind the legend: one for all spellings of a name."""
        said = label.name or label.text
        place = self._places.setdefault(plain(said), len(self.all))
        if place == len(self.all):
            if len(self._places) > _MOST_MISSING:
                raise LabelsUnusable(
                    f"The reference has more than {_MOST_MISSING:,} classes which the map {self._crop_map.path} lacks "
                    f"(as {listed(c.name for c in self.missing[:3])}): choose another class field, say which value "
                    "means which class in the mapping, or leave out what the map lacks."
                )
            name = said if label.name or self._crop_map.has_names else f"class {said}"
            taken = {crop.code for crop in self.all}
            code = next(code for code in count(1) if code not in taken)
            self.all.append(CropClass(code, name, colour_of(name, self.all)))
        return place


@dataclass(frozen=True, eq=False)
class Seen:
    """A window of map and reference, (H, W) each: positions among the classes, NO_DATA where nothing is said."""

    window: Window
    mapped: NDArray[np.int32]
    truth: NDArray[np.int32]
    compared: NDArray[np.bool_]  # what the matrix counts
    outside: NDArray[np.bool_]  # of the area
    counts: NDArray[np.int64]  # (K, K) the window's matrix, of the classes known so far


class Watcher(Protocol):
    """Gathers what a report tells while the comparison counts, so that all is read once."""

    def see(self, seen: Seen) -> None:
        """Is shown every window once."""


class _Tally:
    """What was counted so far."""

    def __init__(self) -> None:
        self.confusion = np.zeros((0, 0), np.int64)
        self.counts: Counter[str] = Counter()
        self.outside_legend: Counter[int] = Counter()


class Comparison:
    """Map and reference, read together on the map's grid."""

    def __init__(
        self, crop_map: CropMap, reference: Labels, classes: ComparedClasses, limits: CompareLimits = _EVERYWHERE
    ) -> None:
        self.crop_map, self.reference, self.classes = crop_map, reference, classes
        self._limits = Limits(limits, crop_map.grid)
        self._table: list[int] = []  # position among the classes of each of the reference's labels

    @property
    def simulated(self) -> bool:
        return self.crop_map.simulated or self.reference.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to map and reference; whole when all was read."""
        return (*self.crop_map.notes, *self.reference.notes)

    def truth(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: the reference as positions among the classes; NO_DATA also for what is not compared."""
        truth = self._positions(self.reference.read(window))
        truth[self._limits.outside(window) | self._limits.edges(window, self._known)] = NO_DATA
        return truth

    def _known(self, window: Window) -> NDArray[np.int32]:
        return self._positions(self.reference.read(window))

    def count(self, reporter: Reporter, watchers: Sequence[Watcher] = ()) -> tuple[Confusion, Excluded]:
        """The confusion matrix of the whole map and what was left out of it."""
        tally = _Tally()
        blocks = list(self.crop_map.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            seen = self._count(window, tally)
            for watcher in watchers:
                watcher.see(seen)
            reporter.progress(done / len(blocks), "Comparing map and reference", done, len(blocks))
        self._must_have_matched(int(tally.confusion.sum()))
        named = tuple((str(self.reference.labels[i]), pixels) for i, pixels in tally.outside_legend.most_common())
        numbers = tally.counts
        return Confusion(tally.confusion), Excluded(outside_legend=named, **{k: numbers[k] for k in _REASONS})

    def _count(self, window: Window, tally: _Tally) -> Seen:
        """A pixel counts under the first reason that holds."""
        mapped, labels = self.crop_map.read(window), self.reference.read(window)
        truth = self._positions(labels)
        outside = self._limits.outside(window)
        has_map = (mapped != NO_DATA) & ~outside
        both = has_map & (truth != NO_DATA)
        edges = both & self._limits.edges(window, self._known)
        inner = both & ~edges
        size = len(self.classes.all)
        grown = np.pad(tally.confusion, (0, size - len(tally.confusion)))
        counts = Confusion.count(_chosen(truth, inner), _chosen(mapped, inner), size).n
        tally.confusion = grown + counts
        parts = {
            "outside_area": outside,
            "map_no_data": ~outside & ~has_map,
            "reference_no_data": has_map & (labels == NO_DATA),
            "disputed": has_map & (labels == DISPUTED),
            "edges": edges,
            "edges_right": edges & (mapped == truth),
        }
        tally.counts.update({name: int(np.count_nonzero(part)) for name, part in parts.items()})
        if (unmatched := has_map & (labels >= 0) & ~both).any():
            values, pixels = np.unique(labels[unmatched], return_counts=True)
            tally.outside_legend.update(dict(zip(values.tolist(), pixels.tolist())))
        return Seen(window, mapped, truth, inner, outside, counts)

    def _positions(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        self._table += map(self.classes.position, self.reference.labels[len(self._table) :])
        if self._table == list(range(len(self._table))):
            return np.maximum(labels, NO_DATA)  # DISPUTED is below
        table = np.array([*self._table, NO_DATA, NO_DATA], dtype=np.int32)  # the last answer to DISPUTED, NO_DATA
        positions: NDArray[np.int32] = table.take(labels)
        return positions

    def _must_have_matched(self, compared: int) -> None:
        path, known = self.crop_map.path, listed(self.crop_map.legend.names)
        if not self.classes.matched:
            seen = listed(self.reference.labels) or "none"
            raise LabelsUnusable(
                f"No value of the reference ({seen}) is a class of the map {path} ({known}): "
                "choose another class field, or say which value means which class in the mapping."
            )
        if not compared:
            raise LabelsUnusable(
                f"No pixel of the map {path} has both a class and a reference: choose a reference of the mapped area."
            )


def _chosen(values: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    return values if kept.all() else values[kept]
