"""What is counted of several maps on exactly the same pixels."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK
from ...labels.constants import DISPUTED, NO_DATA
from ...labels.open_labels import Labels
from ...raster.grid import Window
from ...raster.pixel_area import pixel_areas
from ...reporting.sentences import listed
from ..confusion import Confusion
from .map_stack import MapStack

Pair = tuple[int, int]
Number = TypeVar("Number", np.int64, np.float64)


class Tally:
    """Counts of the pixels that every map has, and the reference where there is one."""

    def __init__(self, stack: MapStack, reference: Labels | None) -> None:
        self._stack, self._reference = stack, reference
        numbers = range(len(stack.maps))
        self.pairs: tuple[Pair, ...] = tuple(combinations(numbers, 2))
        self._between = {pair: np.zeros((0, 0), np.int64) for pair in self.pairs}
        self._hectares = {pair: np.zeros((0, 0)) for pair in self.pairs}
        self._against = [np.zeros((0, 0), np.int64) for _ in numbers]
        self.only: Counter[Pair] = Counter()  # [a, b]: pixels that map a has right and map b has not
        self.left_out: Counter[str] = Counter()  # pixels of the first map's grid, by the first reason that holds
        self.compared = 0
        self.compared_hectares = 0.0  # NaN in a system without an ellipsoid

    def count(self, reporter: Reporter) -> None:
        """Reads all of it once. Raises LabelsUnusable where no pixel, or no class of the reference, is left."""
        blocks = list(self._stack.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            self._count(window)
            reporter.progress(done / len(blocks), "Comparing the maps", done, len(blocks))
        self._must_have_met()

    def between(self, pair: Pair) -> Confusion:
        """Rows are the pair's first map, columns its second."""
        return Confusion(self._whole(self._between[pair]))

    def hectares_between(self, pair: Pair) -> NDArray[np.float64]:
        """(K, K) the same by pixel counting; NaN in a system without an ellipsoid."""
        return self._whole(self._hectares[pair])

    def against(self, number: int) -> Confusion:
        """Of a map: rows are the reference, columns the map."""
        return Confusion(self._whole(self._against[number]))

    def _whole(self, counts: NDArray[Number]) -> NDArray[Number]:
        return np.pad(counts, (0, len(self._stack.classes.all) - len(counts)))

    def _count(self, window: Window) -> None:
        mapped = self._stack.read(window)
        known = ~self._stack.outside(window)
        self.left_out["outside the area"] += int((~known).sum())
        for each, layer in zip(self._stack.maps, mapped):
            known = self._leave_out(f"{each.name} has no class", known, layer != NO_DATA)
        truth = None
        if self._reference is not None:
            read = self._reference.read(window)
            known = self._leave_out("the reference has no class", known, read != NO_DATA)
            known = self._leave_out("the reference says two things", known, read != DISPUTED)
            truth = self._stack.placed(self._reference, read)[known]
        pixels, pixel = int(known.sum()), pixel_areas(self._stack.grid).of(window)
        self.compared += pixels
        self.compared_hectares += pixels * pixel
        self._add(mapped[:, known], pixel)
        if truth is not None:
            self._hold(mapped[:, known], truth)

    def _leave_out(self, why: str, known: NDArray[np.bool_], here: NDArray[np.bool_]) -> NDArray[np.bool_]:
        self.left_out[why] += int((known & ~here).sum())
        return known & here

    def _add(self, mapped: NDArray[np.int32], pixel: float) -> None:
        """`mapped` (M, N): what each map says of the pixels that all know, of `pixel` hectares each."""
        for a, b in self.pairs:
            counts = Confusion.count(mapped[a], mapped[b], len(self._stack.classes.all)).n
            self._between[a, b] = self._whole(self._between[a, b]) + counts
            self._hectares[a, b] = self._whole(self._hectares[a, b]) + counts * pixel

    def _hold(self, mapped: NDArray[np.int32], truth: NDArray[np.int32]) -> None:
        """`truth` (N,): what the reference says of the same pixels."""
        for number, layer in enumerate(mapped):
            counts = Confusion.count(truth, layer, len(self._stack.classes.all)).n
            self._against[number] = self._whole(self._against[number]) + counts
        right = mapped == truth
        for a, b in self.pairs:
            self.only[a, b] += int((right[a] & ~right[b]).sum())
            self.only[b, a] += int((right[b] & ~right[a]).sum())

    def _must_have_met(self) -> None:
        if not self.compared:
            reasons = listed(f"{why}: {pixels:,} px" for why, pixels in self.left_out.items() if pixels)
            raise LabelsUnusable(
                f"No pixel has a class in all that was given ({reasons}): choose maps, a reference and an area of the "
                "same place."
            )
        if self._reference is None:
            return
        of_maps = {place for each in self._stack.maps for place in each.places.tolist()}
        said = {self._stack.classes.position(label) for label in self._reference.labels}
        if of_maps.isdisjoint(said):
            names = [self._stack.classes.all[place].name for place in sorted(of_maps)]
            raise LabelsUnusable(
                f"No value of the reference ({listed(self._reference.labels)}) is a class of the maps "
                f"({listed(names)}): choose another class field, or say which value means which class in the mapping."
            )
