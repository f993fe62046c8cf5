"""The strata of a sample, their areas, and the classes of map and ground as positions in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.legend import CropClass, Legend, plain
from ...labels.matching import Label, Matcher
from ...reporting.colours import Uncoloured, colour_of, colours_of
from ...reporting.sentences import listed
from .sample_units import Drawn

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Strata:
    """H strata by name with their hectares, and what is to be said of them."""

    names: tuple[str, ...]
    hectares: NDArray[np.float64]
    notes: tuple[str, ...] = ()


def keep_sampled(strata: Strata, of_units: Ints) -> tuple[Strata, Ints]:
    """Only the strata in which a unit was answered: of the others nothing is known, which is said with their area."""
    n = np.bincount(of_units, minlength=len(strata.names))
    empty = [i for i in range(len(strata.names)) if n[i] == 0 and strata.hectares[i] > 0]
    notes = list(strata.notes)
    if empty:
        lost = listed(f"{strata.names[i]} ({strata.hectares[i]:,.1f} ha)" for i in empty)
        notes.append(f"No unit was answered in the strata {lost}: the estimates do not hold for these areas.")
    single = [strata.names[i] for i in range(len(strata.names)) if n[i] == 1]
    if single:
        notes.append(f"One unit only was answered in the strata {listed(single)}: errors cannot be told with one.")
    kept = np.flatnonzero(n)
    where = np.full(len(strata.names), -1)
    where[kept] = np.arange(len(kept))
    names = tuple(strata.names[i] for i in kept)
    return Strata(names, strata.hectares[kept], tuple(notes)), where[of_units]


def told_strata(drawn: Drawn) -> tuple[Strata, Ints]:
    """Of a sample that tells them itself."""
    names = [str(name) for name in drawn.strata["stratum"]]
    places = {name: place for place, name in enumerate(names)}
    unknown = sorted(set(drawn.of_units) - set(places))
    if unknown:
        raise LabelsUnusable(f"The strata {listed(unknown)} of the sample are not in its own table: draw it again.")
    hectares = np.array(drawn.strata["hectares"], float)
    return Strata(tuple(names), hectares), np.array([places[name] for name in drawn.of_units], np.int64)


class Classes:
    """The map's classes and, behind them, those that were found on the ground only."""

    def __init__(self, legend: Legend, mapping: Sequence[tuple[str, str]]) -> None:
        self.all: list[CropClass] = list(legend)
        self.in_map = len(legend)
        self._matcher = Matcher(legend, mapping)

    @classmethod
    def told(cls, mapped: Sequence[str], codes: Mapping[str, int], mapping: Sequence[tuple[str, str]]) -> Classes:
        """From a sample alone, which names the map's classes, and their codes where it knows them."""
        names = list(dict.fromkeys(mapped))
        colours = colours_of([Uncoloured((name,)) for name in names])
        crops = [
            CropClass(codes.get(name, i + 1), name, colour) for i, (name, colour) in enumerate(zip(names, colours))
        ]
        return cls(Legend(tuple(crops)), mapping)

    def positions(self, found: Sequence[str]) -> Ints:
        """(n,) of the classes that people found."""
        return np.array([self._position(name) for name in found], np.int64)

    def _position(self, name: str) -> int:
        place = self._matcher.position(Label(name))
        if place is not None:
            return place
        for known, crop in enumerate(self.all[self.in_map :], start=self.in_map):
            if plain(crop.name) == plain(name):
                return known
        code = max(crop.code for crop in self.all) + 1
        self.all.append(CropClass(code, name, colour_of(name, self.all)))
        return len(self.all) - 1
