"""A season opened as the stack that a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crop_classifier_plugin.engine.execution.reporter import Reporter, Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube import open_model_series as opener
from crop_classifier_plugin.engine.series.cube.model_series import ModelSeries
from crop_classifier_plugin.engine.series.scenes.read_series import read_model_scenes
from crop_classifier_plugin.shared.cards.parts import DateSpec, InputSpec
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource, Series
from kits.cards import changed
from kits.rasters import BANDS

WINDOWS = (Days(95, 135), Days(150, 195), Days(210, 260))


def open_model_series(
    scenes: Sequence[SceneSource],
    spec: InputSpec,
    reporter: Reporter,
    dates: Sequence[DateEntry] = (),
    mask: str = "auto",
    mask_layers: Sequence[SceneSource] = (),
    extent: Extent | None = None,
    radar: Sequence[SceneSource] = (),
    month: str = "",
    fill: bool = False,
) -> ModelSeries:
    optical = Series(tuple(scenes), tuple(dates), mask, tuple(mask_layers), extent) if scenes else None
    second = Series(tuple(radar), tuple(dates), extent=extent) if radar else None
    return opener.open_model_series(read_model_scenes(optical, second, reporter), spec, reporter, month, fill)


def need(**changes: object) -> InputSpec:
    return changed(InputSpec("Test", BANDS, DateSpec(WINDOWS)), **changes)


def stack_of(folder: Path, wanted: InputSpec | None = None, **options: object) -> ModelSeries:
    return open_model_series([SceneSource(str(folder))], wanted or need(), Silent(), **options)  # type: ignore[arg-type]


def everything(stack: ModelSeries) -> np.ndarray:
    return stack.read(Window(0, 0, stack.grid.height, stack.grid.width))
