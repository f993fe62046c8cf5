"""What a dock knows, kept in the project: it is there again when the project is opened."""

from __future__ import annotations

import json
from typing import Any

from qgis.core import QgsProject

SCOPE = "crop_classifier"


def read(key: str, default: Any) -> Any:
    """A value of the project; the default where there is none, or one of another type (a project is untrusted)."""
    text, found = QgsProject.instance().readEntry(SCOPE, key, "")
    if not found:
        return default
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return default
    return value if isinstance(value, type(default)) else default


def write(key: str, value: Any) -> None:
    """Keeps a value, which JSON must be able to hold, in the project; the project is changed by it."""
    if read(key, type(value)()) != value:
        QgsProject.instance().writeEntry(SCOPE, key, json.dumps(value))
