"""An environment of the user's own is tried before it is taken; one that is whole is not made again."""

import os
import subprocess
import sys

import pytest
from qgis.core import QgsProcessingException

from crop_classifier_plugin import assets, settings
from crop_classifier_plugin.bridge import environment
from crop_classifier_plugin.bridge.engine_process import python_of
from crop_classifier_plugin.shared.engine_packages import requirements
from kits.plugin.interpreters import has, who, write_interpreter
from kits.plugin.qgis import Recorder, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses shell scripts as interpreters")
NEEDED = requirements.read([assets.engine_lists() / "requirements.txt"])
WHOLE = {each.name: each.versions.split(",")[0].lstrip("<>=") for each in NEEDED}


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.delenv("CROP_CLASSIFIER_PYTHON", raising=False)
    yield
    settings.ENGINE_PYTHON.remove()


def test_environment_of_the_users_own_is_tried_and_remembered(provider, tmp_path, context):
    python = write_interpreter(tmp_path / "python", probe=has(WHOLE))
    assert run("setup_engine", {"OWN": python}, context) == {"INTERPRETER": python}
    assert settings.ENGINE_PYTHON.value() == python


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ({"probe": has(WHOLE | {"rasterio": ""})}, r"it lacks rasterio >=1\.4,<2"),
        ({"probe": has(WHOLE | {"numpy": "1.24.2"})}, r"it lacks numpy >=1\.26,<3 \(has 1\.24\.2\)"),
        ({"probe": has({})}, r"it lacks numpy .* and 8 more\)"),
        ({"probe": has(WHOLE, {"rasterio": "libgdal.so.36: no such file"})}, r"rasterio does not load: libgdal"),
        ({"probe": "echo a fault >&2; exit 3"}, "a fault"),
        ({"says": who((3, 9))}, r"it is Python 3\.9"),
    ],
)
def test_environment_that_will_not_do_is_refused_with_the_reason(provider, tmp_path, context, does, said):
    python = write_interpreter(tmp_path / "python", **does)
    with pytest.raises(QgsProcessingException, match=said):
        run("setup_engine", {"OWN": python}, context)
    assert settings.ENGINE_PYTHON.value() == ""


@pytest.mark.parametrize("python", ["/bin/true", "/bin/false", "/usr/bin/yes"])
def test_program_that_is_no_python_is_refused(provider, context, python):
    with pytest.raises(QgsProcessingException, match=f"{python} cannot be used for the engine"):
        run("setup_engine", {"OWN": python}, context)


def test_the_engine_in_use_passes_and_one_without_packages_is_refused(provider, engine, context, tmp_path):
    assert run("setup_engine", {"OWN": str(engine)}, context) == {"INTERPRETER": str(engine)}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    with pytest.raises(QgsProcessingException, match=r"it lacks numpy .* and 8 more"):
        run("setup_engine", {"OWN": str(tmp_path / "bare")}, context)


@pytest.fixture
def profile(monkeypatch, tmp_path):
    """A profile of its own, and a checkout without an engine."""
    monkeypatch.setattr(environment, "profile_engine", lambda: tmp_path / "profile" / "engine")
    monkeypatch.setattr(environment, "find", lambda: python_of(tmp_path / "profile" / "engine"))
    return tmp_path / "profile" / "engine"


def test_what_is_done_is_not_done_again(provider, profile, tmp_path, context):
    python = write_interpreter(tmp_path / "python", probe=has(WHOLE))
    assert run("setup_engine", {"PYTHON": python}, context)["INTERPRETER"] == str(python_of(profile))
    made = os.stat(profile).st_ino
    feedback = Recorder()
    run("setup_engine", {"PYTHON": python}, context, feedback)
    assert "is set up already" in feedback.infos[0]
    assert os.stat(profile).st_ino == made
    run("setup_engine", {"PYTHON": python, "ANEW": True}, context)
    assert os.stat(profile).st_ino != made


@pytest.mark.parametrize("harm", ["packages", "interpreter", "training"])
def test_broken_environment_is_told_in_one_sentence_and_made_anew(provider, profile, tmp_path, context, harm):
    python = write_interpreter(tmp_path / "python", probe=has(WHOLE))
    run("setup_engine", {"PYTHON": python}, context)
    if harm == "packages":
        write_interpreter(python_of(profile), probe=has({}))
    elif harm == "interpreter":
        python_of(profile).unlink()
        python_of(profile).symlink_to("/gone/python3.11")
    feedback = Recorder()
    run("setup_engine", {"PYTHON": python, "TRAINING": harm == "training"}, context, feedback)
    said = {"packages": "it lacks numpy", "interpreter": "No such file", "training": "it lacks torch"}[harm]
    assert f"is made anew: {said}" in feedback.infos[0] or said in feedback.infos[0]
    assert python_of(profile).is_file()
