"""How every job begins and ends: its outputs are checked and opened, its inputs protected, its record is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...shared.files.commit import recover
from ...shared.jobs.base import Job
from .outputs import Outputs, check_distinct, check_geotiffs
from .reporter import Reporter, SubProgress
from .run_record import RunRecord

_Opened = TypeVar("_Opened")


@contextmanager
def job_run(job: Job, reporter: Reporter) -> Iterator[JobRun]:
    """`with job_run(job, reporter) as run: write(run.output(job.output))` leaves all of the job's files, or none.

    Whether the files that the job names can be written is known before any work. Raises BadInput for outputs that are
    no GeoTIFFs where they have to be, overwrite each other or an input; OutputNotWritable, also for
    what would replace a file that is not this program's; Cancelled.
    """
    record = RunRecord(job)
    check_geotiffs(*job.rasters())
    check_distinct(*job.files())
    with Outputs() as outputs, ExitStack() as exits:
        outputs.protect_inputs((*job.inputs(), *_files_named(job)))
        for path in job.files():
            outputs.path(path, named=True)
        for folder in job.outputs()[len(job.files()) :]:  # what a killed run left there is settled before any work
            recover(Path(folder))
        for number, path in enumerate(job.files()):
            outputs.check_beside(path, record=not number)  # which lies beside the main output, the first
        yield JobRun(job, reporter, outputs, record, exits)
    reporter.progress(1, "Done")


def _files_named(job: Job) -> Iterator[str]:
    """Files that are there and named in the job, but for its outputs: legends, masks, whatever a kind of job reads."""
    written = {name.partition(".")[0] for name in (*job.writes_rasters, *job.writes_files, *job.writes_folders)}
    for field in fields(job):  # type: ignore[arg-type]
        if field.name not in written:
            yield from filter(_is_file, _texts(getattr(job, field.name)))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of a job."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _is_file(text: str) -> bool:
    try:
        return os.path.isfile(text)
    except ValueError:  # a NUL
        return False


class JobRun:
    """A job under way."""

    def __init__(self, job: Job, reporter: Reporter, outputs: Outputs, record: RunRecord, exits: ExitStack) -> None:
        self.job, self.reporter, self.outputs = job, reporter, outputs
        self._record, self._exits = record, exits

    @property
    def seconds(self) -> float:
        """Since the job began."""
        return self._record.seconds

    def output(self, destination: str | Path, renewed: bool = False) -> str:
        """Where to write `destination` to; `renewed`: what is there is known to be an earlier run's. Raises
        OutputNotWritable, BadInput."""
        return self.outputs.path(destination, named=renewed)

    def protect_inputs(self, inputs: Iterable[str | Path]) -> None:
        """Refuses outputs that are one of these files, which were found where the job looks. Raises BadInput."""
        self.outputs.protect_inputs(inputs)

    def enter(self, context: AbstractContextManager[_Opened]) -> _Opened:
        """Opens what is closed when the job ends, before its files get their names."""
        return self._exits.enter_context(context)

    def step(self, low: float, high: float) -> Reporter:
        """The progress of a part of the job, from `low` to `high` of the whole."""
        return SubProgress(self.reporter, low, high)

    def record(self, beside: str | Path, facts: dict[str, Any]) -> None:
        """Writes the run record beside the output `beside`: the job, and `facts` of what it used and made."""
        self._record.save(self.outputs, str(beside), facts, self.reporter)

    def record_in(self, outputs: Outputs, beside: str | Path, facts: dict[str, Any]) -> None:
        """The same into another set of files, which a job leaves on its way."""
        self._record.write(outputs, str(beside), facts, self.reporter)
