"""Train jobs from single facts: each goes to the part of the job that has a field of its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from crop_classifier_plugin.shared.jobs.train import AugmentationSpec, TrainJob

PARTS = ("split", "network", "model_inputs", "optim", "hardware", "card")
SHORT = {"network": ("network", "name"), "split": ("split", "method")}  # as people call them
LABELS = {"labels": "path", "layer": "layer", "labels_crs": "crs"}


def sources(folder: Path) -> tuple[SceneSource, ...]:
    """The rasters of a folder."""
    return tuple(SceneSource(str(p)) for p in sorted(folder.glob("*.tif")))


def labelled(
    scenes: Iterable[SceneSource], labels: str | Path, field: str = "crop", radar: Iterable[SceneSource] = ()
) -> LabelledSeries:
    second = tuple(radar)
    source = LabelSource(str(labels), class_field=field)
    return LabelledSeries(Series(tuple(scenes), mask="none"), source, Series(second) if second else None)


def with_parts(job: Any, **facts: Any) -> Any:
    """Any job with other facts: each is a field of the job, or of the part that has a field of its name."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    named = {f.name: getattr(job, f.name) for f in fields(job)}
    for name, value in facts.items():
        parts = [p for p, v in named.items() if is_dataclass(v) and name in {f.name for f in fields(v)}]
        found["" if name in named else parts[0]][name] = value
    own = found.pop("", {})
    return replace(job, **own, **{part: replace(named[part], **more) for part, more in found.items()})


def some_job(**facts: Any) -> TrainJob:
    """A job whose files do not exist."""
    return changed(TrainJob((labelled((SceneSource("a.tif"),), "labels.gpkg"),), "model"), **facts)


def changed(job: TrainJob, **facts: Any) -> TrainJob:
    """The job with other facts; those about series and labels are of the first labelled series, `more` follow it."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    more = facts.pop("more", job.data[1:])
    patches = {f.name: facts.pop(f.name) for f in fields(AugmentationSpec) if f.name in facts}
    if patches:
        facts["augmentation"] = replace(job.optim.augmentation, **patches)
    for name, value in facts.items():
        part, field = _place(job, name)
        found[part][field] = value
    first = _series(job.data[0], found.pop("series", {}), found.pop("labels", {}))
    parts = {part: replace(getattr(job, part), **found.pop(part)) for part in PARTS if part in found}
    return replace(job, data=(first, *more), **parts, **found.pop("job", {}))


def _place(job: TrainJob, name: str) -> tuple[str, str]:
    """The part, and the field in it."""
    if name in SHORT:
        return SHORT[name]
    if name in LABELS:
        return "labels", LABELS[name]
    first = job.data[0]
    parts = {"labels": first.labels, "series": first.series, **{part: getattr(job, part) for part in PARTS}}
    for part, value in parts.items():
        if name in {f.name for f in fields(value)}:
            return part, name
    return ("series", name) if name == "radar" else ("job", name)


def _series(first: LabelledSeries, series: dict[str, Any], labels: dict[str, Any]) -> LabelledSeries:
    radar = series.pop("radar", first.radar.scenes if first.radar else ())
    return LabelledSeries(
        replace(first.series, **series),
        replace(first.labels, **labels),
        Series(tuple(radar)) if radar else None,
    )
