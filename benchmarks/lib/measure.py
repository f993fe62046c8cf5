"""Seconds by the clock and of the processor, peak memory, medians."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib.places import ROOT

ENGINE = (sys.executable, "-m", "crop_classifier_plugin.engine")


@dataclass(frozen=True)
class Cost:
    """`seconds` by the clock tell of the machine's other work too, `busy` are the process's own on the processor."""

    seconds: float
    busy: float
    peak: float  # MiB


def engine(folder: Path, *words: str) -> float:
    """Runs a command of the engine in a folder, as a terminal does; seconds of processor time."""
    before = _of_children()
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run((*ENGINE, *words), cwd=folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return _of_children() - before


def recorded(folder: Path, output: str, *words: str) -> Cost:
    """The same, with the seconds and the memory that the run record of its output tells."""
    busy = engine(folder, *words)
    record = json.loads((folder / output).with_suffix(".run.json").read_text(encoding="utf-8"))
    return Cost(float(record["seconds"]), busy, float(record["peak_memory_mib"]))


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spent() -> tuple[float, float]:
    """Seconds by the clock, and of the processor by this process and those it waited for; from any start."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), own.ru_utime + own.ru_stime + _of_children()


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of the processor seconds of some runs."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)
