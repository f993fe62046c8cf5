"""Several class maps on the grid of the first, in one list of classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import CompareLimits
from ....shared.jobs.compare_maps import ClassMap
from ....shared.legend import CropClass
from ...execution.job_run import JobRun
from ...labels.class_map import CropMap, opened
from ...labels.constants import NO_DATA
from ...labels.matching import Label, Matcher
from ...labels.open_labels import Labels
from ...labels.raster_reference import RasterReference
from ...raster.grid import Grid, Window
from ...reporting.sentences import listed
from ..diagnosis.comparison import ComparedClasses
from ..diagnosis.limits import Limits

_MOST_CLASSES = 400  # of all maps and the reference: each pair of maps has a matrix of them (choice)


@dataclass(frozen=True, eq=False)
class StackedMap:
    """One of the maps: as it is, and as it lies on the first one's grid."""

    name: str
    crop_map: CropMap
    labels: RasterReference | None  # None: the first, which is read as it is
    places: NDArray[np.int32]  # (K,) of each class of its own legend among the classes of all

    @property
    def notes(self) -> tuple[str, ...]:
        warped = self.labels is not None and self.labels.warped
        told = (f"{self.name} was brought onto the first map's grid by its nearest pixel.",) if warped else ()
        return (*told, *(f"{self.name}: {note}" for note in self.crop_map.notes))

    def hectares(self, classes: int) -> NDArray[np.float64]:
        """(classes,) of each class of all in its whole own extent, by pixel counting; NaN in a local system."""
        sums = np.zeros(classes)
        np.add.at(sums, self.places, self.crop_map.hectares)
        return sums


class MapStack:
    """Reads the maps window by window. Classes are those of the first map, then those that it lacks, by name."""

    def __init__(self, maps: Sequence[ClassMap], mapping: Sequence[tuple[str, str]], area: str, run: JobRun) -> None:
        self._exits = run.enter(ExitStack())
        names = _names(maps)
        share = 0.3 / len(maps)
        opened_maps = [
            CropMap(each.path, self._opened(each), run.step(i * share, (i + 1) * share), each.crs)
            for i, each in enumerate(maps)
        ]
        self.first = opened_maps[0]
        self.grid: Grid = self.first.grid
        matcher = Matcher(self.first.legend, mapping)
        self.classes = ComparedClasses(self.first, matcher, False)
        self._limits = Limits(CompareLimits(area), self.grid)
        self.maps = tuple(self._stacked(n, m, e) for n, m, e in zip(names, opened_maps, maps))
        self._tables: dict[int, list[int]] = {}
        self._check_classes()
        self._must_share_classes()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the maps, and where they may use other words for one class."""
        return (*(note for each in self.maps for note in each.notes), *self._lone_classes())

    def _lone_classes(self) -> Iterator[str]:
        """For each map the classes that it has somewhere and no other map knows."""
        known = [set(each.places.tolist()) for each in self.maps]
        for i, each in enumerate(self.maps):
            there = set(each.places[each.crop_map.pixels > 0].tolist())
            lone = sorted(there - set().union(*(known[:i] + known[i + 1 :])))
            if lone:
                names = listed(self.classes.all[place].name for place in lone)
                yield (
                    f"Only {each.name} has the classes {names}: if they are other words for classes of the other maps, "
                    "say which means which in the mapping."
                )

    def _opened(self, given: ClassMap) -> Any:
        return self._exits.enter_context(opened(given.path, given.crs))

    @property
    def simulated(self) -> bool:
        return any(each.crop_map.simulated for each in self.maps)

    def _stacked(self, name: str, crop_map: CropMap, given: ClassMap) -> StackedMap:
        if crop_map is self.first:
            return StackedMap(name, crop_map, None, np.arange(len(crop_map.legend), dtype=np.int32))
        labels = RasterReference(given.path, self._opened(given), self.grid, self.first.path, given.crs)
        places = [self.classes.position(_label(crop, crop_map)) for crop in crop_map.legend]
        return StackedMap(name, crop_map, labels, np.array(places, np.int32))

    def _check_classes(self) -> None:
        if len(self.classes.all) > _MOST_CLASSES:
            raise LabelsUnusable(
                f"The maps and the reference have more than {_MOST_CLASSES} different classes (as "
                f"{listed(crop.name for crop in self.classes.all[-3:])}): choose class maps and another class field."
            )

    def _must_share_classes(self) -> None:
        """Raises LabelsUnusable where a map has no class of another: names that match nothing are no change."""
        known = [set(each.places.tolist()) for each in self.maps]
        for i, each in enumerate(self.maps):
            if i and known[i].isdisjoint(set().union(*(known[:i] + known[i + 1 :]))):
                others = sorted({name for m in self.maps if m is not each for name in m.crop_map.legend.names})
                raise LabelsUnusable(
                    f"No class of {each.name} ({listed(each.crop_map.legend.names)}) is one of the other maps "
                    f"({listed(others)}): say which class means which in the mapping; if the first map has codes "
                    "without names, give one that names its classes first."
                )

    def outside(self, window: Window) -> NDArray[np.bool_]:
        """(H, W) pixels that lie outside the area."""
        return self._limits.outside(window)

    def read(self, window: Window) -> NDArray[np.int32]:
        """(M, H, W) int32: each map's place among the classes, NO_DATA where it has none."""
        others = [self.placed(each.labels, each.labels.read(window)) for each in self.maps if each.labels is not None]
        return np.stack([self.first.read(window), *others])

    def placed(self, labels: Labels, read: NDArray[np.int32]) -> NDArray[np.int32]:
        """(H, W) int32: what was read of labels, as places among the classes; NO_DATA where they say nothing, or two
        things."""
        table = self._tables.setdefault(id(labels), [])
        table += map(self.classes.position, labels.labels[len(table) :])
        self._check_classes()
        last = [NO_DATA, NO_DATA]  # answer to DISPUTED, NO_DATA
        positions: NDArray[np.int32] = np.array([*table, *last], np.int32)[read]
        return positions


def _label(crop: CropClass, crop_map: CropMap) -> Label:
    """As a reference would call the class."""
    if crop.code in crop_map.unnamed:
        return Label(str(crop.code))
    return Label(str(crop.code), crop.name, crop.aliases)


def _names(maps: Sequence[ClassMap]) -> list[str]:
    """The maps' file names, numbered where two are alike."""
    names = [each.name for each in maps]
    return [name if names.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(names, start=1)]
