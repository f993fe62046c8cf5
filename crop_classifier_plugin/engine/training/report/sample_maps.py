"""Small maps for the report: what the labels say beside what the model says, where nothing was learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....shared.legend import Legend
from ...labels.constants import IGNORE
from ...reporting.png import png_uri
from ..data.patches import TARGET, ScoringPatches
from ..loop.evaluation import Predict

_COUNT = 3  # maps (choice)
_BLANK = (222, 229, 224)  # of pixels without a label


@dataclass(frozen=True)
class SampleMap:
    """Two pictures of the same place, as data URIs."""

    place: str  # the season's file and the map coordinates of the middle
    reference: str
    prediction: str
    width: int
    height: int


def sample_maps(predict: Predict, patches: ScoringPatches, legend: Legend) -> tuple[SampleMap, ...]:
    """Of the windows with most labelled pixels."""
    best = sorted(range(len(patches)), key=patches.labelled, reverse=True)[:_COUNT]
    return tuple(_sample_map(predict, patches, index, legend) for index in best)


def _sample_map(predict: Predict, patches: ScoringPatches, index: int, legend: Legend) -> SampleMap:
    item = {name: value.numpy() for name, value in patches[index].items()}
    target = item.pop(TARGET)
    found = predict({name: value[None] for name, value in item.items()})[0].argmax(axis=0)
    inside = patches.inside(index)
    target, found = target[inside], found[inside]
    palette = [*(c.rgb for c in legend), _BLANK]
    which, centre = patches.places[index]
    season = patches.seasons[which]
    x, y = season.grid.transform @ (centre.col + centre.width / 2, centre.row + centre.height / 2)
    reference = np.where(target == IGNORE, len(legend), target)
    name = season.name.replace("\\", "/").rsplit("/", 1)[-1]
    return SampleMap(
        f"{name}, around {x:.0f}, {y:.0f}", _uri(reference, palette), _uri(found, palette), *found.shape[::-1]
    )


def _uri(positions: np.ndarray, palette: Sequence[tuple[int, int, int]]) -> str:
    if len(palette) > 256:  # the last of them stands for all that a palette cannot hold
        positions, palette = np.minimum(positions, 255), palette[:256]
    return png_uri(positions.astype(np.uint8), palette)
