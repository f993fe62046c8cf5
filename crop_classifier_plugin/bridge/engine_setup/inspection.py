"""What an interpreter is and has, asked of itself; and in one sentence what keeps it from being the engine's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...shared.engine_packages import requirements
from ...shared.engine_packages.requirements import Requirement
from ...shared.errors import EngineBroken, EngineUnfit
from ..engine_process import Child, describe_exit

OLDEST = (3, 10)
PATIENCE = 60.0  # s that an interpreter has to answer (choice): the first import after a start of the machine is slow
_MANY = 2000  # lines that no answer has
_MOST_NAMED = 10


@dataclass(frozen=True)
class Inspection:
    """An interpreter's own words."""

    python: tuple[int, ...]
    versions: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)  # package -> why it does not load
    providers: tuple[str, ...] = ()  # of ONNX Runtime


def inspect(python: Path, needed: Sequence[Requirement], cancelled: Callable[[], bool]) -> Inspection:
    """Asks an interpreter. Raises EngineUnfit where it does not answer as a Python does; Cancelled."""
    check_runs(python, cancelled)
    script = Path(__file__).parent / "probe.py"
    told = ask(python, [str(script), *(each.name for each in needed)], cancelled)
    return Inspection(tuple(told["python"]), told["versions"], told["failures"], tuple(told["providers"]))


def problem(found: Inspection, needed: Sequence[Requirement]) -> str:
    """What keeps the interpreter from being the engine's; "" where nothing does."""
    missing = requirements.unmet(needed, found.versions)
    if missing:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        return f"it lacks {', '.join(missing[:_MOST_NAMED])}{more}"
    return next((f"{name} does not load: {reason}" for name, reason in found.failures.items()), "")


def check_runs(python: Path, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """What an interpreter of at least Python 3.10 says of itself. Raises EngineUnfit, Cancelled."""
    told = ask(python, ["-c", _WHO], cancelled)
    version = ".".join(map(str, told["python"][:2]))
    if tuple(told["python"]) < OLDEST:
        raise EngineUnfit(str(python), f"it is Python {version}, and 3.10 or newer is needed")
    return {**told, "version": version}


_WHO = (
    "import json, platform, sys\n"
    "try:\n    import venv, ensurepip; missing = ''\n"
    "except ImportError as error: missing = str(error)\n"
    "print(json.dumps({'python': list(sys.version_info[:2]), 'missing': missing,\n"
    "    'system': platform.libc_ver() if sys.platform == 'linux' else ('macos', platform.mac_ver()[0]),\n"
    "    'platform': [sys.platform, platform.machine()]}))"
)


def ask(python: Path, arguments: list[str], cancelled: Callable[[], bool]) -> dict[str, Any]:
    """The JSON object in the last line that an interpreter prints. Raises EngineUnfit, Cancelled."""
    until = time.monotonic() + PATIENCE
    lines: list[str] = []
    try:
        with Child([str(python), "-I", "-X", "utf8", *arguments]) as child:
            for line in child.lines(cancelled):
                lines.append(line)
                if len(lines) > _MANY or time.monotonic() > until:
                    raise EngineUnfit(str(python), "it does not answer as a Python interpreter does")
            status, words = child.wait(), child.last_words
    except EngineBroken as error:
        raise EngineUnfit(str(python), error.reason) from None
    if status:
        raise EngineUnfit(str(python), words or describe_exit(status))
    try:
        told = json.loads(lines[-1])
    except (ValueError, IndexError):
        told = None
    if not isinstance(told, dict):
        raise EngineUnfit(str(python), "it does not answer as a Python interpreter does")
    return told
