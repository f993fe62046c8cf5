"""A model held against a series: whether it can map it, what speaks against that, and which dates it would read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...shared.cards.applicability import findings
from ...shared.cards.card import Card
from ...shared.cards.files import load_card
from ...shared.cards.parts import InputSpec
from ...shared.errors import Cancelled, CropClassifierError
from ..execution.reporter import Reporter, Silent
from ..series.cube.model_series import ModelSeries
from ..series.cube.open_model_series import open_model_series
from ..series.scenes.quantity import RADAR, model_quantity
from ..series.scenes.read_series import ModelScenes, SceneSeries
from .series_facts import facts_of


class Aside(Silent):
    """What a trial has to say is not for the user; but it stops as the job does."""

    def __init__(self, job: Reporter) -> None:
        super().__init__()
        self._job = job

    def check(self) -> None:
        self._job.check()


def model_fit(folder: str | Path, scenes: ModelScenes, fill: bool, reporter: Reporter) -> dict[str, Any]:
    """What the card tells, `refused` (the sentence with which a run would end, "" = it would not), `against` (findings)
    and `windows` (the days of each date that the model takes, and its scenes). Raises BadModel."""
    card = load_card(folder)
    told = {"folder": str(folder), **_told(card), "refused": "", "against": [], "windows": []}
    try:
        with open_model_series(suited(scenes, card.inputs), card.inputs, Aside(reporter), fill=fill) as series:
            told["against"] = [asdict(finding) for finding in findings(card, facts_of(series, series.grid))]
            told["windows"] = _windows(series)
    except Cancelled:
        raise
    except CropClassifierError as error:
        told["refused"] = error.sentence
    return told


def suited(scenes: ModelScenes, spec: InputSpec) -> ModelScenes:
    """The series as this model takes them: scenes and radar may lie in one, and are told apart by their bands."""
    every = [series for series in (scenes.optical, scenes.radar) if series]
    if model_quantity(spec.bands) is RADAR:
        return ModelScenes(_having(spec.bands, every[::-1]) or scenes.optical or scenes.radar)
    radar = _having(spec.radar.bands, every[::-1]) if spec.radar.bands else None
    return ModelScenes(_having(spec.bands, every) or (None if radar else scenes.optical), radar)


def _having(bands: Sequence[str], every: Sequence[SceneSeries]) -> SceneSeries | None:
    """The first of the series with a scene that has all of the bands."""
    return next((s for s in every if any(set(bands) <= set(scene.bands) for scene in s.scenes)), None)


def _told(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "network": card.network,
        "classes": list(card.legend.names),
        "bands": list(card.inputs.all_bands),
        "takes": card.inputs.dates.describe(),
        "pixel": card.inputs.pixel_size,
        "simulated": card.training.simulated,
        "region": card.training.region,
        "accuracy": list(card.accuracy),
        "limits": card.terms.limits,
    }


def _windows(series: ModelSeries) -> list[dict[str, Any]]:
    found = []
    for t, period in enumerate(series.span):
        used = {s.stack.layers[n].scene.date.isoformat() for s in series.sensors for n in s.members[t]}
        found.append({"first": period.first.isoformat(), "last": period.last.isoformat(), "dates": sorted(used)})
    return found
