"""Runs one job with its reporter: errors become one sentence, a signal becomes its exit code."""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from ...shared.cancel import JOB_GRACE
from ...shared.errors import (
    Cancelled,
    CropClassifierError,
    EngineBroken,
    OutOfMemory,
    OutputNotWritable,
    TrainingMissing,
    Unforeseen,
)
from ...shared.jobs.job_values import check_values
from ..access.named import name_sources
from . import outputs, signals
from .inputs import check_inputs
from .ranks import HelperDone, rank
from .reporter import (
    JsonLines,
    Reporter,
    Silent,
    Stop,
    Terminal,
    unheard_of,
)

OK, FAILED = 0, 1  # a cancelled job: the exit code of its signal
WATCHED = "CROP_CLASSIFIER_ENDS_WITH_PARENT"  # set by QGIS; a server may start a job and leave

_ENGINE = __name__.rpartition(".execution.")[0]
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
_LARGE, _HELD = 1 << 17, 1 << 25  # bytes
_ENDING = 0.1  # s (choice)
_LARGE_OF_SMALL = 1 << 22  # (measured: with 128 KiB a season's curves took twice the processor's time)

_FOR_TRAINING = (
    "torch",
    "lightning",
    "torchmetrics",
    "onnx",
    "onnxscript",
    "sklearn",
    "skl2onnx",
)  # installed on request only


def execute(job: Any, as_json: bool) -> int:
    """Runs the job and returns the exit code; tells results and errors on standard output (JSON) or in words."""
    if not needs_training(job):  # torch lives on memory that is at hand again at once
        _keep_memory_steady(job)
    stop = Stop()
    reporter: JsonLines | Terminal = JsonLines(sys.stdout, stop) if as_json else Terminal(stop)
    signals.tell(stop.set)
    heard = Silent(stop) if rank() else reporter
    first = os.getppid()
    outcome = _in_thread(lambda: run_job(job, heard), stop)
    if isinstance(outcome, HelperDone):
        return OK
    if rank() and _comes_of_the_end_of(first, outcome):
        return stop.exit_code
    try:
        return _tell(outcome, reporter, stop)
    except (OSError, OutputNotWritable) as error:  # nobody reads, or there is no room: nothing more can be told there
        unheard = error if isinstance(error, OutputNotWritable) else unheard_of(error)
        signals.tell_last(f"Error: {unheard.sentence}\n")
        return FAILED


def _tell(outcome: dict[str, object] | BaseException, reporter: JsonLines | Terminal, stop: Stop) -> int:
    if isinstance(outcome, dict):
        _tell_result(outcome, reporter)
        return OK
    _tell_error(outcome, reporter)
    return stop.exit_code if isinstance(outcome, Cancelled) else FAILED


def _comes_of_the_end_of(first: int, outcome: object) -> bool:
    """Whether a process that only helps ends because the first one has: it then has nothing to tell. What it waits for
    breaks off a moment before it can see that."""
    until = time.monotonic() + JOB_GRACE
    while os.getppid() == first and not isinstance(outcome, CropClassifierError) and time.monotonic() < until:
        time.sleep(0.05)
    return os.getppid() != first or isinstance(outcome, Cancelled)


def _keep_memory_steady(job: Any) -> None:
    """Makes the C library give large blocks back at once. By default each thread keeps what it freed in a heap of its
    own, and these heaps crept up by half over a long run. What a job of many small arrays frees is held up to _HELD.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        small = getattr(job, "small_arrays", False)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OF_SMALL if small else _LARGE)
        if small:
            mallopt(_M_TRIM_THRESHOLD, _HELD)
        mallopt(_M_ARENA_MAX, 2)


def needs_training(job: Any) -> bool:
    """Whether the job needs what is installed for training only."""
    return getattr(job, "needs_training", False)


def run_job(job: Any, reporter: Reporter) -> dict[str, object]:
    """The results of the job. Its room is imported only now: listing models must load neither torch nor rasterio."""
    check_values(job)
    check_inputs(job.inputs())
    module, _, name = job.entry.partition(":")
    try:
        room = importlib.import_module(f"{_ENGINE}.{module}")
    except ModuleNotFoundError as error:
        if not needs_training(job) or error.name not in _FOR_TRAINING:
            raise
        raise TrainingMissing(error.name) from None
    function: Callable[[Any, Reporter], dict[str, object]] = getattr(room, name)
    name_sources(job.inputs())
    return function(job, reporter)


def _in_thread(work: Callable[[], dict[str, object]], stop: Stop) -> dict[str, object] | BaseException:
    """The job's result or its error. A job that does not heed a cancel in time is left behind: the process ends."""
    outcome: list[dict[str, object] | BaseException] = []

    def target() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which tells it
            outcome.append(error)

    thread = threading.Thread(target=target, name="job", daemon=True)
    thread.start()
    parent, watched = os.getppid(), WATCHED in os.environ or rank() > 0
    while thread.is_alive() and not stop.is_set():
        thread.join(0.05)
        if watched and os.getppid() != parent:
            stop.set()  # QGIS, or the process that is helped, is gone: nobody waits for the outputs
    thread.join(JOB_GRACE if stop.is_set() else None)
    if thread.is_alive():
        outputs.discard_all()  # waits for one that gives its files their names: such a job has not been cancelled
        thread.join(_ENDING)
        if not (outcome and isinstance(outcome[0], dict)):
            if not rank():
                sys.stderr.write("Cancelled.\n")
            signals.leave(stop.exit_code)
    return outcome[0]


def _tell_result(result: dict[str, object], reporter: JsonLines | Terminal) -> None:
    if isinstance(reporter, JsonLines):
        reporter.emit("result", outputs=result, device=result.get("device", ""))
        return
    reporter.end()
    for key, value in result.items():
        if isinstance(value, str) and os.path.exists(value):
            sys.stdout.write(f"{key}: {value}\n")
    sys.stdout.flush()


def _tell_error(error: BaseException, reporter: JsonLines | Terminal) -> None:
    known = _known(error)
    if isinstance(reporter, JsonLines):
        reporter.emit("error", code=known.code, sentence=known.sentence)
    else:
        reporter.end()
        sys.stderr.write(f"Error: {known.sentence}\n" if not isinstance(known, Cancelled) else f"{known.sentence}\n")


def _known(error: BaseException) -> CropClassifierError:
    """The error as one of ours. What nobody foresaw is a fault of the program: its traceback goes to the log."""
    if isinstance(error, CropClassifierError):
        return error
    if isinstance(error, MemoryError) or "std::bad_alloc" in str(error):  # so GEOS tells it
        return OutOfMemory("this job")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return outputs.translate(error, str(error.filename or "the outputs"))
    if isinstance(error, ImportError) and not str(error.name).startswith(_ENGINE.partition(".")[0]):
        return EngineBroken(str(error))
    traceback.print_exception(error)
    return Unforeseen(error)
