"""The road to the engine: progress, cancel, death, noise. With a fake engine that acts each of them out."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crop_classifier_plugin import settings
from crop_classifier_plugin.bridge import environment, runner
from crop_classifier_plugin.shared.errors import (
    Cancelled,
    CropClassifierError,
    EngineBroken,
    EngineDied,
    EngineMissing,
)
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from kits.paths import REPOSITORY
from kits.plugin.qgis import Recorder


def job(folder):
    return SimulateJob(folder=str(folder))


def left_in(folder):
    return sorted(p.name for p in Path(folder).glob(".*"))


def test_progress_never_goes_back_and_ends_at_100(fake, feedback, tmp_path):
    fake("good")
    event = runner.run(job(tmp_path), feedback)
    assert feedback.percents == sorted(feedback.percents)
    assert feedback.percents[-1] == 100
    assert event["outputs"]["truth"] == f"{tmp_path}/truth.tif"


def test_user_sees_tiles_and_time_left(fake, feedback, tmp_path):
    fake("good")
    runner.run(job(tmp_path), feedback)
    assert feedback.texts[0] == "Classifying: 1 of 4, 1:20 left"
    assert feedback.infos == ["Running on cpu: no GPU was found."]
    assert feedback.warnings == ["Take care."]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"message": "Reading", "done": 0, "total": 0, "seconds_left": None}, "Reading"),
        ({"message": "Tiles", "done": 3, "total": 9, "seconds_left": None}, "Tiles: 3 of 9"),
        ({"message": "Tiles", "done": 3, "total": 9, "seconds_left": 3725.4}, "Tiles: 3 of 9, 1:02:05 left"),
    ],
)
def test_progress_text(event, text):
    assert runner.progress_text(event) == text


def test_noise_is_harmless(fake, feedback, tmp_path):
    fake("noise")
    assert runner.run(job(tmp_path), feedback)["event"] == "result"
    assert not feedback.errors


def test_engine_error_is_its_sentence(fake, feedback, tmp_path):
    fake("refuse")
    with pytest.raises(CropClassifierError) as caught:
        runner.run(job(tmp_path), feedback)
    assert caught.value.sentence == "A and B do not overlap: choose layers of the same area."


@pytest.mark.parametrize(
    ("part", "how", "last_words"),
    [
        ("killed", "killed by SIGKILL", "allocating 900 GB"),
        ("killed_with_worker", "killed by SIGKILL", "allocating 900 GB"),
        ("killed_behind_a_launcher", "killed by SIGKILL", ""),
        ("crash", "exit status 1", "RuntimeError: a fault of the program"),
        ("silent", "exit status 0", ""),
    ],
)
def test_death_is_one_sentence_and_leaves_nothing(fake, feedback, tmp_path, part, how, last_words):
    fake(part)
    began = time.monotonic()
    with pytest.raises(EngineDied) as caught:
        runner.run(job(tmp_path), feedback)
    assert how in caught.value.sentence
    assert last_words in caught.value.sentence
    assert time.monotonic() - began < 5
    assert left_in(tmp_path) in ([], [".truth.1.part.tif"])  # another process's file is not ours to remove


@pytest.mark.parametrize(
    ("part", "memory"),
    [("killed", True), ("exit_137", True), ("segfault", False), ("crash", False), ("silent", False)],
)
def test_only_a_killed_engine_is_blamed_on_memory(fake, feedback, tmp_path, part, memory):
    fake(part)
    with pytest.raises(EngineDied) as caught:
        runner.run(job(tmp_path), feedback)
    assert ("free some memory" in caught.value.sentence) == memory
    assert ("fault of the program, please report it with the log" in caught.value.sentence) != memory


def test_fault_that_the_engine_notices_is_told_once_and_its_traceback_is_in_the_log(fake, feedback, tmp_path):
    fake("internal")
    with pytest.raises(CropClassifierError) as caught:
        runner.run(job(tmp_path), feedback)
    assert caught.value.sentence == "The program failed in a way nobody foresaw (KeyError: 'B04')."
    assert "\n".join(feedback.details).startswith("Traceback (most recent call last):\n  in the middle of it")
    assert not any("foresaw" in told for told in (*feedback.details, *feedback.infos, *feedback.errors))


def test_foreseen_error_brings_no_noise_into_the_log(fake, feedback, tmp_path):
    fake("refuse")
    with pytest.raises(CropClassifierError):
        runner.run(job(tmp_path), feedback)
    assert feedback.details == []


def test_cancel_stops_within_two_seconds(fake, tmp_path):
    fake("endless")
    feedback = Recorder(cancel_at=5)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        runner.run(job(tmp_path), feedback)
    assert time.monotonic() - began < 2
    assert left_in(tmp_path) == [".truth.1.part.tif"]


def test_cancel_that_comes_too_late_does_not_deny_the_result(fake, tmp_path):
    """The outputs are in their places then: 'no output was written' would be untrue."""
    fake("done_when_cancelled")
    event = runner.run(job(tmp_path), Recorder(cancel_at=5))
    assert event["outputs"]["truth"] == f"{tmp_path}/truth.tif"


def test_engine_that_does_not_listen_is_killed(fake, tmp_path):
    fake("stubborn")
    began = time.monotonic()
    with pytest.raises(Cancelled):
        runner.run(job(tmp_path), Recorder(cancel_at=5))
    assert time.monotonic() - began < 5
    assert left_in(tmp_path) == [".truth.1.part.tif"]


def test_job_file_is_gone_after_the_run(fake, feedback, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fake("good")
    runner.run(job(tmp_path / "out"), feedback)
    assert not list(tmp_path.glob("crop_classifier_*"))


def test_engine_gets_no_variable_of_qgis(fake, feedback, tmp_path, monkeypatch):
    for name in ("PYTHONHOME", "PYTHONPATH", "GDAL_DATA", "PROJ_LIB", "PROJ_DATA", "GDAL_DRIVER_PATH"):
        monkeypatch.setenv(name, "/of/qgis")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    fake("environment")
    runner.run(job(tmp_path), feedback)
    seen = json.loads(feedback.infos[0])
    assert "/of/qgis" not in seen.values()
    assert seen["HTTPS_PROXY"] == "http://proxy"


# --- which engine ----------------------------------------------------------------------------------------------------


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A checkout and a profile without an engine, and no variable that names one."""
    monkeypatch.delenv("CROP_CLASSIFIER_PYTHON", raising=False)
    monkeypatch.setattr("crop_classifier_plugin.assets.root", lambda: tmp_path / "checkout")
    monkeypatch.setattr("crop_classifier_plugin.bridge.environment.profile_engine", lambda: tmp_path / "profile")
    yield tmp_path
    settings.ENGINE_PYTHON.remove()


