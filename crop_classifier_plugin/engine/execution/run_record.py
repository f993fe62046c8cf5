"""The run record beside an output: what was asked, what was used, how long it took."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from ...shared.jobs import registry
from .outputs import Outputs
from .ownership import RECORD
from .reporter import Reporter

_PACKAGES = ("numpy", "rasterio", "onnxruntime", "torch")


class RunRecord:
    """Made when a job starts, saved as `<name>.run.json` when it ends."""

    def __init__(self, job: Any) -> None:
        self._job = job
        self._started = time.monotonic()
        self._at = dt.datetime.now(dt.timezone.utc)

    @property
    def seconds(self) -> float:
        """Since the job started."""
        return round(time.monotonic() - self._started, 2)

    def save(self, outputs: Outputs, beside: str, facts: dict[str, Any], reporter: Reporter) -> None:
        """Writes the record beside the output `beside` and tells the user time and peak memory."""
        self.write(outputs, beside, facts, reporter)
        peak = peak_memory_mib()
        memory = f", peak memory {peak:.0f} MiB" if peak else ""
        reporter.log(f"Done in {self.seconds:.1f} s{memory}.")

    def write(self, outputs: Outputs, beside: str, facts: dict[str, Any], reporter: Reporter) -> None:
        """Writes the record as it is now."""
        record = {
            "job": json.loads(registry.dump(self._job)),
            "started": self._at.isoformat(timespec="seconds"),
            "seconds": self.seconds,
            "peak_memory_mib": peak_memory_mib(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": versions(),
            **facts,
            **reporter.noted,
        }
        outputs.write_record(Path(beside).with_suffix(RECORD), record)


def versions() -> dict[str, str]:
    """Versions of the packages that are loaded in this run."""
    return {name: metadata.version(name) for name in _PACKAGES if name in sys.modules}


def peak_memory_mib() -> float | None:
    """The process's own peak resident memory; None where the system does not tell (Windows).

    Linux tells it in /proc: its ru_maxrss counts what the process held that started this one, as QGIS does.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return round(int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))[0]) / 2**10, 1)
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
