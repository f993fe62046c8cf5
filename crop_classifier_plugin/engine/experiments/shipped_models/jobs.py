"""How each model that ships is trained, and the random forests that its card tells beside it."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from ....shared.cards.card import Card
from ....shared.cards.files import load_card, save_card
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import SceneSource
from ....shared.jobs.train import LabelledSeries, TrainJob
from ....shared.legend import Legend
from ...execution.reporter import Reporter, Silent
from ...simulate.job import simulate
from ...training.loop.evaluation import accuracy_rows
from ...training.model_folder.results import ON_HELD_OUT, ON_TESTS
from ...training.supervised.job import train
from ...training.supervised.load_data import gather
from ..monthly.study import monthly_job
from ..pixel_forest import forests
from ..places import Places
from ..tsstfn.simulated_place import SimulatedPlace
from ..tsstfn.study import SEEDS as PLACES
from ..tsstfn.study import SIDE as PLACE_SIDE
from .whole_seasons import attention_3dcnn, cropsts, random_forest

NAMES = ("lrtacfnet_simulated_season", "lrtacfnet_flanders")
WHOLE_SEASONS: dict[str, Callable[[str, Places], TrainJob]] = {
    "attention3dcnn_simulated_season": attention_3dcnn,
    "cropsts_simulated_season": cropsts,
    "randomforest_simulated_season": random_forest,
}
MONTHLY, FUSION = "vunetconvlstm_simulated_radar", "tsstfn_simulated_season"
SHIPPED = ("model.onnx", "model.json", "fusion.json", "weights.safetensors", "split.json", "training.csv")
EVERY = (*NAMES, *WHOLE_SEASONS, MONTHLY, FUSION)


# --- simulated seasons -----------------------------------------------------------------------------------------------

SEASON_WINDOWS = ((95, 135), (150, 195), (210, 260))
TRAINING_SEEDS = tuple(range(101, 117))
TEST_SEEDS = (201, 202, 203)


def simulated_job(model: str, places: Places) -> TrainJob:
    """Sixteen seasons to learn from and three to test on, each of another landscape, year and set of dates."""
    first, *more = [_season(places.work, seed) for seed in TRAINING_SEEDS]
    return TrainJob(
        scenes=first.scenes,
        labels=first.labels,
        more=tuple(more),
        tests=tuple(_season(places.work, seed) for seed in TEST_SEEDS),
        class_field="crop_code",
        legend=places.legend("simulated_season"),
        model=model,
        settings=(
            ("widths", "12,16,24,32,32,32"),
            ("cfma_width", "12"),
            ("heads", "4"),
            ("key_dim", "8"),
            ("dropout", "0.05"),
        ),
        windows=SEASON_WINDOWS,
        optimizer="adamw",
        epochs=20,
        steps=60,
        held_out=0.05,
        validation=0.05,
        title="LRTACF-Net on simulated seasons",
        region="nowhere: simulated farmland",
        season="April to September, three dates",
        training_data="Sixteen simulated Sentinel-2 seasons (seeds 101-116, 512 x 512 px, years 2016-2024, three dates "
        "each)",
        limits="Trained on simulated seasons only: it serves the demo and the tests, and is not good for real images. "
        "It knows eight crops and names one of them everywhere, on woods, water, roads and buildings too.",
        simulated=True,
    )


def _season(place: Path, seed: int) -> LabelledSeries:
    """A simulated season: the seed decides the landscape, the year (2016-2024) and the day in each window."""
    folder = place / str(seed)
    rng = np.random.default_rng(seed)
    year = 2016 + seed % 9
    days = [int(rng.integers(first, last + 1)) for first, last in SEASON_WINDOWS]
    dates = tuple((dt.date(year, 1, 1) + dt.timedelta(day - 1)).isoformat() for day in days)
    if not (folder / "parcels.gpkg").exists():
        job = SimulateJob(str(folder), 512, 512, year, seed, dates, cloud_share=0.1, sentinel1=False, modis=False)
        simulate(job, Silent())
    return LabelledSeries(_scenes(sorted(folder.glob("S2_*.tif"))), str(folder / "parcels.gpkg"))


def _scenes(paths: list[Path]) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(str(p)) for p in paths)


# --- Flanders --------------------------------------------------------------------------------------------------------

MAIN_DATES = ("20190421", "20190620", "20190824")
# the other dates of 2019 that are clear over the square: the same parcels in another light
SPRING = ("20190401", "20190416", "20190421", "20190511", "20190516")
EARLY_SUMMER = ("20190620", "20190630")
LATE_SUMMER = ("20190725", "20190730", "20190824")


def flanders_job(model: str, places: Places, side: str = "south", held_out: float = 0.35, seed: int = 1) -> TrainJob:
    """Trained on one side of a straight cut. With the south held out every class keeps a parcel to learn from."""
    place = places.data / "flanders_AC91C"
    others = [days for days in product(SPRING, EARLY_SUMMER, LATE_SUMMER) if days != MAIN_DATES]
    first, *more = [_dates_of(place, days) for days in (MAIN_DATES, *others)]
    return TrainJob(
        scenes=first.scenes,
        labels=first.labels,
        more=tuple(more),
        class_field="crop_code",
        legend=places.legend("flanders"),
        model=model,
        settings=(
            ("widths", "16,16,16"),
            ("cfma_blocks", "2"),
            ("cfma_width", "16"),
            ("heads", "4"),
            ("key_dim", "4"),
            ("dropout", "0.5"),
        ),
        windows=((91, 136), (161, 185), (205, 250)),
        optimizer="adamw",
        epochs=40,
        steps=10,
        patch=32,
        jitter=0.15,
        held_out=held_out,
        held_side=side,
        validation=0.0,
        seed=seed,
        title="LRTACF-Net on one square of Flanders",
        region="640 m x 640 m of Flanders, Belgium",
        season="2019, April to August, three dates",
        training_data="Parcels of one 640 m square of Flanders with Sentinel-2 images of 2019 (ESA WorldCereal 2023, "
        "MIT licence; contains modified Copernicus Sentinel data 2019; crops from LPIS Flanders)",
        limits="Nineteen parcels of one 640 m square and one year: a worked example, not a map maker. Barley, sugar "
        "beet and potato were learnt from one or two parcels each and could not be tested. The tested parcels guided "
        "the choice of the network's size. Trained the other way round, on the seven southern parcels, its overall "
        "accuracy on the northern ones is between 0.25 and 0.68 over three seeds (a random forest 0.63). It names "
        "one of its six classes everywhere, on woods, water, roads and buildings too.",
    )


def _dates_of(place: Path, days: tuple[str, ...]) -> LabelledSeries:
    files = [place / f"S2_{size}" / f"S2_{size}_{day}.tif" for day in days for size in ("10m", "20m")]
    return LabelledSeries(_scenes(files), str(place / "parcels.gpkg"))


# --- the command -----------------------------------------------------------------------------------------------------


def make(name: str, model: str, places: Places, reporter: Reporter) -> None:
    """Trains one model; its seasons are simulated into `places.work`."""
    if name == FUSION:
        train_tsstfn(model, places.work / name)
        shed(Path(model))
        return
    train(job_of(name, model, places), reporter)
    shed(Path(model))
    if name in NAMES:
        add_forests(job_of(name, model, places), places.work)


def train_tsstfn(model: str, folder: Path) -> None:
    """Strategy B on the first place of the experiment."""
    folder.mkdir(parents=True, exist_ok=True)
    place = SimulatedPlace(folder, PLACES[0], PLACE_SIDE).write()
    place.align("B")
    place.train("B", Path(model))


def shed(model: Path) -> None:
    """Takes away what is of use to whoever trained it only: reports and run records, which name folders of theirs."""
    for file in model.iterdir():
        if file.name not in SHIPPED:
            file.unlink()


def job_of(name: str, model: str, places: Places) -> TrainJob:
    if name == MONTHLY:
        return monthly_job(model, places.data, places.work / name)
    if name in WHOLE_SEASONS:
        return WHOLE_SEASONS[name](model, places)
    return simulated_job(model, places) if name == NAMES[0] else flanders_job(model, places)


def add_forests(job: TrainJob, place: Path) -> Card:
    """Puts the random forests' figures on the same held-out pixels into the card."""
    legend = Legend.load(job.legend)
    folder = Path(tempfile.mkdtemp(dir=place))
    material = gather(job, legend, folder, Silent(), max(job.patch, job.tile))
    card = load_card(job.model)
    rows = list(card.accuracy)
    tests = ((ON_HELD_OUT, material.places()), (ON_TESTS, material.tests))
    for forest, (where, seasons) in product(forests(material), tests):
        if seasons:
            confusion = forest.score(seasons)
            figures = accuracy_rows(confusion, legend.names, f"{where}, {confusion.total} px")
            rows += [{**row, "metric": f"{forest.name}: {row['metric']}"} for row in figures[:4]]
    card = replace(card, accuracy=tuple(rows))
    save_card(card, job.model)
    return card
