"""One text for a report: what is there, what is wrong, nothing private."""

import sys
from pathlib import Path

import pytest

from crop_classifier_plugin import settings
from crop_classifier_plugin.bridge.engine_setup import diagnostics, proxy
from crop_classifier_plugin.bridge.engine_setup.diagnostics import mask_home
from crop_classifier_plugin.shared.errors import Cancelled
from kits.plugin.interpreters import has, write_interpreter
from kits.plugin.qgis import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses shell scripts as interpreters")


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.delenv("CROP_CLASSIFIER_PYTHON", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    yield
    settings.ENGINE_PYTHON.remove()


def test_engine_is_told_with_what_it_has_and_lacks(provider, context, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example")
    monkeypatch.setattr(proxy, "variables", lambda: {"HTTPS_PROXY": "http://me:secret@proxy.example"})
    versions = dict.fromkeys(("numpy", "torch"), "1.99.1")
    named = dict.fromkeys(all_names(), "") | versions
    python = write_interpreter(tmp_path / "python", probe=has(named, {"rasterio": "libgdal is gone"}))
    settings.ENGINE_PYTHON.setValue(python)
    told = run("about_engine", {}, context)["DIAGNOSTICS"]
    assert "Engine: ~/python" in told
    assert "needed by every job: numpy 1.99.1" in told
    assert "lacking: scipy >=1.11,<2" in told
    assert "for training: torch 1.99.1" in told
    assert "torch ==2.13.0 (has 1.99.1)" in told
    assert "rasterio does not load: libgdal is gone" in told
    assert "HTTPS_PROXY" in told
    assert "secret" not in told
    assert str(tmp_path) not in told


def all_names():
    from crop_classifier_plugin import assets
    from crop_classifier_plugin.shared.engine_packages import requirements

    return [each.name for each in requirements.read(assets.engine_lists().glob("requirements*.txt"))]


def test_engine_that_is_missing_or_broken_is_told_too(provider, context, tmp_path):
    settings.ENGINE_PYTHON.setValue("/bin/true")
    assert "/bin/true cannot be used for the engine" in run("about_engine", {}, context)["DIAGNOSTICS"]
    settings.ENGINE_PYTHON.setValue(str(tmp_path / "gone"))
    told = run("about_engine", {"COPY": False}, context)["DIAGNOSTICS"]
    assert "Engine: The engine is not installed (looked in ~/gone)" in told


def test_the_real_engine_lacks_nothing(provider, context, engine):
    settings.ENGINE_PYTHON.setValue(str(engine))
    told = run("about_engine", {}, context)["DIAGNOSTICS"]
    assert "ONNX Runtime computes on" in told
    assert "CPUExecutionProvider" in told
    assert "does not load" not in told


def test_cancel_is_heard(tmp_path):
    settings.ENGINE_PYTHON.setValue(write_interpreter(tmp_path / "python", says="", probe="exec sleep 30"))
    with pytest.raises(Cancelled):
        diagnostics.diagnostics(lambda: True)


def test_home_is_masked_as_a_folder_not_as_letters(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ana"))
    assert mask_home("/home/ana/x and /home/ana and /home/anabel/x") == "~/x and ~ and /home/anabel/x"
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert mask_home("/usr/bin") == "/usr/bin"
