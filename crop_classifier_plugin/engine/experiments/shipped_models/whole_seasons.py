"""The train jobs of the shipped models that read a whole simulated season, month by month: optical, radar or both."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import SceneSource
from ....shared.jobs.train import LabelledSeries, TrainJob
from ...execution.reporter import Silent
from ...simulate.job import simulate
from ..places import Places

MONTHS = ((91, 120), (121, 151), (152, 181), (182, 212), (213, 243), (244, 273))  # April to September
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
SEEDS, TEST_SEEDS = (301, 302, 303, 304), (401,)
SIDE = 384  # px
_NOT_REAL = (
    "Trained on simulated seasons only: it serves the demo and the tests, and is not good for real images. It knows "
    "eight crops and names one of them everywhere, on woods, water, roads and buildings too."
)


def _season(place: Path, radar: bool, seed: int) -> LabelledSeries:
    """A simulated season; the seed decides the landscape and the year (2016-2024)."""
    folder = place / f"season_{seed}"
    if not (folder / "parcels.gpkg").exists():
        simulate(SimulateJob(str(folder), SIDE, SIDE, 2016 + seed % 9, seed, revisit_days=10, modis=False), Silent())
    optical, sar = (tuple(SceneSource(str(p)) for p in sorted(folder.glob(f"{kind}_*.tif"))) for kind in ("S2", "S1"))
    return LabelledSeries(optical, str(folder / "parcels.gpkg"), radar=sar if radar else ())


def season_job(model: str, places: Places, network: str, title: str, radar: bool = False, **more: object) -> TrainJob:
    """Four seasons to learn from and one to test on; one composite a month, cloud gaps and all."""
    season = partial(_season, places.work, radar)
    first, *others = [season(seed) for seed in SEEDS]
    sensors = "Sentinel-2 and Sentinel-1" if radar else "Sentinel-2"
    given: dict[str, object] = {
        "scenes": first.scenes,
        "radar": first.radar,
        "labels": first.labels,
        "more": tuple(others),
        "tests": tuple(season(seed) for seed in TEST_SEEDS),
        "class_field": "crop_code",
        "legend": places.legend("simulated_season"),
        "model": model,
        "network": network,
        "settings": (("preset", "small"),),
        "windows": MONTHS,
        "bands": BANDS,
        "reduce": "median",
        "least_dates": 2,
        "held_out": 0.05,
        "validation": 0.05,
        "title": title,
        "region": "nowhere: simulated farmland",
        "season": "April to September, a composite a month",
        "training_data": f"Four simulated {sensors} seasons (seeds {SEEDS[0]}-{SEEDS[-1]}, {SIDE} x {SIDE} px, a third "
        "of the pixels clouded)",
        "limits": _NOT_REAL,
        "simulated": True,
    }
    return TrainJob(**{**given, **more})  # type: ignore[arg-type]


def attention_3dcnn(model: str, places: Places) -> TrainJob:
    return season_job(
        model, places, "attention_3dcnn", "Attention-3DCNN on simulated seasons", radar=True,
        epochs=5, steps=40, batch=8,
    )  # fmt: skip


def cropsts(model: str, places: Places) -> TrainJob:
    # ten times the paper's rate, for a hundredth of its steps
    return season_job(
        model, places, "cropsts", "CropSTS on simulated seasons", epochs=10, steps=40, batch=8, learning_rate=1e-3
    )


def random_forest(model: str, places: Places) -> TrainJob:
    return season_job(
        model, places, "random_forest", "Random forest on simulated seasons", settings=(("pixels", "3000"),)
    )
