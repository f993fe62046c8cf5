"""The train job of the LRTACF-Net that ships for one square of Flanders: real parcels, real images of three dates."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from ....shared.jobs.sources import LabelledSeries
from ....shared.jobs.train import CardTexts, ModelInputs, NetworkSpec, SplitSpec, TrainJob
from ..paper_recipe import as_paper
from ..places import Places
from .labelled import labelled

NAME = "flanders_AC91C"
MAIN_DATES = ("20190421", "20190620", "20190824")
# the other dates of 2019 that are clear over the square: the same parcels in another light
SPRING = ("20190401", "20190416", "20190421", "20190511", "20190516")
EARLY_SUMMER = ("20190620", "20190630")
LATE_SUMMER = ("20190725", "20190730", "20190824")
SETTINGS = (
    ("widths", "16,16,16"),
    ("cfma_blocks", "2"),
    ("cfma_width", "16"),
    ("heads", "4"),
    ("key_dim", "4"),
    ("dropout", "0.5"),
)
LIMITS = (
    "Nineteen parcels of one 640 m square and one year: a worked example, not a map maker. Barley, sugar "
    "beet and potato were learnt from one or two parcels each and could not be tested. The tested parcels guided "
    "the choice of the network's size. Trained the other way round, on the seven southern parcels, its overall "
    "accuracy on the northern ones is between 0.25 and 0.68 over three seeds (a random forest 0.63). It names "
    "one of its six classes everywhere, on woods, water, roads and buildings too."
)
_FLANDERS = CardTexts(
    title="LRTACF-Net on one square of Flanders",
    region="640 m x 640 m of Flanders, Belgium",
    season="2019, April to August, three dates",
    training_data="Parcels of one 640 m square of Flanders with Sentinel-2 images of 2019 (ESA WorldCereal 2023, "
    "MIT licence; contains modified Copernicus Sentinel data 2019; crops from LPIS Flanders)",
    limits=LIMITS,
)


def flanders_job(model: str, places: Places, side: str = "south", held_out: float = 0.35, seed: int = 1) -> TrainJob:
    """Trained on one side of a straight cut. With the south held out every class keeps a parcel to learn from."""
    place = places.data / NAME
    others = [days for days in product(SPRING, EARLY_SUMMER, LATE_SUMMER) if days != MAIN_DATES]
    legend = places.legend("flanders")
    return TrainJob(
        data=tuple(_dates_of(place, legend, days) for days in (MAIN_DATES, *others)),
        model=model,
        split=SplitSpec(held_out=held_out, held_side=side, validation=0.0),
        network=NetworkSpec(settings=SETTINGS),
        model_inputs=ModelInputs(windows=((91, 136), (161, 185), (205, 250))),
        optim=as_paper(0.15, optimizer="adamw", epochs=40, steps=10, patch=32),
        card=_FLANDERS,
        seed=seed,
    )


def _dates_of(place: Path, legend: str, days: tuple[str, ...]) -> LabelledSeries:
    files = [place / f"S2_{size}" / f"S2_{size}_{day}.tif" for day in days for size in ("10m", "20m")]
    return labelled(files, place / "parcels.gpkg", legend)
