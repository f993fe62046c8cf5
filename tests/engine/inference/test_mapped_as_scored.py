"""Law, for every network and forest of the catalogue: to score a raster is to classify it, to the pixel.

With odd sizes, partial clouds, extents, months, and several series; the weights are of chance, for the law needs no
training. And: the tiles of a card are what its file takes, and fit the patches that were learnt from.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.reporter import Reporter, Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.networks.base import NetworkConfig, parameter_count
from crop_classifier_plugin.engine.networks.registry import build
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.engine.splits.split import HELD_OUT, TRAIN, VALIDATION
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.patches import cut, item
from crop_classifier_plugin.engine.training.data.training_data import TrainingData
from crop_classifier_plugin.engine.training.loop.epochs import Learning
from crop_classifier_plugin.engine.training.loop.evaluation import Mapper, accuracy_rows, score
from crop_classifier_plugin.engine.training.model_folder.onnx_export import export
from crop_classifier_plugin.engine.training.supervised import job as training
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries
from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.classification import classify_job, read
from kits.training.odd_places import every_network, job_of_all, write_odd_places

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_odd_places(tmp_path_factory.mktemp("places"))


def by_chance(
    job: TrainJob, config: NetworkConfig, material: TrainingData, preprocess: Preprocess, reporter: Reporter
) -> training.Learnt:
    """In place of a training: weights of chance, and classes that are named about equally often."""
    season, side = material.train[0], 64 + -64 % config.multiple
    image, target = cut(season, Window(0, 0, side, side), TRAIN)
    batch = {k: v[None] for k, v in item(preprocess, image, season, target).items()}
    torch.manual_seed(1)
    network = build(job.network.name, config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter += 0.3 * torch.randn_like(parameter)
        logits = network(**{name: batch[name] for name in network.inputs})
        bias = next(p for p in reversed(list(network.parameters())) if p.shape == (config.classes,))
        bias -= logits.movedim(1, -1).reshape(-1, config.classes).median(dim=0).values
    return training.Learnt(parameter_count(network), Learning(), partial(export, network), lambda path: None)


@pytest.fixture(scope="module", params=every_network())
def job(request: pytest.FixtureRequest, places: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainJob:
    made = job_of_all(places, tmp_path_factory.mktemp("model"), request.param)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "teach_network", by_chance)
        training.train(made, Silent())
    return made


def mapped(job: TrainJob, source: LabelledSeries, season: LabelledCube, place: Path) -> np.ndarray:
    """(H,W): the classes' places in the legend in the map that classify makes of a series; -1 where it has none.

    Nothing speaks against the model on series like those that it learnt from.
    """
    others: dict[str, Any] = {"months": (season.month,)} if season.month else {}
    radar = source.radar.scenes if source.radar else ()
    scenes, path = source.series.scenes, str(place / "map.tif")
    asked = classify_job(scenes, job.model, path, radar, mask="none", extent=source.series.extent, **others)
    assert classify(asked, Silent())["applicability"] == []
    position = {code: i for i, code in enumerate(load_card(job.model).legend.codes)}
    return np.vectorize(lambda code: position.get(code, -1))(read(path)[0])


def test_scoring_every_series_is_classifying_it(job: TrainJob, tmp_path: Path) -> None:
    card = load_card(job.model)
    mapper = Mapper.open(Path(job.model, "model.onnx"), card)
    (tmp_path / "cubes").mkdir()
    resolved, legend = resolve_job(job, Silent())
    material = gather(resolved, legend, tmp_path / "cubes", Silent(), max(resolved.optim.patch, card.tiling.tile))
    seasons = (*material.train, *material.checks, *material.tests)
    sources = {each.labels.path: each for each in (*job.data, *job.validation_series, *job.test_series)}
    named: set[int] = set()
    total = dict.fromkeys((TRAIN, VALIDATION, HELD_OUT), 0)
    for season in seasons:
        source = next(sources[path] for path in sources if season.name.startswith(path))
        codes = mapped(job, source, season, tmp_path)
        assert codes.shape == season.shape
        named |= set(np.unique(codes).tolist()) - {-1}
        for block in mapper.blocks(season, Silent()):
            here = np.where(block.valid, block.probability.argmax(axis=0), -1)
            np.testing.assert_array_equal(codes[block.window.slices], here)
        for part in total:
            scored = score(mapper, (season,), part, Silent())
            known = season.part == part
            assert (codes[known] >= 0).all()
            counted = Confusion.count(season.target[known].astype(np.int64), codes[known], len(legend))
            np.testing.assert_array_equal(counted.n, scored.n)
            total[part] += scored.total
    assert all(total[part] for part in (TRAIN, VALIDATION, HELD_OUT) if part != VALIDATION or material.checks)
    tested = training.assess(mapper, material, Silent())
    rows = [row for on, found in tested for row in accuracy_rows(found, legend.names, f"{on}, {found.total} px")]
    assert list(card.accuracy) == rows
    assert len(named) > 1, "a map of one class alone shows nothing"


def test_the_tiles_of_the_card_are_what_the_file_takes_and_fit_the_patches(job: TrainJob) -> None:
    card = load_card(job.model)
    mapper = Mapper.open(Path(job.model, "model.onnx"), card)
    tile, bands = card.tiling.tile, len(card.inputs.all_bands)
    cube = np.random.default_rng(1).uniform(0.1, 3000, (card.dates, bands, tile, tile)).astype(np.float32)
    given = Preprocess(card.inputs, card.statistics).apply(cube, np.linspace(60, 200, card.dates).astype(np.int64))
    answer = mapper.runtime.run({name: value[None] for name, value in given.tensors.items()})
    assert answer.probability.shape == (1, len(card.legend), tile, tile)
