"""A simulated season in small."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob

DATES = ("2024-04-25", "2024-06-20", "2024-08-15")


JOB = SimulateJob("", 180, 164, seed=3, dates=DATES, cloud_share=0.5)


def digests(folder: Path) -> dict[str, str]:
    """Of every file but the run record, which tells the time."""
    files = [p for p in sorted(folder.iterdir()) if not p.name.endswith(".run.json")]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def small(folder: Path, **changes: Any) -> dict[str, object]:
    facts: dict[str, Any] = {"sentinel1": False, "modis": False, "dates": DATES[:1], "width": 64, "height": 64}
    return simulate(replace(JOB, folder=str(folder), **(facts | changes)), Silent())
