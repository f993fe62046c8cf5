"""The train jobs of the shipped models that read a whole simulated season, month by month: optical, radar or both."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import LabelledSeries
from ....shared.jobs.train import CardTexts, ModelInputs, NetworkSpec, OptimSpec, SplitSpec, TrainJob
from ...execution.reporter import Silent
from ...simulate.job import simulate
from ..paper_recipe import as_paper
from ..places import Places
from .labelled import labelled

MONTHS = ((91, 120), (121, 151), (152, 181), (182, 212), (213, 243), (244, 273))  # April to September
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
SEEDS, TEST_SEEDS = (301, 302, 303, 304), (401,)
SIDE = 384  # px
_SMALL = (("preset", "small"),)
_NOT_REAL = (
    "Trained on simulated seasons only: it serves the demo and the tests, and is not good for real images. It knows "
    "eight crops and names one of them everywhere, on woods, water, roads and buildings too."
)


def _season(place: Path, legend: str, radar: bool, seed: int) -> LabelledSeries:
    """A simulated season; the seed decides the landscape and the year (2016-2024)."""
    folder = place / f"season_{seed}"
    if not (folder / "parcels.gpkg").exists():
        simulate(SimulateJob(str(folder), SIDE, SIDE, 2016 + seed % 9, seed, revisit_days=10, modis=False), Silent())
    optical, sar = (sorted(folder.glob(f"{kind}_*.tif")) for kind in ("S2", "S1"))
    return labelled(optical, folder / "parcels.gpkg", legend, sar if radar else ())


def season_job(
    model: str, places: Places, network: NetworkSpec, title: str, optim: OptimSpec, radar: bool = False
) -> TrainJob:
    """Four seasons to learn from and one to test on; one composite a month, cloud gaps and all."""
    season = partial(_season, places.work, places.legend("simulated_season"), radar)
    return TrainJob(
        data=tuple(season(seed) for seed in SEEDS),
        model=model,
        test_series=tuple(season(seed) for seed in TEST_SEEDS),
        split=SplitSpec(held_out=0.05, validation=0.05),
        network=network,
        model_inputs=ModelInputs(BANDS, MONTHS, "median", min_dates=2),
        optim=optim,
        card=_card(title, "Sentinel-2 and Sentinel-1" if radar else "Sentinel-2"),
    )


def _card(title: str, sensors: str) -> CardTexts:
    return CardTexts(
        title=title,
        region="nowhere: simulated farmland",
        season="April to September, a composite a month",
        training_data=f"Four simulated {sensors} seasons (seeds {SEEDS[0]}-{SEEDS[-1]}, {SIDE} x {SIDE} px, a third "
        "of the pixels clouded)",
        limits=_NOT_REAL,
        simulated=True,
    )


def attention_3dcnn(model: str, places: Places) -> TrainJob:
    network, optim = NetworkSpec("attention_3dcnn", _SMALL), as_paper(epochs=5, steps=40)
    return season_job(model, places, network, "Attention-3DCNN on simulated seasons", optim, radar=True)


def cropsts(model: str, places: Places) -> TrainJob:
    # ten times the paper's rate, for a hundredth of its steps
    optim = as_paper(epochs=10, steps=40, learning_rate=1e-3)
    return season_job(model, places, NetworkSpec("cropsts", _SMALL), "CropSTS on simulated seasons", optim)


def random_forest(model: str, places: Places) -> TrainJob:
    forest = NetworkSpec("random_forest", (("pixels", "3000"),))
    return season_job(model, places, forest, "Random forest on simulated seasons", OptimSpec())
