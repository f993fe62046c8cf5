"""One VUnetConvLSTM for all months beside twelve UnetConvLSTMs.

The parcels and their crops a month are real (LEM+), the radar images are simulated (simulated_radar.py). Whole
parcels are held out.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....shared.jobs.sources import SceneSource
from ....shared.jobs.train import TrainJob
from ...accuracy.confusion import Confusion
from ...execution.reporter import Silent
from ...networks.base import parameter_count
from ...networks.registry import configure
from ...series.cube.preprocess import Preprocess
from ...splits.split import HELD_OUT
from ...training.data.labelled_series import LabelledCube
from ...training.data.normalisation import statistics
from ...training.data.patches import ScoringPatches
from ...training.data.training_data import TrainingData
from ...training.loop.evaluation import score
from ...training.model_folder.input_spec import input_spec_of
from ...training.supervised.job import fit, inputs_of
from ...training.supervised.job_defaults import resolve_job
from ...training.supervised.load_data import gather
from .simulated_radar import MONTHS, SIDE, TARGETS, merged, parcels, write_series

PARCELS = "lem_plus/lem_plus_monthly_crops.gpkg"
TILE, OVERLAP = 64, 16
EPOCHS, LONGER = 16, 48  # the second: about the paper's share of the twelve networks' time
PROTOCOL = (
    "**Simulated radar** (water cloud model, speckle) over real parcels: LEM+ labels for each month of October 2019 "
    f"to September 2020 in a square of {SIDE / 1000:.0f} km of western Bahia, 40 m pixels, the paper's six classes. "
    "Before October 2019 the same crop calendar is assumed. Whole parcels are held out (30 %), others choose the epoch "
    f"(15 %); both sides have the same settings (small preset, focal loss, at most {EPOCHS} epochs of 24 steps, ends "
    f"after a quarter of them without a gain), VUnetConvLSTM once more with {LONGER} epochs, as it ships; one seed. "
    "Mean F1 over the classes that the month's held-out parcels have."
)


def monthly_job(model: str, data: Path, place: Path) -> TrainJob:
    """VUnetConvLSTM on the twelve labelled months; writes the simulated series into `place` once."""
    if not (place / "parcels.gpkg").exists():
        place.mkdir(parents=True, exist_ok=True)
        frame = parcels(data / PARCELS)
        write_series(frame, place)
        merged(frame).to_file(place / "parcels.gpkg")
    return TrainJob(
        tuple(SceneSource(str(path)) for path in sorted(place.glob("S1_*.tif"))),
        str(place / "parcels.gpkg"),
        "",
        "",
        model,
        "vunet_convlstm",
        settings=(("preset", "small"),),
        bands=("VV", "VH"),
        radar_unit="power",
        month_fields=tuple(zip(TARGETS, MONTHS)),
        mask="none",
        split="parcel",
        patch=32,
        batch=16,
        epochs=LONGER,
        steps=24,
        patience=LONGER // 4,
        tile=TILE,
        overlap=OVERLAP,
        title="VUnetConvLSTM on simulated radar over Bahia",
        region="36 km x 36 km of western Bahia, Brazil",
        season="any month, from the twelve months up to it",
        training_data="Parcels and monthly crops of LEM+ (Oldoni et al. 2020, CC BY 4.0), October 2019 to September "
        "2020, with SIMULATED Sentinel-1 backscatter at 40 m",
        limits="The parcels are real, the radar is simulated: it shows maps a month, and is not good for real images.",
        simulated=True,
    )


class Bench:
    """Trains on the months that it is told; what was done is kept in `cache`, so that a stopped run goes on."""

    def __init__(self, data: Path, cache: Path, place: Path) -> None:
        self._cache, self._place = cache, place
        self._job, self._legend = resolve_job(monthly_job(str(place / "model"), data, place), Silent())
        self._material: TrainingData | None = None

    def trained(self, network: str, months: tuple[str, ...], epochs: int = EPOCHS) -> dict[str, object]:
        file = self._cache / f"{network}_{months[0]}_{len(months)}_{epochs}.json"
        if not file.exists():
            file.write_text(json.dumps(self._train(network, months, epochs)), encoding="utf-8")
        found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def _train(self, network: str, months: tuple[str, ...], epochs: int) -> dict[str, object]:
        material = self._of(months)
        fields = tuple(p for p in self._job.month_fields if p[0] in months)
        job = replace(self._job, network=network, month_fields=fields, epochs=epochs, patience=epochs // 4)
        config = configure(network, dict(job.settings), len(job.bands), len(job.windows), material.classes)
        preprocess = Preprocess(input_spec_of(job, inputs_of(network, config)), statistics(material.train))
        started = time.process_time()
        learnt, history = fit(job, config, material, preprocess, Silent())
        seconds = time.process_time() - started  # of the processor: others may use it too
        matrices = {s.month: self._score(learnt, s, preprocess, material.classes).n.tolist() for s in material.train}
        return {"seconds": seconds, "epochs": len(history), "parameters": parameter_count(learnt), "months": matrices}

    def _of(self, months: tuple[str, ...]) -> TrainingData:
        if self._material is None:
            folder = self._place / "seasons"
            folder.mkdir()
            self._material = gather(self._job, self._legend, folder, Silent(), TILE)
        kept = tuple(season for season in self._material.train if season.month in months)
        return replace(self._material, train=kept)

    def _score(self, network: torch.nn.Module, season: LabelledCube, preprocess: Preprocess, classes: int) -> Confusion:
        def predict(item: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
            with torch.no_grad():
                found: Tensor = network(*(torch.from_numpy(item[name]) for name in preprocess.inputs.tensors))
            return np.asarray(found.numpy(), np.float32)

        return score(predict, ScoringPatches((season,), preprocess, HELD_OUT, TILE, OVERLAP), classes, Silent())


# --- the page --------------------------------------------------------------------------------------------------------


def report(ones: tuple[dict[str, object], ...], many: list[dict[str, object]]) -> list[str]:
    """`ones`: VUnetConvLSTM with the settings of the others, and trained longer."""
    lines = [
        "# One network for every month",
        "",
        f"`python benchmarks/monthly.py` on {platform.machine()}, {os.cpu_count()} cores (one used), Python "
        f"{platform.python_version()}, torch {torch.__version__}.",
        "",
        PROTOCOL,
        "",
        f"| month | VUnetConvLSTM OA | mean F1 | {LONGER} epochs: OA | mean F1 | UnetConvLSTM of the month: OA "
        "| mean F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    means = [0.0] * 6
    for month, other in zip(TARGETS, many):
        figures = [figure for found in (*ones, other) for figure in _figures(found, month)]
        means = [a + b / len(TARGETS) for a, b in zip(means, figures)]
        lines.append(f"| {month} | " + " | ".join(f"{v:.3f}" for v in figures) + " |")
    lines.append("| **mean** | " + " | ".join(f"**{v:.3f}**" for v in means) + " |")
    seconds = sum(float(str(found["seconds"])) for found in many)
    own, longer = (float(str(found["seconds"])) for found in ones)
    parameters = [found["parameters"] for found in (ones[0], many[0])]
    lines += [
        "",
        f"Training, in seconds of one core: VUnetConvLSTM ({parameters[0]} parameters) {own:.0f}, with {LONGER} epochs "
        f"{longer:.0f}; the twelve UnetConvLSTMs ({parameters[1]} parameters each) together {seconds:.0f}. One network "
        f"takes {own / seconds:.2f} or {longer / seconds:.2f} of their time. The paper, on real data: mean F1 42.0 "
        "against 61.7 for twelve networks of the same season, 3.8 h against 14.6 h.",
    ]
    return lines


def _figures(found: dict[str, object], month: str) -> tuple[float, float]:
    confusion = Confusion(np.array(found["months"][month], np.int64))  # type: ignore[index]
    return confusion.oa, confusion.mean_f1
