"""How good the finished model is: the file that ships, mapping pixels that it never learnt from as a user will."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.card import Card
from ....shared.devices import CPU
from ....shared.metrics import METRICS
from ...accuracy.confusion import Confusion
from ...execution.reporter import Reporter, SubProgress
from ...inference.tile_pipeline import FinishedBlock, classify_tiles
from ...labels.constants import IGNORE
from ...raster.grid import Window
from ...runtime.base import Runtime
from ...runtime.open import open_runtime
from ..data.labelled_series import LabelledCube
from .epochs import EpochMetric

MEAN_F1 = EpochMetric("validation_mean_f1", "validation mean F1", 3, highest=True)
KAPPA = EpochMetric("validation_kappa", "kappa", 3, highest=True)  # 0 = as naming one class everywhere, or guessing


@dataclass(frozen=True, eq=False)
class Mapper:
    """A model that maps labelled seasons by the very pipeline of a classification."""

    card: Card
    runtime: Runtime

    @classmethod
    def open(cls, weights: str | Path, card: Card) -> Mapper:
        return cls(card, open_runtime(Path(weights), CPU, card))

    def blocks(
        self,
        season: LabelledCube,
        reporter: Reporter,
        part: Window | None = None,
        wanted: Callable[[Window], bool] | None = None,
    ) -> Iterator[FinishedBlock]:
        """As classify_tiles of the series without its extent; windows are the season's."""
        source = season.source
        inside = (part or Window(0, 0, *season.shape)).shifted(source.part.row, source.part.col)
        ask = None if wanted is None else lambda window: wanted(source.inside(window))
        return classify_tiles(source, self.card, self.runtime, reporter, part=inside, wanted=ask)

    def classes(self, season: LabelledCube, window: Window, reporter: Reporter) -> NDArray[np.int64]:
        """(h,w): the classes that a map of the season shows in a window of it."""
        found = np.full((window.height, window.width), IGNORE, np.int64)
        for block in self.blocks(season, reporter, window):
            found[block.window.slices] = block.probability.argmax(axis=0)
        return found


def score(mapper: Mapper, seasons: Sequence[LabelledCube], part: int, reporter: Reporter) -> Confusion:
    """Confusion matrix over every labelled pixel of a part of the seasons, as a diagnosis of their maps would count.

    Only tiles that say something of such a pixel are run.
    """
    classes = len(mapper.card.legend)
    confusion = Confusion(np.zeros((classes, classes), np.int64))
    for number, season in enumerate(seasons):
        share = SubProgress(reporter, number / len(seasons), (number + 1) / len(seasons))
        for block in mapper.blocks(season, share, wanted=partial(season.holds, part=part)):
            target = season.reference(block.window, part)
            known = (target != IGNORE) & block.valid
            confusion += Confusion.count(target[known], block.probability.argmax(axis=0)[known], classes)
    return confusion


def accuracy_rows(confusion: Confusion, names: Sequence[str], on: str) -> list[dict[str, Any]]:
    """The card's rows: overall figures, then the F1 score of every class that the reference has."""
    figures = {METRICS[key].name: value for key, value in confusion.figures().items()}
    for name, scores in zip(names, confusion.scores()):
        if scores.present:
            figures[f"F1 {name}"] = scores.f1
    return [{"metric": k, "value": round(v, 4), "on": on} for k, v in figures.items() if np.isfinite(v)]
