"""Everything that explains why an engine does not run, as one text to paste into a report; the home folder masked."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QT_VERSION_STR

from ... import assets
from ...shared.engine_packages import requirements
from ...shared.errors import CropClassifierError
from .. import environment, shipped_models
from ..engine_process import Child
from . import inspection, proxy
from .install import PARTS, RECORD

_GPU = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
_TOLD = re.compile(r"(CROP_CLASSIFIER_|PIP_).*|.*_PROXY", re.IGNORECASE)  # variables whose names are told, no values


def diagnostics(cancelled: Callable[[], bool]) -> str:
    """The text, a line a fact. Raises Cancelled."""
    return mask_home("\n".join([*_program(), *_engine(cancelled), *_machine(cancelled)]))


def mask_home(text: str) -> str:
    """The text with the user's home folder as ~, however it is written."""
    home = Path.home()
    for form in sorted({str(home), str(home.resolve()), home.as_posix()}, key=len, reverse=True):
        if len(form) > 1:  # not the root
            text = re.sub(rf"{re.escape(form)}(?![\w.-])", "~", text)
    return text


def _program() -> Iterator[str]:
    metadata = (assets.root() / "metadata.txt").read_text(encoding="utf-8")
    version = re.search(r"^version=(.+)$", metadata, re.MULTILINE)
    yield f"Crop Classifier {version.group(1).strip() if version else '?'} in {assets.PACKAGE}"
    yield f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, Python {platform.python_version()}, {platform.platform()}"
    yield f"Profile: {QgsApplication.qgisSettingsDirPath()}"
    yield f"Models: {len(shipped_models.own())} of one's own in {shipped_models.own_models()}"


def _engine(cancelled: Callable[[], bool]) -> Iterator[str]:
    try:
        python = environment.find()
        yield f"Engine: {python}"
        yield from _made(python)
        yield from _packages(python, cancelled)
    except CropClassifierError as error:
        if error.code == "cancelled":
            raise
        yield f"Engine: {error.sentence}"


def _made(python: Path) -> Iterator[str]:
    """How 'Set up the engine' made the environment, where it did."""
    try:
        made = json.loads((python.parents[1] / RECORD).read_text(encoding="utf-8"))
        yield f"  made {made['made']} from {', '.join(made['from'])}"
    except (OSError, ValueError, LookupError, TypeError):
        yield "  not made by 'Set up the engine'"


def _packages(python: Path, cancelled: Callable[[], bool]) -> Iterator[str]:
    lists = {"": "requirements.txt", **PARTS}
    needed = {part: requirements.read([assets.engine_lists() / name]) for part, name in lists.items()}
    found = inspection.inspect(python, [each for part in needed.values() for each in part], cancelled)
    computes = ", ".join(found.providers) or "nothing"
    yield f"  Python {'.'.join(map(str, found.python))}; ONNX Runtime computes on {computes}"
    for part, wanted in needed.items():
        wrong = requirements.unmet(wanted, found.versions)
        title = {"": "needed by every job", "train": "for training", "clouds": "for cloud masks"}[part]
        there = [f"{each.name} {found.versions[each.name]}" for each in wanted if found.versions[each.name]]
        yield f"  {title}: {', '.join(there) or 'nothing'}"
        if wrong:
            yield f"    lacking: {', '.join(wrong)}"
    for name, reason in found.failures.items():
        yield f"  {name} does not load: {reason}"


def _machine(cancelled: Callable[[], bool]) -> Iterator[str]:
    yield f"Processor cores: {os.cpu_count()}"
    for title, folder in (("profile", QgsApplication.qgisSettingsDirPath()), ("temporary", tempfile.gettempdir())):
        place = next((each for each in (Path(folder), *Path(folder).parents) if each.is_dir()), Path("/"))
        yield f"Free on the disk of the {title} folder: {shutil.disk_usage(place).free / 1e9:.1f} GB"
    yield f"Graphics: {_graphics(cancelled)}"
    yield f"Proxy of QGIS's settings: {'handed to pip' if proxy.variables() else 'none'}"
    yield f"Variables that are set: {', '.join(sorted(name for name in os.environ if _TOLD.fullmatch(name))) or 'none'}"


def _graphics(cancelled: Callable[[], bool]) -> str:
    """Name, driver and memory of NVIDIA's cards, as their driver tells them."""
    program = shutil.which("nvidia-smi")
    if not program:
        return "no driver of NVIDIA's is installed"
    with Child([program, *_GPU]) as child:
        cards = [line.strip() for line in child.lines(cancelled)]
        status = child.wait()
    return "; ".join(cards) if not status and cards else f"NVIDIA's driver does not answer ({child.last_words})"
