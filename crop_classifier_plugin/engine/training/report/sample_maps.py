"""Small maps for the report: what the labels say beside what the model says, where nothing was learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...execution.reporter import Reporter
from ...labels.constants import IGNORE
from ...raster.grid import Window
from ...reporting.png import png_uri
from ...splits.split import HELD_OUT
from ..data.labelled_series import LabelledCube
from ..loop.evaluation import Mapper

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


def sample_maps(mapper: Mapper, seasons: Sequence[LabelledCube], reporter: Reporter) -> tuple[SampleMap, ...]:
    """Of the squares with most held-out pixels, each as large as a tile less its overlap."""
    side = mapper.card.tiling.tile - mapper.card.tiling.overlap
    best = sorted(_squares(seasons, side), key=lambda square: square[0], reverse=True)[:_COUNT]
    return tuple(_sample_map(mapper, seasons[which], window, reporter) for _, which, window in best)


def _squares(seasons: Sequence[LabelledCube], side: int) -> Iterator[tuple[int, int, Window]]:
    """Each with its held-out pixels and the number of its season."""
    for which, season in enumerate(seasons):
        for window in season.blocks(HELD_OUT, side):
            yield int((season.part[window.slices] == HELD_OUT).sum()), which, window


def _sample_map(mapper: Mapper, season: LabelledCube, window: Window, reporter: Reporter) -> SampleMap:
    target, found = season.reference(window, HELD_OUT), mapper.classes(season, window, reporter)
    legend = mapper.card.legend
    palette = [*(c.rgb for c in legend), _BLANK]
    x, y = season.grid.transform @ (window.col + window.width / 2, window.row + window.height / 2)
    reference = np.where(target == IGNORE, len(legend), target)
    name = season.name.replace("\\", "/").rsplit("/", 1)[-1]
    return SampleMap(
        f"{name}, around {x:.0f}, {y:.0f}", _uri(reference, palette), _uri(found, palette), *found.shape[::-1]
    )


def _uri(positions: np.ndarray, palette: Sequence[tuple[int, int, int]]) -> str:
    if len(palette) > 256:  # the last of them stands for all that a palette cannot hold
        positions, palette = np.minimum(positions, 255), palette[:256]
    return png_uri(positions.astype(np.uint8), palette)
