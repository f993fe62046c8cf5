"""A network, a sensor, a metric and a job are added by the files and the row that docs/how-to promises, and show up
everywhere. (A runtime: test_runtimes. What QGIS shows of them: tests/plugin/algorithms/test_adding_is_cheap.)"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.crop_gain.report import figure_names
from crop_classifier_plugin.engine.networks.complexity import list_networks
from crop_classifier_plugin.engine.networks.registry import FORESTS, NETWORKS, build, configure
from crop_classifier_plugin.engine.products import band_names, bands, dates, encodings
from crop_classifier_plugin.engine.products.spec import specs
from crop_classifier_plugin.engine.series.scenes.cloud_masks import MaskSource
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.engine.training.loop.epochs import Learning
from crop_classifier_plugin.engine.training.loop.evaluation import accuracy_rows
from crop_classifier_plugin.engine.training.model_folder.results import ON_HELD_OUT, headline
from crop_classifier_plugin.engine.training.optim.recipes import recipe_of
from crop_classifier_plugin.engine.training.report.report import Trained, to_html
from crop_classifier_plugin.shared import networks as catalogue
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from crop_classifier_plugin.shared.jobs.train import NetworkSpec
from crop_classifier_plugin.shared.metrics import METRICS, Metric
from kits import diagnosis
from kits.additions import FOLDERS, network_row, paths_with_additions
from kits.paths import REPOSITORY
from kits.rasters import write_raster
from kits.training.jobs import some_job

BESIDE = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))}
INSTALLED = "from kits.additions import install, network_row; install();"
ROW = "from crop_classifier_plugin.shared.networks import NETWORKS; NETWORKS['tiny_net'] = network_row();"


@pytest.fixture(autouse=True)
def additions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files lie where those of their kind lie."""
    for package, folder in FOLDERS.items():
        paths = paths_with_additions(package, folder)
        monkeypatch.setattr(importlib.import_module(package), "__path__", paths)
    specs.cache_clear()
    yield
    specs.cache_clear()


