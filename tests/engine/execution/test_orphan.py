"""An engine that QGIS started ends with QGIS; one that a server started goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.dispatch import WATCHED
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from kits.program import ENGINE, environment, posix

# Starts the engine, tells its number, waits for its first event, and dies as a crashed QGIS does.
PARENT = """
import os, signal, subprocess, sys, time
events = open(sys.argv[1], "w")
engine = subprocess.Popen(sys.argv[2:], stdout=events)
while not os.path.getsize(sys.argv[1]):
    time.sleep(0.02)
print(engine.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


@posix
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("watched", [True, False])
def test_an_orphan_ends_only_if_it_was_told_to(tmp_path: Path, watched: bool) -> None:
    job = tmp_path / "job.json"
    job.write_text(registry.dump(SimulateJob(str(tmp_path / "season"), 6000, 6000)))
    variables = environment() | ({WATCHED: "1"} if watched else {})
    command = [sys.executable, "-c", PARENT, str(tmp_path / "events"), *ENGINE, "run", str(job)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=variables, check=False, timeout=60)
    engine = int(done.stdout)
    try:
        deadline = time.monotonic() + (10 if watched else 1.5)
        while alive(engine) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive(engine) != watched
        assert not watched or not list((tmp_path / "season").glob(".*.part*"))
    finally:
        if alive(engine):
            os.kill(engine, signal.SIGKILL)
