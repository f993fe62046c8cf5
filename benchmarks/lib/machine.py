"""What measured: the machine and the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

GIB = 2**30


def machine(*packages: str) -> str:
    """Processor, cores, memory, Python and the versions of these packages, as one phrase."""
    names = [line.partition(":")[2].strip() for line in _lines("cpuinfo") if line.startswith("model name")]
    hardware = (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {memory('MemTotal') / GIB:.0f} GiB"
    )
    return ", ".join([hardware, f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in packages)])


def memory(what: str) -> int:
    """Bytes of a row of /proc/meminfo, as MemTotal or MemAvailable."""
    return next(int(line.split()[1]) * 1024 for line in _lines("meminfo") if line.startswith(f"{what}:"))


def load() -> str:
    """How busy the machine is meanwhile, as Linux tells it: processes that ran or wanted to, over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def _lines(name: str) -> list[str]:
    return Path("/proc", name).read_text(encoding="utf-8").splitlines()
