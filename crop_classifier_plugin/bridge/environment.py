"""Finds the engine's interpreter, and makes its environment: a venv and pip, never QGIS's own Python."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Optional

from qgis.core import QgsApplication, QgsProcessingFeedback

from .. import assets, settings
from ..shared.errors import (
    BadInput,
    EngineMissing,
    EngineSetupFailed,
    OutputNotWritable,
)
from .engine_process import Child, describe_exit

VARIABLE = "CROP_CLASSIFIER_PYTHON"
OLDEST = (3, 10)
PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
PROOF = "import numpy, rasterio, onnxruntime; print('ready')"


def profile_engine() -> Path:
    """Where 'Set up the engine' puts it: in the user's profile, so that it outlives updates of the plugin."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "crop_classifier" / "engine"


def find() -> Path:
    """The engine's interpreter. Raises EngineMissing; an interpreter that the user names is never passed over."""
    for named in (settings.ENGINE_PYTHON.value(), os.environ.get(VARIABLE, "")):
        if named:
            return _existing([Path(named)])
    return _existing([python_of(assets.root() / ".engine"), python_of(profile_engine())])


def command(*arguments: str) -> list[str]:
    """The command line that runs the engine, untouched by the user's own packages and working folder."""
    return [*_isolated(find()), str(assets.PACKAGE / "bridge" / "bootstrap.py"), *arguments]


def python_of(venv: Path) -> Path:
    """The interpreter in an environment's folder."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def _existing(places: list[Path]) -> Path:
    for place in places:
        if place.is_file():
            return place
    raise EngineMissing([str(p) for p in places])


def _isolated(python: Path) -> list[str]:
    return [str(python), "-I", "-X", "utf8"]


# --- making it -------------------------------------------------------------------------------------------------------


def install(
    target: Path,
    requirements: list[Path],
    feedback: QgsProcessingFeedback,
    wheels: str = "",
    python: str = "",
    proof: str = PROOF,
) -> Path:
    """Makes the engine's environment in `target` and returns its interpreter; an older one stays until this is whole.

    `wheels`: a folder to install from without the network. `python`: an interpreter >= 3.10; "" = QGIS's own.
    """
    base = _base_interpreter(python, feedback)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".engine.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise OutputNotWritable(str(target), error.strerror or str(error)) from None
    try:
        feedback.setProgressText(f"Making an environment with {base}")
        _call([*_isolated(base), "-m", "venv", str(building)], "making the environment", feedback)
        feedback.setProgress(10)
        _pip(python_of(building), requirements, wheels, feedback)
        _call([*_isolated(python_of(building)), "-c", proof], "trying the packages", feedback)
        _replace(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    feedback.setProgress(100)
    return python_of(target)


def adopt(python: Path, feedback: QgsProcessingFeedback) -> None:
    """Takes an interpreter of the user's as the engine's, once the packages are seen to load in it."""
    _existing([python])
    _call([*_isolated(python), "-c", PROOF], "trying the packages", feedback)
    settings.ENGINE_PYTHON.setValue(str(python))


def _pip(python: Path, requirements: list[Path], wheels: str, feedback: QgsProcessingFeedback) -> None:
    source = ["--no-index", "--find-links", wheels] if wheels else []
    lists = [argument for file in requirements for argument in ("--requirement", str(file))]
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    feedback.setProgressText("Installing the engine's packages")
    _call([*_isolated(python), "-m", "pip", "install", *options, *source, *lists], "installing packages", feedback)


def _call(command: list[str], step: str, feedback: QgsProcessingFeedback) -> list[str]:
    """The lines a program prints. Every line is shown, and moves the bar a little on to its end."""
    printed: list[str] = []
    with Child(command) as child:
        for line in child.lines(feedback.isCanceled):
            printed.append(line.strip())
            feedback.pushConsoleInfo(line.rstrip())
            if line.lstrip().startswith(("Collecting", "Processing", "Downloading", "Installing")):
                # How many packages will come is not known before; a fixed share of the rest never overtakes itself.
                feedback.setProgress(feedback.progress() + 0.04 * (95 - feedback.progress()))
        status = child.wait()
        if status:
            raise EngineSetupFailed(step, child.last_words or describe_exit(status))
    return printed


def _base_interpreter(chosen: str, feedback: QgsProcessingFeedback) -> Path:
    """An interpreter that can make the environment: the user's, or the one QGIS was built with."""
    places = [Path(chosen)] if chosen else _own_interpreters()
    python = next((p for p in places if p.is_file()), None)
    if python is None:
        raise BadInput(f"No Python interpreter at {', '.join(map(str, places))}: choose one (3.10 or newer).")
    version = _call([*_isolated(python), "-c", PROBE], "asking the interpreter (it needs venv and pip)", feedback)[-1]
    if tuple(map(int, version.split("."))) < OLDEST:
        raise BadInput(f"{python} is Python {version}, the engine needs 3.10 or newer: choose another interpreter.")
    return python


def _own_interpreters() -> list[Path]:
    """Where QGIS's own Python may be. Not sys.executable: that is QGIS itself, or any Python of the PATH."""
    prefix = Path(sys.base_exec_prefix)
    return [prefix / "python.exe", prefix / "bin" / "python3", Path(shutil.which("python3") or "python3")]


def _replace(building: Path, target: Path) -> None:
    """Puts the new environment in the place of the old one.

    A venv holds its own path only in scripts for the shell, which the engine does not use, so it may be renamed.
    """
    old: Optional[Path] = None
    try:
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=".engine.", suffix=".old", dir=target.parent)) / "engine"
            target.rename(old)
        building.rename(target)
    except OSError as error:
        raise OutputNotWritable(str(target), error.strerror or str(error)) from None
    if old:
        shutil.rmtree(old.parent, ignore_errors=True)
