"""Series with the parcels of crops that lie beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ....shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series


def labelled(scenes: Iterable[Path], parcels: Path, legend: str, radar: Iterable[Path] = ()) -> LabelledSeries:
    """A series and its parcels, whose classes are crop codes of the legend."""
    optical, second = (tuple(SceneSource(str(p)) for p in paths) for paths in (scenes, radar))
    labels = LabelSource(str(parcels), class_field="crop_code", legend=legend)
    return LabelledSeries(Series(optical), labels, Series(second) if second else None)
