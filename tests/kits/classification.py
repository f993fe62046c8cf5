"""Classifications without QGIS: a cube in memory, a job, and what the tile pipeline gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.tile_pipeline import classify_tiles
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.runtime.base import Runtime
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob, ClassifyOutputs
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource, optical_and_radar

_WRITTEN = {field.name for field in fields(ClassifyOutputs)}
DAYS = np.array([115, 171, 227])


class Memory:
    """A source that holds its cube (T,C,H,W) in memory."""

    def __init__(self, cube: np.ndarray) -> None:
        self.cube = cube
        self.days = DAYS
        self.grid = Grid(CRS.from_epsg(32631), Affine(10, 0, 0, 0, -10, 0), cube.shape[2], cube.shape[3])

    def read(self, window: Window) -> np.ndarray:
        return self.cube[:, :, window.slices[0], window.slices[1]]


def assembled(source: Memory, card: Card, runtime: Runtime, **options: int) -> tuple[np.ndarray, np.ndarray]:
    """The pipeline's probability and known maps; checks that each pixel comes exactly once."""
    shape = (source.grid.height, source.grid.width)
    probability, known, visits = np.zeros((3, *shape)), np.zeros(shape, bool), np.zeros(shape, int)
    for block in classify_tiles(source, card, runtime, Silent(), **options):
        probability[(slice(None), *block.window.slices)] = block.probability
        known[block.window.slices] = block.valid
        visits[block.window.slices] += 1
    assert (visits == 1).all()
    return probability, known


def classify_job(
    scenes: Sequence[SceneSource],
    model: str,
    class_map: str = "",
    radar: Sequence[SceneSource] = (),
    dates: Sequence[DateEntry] = (),
    mask: str = "auto",
    mask_layers: Sequence[SceneSource] = (),
    extent: Extent | None = None,
    **others: Any,
) -> ClassifyJob:
    """`others`: fields of ClassifyJob and of ClassifyOutputs."""
    optical, second = optical_and_radar(tuple(scenes), tuple(radar), tuple(dates), mask, tuple(mask_layers), extent)
    written = {name: others.pop(name) for name in _WRITTEN & others.keys()}
    return ClassifyJob(optical, model, ClassifyOutputs(class_map, **written), second, **others)


def job(place: Path, **changes: Any) -> ClassifyJob:
    facts = {
        "scenes": (SceneSource(str(place / "s2")),),
        "radar": (SceneSource(str(place / "s1")),),
        "model": str(place / "model"),
        "class_map": str(place / "out" / "map.tif"),
    }
    return classify_job(**(facts | changes))


def read(path: str | Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()