def make(python):
    python.parent.mkdir(parents=True)
    python.touch()
    return python


def test_missing_engine_says_where_it_looked_and_what_to_do(nowhere, feedback):
    with pytest.raises(EngineMissing) as caught:
        runner.run(job(nowhere), feedback)
    assert str(nowhere / "checkout" / ".engine") in caught.value.sentence
    assert "Set up the engine" in caught.value.sentence


def test_engines_are_looked_for_in_order(nowhere, monkeypatch):
    profile = make(environment.python_of(nowhere / "profile"))
    assert environment.find() == profile
    checkout = make(environment.python_of(nowhere / "checkout" / ".engine"))
    assert environment.find() == checkout
    variable = make(nowhere / "variable" / "python")
    monkeypatch.setenv("CROP_CLASSIFIER_PYTHON", str(variable))
    assert environment.find() == variable
    chosen = make(nowhere / "chosen" / "python")
    settings.ENGINE_PYTHON.setValue(str(chosen))
    assert environment.find() == chosen


def test_named_engine_that_is_not_there_is_not_passed_over(nowhere):
    make(environment.python_of(nowhere / "profile"))
    settings.ENGINE_PYTHON.setValue("/gone/python")
    with pytest.raises(EngineMissing, match="/gone/python"):
        environment.find()


@pytest.mark.skipif(sys.platform == "win32", reason="rights and links of POSIX")
def test_engine_that_cannot_be_started_is_one_sentence(nowhere, feedback):
    python = make(nowhere / "chosen" / "python")
    settings.ENGINE_PYTHON.setValue(str(python))
    for text, mode, said in (
        ("", 0o644, "cannot be started: Permission denied"),
        ("garbage", 0o755, "cannot be started: Exec format error"),
        ("#!/gone/python3.11\n", 0o755, "cannot be started: No such file"),
        ("#!/bin/sh\necho No module named encodings >&2; exit 1\n", 0o755, r"\(No module named encodings\)"),
    ):
        python.write_text(text)
        python.chmod(mode)
        with pytest.raises(EngineBroken, match=f"{said}.*run 'Set up the engine'"):
            runner.run(job(nowhere), feedback)
    python.unlink()
    python.symlink_to("/gone/python3.11")
    with pytest.raises(EngineBroken, match="leads to a Python that is gone"):
        runner.run(job(nowhere), feedback)


def test_engine_whose_packages_are_gone_is_one_sentence(nowhere, feedback):
    """As after an upgrade of the system: its folder of packages belongs to another version of Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(nowhere / "venv")], check=True)
    settings.ENGINE_PYTHON.setValue(str(environment.python_of(nowhere / "venv")))
    with pytest.raises(CropClassifierError, match=r"environment is broken \(No module named 'click'\): run 'Set up"):
        runner.run(job(nowhere), feedback)
    assert not any("Traceback" in told for told in feedback.details)


def test_launch_takes_its_own_copy_and_no_module_from_the_plugins_folder(tmp_path):
    """A QGIS profile's plugins folder may hold a plugin called 'json'; another copy may be installed or be the cwd."""
    package = tmp_path / "plugins" / "crop_classifier_plugin"
    for folder in ("bridge", "engine"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "engine" / "__main__.py").write_text("import json, sys; print(json.dumps(sys.argv[1:]))")
    (tmp_path / "plugins" / "json.py").write_text("raise RuntimeError('a plugin called json')")
    shutil.copy(REPOSITORY / "crop_classifier_plugin" / "bridge" / "bootstrap.py", package / "bridge")
    command = [sys.executable, "-I", str(package / "bridge" / "bootstrap.py"), "run", "a.json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20, env={**os.environ})
    assert done.stderr == ""
    started, arguments = map(json.loads, done.stdout.splitlines())
    assert started["event"] == "started"
    assert arguments == ["run", "a.json"]
