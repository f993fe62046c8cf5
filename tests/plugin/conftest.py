"""Real QGIS without a screen; the plugin from this checkout; a fake engine where only the bridge is in question."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="crop_xdg_")  # mkdtemp gives the mode 0700 Qt asks for

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProject,
)
from qgis.PyQt import sip

from kits.paths import REPOSITORY
from kits.plugin import fake_engine
from kits.plugin.qgis import SIZE, Recorder, plugged_in, run

_STATUS = []


def pytest_sessionfinish(session, exitstatus):
    _STATUS.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Leaves at once with the tests' own status: after some hundred tests the interpreter's end, which takes QGIS's
    objects down in no order, aborts in the C library now and then, long after every test has passed."""
    if _STATUS:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_STATUS[-1])


@pytest.fixture
def feedback():
    return Recorder()


@pytest.fixture
def context():
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    yield context
    QgsProject.instance().clear()
    # pytest keeps the last test's fixtures until QGIS has ended, and a context that outlives QGIS crashes.
    sip.delete(context)


@pytest.fixture
def fake(monkeypatch):
    """fake("killed"): from now on the engine acts out that part of fake_engine.py."""

    def choose(part):
        monkeypatch.setenv("CROP_CLASSIFIER_PYTHON", fake_engine.__file__)
        monkeypatch.setenv("FAKE_ENGINE", part)

    return choose


@pytest.fixture
def provider():
    """The plugin's provider, in a registry that has Processing's own ones too."""
    plugin = plugged_in()
    yield QgsApplication.processingRegistry().providerById("cropclassifier")
    plugin.unload()


@pytest.fixture(scope="session")
def engine():
    """The real engine's interpreter; tests that need it are skipped without one."""
    named = os.environ.get("CROP_CLASSIFIER_PYTHON")
    python = Path(named) if named else REPOSITORY / ".engine" / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no engine at {python}: run make setup")
    return python


@pytest.fixture(scope="session")
def card():
    """The shipped model of simulated seasons."""
    from crop_classifier_plugin.shared.cards.files import list_models, load_card

    found = [
        c
        for c in map(load_card, list_models([REPOSITORY / "models"]))
        if c.training.simulated and c.network == "lrtacf_net"
    ]
    if not found:
        pytest.skip("no shipped model of simulated seasons")
    return found[0]


@pytest.fixture(scope="session")
def season(engine, card, tmp_path_factory):
    """A season with one date in each of the model's windows, and one that the model has no use for."""
    plugin = plugged_in()
    days = [f"2024{(w.first + w.last) // 2:03}" for w in card.inputs.dates.windows]
    dates = [time.strftime("%Y-%m-%d", time.strptime(day, "%Y%j")) for day in [*days, "2024300"]]
    parameters = {
        "FOLDER": str(tmp_path_factory.mktemp("season")),
        "WIDTH": SIZE,
        "HEIGHT": SIZE - 20,
        "SEED": 11,
        "CLOUD_SHARE": 0.1,
        "DATES": ",".join(dates),
        "SENTINEL1": False,
        "MODIS": False,
    }
    results = run("simulate_season", parameters, QgsProcessingContext())
    plugin.unload()
    return results


@pytest.fixture(scope="session")
def crop_map(season, card, tmp_path_factory):
    plugin = plugged_in()
    path = tmp_path_factory.mktemp("map") / "map.tif"
    run(
        "classify_lrtacf_net",
        {"INPUT": season["SCENES"], "MODEL": card.name, "OUTPUT": str(path)},
        QgsProcessingContext(),
    )
    plugin.unload()
    return str(path)


@pytest.fixture
def inputs(provider, season, card, tmp_path):
    return {"INPUT": season["SCENES"], "MODEL": card.name, "OUTPUT": str(tmp_path / "map.tif")}


@pytest.fixture
def asked(monkeypatch):
    """The jobs of trainings that would have gone to the engine."""
    from crop_classifier_plugin.bridge import runner

    jobs = []
    from crop_classifier_plugin.shared.metrics import METRICS

    told = {**dict.fromkeys(METRICS), "report": "", "loss": None, "rmse": None}
    monkeypatch.setattr(runner, "run", lambda job, feedback, reads: jobs.append(job) or {"outputs": told})
    return jobs


@pytest.fixture(scope="module")
def home(engine, tmp_path_factory):
    """A profile with this checkout linked into it."""
    home = tmp_path_factory.mktemp("home")
    link = [sys.executable, str(REPOSITORY / "tools" / "link.py"), "--profile", str(home / "profiles" / "default")]
    subprocess.run(link, check=True, capture_output=True)
    return home


@pytest.fixture
def qgis_process(home, engine):
    """qgis_process("run", ID, inputs) -> exit status, results, everything printed."""

    def call(algorithm, inputs, timeout=200):
        variables = {"QGIS_CUSTOM_CONFIG_PATH": str(home), "CROP_CLASSIFIER_PYTHON": str(engine)}
        done = subprocess.run(
            ["qgis_process", "run", str(algorithm), "-"],
            input=json.dumps({"inputs": inputs}),
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **variables},
        )
        results = json.loads(done.stdout)["results"] if done.returncode == 0 else {}
        return done.returncode, results, done.stdout + done.stderr

    return call
