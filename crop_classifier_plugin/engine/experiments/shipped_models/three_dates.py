"""The train job of the LRTACF-Net that reads three dates of a simulated season."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import LabelledSeries
from ....shared.jobs.train import CardTexts, ModelInputs, NetworkSpec, SplitSpec, TrainJob
from ...execution.reporter import Silent
from ...simulate.job import simulate
from ..paper_recipe import as_paper
from ..places import Places
from .labelled import labelled

SEASON_WINDOWS = ((95, 135), (150, 195), (210, 260))
TRAINING_SEEDS = tuple(range(101, 117))
TEST_SEEDS = (201, 202, 203)
SETTINGS = (
    ("widths", "12,16,24,32,32,32"),
    ("cfma_width", "12"),
    ("heads", "4"),
    ("key_dim", "8"),
    ("dropout", "0.05"),
)
LIMITS = (
    "Trained on simulated seasons only: it serves the demo and the tests, and is not good for real images. "
    "It knows eight crops and names one of them everywhere, on woods, water, roads and buildings too."
)
_SIMULATED = CardTexts(
    title="LRTACF-Net on simulated seasons",
    region="nowhere: simulated farmland",
    season="April to September, three dates",
    training_data="Sixteen simulated Sentinel-2 seasons (seeds 101-116, 512 x 512 px, years 2016-2024, three dates "
    "each)",
    limits=LIMITS,
    simulated=True,
)


def simulated_job(model: str, places: Places) -> TrainJob:
    """Sixteen seasons to learn from and three to test on, each of another landscape, year and set of dates."""
    legend = places.legend("simulated_season")
    return TrainJob(
        data=tuple(_season(places.work, legend, seed) for seed in TRAINING_SEEDS),
        model=model,
        test_series=tuple(_season(places.work, legend, seed) for seed in TEST_SEEDS),
        split=SplitSpec(held_out=0.05, validation=0.05),
        network=NetworkSpec(settings=SETTINGS),
        model_inputs=ModelInputs(windows=SEASON_WINDOWS),
        optim=as_paper(optimizer="adamw", epochs=20, steps=60),
        card=_SIMULATED,
    )


def _season(place: Path, legend: str, seed: int) -> LabelledSeries:
    """A simulated season: the seed decides the landscape, the year (2016-2024) and the day in each window."""
    folder = place / str(seed)
    rng = np.random.default_rng(seed)
    year = 2016 + seed % 9
    days = [int(rng.integers(first, last + 1)) for first, last in SEASON_WINDOWS]
    dates = tuple((dt.date(year, 1, 1) + dt.timedelta(day - 1)).isoformat() for day in days)
    if not (folder / "parcels.gpkg").exists():
        job = SimulateJob(str(folder), 512, 512, year, seed, dates, cloud_share=0.1, sentinel1=False, modis=False)
        simulate(job, Silent())
    return labelled(sorted(folder.glob("S2_*.tif")), folder / "parcels.gpkg", legend)
