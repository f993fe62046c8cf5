"""Making the engine's environment: whole or not at all, from a folder of wheels, never in QGIS's own Python."""

import subprocess
import sys
import time
import zipfile

import pytest
from qgis.core import QgsProcessingException

from crop_classifier_plugin import settings
from crop_classifier_plugin.bridge import environment
from crop_classifier_plugin.shared.errors import BadInput, Cancelled, EngineSetupFailed
from kits.plugin.qgis import Recorder, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses shell scripts as interpreters")


@pytest.fixture
def wheels(tmp_path):
    """A folder with one tiny package, as `pip download` would leave it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tinypackage-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinypackage-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinypackage.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinypackage\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return str(folder)


@pytest.fixture
def wanted(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("tinypackage==1.0\n")
    return [path]


FAKE = """#!/bin/sh
# An interpreter that makes environments at once; what it does with pip and with the proof is decided by the test.
case "$*" in
    *ensurepip*) echo 3.11 ;;
    *"-m venv"*) for folder in "$@"; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
    *"-m pip"*) {pip} ;;
    *) {proof} ;;
esac
"""


@pytest.fixture
def fake(tmp_path):
    """fake(pip="exit 1"): the path of such an interpreter."""

    def write(pip="echo Collecting", proof="echo ready"):
        path = tmp_path / "python"
        path.write_text(FAKE.format(pip=pip, proof=proof))
        path.chmod(0o755)
        return str(path)

    return write


def around(target):
    return sorted(p.name for p in target.parent.iterdir() if p.name.startswith(".engine"))


def test_environment_is_made_from_wheels_and_works_where_it_is(tmp_path, wanted, wheels):
    target, feedback = tmp_path / "profile" / "engine", Recorder()
    python = environment.install(target, wanted, feedback, wheels, proof="import tinypackage")
    assert python == environment.python_of(target)
    told = subprocess.run(
        [python, "-c", "import tinypackage; print(tinypackage.ANSWER)"], capture_output=True, text=True
    )
    assert told.stdout.strip() == "42"
    assert feedback.percents == sorted(feedback.percents)
    assert feedback.percents[-1] == 100
    assert around(target) == []


def test_new_environment_takes_the_place_of_the_old(tmp_path, wanted, fake):
    target = tmp_path / "engine"
    target.mkdir()
    (target / "old").touch()
    environment.install(target, wanted, Recorder(), python=fake())
    assert [p.name for p in target.iterdir()] == ["bin"]
    assert around(target) == []


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ({"pip": "echo ERROR: no such package >&2; exit 1"}, r"installing packages: ERROR: no such package"),
        (
            {"proof": "echo No module named onnxruntime >&2; exit 1"},
            r"trying the packages: No module named onnxruntime",
        ),
    ],
    ids=["pip", "proof"],
)
def test_failed_attempt_leaves_the_old_environment(tmp_path, wanted, fake, does, said):
    target = tmp_path / "engine"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(EngineSetupFailed, match=said):
        environment.install(target, wanted, Recorder(), python=fake(**does))
    assert [p.name for p in target.iterdir()] == ["old"]
    assert around(target) == []


def test_cancelled_attempt_leaves_nothing(tmp_path, wanted, fake):
    feedback = Recorder(cancel_at=10)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        environment.install(tmp_path / "engine", wanted, feedback, python=fake(pip="exec sleep 30"))
    assert time.monotonic() - began < 2
    assert not (tmp_path / "engine").exists()
    assert around(tmp_path / "engine") == []


def test_interpreter_that_will_not_do_is_refused(tmp_path, wanted):
    def script(name, text):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    for python, error, said in (
        (script("old", "echo 3.9"), BadInput, r"Python 3\.9, the engine needs 3\.10"),
        (script("bare", "echo No module named ensurepip >&2; exit 1"), EngineSetupFailed, "No module named ensurepip"),
        ("/gone/python", BadInput, "No Python interpreter at /gone/python"),
    ):
        with pytest.raises(error, match=said):
            environment.install(tmp_path / "engine", wanted, Recorder(), python=python)
    assert not (tmp_path / "engine").exists()


def test_environment_of_the_users_own_is_tried_and_remembered(provider, fake, tmp_path, context, monkeypatch):
    monkeypatch.delenv("CROP_CLASSIFIER_PYTHON", raising=False)
    try:
        python = fake()
        assert run("setup_engine", {"OWN": python}, context) == {"INTERPRETER": python}
        assert settings.ENGINE_PYTHON.value() == python
        with pytest.raises(QgsProcessingException, match="No module named rasterio"):
            run("setup_engine", {"OWN": fake(proof="echo No module named rasterio >&2; exit 1")}, context)
    finally:
        settings.ENGINE_PYTHON.remove()
