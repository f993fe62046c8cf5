"""Everything that a training reads: its labelled series and the legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.legend import Legend
from ...execution.reporter import Reporter
from ...series.scenes.scene import Scene
from ...splits.parcel_overlap import WeightsProvenance
from ...splits.split import HELD_OUT, TRAIN, VALIDATION
from .labelled_series import LabelledCube
from .patches import count_classes


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Everything a training reads."""

    legend: Legend
    train: tuple[LabelledCube, ...]  # split into train, validation and held-out parcels
    checks: tuple[LabelledCube, ...]  # all of them validation
    tests: tuple[LabelledCube, ...]  # held out as a whole
    past: WeightsProvenance | None = None  # of the model that the training starts from
    scenes: tuple[Scene, ...] = ()  # of the training series, those in use

    @property
    def classes(self) -> int:
        return len(self.legend)

    @property
    def simulated(self) -> bool:
        """Whether a scene that is learnt from is marked as simulated."""
        return any(scene.simulated for scene in self.scenes)

    @property
    def unit(self) -> str:
        """What is parted whole: one of splits.split.UNITS."""
        return self.train[0].parcels.unit

    def places(self) -> tuple[LabelledCube, ...]:
        """The first training series of each set of labels, and further ones that show more parcels than it."""
        return tuple(season for season in self.train if season.is_place)

    @property
    def validated(self) -> tuple[LabelledCube, ...]:
        """The seasons whose validation parcels choose the epoch."""
        return *self.train, *self.checks

    def tell_classes(self, counts: NDArray[np.int64], reporter: Reporter) -> None:
        """Says which classes cannot be learnt or tested; `counts` (K,): pixels to train on."""
        tested = count_classes(self.places(), HELD_OUT, self.classes)
        for i, name in enumerate(self.legend.names):
            if not counts[i]:
                reporter.log(f"The class {name} has no parcel to train on: the model will not find it.", "warning")
            elif not tested[i]:
                reporter.log(f"The class {name} has no held-out parcel: its accuracy is not known.", "warning")


def parcel_counts(material: TrainingData) -> tuple[tuple[int, int, int], ...]:
    """Parcels a class of the legend to train on, to validate, and held out."""
    places = material.places()
    return tuple(
        (_count(places, cls, TRAIN), _count(places, cls, VALIDATION), _count(places, cls, HELD_OUT))
        for cls in range(material.classes)
    )


def _count(places: Sequence[LabelledCube], cls: int, part: int) -> int:
    return sum(int(((s.parcels.classes == cls) & s.of(part)).sum()) for s in places)
