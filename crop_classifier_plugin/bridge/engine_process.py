"""A program in a process of its own, whose lines are followed while the user may cancel it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Optional

from ..shared.cancel import PROGRAM_GRACE
from ..shared.errors import Cancelled, EngineBroken

POLL = 0.05  # s between two looks at the cancel button
DRAIN = 1.0  # s to wait for the last lines of a program that is gone but whose pipe somebody still holds

# Variables with which QGIS points its own Python, GDAL and PROJ to their files; another Python's GDAL breaks with them.
FOREIGN = ("GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA")


def clean_environment() -> dict[str, str]:
    """This process's variables without those that would lead another Python to QGIS's own packages."""
    kept = {k: v for k, v in os.environ.items() if k not in FOREIGN and not k.startswith("PYTHON")}
    return {**kept, "PIP_USER": "0", "CROP_CLASSIFIER_ENDS_WITH_PARENT": "1"}


def python_of(venv: Path) -> Path:
    """The interpreter in an environment's folder."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def isolated(python: Path) -> list[str]:
    """An interpreter that heeds no variable and no package of the user's."""
    return [str(python), "-I", "-X", "utf8"]


class Child:
    """`with Child(command) as child: for line in child.lines(cancelled): ...`; never outlives its block.

    `variables` go over those of this process. Raises EngineBroken where the program cannot be started.
    """

    def __init__(self, command: list[str], variables: Optional[Mapping[str, str]] = None) -> None:
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={**clean_environment(), **(variables or {})},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise EngineBroken(f"{command[0]} cannot be started: {error.strerror or error}") from None
        self.pid = self.process.pid  # until the program itself says better
        self._lines: queue.Queue[Optional[str]] = queue.Queue()
        self.words: deque[str] = deque(maxlen=200)  # what may explain a failure
        self._listener = threading.Thread(target=self._read_words, args=(self.process.stderr,), daemon=True)
        self._listener.start()
        threading.Thread(target=self._read_lines, args=(self.process.stdout,), daemon=True).start()

    def lines(self, cancelled: Callable[[], bool]) -> Iterator[str]:
        """Lines of standard output until the program ends. Raises Cancelled, with the program stopped.

        A program that was done before it heard of the cancel is followed to its end: its outputs are there.
        """
        gone_since: Optional[float] = None
        while True:
            if cancelled() and self.stop():
                raise Cancelled
            try:
                line = self._lines.get(timeout=POLL)
            except queue.Empty:
                # A worker of a killed program can hold the pipe open: do not wait for its end then.
                if self.process.poll() is None:
                    continue
                gone_since = gone_since or time.monotonic()
                if time.monotonic() - gone_since > DRAIN:
                    return
                continue
            if line is None:
                return
            yield line

    def wait(self) -> int:
        """The exit status, once the program is gone and its last words are heard."""
        status = self.process.wait()
        self._listener.join(DRAIN)
        return status

    def note(self, line: str) -> None:
        """Keeps a line that is no event, for what is told when the engine dies."""
        if line.strip():
            self.words.append(line.rstrip())

    @property
    def last_words(self) -> str:
        """The last line that was no event."""
        return self.words[-1].strip() if self.words else ""

    def stop(self) -> int:
        """Asks the program to end, makes it end when it does not, and returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PROGRAM_GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()

    def _read_lines(self, pipe: IO[str]) -> None:
        with contextlib.closing(pipe):
            for line in pipe:
                self._lines.put(line)
        self._lines.put(None)

    def _read_words(self, pipe: IO[str]) -> None:
        with contextlib.closing(pipe):
            for line in pipe:
                self.note(line)


def describe_exit(status: int) -> str:
    """An exit status in words: 'killed by SIGKILL', 'exit status 1'."""
    known = {s.value: s.name for s in signal.Signals}
    if status - 128 in known:  # how a shell, a container or the engine itself tells it
        return f"exit status {status}, killed by {known[status - 128]}"
    if status >= 0:
        return f"exit status {status}"
    return f"killed by {known.get(-status, f'signal {-status}')}"
