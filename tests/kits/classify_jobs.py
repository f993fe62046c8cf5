"""Classify jobs made from the plain names of what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from crop_classifier_plugin.shared.jobs.classify import ClassifyJob, ClassifyOutputs
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource, optical_and_radar

_WRITTEN = {field.name for field in fields(ClassifyOutputs)}


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
