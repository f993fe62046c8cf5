"""One VUnetConvLSTM for all months beside twelve UnetConvLSTMs.

The parcels and their crops a month are real (LEM+), the radar images are simulated (simulated_radar.py). Whole
parcels are held out.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...execution.reporter import Silent
from ...networks.base import Network, parameter_count
from ...runtime.base import Feeds, Prediction
from ...series.cube.input_normalisation import Preprocess
from ...splits.split import HELD_OUT
from ...training.data.band_statistics import statistics
from ...training.data.training_data import TrainingData
from ...training.loop.evaluation import Mapper, score
from ...training.model_folder.card_builder import card_of
from ...training.model_folder.input_spec import input_spec_of
from ...training.supervised.fit import config_of, fit
from ...training.supervised.job import inputs_of
from ...training.supervised.job_defaults import resolve_job
from ...training.supervised.load_data import gather
from ..places import Places
from .job import EPOCHS, LONGER, TILE, monthly_job
from .simulated_radar import TARGETS

Trained = dict[str, Any]  # seconds, epochs, parameters, and a confusion matrix a month


def study(places: Places, cache: Path) -> tuple[Trained, Trained, list[Trained]]:
    """One network for all months, the same trained longer, and one network a month."""
    bench = Bench(places, cache)
    one = bench.trained("vunet_convlstm", TARGETS)
    many = [bench.trained("unet_convlstm", (month,)) for month in TARGETS]
    return one, bench.trained("vunet_convlstm", TARGETS, LONGER), many


class Bench:
    """Trains on the months that it is told; what was done is kept in `cache`, so that a stopped run goes on."""

    def __init__(self, places: Places, cache: Path) -> None:
        self._cache, self._place = cache, places.work
        self._job, self._legend = resolve_job(monthly_job(str(places.work / "model"), places), Silent())
        self._material: TrainingData | None = None

    def trained(self, network: str, months: tuple[str, ...], epochs: int = EPOCHS) -> Trained:
        file = self._cache / f"{network}_{months[0]}_{len(months)}_{epochs}.json"
        if not file.exists():
            file.write_text(json.dumps(self._train(network, months, epochs)), encoding="utf-8")
        found: Trained = json.loads(file.read_text(encoding="utf-8"))
        return found

    def _train(self, network: str, months: tuple[str, ...], epochs: int) -> Trained:
        material = self._of(months)
        optim = replace(self._job.optim, epochs=epochs, patience=epochs // 4)
        job = replace(self._job, network=replace(self._job.network, name=network), optim=optim)
        config = config_of(job.network, job.model_inputs, material.classes)
        preprocess = Preprocess(input_spec_of(job, inputs_of(network, config)), statistics(material.train))
        started = time.process_time()
        fitted = fit(job, config, material, preprocess, Silent())
        learnt, history = fitted.network, fitted.learning.history
        seconds = time.process_time() - started  # of the processor: others may use it too
        parameters = parameter_count(learnt)
        mapper = Mapper(card_of(job, config, parameters, material, preprocess), _InMemory(learnt))
        matrices = {s.month: score(mapper, (s,), HELD_OUT, Silent()).n.tolist() for s in material.train}
        return {"seconds": seconds, "epochs": len(history), "parameters": parameters, "months": matrices}

    def _of(self, months: tuple[str, ...]) -> TrainingData:
        if self._material is None:
            folder = self._place / "seasons"
            folder.mkdir()
            self._material = gather(self._job, self._legend, folder, Silent(), TILE)
        kept = tuple(season for season in self._material.train if season.month in months)
        return replace(self._material, train=kept)


class _InMemory:
    """A network that was not exported, as a Runtime."""

    device, why, attends = "cpu", "it was just trained", False

    def __init__(self, network: Network) -> None:
        self._network = network

    def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
        with torch.no_grad():
            logits: Tensor = self._network(**{name: torch.from_numpy(feeds[name]) for name in self._network.inputs})
        return Prediction(logits.softmax(dim=1).numpy())

    def versions(self) -> dict[str, Any]:
        return {"torch": torch.__version__}
