"""What a running job tells the world: progress, log lines, and whether it should stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TextIO

from ...shared.errors import Cancelled, OutputNotWritable
from . import signals

Row = Mapping[str, Any]  # of a table in the run record: what JSON holds


class Reporter(Protocol):
    """Handed to every job. The core never prints."""

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        """Says how far the job is (0..1) and raises Cancelled when the user wants it to stop."""

    def log(self, text: str, level: str = "info") -> None:
        """One line for the user; `level` is info or warning."""

    def check(self) -> None:
        """Raises Cancelled when the user wants the job to stop."""

    def note(self, key: str, rows: Iterable[Row]) -> None:
        """Rows of a table `key` of the run record; one that is noted already is not repeated."""

    @property
    def noted(self) -> dict[str, list[Row]]:
        """The tables that were noted."""


class Notes:
    """What a job notes for its run record."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}

    def note(self, key: str, rows: Iterable[Row]) -> None:
        table = self._rows.setdefault(key, {})
        for row in rows:
            table.setdefault(json.dumps(row, sort_keys=True), row)

    @property
    def noted(self) -> dict[str, list[Row]]:
        return {key: list(table.values()) for key, table in self._rows.items()}


class Stop:
    """A flag that a signal sets and a job reads; safe across threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._signal = 0

    def set(self, number: int = signal.SIGTERM) -> None:
        """`number`: of the signal that asks for it; the first one counts."""
        self._signal = self._signal or number
        self._event.set()

    @property
    def exit_code(self) -> int:
        """Of a program that stops because of this."""
        return signals.exit_code(self._signal or signal.SIGTERM)

    def is_set(self) -> bool:
        return self._event.is_set()


def unheard_of(error: OSError) -> OutputNotWritable:
    """What is told on standard error when standard output is gone or full."""
    return OutputNotWritable("standard output", error.strerror or str(error), "give it a reader, or a file with room")


class Silent(Notes):
    """A reporter for tests and libraries: remembers the log, prints nothing."""

    def __init__(self, stop: Stop | None = None) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []
        self.stop = stop or Stop()

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        self.check()

    def log(self, text: str, level: str = "info") -> None:
        self.lines.append((level, text))

    def check(self) -> None:
        if self.stop.is_set():
            raise Cancelled


class JsonLines(Notes):
    """One JSON object a line, as the bridge reads them."""

    def __init__(self, out: TextIO, stop: Stop, least_seconds: float = 0.1) -> None:
        super().__init__()
        self._out, self._stop, self._least = out, stop, least_seconds
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._last = -1.0

    def emit(self, event: str, **values: Any) -> None:
        with self._lock:
            try:
                self._out.write(json.dumps({"event": event, **values}) + "\n")
                self._out.flush()
            except OSError as error:
                raise unheard_of(error) from None

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        if fraction < 1:  # what is done is not cancelled any more
            self.check()
        now = time.monotonic()
        if now - self._last < self._least and fraction < 1:
            return
        self._last = now
        left = seconds_left(now - self._started, fraction)
        self.emit("progress", fraction=round(fraction, 5), message=message, done=done, total=total, seconds_left=left)

    def log(self, text: str, level: str = "info") -> None:
        self.emit("log", level=level, text=text)

    def check(self) -> None:
        if self._stop.is_set():
            raise Cancelled


class Terminal(Notes):
    """A progress bar for people; log lines and the bar go to standard error."""

    def __init__(self, stop: Stop, out: TextIO | None = None) -> None:
        super().__init__()
        self._out = out or sys.stderr
        self._stop = stop
        self._started = time.monotonic()
        self._last = -1.0
        self._bar = self._out.isatty()

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        if fraction < 1:
            self.check()
        now = time.monotonic()
        if not self._bar or (now - self._last < 0.1 and fraction < 1):
            return
        self._last = now
        filled = int(30 * fraction)
        left = seconds_left(now - self._started, fraction)
        time_left = f"  {clock(left)} left" if left is not None else ""
        self._out.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {fraction:4.0%}  {message}{time_left}\033[K")
        self._out.flush()

    def end(self) -> None:
        """Leaves the line of the bar."""
        if self._bar and self._last >= 0:
            self._out.write("\n")

    def log(self, text: str, level: str = "info") -> None:
        start = "\r\033[K" if self._bar else ""
        self._out.write(f"{start}{'Warning: ' if level == 'warning' else ''}{text}\n")
        self._out.flush()

    def check(self) -> None:
        if self._stop.is_set():
            raise Cancelled


class SubProgress:
    """A slice [low, high] of another reporter's progress, for a step of a longer job."""

    def __init__(self, whole: Reporter, low: float, high: float) -> None:
        self._whole, self._low, self._high = whole, low, high

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        self._whole.progress(self._low + (self._high - self._low) * fraction, message, done, total)

    def log(self, text: str, level: str = "info") -> None:
        self._whole.log(text, level)

    def check(self) -> None:
        self._whole.check()

    def note(self, key: str, rows: Iterable[Row]) -> None:
        self._whole.note(key, rows)

    @property
    def noted(self) -> dict[str, list[Row]]:
        return self._whole.noted


class Once(SubProgress):
    """Another reporter, which hears each line once: for what is done place by place."""

    def __init__(self, whole: Reporter) -> None:
        super().__init__(whole, 0, 1)
        self._said: set[str] = set()

    def log(self, text: str, level: str = "info") -> None:
        if text not in self._said:
            self._said.add(text)
            super().log(text, level)


def seconds_left(elapsed: float, fraction: float) -> float | None:
    """Time left at the mean speed so far; None while too little is done to say."""
    if fraction < 0.02 or elapsed < 0.5:
        return None
    return round(elapsed * (1 - fraction) / fraction, 1)


def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
