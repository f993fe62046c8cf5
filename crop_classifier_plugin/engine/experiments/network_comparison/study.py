"""Every network and the random forest on one square of Flanders.

Each is trained as the project's train job does it, in both directions of a cut that keeps parcels whole, with three
seeds. What was done is kept in a folder, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.sources import LabelledSeries, LabelSource, Series
from ....shared.jobs.train import ModelInputs, NetworkSpec, SplitSpec, TrainJob
from ...execution.reporter import Silent
from ...execution.scratch import numbered_folder
from ...training.data.training_data import TrainingData
from ...training.supervised.job_defaults import resolve_job
from ...training.supervised.load_data import gather
from ..paper_recipe import as_paper
from ..places import Places
from ..shipped_models.flanders import flanders_job
from .entrants import Entrant
from .learners import learn
from .runs import Run
from .square import OPTICAL, RADAR, SHARE_OF, WINDOWS, Square

RATES = (0.3, 0.6, 0.9)  # of the optical dates taken away
DRAWS = 2  # of which dates these are, for each seed


def run_all(wanted: list[Run], places: Places, cache: Path, tell: Callable[[str], None]) -> None:
    """Does the runs that the cache lacks; `tell` hears of each that ends."""
    cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(places)
    for run in wanted:
        file = run.file(cache)
        if not file.exists():
            found = bench.outcome(run)
            whole = file.with_suffix(".part")
            whole.write_text(json.dumps(found) + "\n", encoding="utf-8")
            whole.rename(file)
            right = np.trace(np.array(found["confusion"])) / max(np.sum(found["confusion"]), 1)
            tell(f"{file.stem}: OA {right:.3f}, {found['seconds']:.0f} s")


# --- one run ---------------------------------------------------------------------------------------------------------


class Bench:
    """Trains and maps; what several runs read is read once."""

    def __init__(self, places: Places) -> None:
        self._places, self._place = places, places.work
        self.square = Square.load(places.data, Path(places.legend("flanders")))
        self._radar = self.square.finer_radar(places.work / "radar")
        self._read: dict[Any, TrainingData] = {}

    def outcome(self, run: Run) -> dict[str, Any]:
        """What the map of the held-out parcels is worth, by itself and with optical dates taken away."""
        began = time.monotonic()
        job = self._job(run)
        material = self._material(job, run)
        learnt = time.monotonic()
        model = learn(run, job, material)
        seconds = time.monotonic() - learnt
        held_out, codes = self.square.held_out(run.side), np.array([0, *self.square.legend.codes])
        season = material.places()[0]
        found = self.square.score(codes[model.map(season) + 1], held_out)
        found |= {"seconds": seconds, "reading": learnt - began, "parameters": model.parameters}
        if run.entrant.gaps and run.share == 1:
            found["gaps"] = {
                str(rate): [self.square.score(codes[model.map(season, h) + 1], held_out) for h in hidden(run, rate)]
                for rate in RATES
            }
        return found

    def _job(self, run: Run) -> TrainJob:
        e, square = run.entrant, self.square
        if e.series == "three dates":
            job = flanders_job(str(self._place), self._places, run.side, SHARE_OF[run.side], run.seed)
            return resolve_job(job, Silent())[0]
        labels, held_out = square.labels, SHARE_OF[run.side]
        if run.share < 1:
            labels = str(self._place / f"{run.side}_{run.share}_{run.seed}.gpkg")
            held_out = square.thinned(square.held_out(run.side), run.share, run.seed, Path(labels))
        first = Series(self._radar if e.series == "S1" else square.optical())
        second = Series(square.radar()) if e.series == "S2 + S1" else None
        source = LabelSource(labels, class_field="crop_code", legend=self._places.legend("flanders"))
        job = TrainJob(
            data=(LabelledSeries(first, source, second),),
            model=str(self._place),
            split=SplitSpec(held_out=held_out, held_side=run.side, validation=0.0),
            # without a network one that takes any series: nothing of it is built
            network=NetworkSpec(e.network or "attention_3dcnn", e.settings),
            model_inputs=_inputs(e),
            optim=as_paper(**dict(e.training)),
            seed=run.seed,
        )
        return resolve_job(job, Silent())[0]

    def _material(self, job: TrainJob, run: Run) -> TrainingData:
        key = (run.entrant.series, job.model_inputs.min_dates, job.labels.path, job.split.held_side)
        if key not in self._read:
            folder = numbered_folder(self._place)
            self._read[key] = gather(job, self.square.legend, folder, Silent(), 64)
        return self._read[key]


def _inputs(entrant: Entrant) -> ModelInputs:
    least = 0 if entrant.trees else 1 if entrant.gaps and entrant.network != "random_forest" else -1
    bands = RADAR if entrant.series == "S1" else OPTICAL
    return ModelInputs(bands, WINDOWS, "median", least, tile=64, overlap=0)


def hidden(run: Run, rate: float) -> list[NDArray[np.int64]]:
    """Numbers of the optical dates that are taken away, draw by draw; of a higher rate more than of a lower one."""
    count = round(rate * len(WINDOWS))
    return [np.random.default_rng((run.seed, draw)).permutation(len(WINDOWS))[:count] for draw in range(DRAWS)]
