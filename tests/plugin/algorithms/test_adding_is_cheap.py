"""What QGIS shows of an addition: an algorithm is job, algorithm, help and icon; a metric, a network are a row each.

(What the engine makes of them: tests/laws/test_adding_is_cheap.)
"""

from __future__ import annotations

import importlib

import pytest

from crop_classifier_plugin import assets
from crop_classifier_plugin.bridge import runner
from crop_classifier_plugin.shared.metrics import METRICS, Metric
from crop_classifier_plugin.shared.networks import NETWORKS
from kits.additions import ALGORITHMS, HERE, network_row, paths_with_additions
from kits.plugin.qgis import run


@pytest.fixture
def added(provider, monkeypatch):
    """The plugin's provider, which has the algorithm too."""
    for package, folder in ALGORITHMS.items():
        monkeypatch.setattr(importlib.import_module(package), "__path__", paths_with_additions(package, folder))
    provider.refreshAlgorithms()
    return provider


def test_an_algorithm_is_found_with_its_help_and_icon(added, monkeypatch):
    monkeypatch.setattr(assets, "root", lambda: HERE)
    algorithm = added.algorithm("tiny_map")
    assert algorithm.displayName() == "Multiply a raster"
    assert "Multiplies every value" in algorithm.shortHelpString()
    assert not algorithm.icon().isNull()
    assert algorithm.svgIconPath().endswith("tiny_map.svg")


def test_an_algorithm_builds_its_job_and_runs_it(added, monkeypatch, season, context, tmp_path):
    asked = []
    monkeypatch.setattr(runner, "run", lambda job, feedback, reads: asked.append(job) or {"outputs": {}})
    output = str(tmp_path / "b.tif")
    assert run("tiny_map", {"RASTER": season["SCENES"][0], "FACTOR": 3, "OUTPUT": output}, context) == {
        "OUTPUT": output
    }
    (job,) = asked
    assert (job.kind, job.raster.path, job.factor) == ("tiny_map", season["SCENES"][0], 3)
    assert job.outputs() == (output,)
    assert job.inputs() == (season["SCENES"][0],)


@pytest.mark.parametrize("name", ["diagnose", "train_cropsts", "train_random_forest"])
def test_a_metric_is_an_output(provider, monkeypatch, name):
    monkeypatch.setitem(METRICS, "tiny", Metric("Tiny figure", lambda counts: 0.125, "what it says.", "Nobody (2026)"))
    algorithm = provider.algorithm(name).create()
    outputs = {each.name(): each.description() for each in algorithm.outputDefinitions()}
    assert outputs["TINY"].startswith("Tiny figure")
    assert {key.upper() for key in METRICS} <= set(outputs)


def test_a_network_is_offered_for_training(provider, monkeypatch):
    monkeypatch.setitem(NETWORKS, "tiny_net", network_row())
    algorithm = provider.algorithm("train_network").create()
    assert algorithm.parameterDefinition("NETWORK").options()[-1] == "Tiny"
