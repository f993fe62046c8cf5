"""Real QGIS without a screen; the plugin from this checkout; a fake engine where only the bridge is in question."""

import os
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).with_name("fake_engine.py")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="crop_xdg_")  # mkdtemp gives the mode 0700 Qt asks for
sys.path.insert(0, str(REPO))

import pytest  # noqa: E402 - the environment comes first
from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt import sip  # noqa: E402

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


def plugged_in():
    """The plugin with its provider registered, as qgis_process has it."""
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    return plugin


class Recorder(QgsProcessingFeedback):
    """Remembers what it is told. `cancel_at`: presses Cancel once that much progress is seen."""

    def __init__(self, cancel_at=None):
        super().__init__(False)
        self.percents, self.texts, self.infos, self.warnings, self.errors, self.details = [], [], [], [], [], []
        self.progressChanged.connect(lambda percent: self._moved(percent, cancel_at))

    def _moved(self, percent, cancel_at):
        self.percents.append(percent)
        if cancel_at is not None and percent >= cancel_at:
            self.cancel()

    def setProgressText(self, text):
        self.texts.append(text)

    def pushInfo(self, info):
        self.infos.append(info)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def pushDebugInfo(self, info):
        self.details.append(info)

    def reportError(self, error, fatalError=False):
        self.errors.append(error)


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
        monkeypatch.setenv("CROP_CLASSIFIER_PYTHON", str(FAKE))
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
    python = Path(named) if named else REPO / ".engine" / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no engine at {python}: run make setup")
    return python


# --- a season, its map, and how tests run algorithms ------------------------------------------------------------------

SIZE = 160  # px: more than a tile, and no multiple of one


def run(algorithm, parameters, context, feedback=None):
    """As processing.run does it, without taking the layers out of the context."""
    made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
    ok, message = made.checkParameterValues(parameters, context)
    if not ok:
        raise QgsProcessingException(message)
    results, ok = made.run(parameters, context, feedback or QgsProcessingFeedback(), {}, False)
    assert ok
    return results


@pytest.fixture(scope="session")
def card():
    """The shipped model of simulated seasons."""
    from crop_classifier_plugin.shared.cards.card import Card, list_models

    found = [c for c in map(Card.load, list_models([REPO / "models"])) if c.simulated and c.network == "lrtacf_net"]
    if not found:
        pytest.skip("no shipped model of simulated seasons")
    return found[0]


@pytest.fixture(scope="session")
def season(engine, card, tmp_path_factory):
    """A season with one date in each of the model's windows, and one that the model has no use for."""
    plugin = plugged_in()
    days = [f"2024{(w.first + w.last) // 2:03}" for w in card.windows]
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


def values(path, band=1):
    """Every value of a band, row by row."""
    layer = QgsRasterLayer(str(path))
    provider = layer.dataProvider()
    block = provider.block(band, provider.extent(), provider.xSize(), provider.ySize())
    return [int(block.value(i)) for i in range(provider.xSize() * provider.ySize())]


@pytest.fixture
def inputs(provider, season, card, tmp_path):
    return {"INPUT": season["SCENES"], "MODEL": card.name, "OUTPUT": str(tmp_path / "map.tif")}


def diagnosis(folder):
    """The outputs that a diagnosis must be given."""
    reports = {f"REPORT_{kind}": str(folder / f"report.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    return reports | {"AGREEMENT": str(folder / "agreement.tif"), "FOLDER": str(folder / "classes")}


@pytest.fixture
def asked(monkeypatch):
    """The jobs of trainings that would have gone to the engine."""
    from crop_classifier_plugin.bridge import runner

    jobs = []
    told = {"oa": None, "mean_f1": None, "report": "", "loss": None, "rmse": None}
    monkeypatch.setattr(runner, "run", lambda job, feedback: jobs.append(job) or {"outputs": told})
    return jobs
