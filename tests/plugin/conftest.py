"""Real QGIS without a screen; the plugin from this checkout; a fake engine where only the bridge is in question."""

import os
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).with_name("fake_engine.py")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="crop_xdg_")  # mkdtemp gives the mode 0700 Qt asks for
sys.path.insert(0, str(REPO))

import pytest  # noqa: E402 - the environment comes first
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject  # noqa: E402


class Recorder(QgsProcessingFeedback):
    """Remembers what it is told. `cancel_at`: presses Cancel once that much progress is seen."""

    def __init__(self, cancel_at=None):
        super().__init__(False)
        self.percents, self.texts, self.infos, self.warnings, self.errors = [], [], [], [], []
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
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
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
