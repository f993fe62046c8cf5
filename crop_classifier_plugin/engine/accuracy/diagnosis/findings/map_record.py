"""What the run record beside a map tells of how it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .....shared.errors import TooLarge
from .....shared.texts.bounded import bounded_json

_LARGEST = 16 * 2**20  # bytes of a record (choice)
_NUMBERS = ("seconds", "peak_memory_mib")
_TEXTS = ("model", "title", "device", "started", "model_sha256")


def map_record(class_map: str) -> dict[str, Any] | None:
    """Of a map that this project made: model, dates, number of scenes, device, holes; None where no record lies there.

    Only what is of its kind is taken: the file may be anybody's.
    """
    path = Path(class_map).with_suffix(".run.json")
    try:
        read = bounded_json(path, _LARGEST)
    except (OSError, ValueError, TooLarge):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("model"), str):
        return None
    told: dict[str, Any] = {key: read[key] if isinstance(read.get(key), str) else None for key in _TEXTS}
    told |= {key: read[key] if _is_number(read.get(key)) else None for key in _NUMBERS}
    dates, scenes, holes = read.get("dates"), read.get("scenes"), read.get("no_data")
    told["dates"] = [str(day) for day in dates if isinstance(day, str)] if isinstance(dates, list) else []
    told["scenes"] = len(scenes) if isinstance(scenes, list) else None
    told["no_data"] = _plain(holes) if isinstance(holes, dict) else {}
    return told


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value and abs(value) < 1e15


def _plain(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in values.items() if isinstance(value, str) or _is_number(value)}
