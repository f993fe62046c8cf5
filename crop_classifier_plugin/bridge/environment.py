"""Where the engine's interpreter is."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsApplication

from .. import assets, settings
from ..shared.errors import EngineBroken, EngineMissing
from .engine_process import isolated, python_of

VARIABLE = "CROP_CLASSIFIER_PYTHON"


def profile_engine() -> Path:
    """Where 'Set up the engine' puts it: in the user's profile, so that it outlives updates of the plugin."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "crop_classifier" / "engine"


def find() -> Path:
    """The engine's interpreter. Raises EngineMissing, EngineBroken; one that the user names is never passed over."""
    for named in (settings.ENGINE_PYTHON.value(), os.environ.get(VARIABLE, "")):
        if named:
            return _existing([Path(named)])
    return _existing([python_of(assets.root() / ".engine"), python_of(profile_engine())])


def command(*arguments: str) -> list[str]:
    """The command line that runs the engine, untouched by the user's own packages and working folder."""
    return [*isolated(find()), str(assets.PACKAGE / "bridge" / "bootstrap.py"), *arguments]


def _existing(places: list[Path]) -> Path:
    for place in places:
        if place.is_file():
            return place
        if place.is_symlink():  # an environment whose Python is gone
            raise EngineBroken(f"{place} leads to a Python that is gone, as after an upgrade of the system")
    raise EngineMissing([str(p) for p in places])
