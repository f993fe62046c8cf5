"""Makes the engine's environment: a venv and pip, whole or not at all, never QGIS's own Python."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingFeedback

from ... import assets, settings
from ...shared.engine_packages import locks, requirements
from ...shared.errors import BadInput, EngineSetupFailed, EngineUnfit, OutputNotWritable, RoomMissing
from .. import leftovers
from ..engine_process import Child, describe_exit, isolated, python_of
from . import inspection, proxy

PROOF = "import numpy, rasterio, onnxruntime; print('ready')"
PARTS = {"train": "requirements-train.txt", "clouds": "requirements-clouds.txt"}
RECORD = "crop_classifier.json"  # in an environment: how it was made
_ROOM = {"": 2.0, "train": 4.0, "clouds": 0.5}  # GB that installing takes, what is downloaded included (measured)
_ROOM_OF_CUDA = 8.0  # more, where PyTorch brings its GPU libraries: on Linux
_OLDEST = {"glibc": (2, 28), "macos": (14, 0)}  # that every locked file runs on: tools/lock_engine.py
_WATCHED = Path(__file__).parent / "watched.py"


@dataclass(frozen=True)
class Plan:
    """What is installed, where to and where from. `parts`: of PARTS, beside what every job needs."""

    target: Path
    parts: tuple[str, ...] = ()
    wheels: str = ""  # a folder to install from, without the network
    python: str = ""  # an interpreter >= 3.10; "": the one that belongs to QGIS
    lists: Path = field(default_factory=assets.engine_lists)
    proof: str = PROOF

    @property
    def requirements(self) -> list[Path]:
        """The lists of what is needed, with ranges."""
        return [self.lists / name for name in ("requirements.txt", *(PARTS[part] for part in self.parts))]


def install(plan: Plan, feedback: QgsProcessingFeedback) -> Path:
    """Makes the environment and returns its interpreter; an older one stays until this is whole.

    Raises BadInput, EngineUnfit, EngineSetupFailed, OutputNotWritable, RoomMissing, Cancelled.
    """
    base = _base_interpreter(plan.python, feedback)
    told = inspection.check_runs(base, feedback.isCanceled)
    if told["missing"]:
        raise EngineUnfit(str(base), f"{told['missing']}: it needs venv and pip")
    try:
        plan.target.parent.mkdir(parents=True, exist_ok=True)
        recover(plan.target)
        _check_room(plan)
        with leftovers.owned_folder(plan.target.parent, *leftovers.SETUPS) as folder:
            _build(plan, base, _choose_locks(plan, told, feedback), folder, feedback)
            _replace(folder, plan.target)
    except OSError as error:
        raise OutputNotWritable(str(plan.target), error.strerror or str(error)) from None
    feedback.setProgress(100)
    return python_of(plan.target)


def problem(plan: Plan, python: Path, feedback: QgsProcessingFeedback) -> str:
    """What keeps an environment from doing what the plan asks for; "" where nothing does. Raises Cancelled."""
    needed = requirements.read(plan.requirements)
    try:
        return inspection.problem(inspection.inspect(python, needed, feedback.isCanceled), needed)
    except EngineUnfit as error:
        return error.reason


def adopt(plan: Plan, python: Path, feedback: QgsProcessingFeedback) -> Path:
    """Takes an interpreter of the user's as the engine's, once it is seen to run and to have what the plan asks for.

    `python`: the interpreter, or the folder of its environment. Raises EngineUnfit, Cancelled.
    """
    python = python_of(python) if python.is_dir() else python
    if not python.is_file():
        raise EngineUnfit(str(python), "there is no such file")
    reason = problem(plan, python, feedback)
    if reason:
        raise EngineUnfit(str(python), reason)
    settings.ENGINE_PYTHON.setValue(str(python))
    return python


def recover(target: Path) -> None:
    """Removes what killed set-ups left; where one was killed while it changed environments, it is finished."""
    for folder in leftovers.abandoned(target.parent, *leftovers.SETUPS):
        if (folder / "old").is_dir() and not target.exists():
            with contextlib.suppress(OSError):  # another QGIS does the same at this moment
                (folder / "engine" if (folder / "engine").is_dir() else folder / "old").rename(target)
    leftovers.sweep(target.parent, *leftovers.SETUPS)


# --- the steps -------------------------------------------------------------------------------------------------------


def _build(plan: Plan, base: Path, locked: Sequence[Path], folder: Path, feedback: QgsProcessingFeedback) -> None:
    building, handed_over = folder / "engine", _variables(folder)
    feedback.setProgressText(f"Making an environment with {base}")
    _call([*isolated(base), str(_WATCHED), "venv", str(building)], "making the environment", feedback, handed_over)
    feedback.setProgress(10)
    feedback.setProgressText("Installing the engine's packages")
    source = ["--no-index", "--find-links", plan.wheels] if plan.wheels else []
    exact = ["--require-hashes", "--only-binary", ":all:", "--no-deps"] if locked else []
    lists = [part for file in locked or plan.requirements for part in ("--requirement", str(file))]
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", *source, *exact, *lists]
    pip = [*isolated(python_of(building)), str(_WATCHED), "pip", "install", *options]
    _call(pip, "installing packages", feedback, handed_over)
    _call([*isolated(python_of(building)), "-c", plan.proof], "trying the packages", feedback, {})
    made = {"made": time.strftime("%Y-%m-%d"), "from": [file.name for file in locked or plan.requirements]}
    (building / RECORD).write_text(json.dumps(made), encoding="utf-8")


def _variables(folder: Path) -> dict[str, str]:
    """What pip is told: QGIS's proxy, and to keep what it unpacks where it goes with the set-up."""
    scratch = folder / "scratch"
    scratch.mkdir()
    return {**proxy.variables(), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}


