#!/usr/bin/python3
"""Stands in for the engine's interpreter: acts out what FAKE_ENGINE names, as the real engine would tell it.

Called as `fake_engine.py -I -X utf8 bootstrap.py run JOB.json`.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def emit(event, **values):
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


def progress(fraction, message="Classifying", done=0, total=0, left=None):
    emit("progress", fraction=fraction, message=message, done=done, total=total, seconds_left=left)


held = []  # what this process locks, as long as it lives


def temporaries(job):
    """What the engine would leave when nobody tidies up: its stage, which it holds; and a file that is not its own."""
    folder = Path(job["folder"]) if job.get("folder") else Path(job["written"]["class_map"]).parent
    ours = folder / f".crop-classifier-{0:012x}.{os.getpid()}.part"
    (ours / "new").mkdir(parents=True)
    held.append((ours / "lock").open("w"))
    fcntl.flock(held[-1], fcntl.LOCK_EX)
    (ours / "new" / "truth.tif").write_text("half")
    (folder / ".truth.1.part.tif").write_text("of another program")
    return ours


def result(job):
    folder = job.get("folder", "")
    emit("result", device="cpu", outputs={"truth": f"{folder}/truth.tif", "parcels": f"{folder}/p.gpkg", "scenes": []})


def good(job):
    emit("log", level="info", text="Running on cpu: no GPU was found.")
    emit("log", level="warning", text="Take care.")
    for done, fraction in enumerate((0.1, 0.4, 0.3, 0.9), start=1):  # one step goes back
        progress(fraction, "Classifying", done, 4, left=80.2)
    result(job)


def slow(job):
    for step in range(40):
        progress(step / 40, "Simulating", step, 40, left=(40 - step) * 0.05)
        time.sleep(0.05)
    result(job)


def noise(job):
    sys.stderr.write("Warning 1: something from GDAL\n" * 20000)
    sys.stderr.buffer.write(b"\xff\xfe not utf-8\n")
    sys.stdout.write("a library prints\n[1, 2]\n{broken\n\n")
    result(job)


def refuse(job):
    emit("error", code="no-overlap", sentence="A and B do not overlap: choose layers of the same area.")
    sys.exit(1)


def crash(job):
    temporaries(job)
    raise RuntimeError("a fault of the program")


def internal(job):
    """A fault that the engine itself notices: its traceback goes to the log, its sentence to the user."""
    sys.stderr.write("Traceback (most recent call last):\n  in the middle of it\nKeyError: 'B04'\n")
    emit("error", code="internal", sentence="The program failed in a way nobody foresaw (KeyError: 'B04').")
    sys.exit(1)


def exit_137(job):
    sys.exit(137)


def segfault(job):
    os.kill(os.getpid(), signal.SIGSEGV)


def silent(job):
    sys.exit(0)


def killed(job):
    temporaries(job)
    progress(0.5)
    sys.stderr.write("allocating 900 GB\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def killed_with_worker(job):
    subprocess.Popen(["sleep", "20"])  # inherits the pipes, as a worker process would
    killed(job)


def killed_behind_a_launcher(job):
    """The stage bears another number than that of the process that was started, as on Windows."""
    temporaries(job).rename(Path(job["folder"]) / f".crop-classifier-{0:012x}.4711.part")
    os.kill(os.getpid(), signal.SIGKILL)


def endless(job):
    """Says nothing, and tidies up when it is asked to end."""
    ours = temporaries(job)

    def end(number, frame):
        shutil.rmtree(ours)
        emit("error", code="cancelled", sentence="Cancelled: no output was written.")
        sys.exit(143)

    signal.signal(signal.SIGTERM, end)
    progress(0.1)
    time.sleep(60)


def done_when_cancelled(job):
    asked = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    progress(0.9)
    while not asked:
        time.sleep(0.01)
    result(job)


def stubborn(job):
    temporaries(job)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    progress(0.1)
    time.sleep(60)


def environment(job):
    emit("log", level="info", text=json.dumps(dict(os.environ)))
    emit("log", level="info", text=json.dumps(sys.argv[1:]))
    result(job)


if __name__ == "__main__":
    emit("started", pid=os.getpid())
    globals()[os.environ["FAKE_ENGINE"]](json.loads(Path(sys.argv[-1]).read_text()))
