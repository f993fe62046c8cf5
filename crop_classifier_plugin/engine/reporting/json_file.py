"""The one door by which reports are written as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..execution.outputs import Outputs


def write_json(out: Outputs, path: str | Path, document: Any) -> None:
    """The document at `path`; "" = not asked for. Raises ValueError for NaN: what is undefined is None."""
    if path:
        out.write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