def _choose_locks(plan: Plan, told: Mapping[str, Any], feedback: QgsProcessingFeedback) -> list[Path]:
    """The lock files to install from; [] for the ranges of the lists. The log says which, and why."""
    system, machine = told["platform"]
    python = str(told["version"])
    known = system == "win32" or _is_new_enough(told["system"])
    found = locks.fitting(plan.lists, plan.parts, (system, machine), python) if known else []
    lacking = locks.missing_wheels(found, python, Path(plan.wheels)) if plan.wheels else []
    if found and not lacking:
        names = ", ".join(file.name for file in found)
        feedback.pushInfo(f"Exact versions are installed, and the hash of every file is checked ({names}).")
        return found
    why = f"no lock file is for Python {python} on {system} {machine} ({' '.join(told['system'])})"
    if lacking:
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        why = f"the folder of wheels has not the locked versions of {', '.join(lacking[:10])}{more}"
    feedback.pushInfo(f"Versions within the ranges of the lists are installed, without hashes: {why}.")
    return []


def _is_new_enough(system: Sequence[str]) -> bool:
    """Whether the locked files run there. `system`: its name and version, as ('glibc', '2.36')."""
    name, version = system
    least = _OLDEST.get(name)
    return least is not None and tuple(map(int, re.findall(r"\d+", version)[:2])) >= least


def _check_room(plan: Plan) -> None:
    """Raises RoomMissing."""
    needs = sum(_ROOM[part] for part in ("", *plan.parts))
    if "train" in plan.parts and sys.platform == "linux" and not plan.wheels:
        needs += _ROOM_OF_CUDA
    has = shutil.disk_usage(plan.target.parent).free / 1e9
    if has < needs:
        raise RoomMissing(str(plan.target.parent), needs, has)


def _call(command: list[str], step: str, feedback: QgsProcessingFeedback, handed_over: Mapping[str, str]) -> None:
    """Every line that a program prints is shown, and moves the bar a little on to its end."""
    with Child(command, handed_over) as child:
        for line in child.lines(feedback.isCanceled):
            feedback.pushConsoleInfo(proxy.mask(line.rstrip(), handed_over))
            if line.lstrip().startswith(("Collecting", "Processing", "Downloading", "Installing")):
                # How many packages will come is not known before; a fixed share of the rest never overtakes itself.
                feedback.setProgress(feedback.progress() + 0.04 * (95 - feedback.progress()))
        status = child.wait()
        if status:
            for word in list(child.words)[-20:]:
                feedback.pushConsoleInfo(proxy.mask(word, handed_over))
            raise EngineSetupFailed(step, proxy.mask(_reason(child) or describe_exit(status), handed_over))


def _reason(child: Child) -> str:
    """Why it failed: pip tells of wrong hashes at length, what matters first."""
    if any("DO NOT MATCH THE HASHES" in word for word in child.words):
        return "a package is not the file that its lock names, and was not installed: see the log"
    return child.last_words


def _base_interpreter(chosen: str, feedback: QgsProcessingFeedback) -> Path:
    """An interpreter that can make the environment: the user's, or the one QGIS was built with."""
    places = [Path(chosen)] if chosen else _own_interpreters()
    python = next((p for p in places if p.is_file()), None)
    if python is None:
        raise BadInput(f"No Python interpreter at {', '.join(map(str, places))}: choose one (3.10 or newer).")
    return python


def _own_interpreters() -> list[Path]:
    """Where QGIS's own Python may be. Not sys.executable: that is QGIS itself, or any Python of the PATH."""
    prefix = Path(sys.base_exec_prefix)
    return [prefix / "python.exe", prefix / "bin" / "python3", Path(shutil.which("python3") or "python3")]


def _replace(folder: Path, target: Path) -> None:
    """Puts the new environment in the place of the old one, which goes with the folder.

    A venv holds its own path only in scripts for the shell, which the engine does not use, so it may be renamed.
    """
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    if target.exists():
        target.rename(folder / "old")
    try:
        (folder / "engine").rename(target)
    except OSError:
        if (folder / "old").is_dir():
            (folder / "old").rename(target)
        raise
