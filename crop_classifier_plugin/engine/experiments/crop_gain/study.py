"""What fused images add to a crop map of a simulated place.

The question of TSSTFN's paper on a simulated place of two years, with the paper's base dates: July and August of the
second year are hidden from the fine sensor and forecast by TSSTFN (learnt on the first year, strategies A to E) and
by STARFM; the hidden images themselves are the best that a forecast could be. Whole parcels are held out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....shared.jobs.fusion import CropGainJob, GainSplit, Prediction
from ....shared.jobs.sources import LabelSource
from ...execution.reporter import Silent
from ..tsstfn.simulated_place import EARLY_ENDS, TARGETS, USED, SimulatedPlace, sources, unmasked
from .job import crop_gain

SEED, SIDE, SPLITS, PIXELS = 1, 320, 3, 2_000
STRATEGIES = ("A", "B", "C", "D", "E")


def study(folder: Path) -> dict[str, Any]:
    """The crop gain job's report on all forecasts."""
    place = SimulatedPlace(folder, SEED, SIDE).write()
    forecasts = {f"TSSTFN, strategy {s}": [_tsstfn(place, s)] for s in STRATEGIES}
    forecasts["STARFM"] = [place.starfm(day) for day in TARGETS]
    forecasts["hidden images"] = [place.hidden(day) for day in TARGETS]
    return _gain(place, forecasts)


def _tsstfn(place: SimulatedPlace, strategy: str) -> Path:
    place.align(strategy)
    place.train(strategy)
    return place.predict(strategy)


def _gain(place: SimulatedPlace, forecasts: dict[str, list[Path]]) -> dict[str, Any]:
    predictions = (Prediction(source, name) for name, paths in forecasts.items() for source in sources(*paths))
    html, document, table = (str(place.folder / f"gain.{kind}") for kind in ("html", "json", "csv"))
    job = CropGainJob(
        early=unmasked(place.ndvi(USED)),
        predictions=tuple(predictions),
        labels=LabelSource(str(place.folder / str(USED) / "parcels.gpkg"), class_field="crop_name"),
        report_html=html,
        report_json=document,
        report_csv=table,
        before=EARLY_ENDS,
        seeds=SPLITS,
        split=GainSplit(pixels=PIXELS),
    )
    crop_gain(job, Silent())
    report: dict[str, Any] = json.loads(Path(document).read_text(encoding="utf-8"))
    return report
