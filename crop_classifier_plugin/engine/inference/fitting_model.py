"""Which of several models fits a series: the one that nothing speaks against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from ...shared.cards.files import load_card
from ...shared.errors import BadInput, Cancelled, CropClassifierError
from ...shared.jobs.classify import ClassifyJob
from ..execution.reporter import Reporter
from ..series.scenes.read_series import ModelScenes
from .map_targets import open_targets
from .model_fit import Aside

_MOST = 3  # models whose faults are told


def fitting_model(job: ClassifyJob, scenes: ModelScenes, reporter: Reporter) -> str:
    """The folder of the job's model, or of the first candidate without a finding; headers and samples are read.

    Raises BadInput, with what speaks against each candidate, where none fits.
    """
    against: dict[str, None] = {}
    for folder in () if job.model else job.candidates:
        said = next(_against(folder, job, scenes, Aside(reporter)), "")
        if not said:
            reporter.log(f"No model was chosen: {load_card(folder).title} is taken, which fits this series.")
            return folder
        against[said] = None
    if job.model:
        return job.model
    more = f" (And {len(against) - _MOST} more.)" if len(against) > _MOST else ""
    raise BadInput(
        "None of the models that are there fits this series: choose one all the same, or train one on "
        f"labels of this place. {' '.join(list(against)[:_MOST])}{more}"
    )


def _against(folder: str, job: ClassifyJob, scenes: ModelScenes, reporter: Reporter) -> Iterator[str]:
    """What speaks against a model on the series of the job, the worst first."""
    try:
        with ExitStack() as exits:
            for target in open_targets(job, load_card(folder), scenes, exits, reporter):
                yield from (finding.sentence for finding in target.findings)
    except Cancelled:
        raise
    except CropClassifierError as error:
        yield error.sentence
