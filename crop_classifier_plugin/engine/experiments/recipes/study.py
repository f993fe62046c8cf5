"""Each network by its default recipe and by its paper's, on the demo's season: what it knows after how much time.

Time is that of the processor: how busy the machine is meanwhile says nothing of a recipe. The training of the paper is
broken off when the default's minutes are over, and its best epoch so far made the model, as a user would.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ....shared.errors import Cancelled
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from ....shared.jobs.train import HardwareSpec, ModelInputs, NetworkSpec, OptimSpec, TrainJob
from ....shared.networks import NETWORKS
from ...execution.reporter import Silent
from ...simulate.job import simulate
from ...training.supervised.job import FACTS_FILE, train

WINDOWS = ((95, 135), (150, 195), (210, 260))  # the demo's: its dates lie in them, three in each, and two outside
SIDE = 512  # px
FOREST = "random_forest"
LEARNERS = tuple(name for name, row in NETWORKS.items() if row.recipes)


@dataclass(frozen=True)
class Season:
    """A simulated season of 512 x 512 px with a tenth of the pixels clouded."""

    title: str
    seed: int
    year: int

    def simulated(self, place: Path) -> Path:
        """Its folder in `place`, simulated unless it is there."""
        folder = place / f"season_{self.seed}"
        if not (folder / "parcels.gpkg").exists():
            job = SimulateJob(str(folder), SIDE, SIDE, self.year, self.seed, days_of(self.year), cloud_share=0.1)
            simulate(replace(job, sentinel1=False, modis=False), Silent())
        return folder


DEMO = Season("The demo's season", 7, 2024)
SEASONS = (DEMO, Season("Another season, of another year", 21, 2022))


def days_of(year: int) -> tuple[str, ...]:
    """Of the scenes of a season."""
    days = {day for first, last in WINDOWS for day in (first + 6, (first + last) // 2, last - 6)} | {75, 285}
    return tuple((dt.date(year, 1, 1) + dt.timedelta(day - 1)).isoformat() for day in sorted(days))


@dataclass(frozen=True)
class Run:
    season: Season
    network: str
    recipe: str  # "" of the forest
    minutes: float  # of the processor
    seed: int = 1

    def file(self, cache: Path) -> Path:
        return cache / f"{self.season.seed}_{self.network}_{self.recipe}_{self.minutes:g}_{self.seed}.json"


def runs(minutes: float, networks: Sequence[str] = LEARNERS, seeds: Sequence[int] = (1,)) -> list[Run]:
    """The demo's season first, and in it the default recipes before the papers'."""
    kinds = (DEMO, "default"), (DEMO, "paper"), (SEASONS[1], "default")
    forests = [Run(season, FOREST, "", minutes, seed) for season in SEASONS for seed in seeds]
    return forests + [Run(at, name, kind, minutes, seed) for at, kind in kinds for name in networks for seed in seeds]


class _Clocked(Silent):
    """Reads the processor's clock after each epoch, and stops a training whose time is over."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.epochs, self._started = seconds, [], time.process_time()  # type: ignore[var-annotated]

    def log(self, text: str, level: str = "info") -> None:
        super().log(text, level)
        if text.startswith("Training on"):  # the reading is over, and the planning
            self._started = time.process_time()
        if text.startswith("Epoch "):
            self.epochs.append(time.process_time() - self._started)

    def check(self) -> None:
        if self.seconds and time.process_time() - self._started > self.seconds:
            self.stop.set()
        super().check()


def outcome(run: Run, place: Path) -> dict[str, Any]:
    """The curve of a training, and what its model is worth on the held-out parcels."""
    model = place / run.file(Path()).stem
    job = _job(run, run.season.simulated(place), str(model))
    clock = _Clocked(60 * run.minutes if run.recipe == "paper" else 0)
    try:
        train(job, clock)
    except Cancelled:
        if not clock.epochs:
            return {"curve": [], "oa": None, "mean_f1": None, "share": None}
        train(replace(job, resume="finish"), Silent())
    facts = json.loads((model / FACTS_FILE).read_text(encoding="utf-8"))
    scores = [epoch["validation_mean_f1"] for epoch in facts["history"]]
    (test,) = facts["tests"]
    counts = [sum(row) for row in test["matrix"]]
    return {
        "curve": [list(point) for point in zip(clock.epochs, scores, strict=True)],
        "oa": test["overall"]["oa"],
        "mean_f1": test["overall"]["mean_f1"],
        "share": max(counts) / sum(counts),
        "how": {row["what"]: row["how"] for row in facts["how"]},
    }


def _job(run: Run, folder: Path, model: str) -> TrainJob:
    scenes = tuple(SceneSource(str(path)) for path in sorted(folder.glob("S2_*.tif")))
    labels = LabelSource(str(folder / "parcels.gpkg"), class_field="crop_name")
    settings = () if run.network == FOREST else (("preset", "small"),)
    return TrainJob(
        data=(LabelledSeries(Series(scenes), labels),),
        model=model,
        network=NetworkSpec(run.network, settings),
        model_inputs=ModelInputs(windows=WINDOWS),
        optim=OptimSpec(run.recipe or "default", minutes=run.minutes),
        hardware=HardwareSpec("cpu"),
        seed=run.seed,
    )