def program(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process in which the additions were there from the beginning."""
    run = f"{INSTALLED} {ROW} {code}"
    command = [sys.executable, "-c", run, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=BESIDE, timeout=240)


CLI = "from crop_classifier_plugin.engine.cli.main import main; main()"

# --- a network: its file and a row ------------------------------------------------------------------------------------


def test_a_network_is_its_file_and_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "tiny_net" not in NETWORKS
    monkeypatch.setitem(catalogue.NETWORKS, "tiny_net", network_row())
    assert catalogue.trainable()["tiny_net"] == "Tiny"
    assert "tiny_net" in NETWORKS
    assert "tiny_net" not in FORESTS
    assert NetworkSpec("tiny_net").name == "tiny_net"
    assert recipe_of("tiny_net").batch == 2
    config = configure("tiny_net", {"preset": "small", "width": "3"}, 6, 3, 4)
    assert build("tiny_net", config).config.settings()["width"] == 3
    assert {row.preset for row in list_networks() if row.network == "tiny_net"} == {"paper", "small"}


def test_a_network_is_told_by_the_command_line() -> None:
    done = program(CLI, "networks")
    assert "Tiny" in done.stdout, done.stderr
    least = ["--series", "a.tif", "--labels", "b.gpkg", "--field", "crop", "--out", "model"]
    refused = program(CLI, "train", "--network", "tiny", *least)
    assert "'tiny' is unknown: choose one of lrtacf_net, " in refused.stderr
    assert "tiny_net" in refused.stderr


def test_a_network_is_held_to_the_contract_of_all() -> None:
    contract = "tests/engine/networks/test_contract.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "kits.additions.with_network", contract, "-k", "tiny_net"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=BESIDE, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


# --- a sensor: one file -----------------------------------------------------------------------------------------------


def test_a_sensor_is_one_file(tmp_path: Path) -> None:
    name = "TINY_3_made20200101_seen20190516"
    assert encodings.sensor_of(f"{name}_B1.tif") == "TinySat-3"
    assert str(dates.in_name(f"{name}_B1.tif")) == "2019-05-16"
    assert [band_names.band_of(f"{name}_B{number}.tif") for number in (1, 2, 3)] == ["B04", "B8A", ""]
    assert bands.is_mask("tiny_clouds")
    product = tmp_path / "season" / name  # found in a sub-folder, as a product that is known
    values = np.full((1, 8, 8), 250, np.int16)
    for number in (1, 2):
        write_raster(product / f"{name}_B{number}.tif", values)
    write_raster(product / f"{name}_tiny_clouds.tif", np.eye(8, dtype=np.uint8)[None])
    (scene,) = read_scenes((SceneSource(str(tmp_path / "season")),), Silent())
    (red,) = scene.of("B04")
    assert (red.scale, red.offset, red.nodata) == (1e-3, 0.0, -1)
    mask = MaskSource().mask_of(scene)
    assert mask.name == "tiny_clouds"
    assert mask.of(np.array([[0.0, 1.0, np.nan]], np.float32)).tolist() == [[False, True, True]]


def test_without_its_file_the_sensor_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    specs.cache_clear()
    assert encodings.sensor_of("TINY_3_made20200101_seen20190516_B1.tif") == ""


# --- a metric: one row ------------------------------------------------------------------------------------------------


@pytest.fixture
def metric(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Metric("Tiny figure", lambda counts: 0.125, "what it says.", "Nobody (2026)", "1 / 8")
    monkeypatch.setitem(METRICS, "tiny", row)


@pytest.mark.usefixtures("metric")
def test_a_metric_is_one_row_in_every_report(tmp_path: Path) -> None:
    truth, mapped = diagnosis.season((60, 60))
    reference = diagnosis.write(tmp_path / "t.tif", truth)
    result, document = diagnosis.run(tmp_path, diagnosis.write_map(tmp_path / "m.tif", mapped), reference)
    assert result["tiny"] == document["overall"]["tiny"] == 0.125
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert '<b id="tiny">0.125</b><span>Tiny figure</span>' in page
    assert "Tiny figure = 1 / 8." in page
    assert "tiny figure,0.125000" in Path(result["report_csv"]).read_text(encoding="utf-8")
    record = json.loads((tmp_path / "out" / "agreement.run.json").read_text(encoding="utf-8"))
    assert record["accuracy"]["tiny"] == 0.125
    assert figure_names()[:: len(METRICS) - 1] == ("kappa", "tiny")


@pytest.mark.usefixtures("metric")
def test_a_metric_is_one_row_in_every_training() -> None:
    confusion = Confusion(np.array([[8, 2], [1, 9]]))
    assert {"metric": "tiny figure", "value": 0.125, "on": "x"} in accuracy_rows(confusion, ["a", "b"], "x")
    assert headline([(ON_HELD_OUT, confusion)])["tiny"] == 0.125
    assert headline([])["tiny"] is None
    card = load_card(next((REPOSITORY / "models").glob("lrtacfnet*")))
    size = len(card.legend)
    tested = ((ON_HELD_OUT, Confusion(np.eye(size, dtype=np.int64))),)
    counts = tuple((1, 1, 1) for _ in card.legend)
    document = Trained(some_job(labels="parcels.gpkg"), card, Learning(), tested, counts).document()
    assert document["tests"][0]["overall"]["tiny"] == 0.125
    assert '<b id="tiny">0.125</b><span>Tiny figure</span>' in to_html(json.loads(json.dumps(document)))


# --- an algorithm: job, engine job, algorithm, help, icon -------------------------------------------------------------


def test_a_job_has_a_command_and_runs(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "a.tif", np.arange(12, dtype=np.uint8).reshape(1, 3, 4))
    output = tmp_path / "b.tif"
    listed = program(CLI, "--help")
    assert "tiny-map" in listed.stdout, listed.stderr
    done = program(CLI, "tiny-map", "--raster", str(raster), "--output", str(output), "--factor", "3")
    assert done.returncode == 0, done.stderr
    with rasterio.open(output) as made:
        assert made.read(1).ravel().tolist() == [3.0 * n for n in range(12)]
    assert json.loads((tmp_path / "b.run.json").read_text())["job"]["kind"] == "tiny_map"
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"kind": "tiny_map", "raster": {"path": str(raster)}, "output": str(raster)}))
    refused = program(CLI, "run", str(job))
    assert "would replace an input" in refused.stdout
