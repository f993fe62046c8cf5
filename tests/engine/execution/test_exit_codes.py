"""The program ends with 0, 1, or the code of its signal, whenever that comes, and never with a traceback."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from crop_classifier_plugin.engine.execution import signals
from crop_classifier_plugin.engine.execution.reporter import Stop
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from kits.program import ENGINE, classify, contents, environment, make_place, posix

TRIES = int(os.environ.get("CROP_CLASSIFIER_SIGNALS", "8"))  # a long form: some hundreds
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129} if os.name == "posix" else {}
# Tells when the program's first line has run: until then, a signal is Python's own business.
MARKED = """
import os, runpy, sys
sys.path.insert(0, os.environ["PYTHONPATH"])
import crop_classifier_plugin.engine.execution.signals as signals
signals.leave_at_once()
os.write(int(os.environ["MARK"]), b"*")
os.close(int(os.environ["MARK"]))
sys.argv[0] = "crop-classifier"
runpy.run_module("crop_classifier_plugin.engine", run_name="__main__")
"""


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """The program, once its first line has run."""
    seen, marks = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", MARKED, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | {"MARK": str(marks)},
        pass_fds=[marks],
    )
    os.close(marks)
    os.read(seen, 1)
    os.close(seen)
    return process


def end_at(arguments: list[str], moment: float, sent: signal.Signals) -> tuple[int, str, str]:
    process = start(arguments)
    time.sleep(moment)
    process.send_signal(sent)
    out, told = process.communicate(timeout=30)
    return process.returncode, out, told


@posix
@pytest.mark.timeout(600)
def test_a_signal_at_any_moment_ends_it_with_its_code_and_without_a_traceback(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    path = tmp_path / "job.json"
    path.write_text(registry.dump(classify(place)))
    began = time.monotonic()
    assert start(["run", str(path)]).wait(60) == 0
    whole = time.monotonic() - began
    (place / "map.tif").write_bytes(b"an earlier map")
    rng = random.Random(20_261_128)
    for number in range(TRIES):
        sent = rng.choice(list(CODES))
        moment = whole * (number + rng.random()) / TRIES
        code, out, told = end_at(["run", str(path)], moment, sent)
        assert "Traceback" not in out + told, (moment, sent, told)
        assert "Exception ignored" not in told, (moment, sent, told)
        done = '"event": "result"' in out
        assert code == (0 if done else CODES[sent]), (moment, sent, out, told)
        assert not [name for name in contents(place) if ".part" in name]


@posix
@pytest.mark.parametrize("sent", CODES)
def test_a_signal_while_it_lists_or_starts_ends_it_with_its_code(sent: signal.Signals) -> None:
    for moment in (0, 0.05, 0.15):
        code, _, told = end_at(["--help"], moment, sent)
        assert code in (CODES[sent], 0)
        assert "Traceback" not in told


@posix
def test_a_terminal_that_goes_does_not_end_what_nohup_started(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(registry.dump(SimulateJob(str(tmp_path / "season"), 64, 64, sentinel1=False, modis=False)))
    command = ["nohup", *ENGINE, "run", str(job)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0


@posix
def test_the_first_signal_counts() -> None:
    stop = Stop()
    stop.set(signal.SIGINT)
    stop.set(signal.SIGTERM)
    assert (stop.is_set(), stop.exit_code) == (True, 130)
    parent_gone = Stop()
    parent_gone.set()
    assert parent_gone.exit_code == signals.exit_code(signal.SIGTERM) == 143


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("line", "full"),
    [
        ("--help", True),
        ("networks", False),
        ("simulate-season --out s --width 64 --height 64", True),
        ("simulate-season --out s --width 64 --height 64 --json", True),
        ("simulate-season --out s --width 64 --height 64 --json", False),
    ],
)
def test_output_that_nobody_takes_is_one_sentence(tmp_path: Path, line: str, full: bool) -> None:
    """A full disk behind standard output, or a reader that has left."""
    command = [*ENGINE, *line.split()]
    with open("/dev/full", "wb") if full else gone() as out:
        done = subprocess.run(
            command, stdout=out, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path, check=False
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    said = [told for told in done.stderr.splitlines() if told.startswith("Error: Cannot write standard output (")]
    assert len(said) == (full or "--json" in line)  # click is silent where the reader of a list has left
    assert "--json" not in line or not list(tmp_path.rglob("*.tif"))


def gone() -> IO[bytes]:
    """A pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "wb")


def test_a_package_that_does_not_load_is_one_sentence(tmp_path: Path) -> None:
    """As after an upgrade of the system: the interpreter is there, its packages are not."""
    job = tmp_path / "job.json"
    job.write_text(registry.dump(SimulateJob(str(tmp_path / "season"), 64, 64)))
    for package, line in (("click", ["run", str(job)]), ("rasterio", ["run", str(job)]), ("click", ["--help"])):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / f"{package}.py").write_text("raise ImportError('its library is gone', name=__name__)\n")
        variables = environment()
        variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path / package), variables["PYTHONPATH"]])
        done = subprocess.run([*ENGINE, *line], capture_output=True, text=True, env=variables, check=False, timeout=60)
        assert done.returncode == 1
        told = json.loads(done.stdout.splitlines()[-1])["sentence"] if line[0] == "run" else done.stderr
        assert "The engine's environment is broken (its library is gone): run 'Set up the engine'" in told
        assert "Traceback" not in done.stderr
