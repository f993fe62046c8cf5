"""All jobs by kind, read from the modules of this folder; as JSON and back. Standard library only."""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..codec import build
from ..errors import BadInput
from ..texts.bounded import bounded_json
from .job_values import check_values


def _jobs() -> dict[str, Any]:
    """Every class in this folder's modules that has a kind, by that kind."""
    folders = importlib.import_module(__package__).__path__
    names = sorted(m.name for m in pkgutil.iter_modules(folders) if m.name != __name__.rpartition(".")[2])
    modules = [importlib.import_module(f".{name}", __package__) for name in names]
    found = [c for module in modules for c in vars(module).values() if isinstance(c, type) and hasattr(c, "kind")]
    return {c.kind: c for c in sorted(found, key=lambda c: str(c.kind))}


JOBS = _jobs()


def dump(job: Any) -> str:
    """The job as JSON text. Raises BadInput for values that no job can have."""
    check_values(job)
    return json.dumps({"kind": job.kind, **asdict(job)}, indent=1)


def load(path: str | Path) -> Any:
    """The job in a JSON file. Raises BadInput with a sentence when it is none."""
    try:
        data = bounded_json(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"The job file {path} cannot be read ({error}): give a job in JSON.") from None
    return parse(data)


def parse(data: Any) -> Any:
    """A job from its dictionary; checks the kind, the field names and the types."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in JOBS:
        raise BadInput(f"The job kind {kind!r} is unknown: use one of {', '.join(sorted(JOBS))}.")
    job = build(JOBS[kind], {key: value for key, value in data.items() if key != "kind"})
    check_values(job)
    return job
