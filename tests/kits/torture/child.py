"""The engine in a forked child, with one fault planned: what runs in there.

Steps are what Python is told by its audit hooks of the files under a folder: opened for writing, made, renamed, linked,
removed. GDAL's own writing lies between them; kills at random moments reach it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crop_classifier_plugin.engine.execution import signals

STEPS = ("open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate")
STRUCK = "struck"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Plan:
    """What befalls a run."""

    watched: str  # folder whose steps count
    temporary: str = ""  # for TMPDIR; "" = as it is
    step: int = 0  # befallen before this step, counted from 1; 0 = not
    seconds: float = -1.0  # befallen so long after the first step; below 0 = not
    number: int = signal.SIGKILL  # what it is befallen by
    links: bool = True  # whether the file system has hard links
    steps_file: str = ""  # where the steps are told, a line each: seconds since the start, event, path
    file_size: int = 0  # bytes that a file may have; 0 = any number
    memory: int = 0  # bytes more than the child has at its start; 0 = any number
    user: int = 0  # who runs it, where this user may choose; 0 = the same
    folder: str = ""  # where it runs; "" = the same
    orphaned: float = -1.0  # the run's own parent, as QGIS is one, is killed so long after its start; below 0 = not
    pid_file: str = ""  # where the number of the process is told that has such a parent


class Steps:
    """Counts the steps and does what is planned at them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.count, self.start = plan, 0, time.monotonic()
        self.told = plan.steps_file
        if self.told:
            Path(self.told).write_text("", encoding="utf-8")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in STEPS or not self._counts(event, arguments):
            return
        self.count += 1
        self._tell(f"{time.monotonic() - self.start:.4f} {event} {arguments[0]}")
        if self.count == self.plan.step:
            self.strike()
        if self.count == 1 and self.plan.seconds >= 0:
            timer = threading.Timer(self.plan.seconds, self.strike)
            timer.daemon = True
            timer.start()
        if event == "os.link" and not self.plan.links:
            raise OSError(95, "Operation not supported")

    def strike(self) -> None:
        self._tell(f"{time.monotonic():.4f} {STRUCK} {self.plan.number}")
        os.kill(os.getpid(), self.plan.number)

    def _tell(self, line: str) -> None:
        if self.told:
            with Path(self.told).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def _counts(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return False
        paths = [os.fsdecode(each) for each in arguments[:2] if isinstance(each, str | bytes | os.PathLike)]
        return any(os.path.abspath(path).startswith(self.plan.watched) for path in paths)


def run(words: tuple[str, ...], out: str, err: str, plan: Plan) -> None:
    """`crop-classifier` with these words, its output in two files."""
    for stream, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
        os.close(file)
    signals.leave_at_once()  # as a program does that has just started
    _limit(plan)
    if plan.temporary:
        os.environ["TMPDIR"] = plan.temporary
    if plan.folder:
        os.chdir(plan.folder)
    if plan.user and not os.getuid():
        os.setgid(plan.user)
        os.setuid(plan.user)
    if plan.orphaned >= 0:
        _get_a_parent(plan)
    sys.addaudithook(Steps(plan))
    code = _exit_code(lambda: _main(words))
    with contextlib.suppress(OSError):  # a full disk
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _limit(plan: Plan) -> None:
    if plan.file_size:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (plan.file_size, plan.file_size))
    if plan.memory:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + plan.memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _get_a_parent(plan: Plan) -> None:
    """Goes on in a child; this process dies as a crashed QGIS does."""
    from crop_classifier_plugin.engine.execution.dispatch import WATCHED

    os.environ[WATCHED] = "1"
    pid = os.fork()
    if pid:
        Path(plan.pid_file).write_text(f"{pid}", encoding="ascii")
        time.sleep(plan.orphaned)
        os.kill(os.getpid(), signal.SIGKILL)


def _main(words: tuple[str, ...]) -> None:
    from crop_classifier_plugin.engine.__main__ import main

    sys.argv = ["crop-classifier", *words]
    main()


def _exit_code(work: Callable[[], None]) -> int:
    """As the interpreter would end."""
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter tells what nobody caught
        sys.excepthook(*sys.exc_info())
        return 1
    return 0
