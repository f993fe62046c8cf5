"""What was done is kept, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def kept(file: Path, work: Callable[..., Any], *given: object) -> Any:
    """What `work` returns, or returned before: JSON values."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(".part")
        whole.write_text(json.dumps(work(*given)) + "\n", encoding="utf-8")
        whole.rename(file)
    return json.loads(file.read_text(encoding="utf-8"))
