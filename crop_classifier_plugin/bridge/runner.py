"""Runs a job in the engine's process, and passes its events on to the feedback of Processing."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from qgis.core import QgsProcessingFeedback

from ..shared.errors import CropClassifierError, EngineBroken, EngineDied
from ..shared.files import staging
from . import environment, leftovers
from .engine_process import Child, describe_exit

UNFORESEEN = "internal"  # the code of an error that is a fault of the program
JOBS = "crop_classifier_job_"  # folders with a job's file, in the system's place for such things
TEXT_INTERVAL = 1.0  # s between two progress texts: each becomes a line of the log


def run(job: Any, feedback: QgsProcessingFeedback, reads: Sequence[str] = ()) -> dict[str, Any]:
    """The engine's result for a job: its `result` event. `reads`: files that the job was made with, which no output
    may replace. Raises CropClassifierError with the sentence to show."""
    temporary = Path(tempfile.gettempdir())
    leftovers.sweep(temporary, JOBS)  # of a QGIS that was killed
    from ..shared.jobs import registry  # every kind of job: not while QGIS starts

    with leftovers.owned_folder(temporary, JOBS) as folder:
        path = folder / "job.json"
        path.write_text(registry.dump(job), encoding="utf-8")
        options = [word for each in reads for word in ("--reads", each)]
        with Child(environment.command("run", str(path), *options)) as child:
            try:
                return _follow(child, feedback)
            except CropClassifierError:
                child.stop()
                _tidy(job)
                raise


def _follow(child: Child, feedback: QgsProcessingFeedback) -> dict[str, Any]:
    teller = ProgressRelay(feedback)
    end: dict[str, Any] = {}
    started = False
    for line in child.lines(feedback.isCanceled):
        event = _event(line)
        if event is None:
            child.note(line)
        elif event["event"] == "started":
            child.pid, started = event["pid"], True
        elif event["event"] in ("result", "error"):
            end = event
        else:
            teller.tell(event)
    status = child.wait()
    if end.get("event") == "error":
        if end.get("code") == UNFORESEEN:
            feedback.pushDebugInfo("\n".join(child.words))  # the traceback, for a report
        raise CropClassifierError(end["sentence"])
    if not end or status:
        feedback.pushDebugInfo("\n".join(child.words))
        if not started and status > 0 and not end:  # not even the first file ran
            raise EngineBroken(child.last_words or describe_exit(status))
        raise EngineDied(describe_exit(status), child.last_words)
    feedback.setProgress(100)
    return end


def _event(line: str) -> Optional[dict[str, Any]]:
    """The event in a line; None for the noise that a library may print."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


class ProgressRelay:
    """Tells the user what the engine says; progress never goes back, texts come at most once a second."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
        self._percent = 0.0
        self._message = ""
        self._last = 0.0

    def tell(self, event: dict[str, Any]) -> None:
        """Passes one of the engine's events on."""
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "log" and event.get("level") == "warning":
            self._feedback.pushWarning(event["text"])
        elif event["event"] == "log":
            self._feedback.pushInfo(event["text"])

    def _progress(self, event: dict[str, Any]) -> None:
        self._percent = max(self._percent, 100 * float(event["fraction"]))
        self._feedback.setProgress(self._percent)
        now = time.monotonic()
        if event["message"] != self._message or now - self._last >= TEXT_INTERVAL:
            self._message, self._last = event["message"], now
            self._feedback.setProgressText(progress_text(event))


def progress_text(event: dict[str, Any]) -> str:
    """'Classifying: 12 of 40, 1:20 left'."""
    count = f": {event['done']} of {event['total']}" if event.get("total") else ""
    left = event.get("seconds_left")
    return f"{event['message']}{count}{f', {_clock(left)} left' if left else ''}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


# --- after a run that gave nothing -----------------------------------------------------------------------------------


def _tidy(job: Any) -> None:
    """In the folders of its outputs: ends what a killed engine began to put in place, removes what it left."""
    paths = [Path(path).absolute() for path in job.outputs()]
    folders = {path.parent for path in paths}
    for path in paths:
        if os.path.isdir(path):
            folders |= {path, *(p for p in path.glob("*") if os.path.isdir(p))}
    for folder in folders:
        staging.tidy(folder)
