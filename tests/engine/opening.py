"""Series as a model reads them, opened from sources in one call."""

from __future__ import annotations

from collections.abc import Sequence

from crop_classifier_plugin.engine.execution.reporter import Reporter
from crop_classifier_plugin.engine.series.cube import open_model_series as opener
from crop_classifier_plugin.engine.series.cube.model_series import ModelSeries
from crop_classifier_plugin.engine.series.scenes.read_series import read_model_scenes
from crop_classifier_plugin.engine.series.scenes.requirements import InputSpec
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource, Series


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
) -> ModelSeries:
    optical = Series(tuple(scenes), tuple(dates), mask, tuple(mask_layers), extent) if scenes else None
    second = Series(tuple(radar), tuple(dates), extent=extent) if radar else None
    return opener.open_model_series(read_model_scenes(optical, second, reporter), spec, reporter, month)
