"""How soon a list of parcels to look at comes to those that the map has wrong, on simulated seasons.

The crop that a parcel was simulated with is the truth. Declarations are the truth, except for a share that was changed
to another crop at random. The maps are of the model as it comes, and of the same calibrated on other seasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.accuracy import DeclaredParcels, MapRasters
from ....shared.jobs.calibrate import CalibrateJob
from ....shared.jobs.classify import ClassifyJob, ClassifyOutputs
from ....shared.jobs.review import ReviewListJob
from ....shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from ....shared.review_table import LAYER
from ...access.vectors import read_features
from ...accuracy.review.review_list import review_list
from ...execution.reporter import Silent
from ...inference.calibrate.job import calibrate
from ...inference.job import classify
from ..recipes.study import SEASONS, Season

SHARES = (0.1, 0.2, 0.3)  # of the list
CALIBRATING = tuple(  # seed, year
    Season("", seed, year) for seed, year in ((33, 2019), (44, 2023), (55, 2021), (66, 2020), (77, 2018), (88, 2017))
)
WRONG_DECLARED, SEEDS = 0.1, (1, 2, 3, 4, 5)
CONFIDENCE = "confidence alone"

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Order:
    """A list of a season's parcels: what the parts of it hold, SHARES each."""

    title: str
    errors: tuple[float, ...]  # shares of the wrong parcels
    hectares: tuple[float, ...]  # shares of their hectares


@dataclass(frozen=True)
class Reviewed:
    """A season's map and the lists of its parcels; those with declarations once a seed."""

    season: Season
    parcels: int
    wrong: int
    orders: tuple[Order, ...]
    calibrated: bool = False  # the model, on CALIBRATING


def study(model: str, work: Path, seasons: tuple[Season, ...] = SEASONS) -> Iterator[Reviewed]:
    calibrated = _calibrated(model, work)
    for season in seasons:
        folder = season.simulated(work)
        yield reviewed(model, season, folder)
        yield replace(reviewed(calibrated, season, folder), calibrated=True)


def _calibrated(model: str, work: Path) -> str:
    """The model calibrated on seasons that no list is made of."""
    data = []
    for season in CALIBRATING:
        folder = season.simulated(work)
        labels = LabelSource(str(folder / "parcels.gpkg"), class_field="crop_name")
        data.append(LabelledSeries(Series(_scenes(folder)), labels))
    out = str(work / "calibrated")
    calibrate(CalibrateJob(model, tuple(data), out, device="cpu"), Silent())
    return out


def _scenes(folder: Path) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(str(path)) for path in sorted(folder.glob("S2_*.tif")))


def reviewed(model: str, season: Season, folder: Path) -> Reviewed:
    maps = _classified(model, folder)
    truth = read_features(folder / "parcels.gpkg")[["crop_name", "geometry"]].assign(id=lambda f: range(len(f)))
    crops = dict(zip(truth["id"].astype(str), truth["crop_name"], strict=True))
    alone = _listed(maps, truth.drop(columns="crop_name"), folder, "units", crops)
    by_confidence = alone.sort_values(["map_prob", "uid"], ignore_index=True)
    orders = [_order(CONFIDENCE, by_confidence)]
    for gain in ("units", "hectares"):
        found = _listed(maps, truth.drop(columns="crop_name"), folder, gain, crops)
        orders.append(_order(f"review_list by {gain}", found))
    for gain in ("units", "hectares"):
        for seed in SEEDS:
            found = _listed(maps, _declared(truth, seed), folder, gain, crops)
            orders.append(_order(f"review_list by {gain}, with declarations", found))
    return Reviewed(season, len(alone), int(alone["wrong"].sum()), tuple(orders))


def _classified(model: str, folder: Path) -> MapRasters:
    name = Path(model).name
    maps = MapRasters(str(folder / f"map_{name}.tif"), str(folder / f"probabilities_{name}.tif"))
    if not Path(maps.class_map).exists():
        written = ClassifyOutputs(maps.class_map, probabilities=maps.probabilities)
        job = ClassifyJob(Series(_scenes(folder)), model, written, device="cpu")
        classify(job, Silent())
    return maps


def _declared(truth: geopandas.GeoDataFrame, seed: int) -> geopandas.GeoDataFrame:
    """The parcels, a share of which is declared as another crop of the season."""
    rng = np.random.default_rng(seed)
    declared = truth["crop_name"].to_numpy(object).copy()
    names = sorted(set(declared))
    for row in np.flatnonzero(rng.random(len(declared)) < WRONG_DECLARED):
        declared[row] = rng.choice([name for name in names if name != declared[row]])
    return truth.drop(columns="crop_name").assign(declared=declared)


def _listed(maps: MapRasters, parcels: geopandas.GeoDataFrame, folder: Path, gain: str, crops: dict[str, str]) -> Any:
    """The review list, with whether the map has each parcel wrong."""
    layer, out = folder / "declared.gpkg", folder / "review.gpkg"
    parcels.to_file(layer, driver="GPKG")
    field = "declared" if "declared" in parcels else ""
    asked = DeclaredParcels(str(layer), declared_field=field, id_field="id")
    review_list(ReviewListJob(maps, str(out), asked, gain=gain, declared_right=1 - WRONG_DECLARED), Silent())
    table = read_features(out, layer=LAYER)
    return table.assign(wrong=[crops[uid] != name for uid, name in zip(table["uid"], table["map_name"], strict=True)])


def _order(title: str, table: Any) -> Order:
    wrong: Bools = table["wrong"].to_numpy(bool)
    return Order(title, _found(wrong, wrong.astype(float)), _found(wrong, wrong * table["area_ha"].to_numpy(float)))


def _found(wrong: Bools, weight: NDArray[np.float64]) -> tuple[float, ...]:
    """Share of the weight of the wrong ones in the first parts of the list."""
    return tuple(float(weight[: round(share * len(wrong))].sum() / weight.sum()) for share in SHARES)
