"""The calibrate job: a model and labelled series that it did not learn from -> the model with another card."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from ....shared.cards.calibration import Calibration
from ....shared.cards.card import Card
from ....shared.cards.files import CARD_FILE, WEIGHTS_FILE, card_text, checked_weights, load_card
from ....shared.errors import BadInput, LabelsUnusable
from ....shared.jobs.calibrate import CalibrateJob
from ...accuracy.calibration.fit import Fitted, fit_calibration
from ...accuracy.calibration.sample import Draw, Sample
from ...accuracy.calibration.told import told
from ...execution.job_run import JobRun, job_run
from ...execution.reporter import Reporter
from ...runtime.base import Runtime
from ...runtime.open import open_runtime
from .labelled_map import LabelledMap
from .learnt_ground import LearntGround
from .report import REPORT_FILES, write_reports

_OTHERS = ("weights.safetensors", "split.json", "training.csv")  # of a model's folder, which a training may start from


def calibrate(job: CalibrateJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the model's folder anew, with a card whose calibration was fitted on the labels, and a report.

    Raises LabelsUnusable for too few labelled parcels, and what a series can be refused for.
    """
    card = load_card(job.model)
    if Path(job.calibrated).resolve() == Path(job.model).resolve():
        raise BadInput(f"The calibrated model would overwrite {job.model}: choose another folder.")
    with job_run(job, reporter) as run:
        run.protect_inputs((Path(job.model, CARD_FILE), Path(job.model, WEIGHTS_FILE)))
        runtime = open_runtime(checked_weights(job.model, card.weights.sha256), job.device, card)
        sample, simulated = _sampled(job, card, runtime, run)
        reporter.progress(0.9, "Fitting")
        found = fit_calibration(sample, card.weights.calibration)
        if found is None:
            raise LabelsUnusable(
                f"{sample.parcels} labelled parcels with a class of the model lie on the series, too few to tell how "
                "sure it may be: give more, some 50 at least."
            )
        calibrated = _card(card, job.name, found, simulated)
        _write(job, calibrated, run)
        document = write_reports(found, sample, calibrated, Path(job.calibrated), run.outputs)
        run.record(Path(job.calibrated, CARD_FILE), {"calibration": calibrated.weights.calibration.to_dict()})
    reporter.log(told(found))
    facts = {name: document[name] for name in ("error_before", "error_after", "parcels")}
    return {"model": job.calibrated, "report": str(Path(job.calibrated, REPORT_FILES["html"])), **facts}


def _sampled(job: CalibrateJob, card: Card, runtime: Runtime, run: JobRun) -> tuple[Sample, bool]:
    """Labelled pixels of all series as the network alone says, and whether any is simulated."""
    plain = replace(card, weights=replace(card.weights, calibration=Calibration()))
    draw, simulated = Draw(len(card.legend)), False
    for number, source in enumerate(job.data):
        share = run.step(0.9 * number / len(job.data), 0.9 * (number + 1) / len(job.data))
        with ExitStack() as exits:
            folder = run.outputs.scratch(Path(f"{job.calibrated}_{number}"))
            labelled = LabelledMap(source, plain, job.mapping, folder, exits)
            labelled.open(share)
            run.protect_inputs(labelled.series.sources)
            learnt = LearntGround(job.model, card, labelled, share)
            for block in labelled.blocks(runtime, share, learnt.fresh):
                draw.add(number, block.probability, block.truth, block.parcel)
            labelled.tell_unknown(share)
            learnt.tell(share)
            simulated |= labelled.simulated
    return draw.sample, simulated


def _card(card: Card, name: str, found: Fitted, simulated: bool) -> Card:
    """With the calibration, and what it was worth on parcels that were left out."""
    on = "labels of the calibration, left out in turn"
    figures = (("Overall accuracy", found.after.accuracy), ("Expected calibration error", found.after.pixels.error))
    rows = tuple({"metric": metric, "value": round(value, 4), "on": on} for metric, value in figures)
    return replace(
        card,
        name=name,
        weights=replace(card.weights, calibration=found.calibration),
        accuracy=(*(row for row in card.accuracy if row.get("on") != on), *rows),
        training=replace(card.training, simulated=card.training.simulated or simulated),
    )


def _write(job: CalibrateJob, card: Card, run: JobRun) -> None:
    """The new folder: the same weights, the other card."""
    source, target = Path(job.model), Path(job.calibrated)
    for name in (WEIGHTS_FILE, *_OTHERS):
        if (source / name).is_file():
            shutil.copyfile(source / name, run.output(target / name))
    run.outputs.write_text(target / CARD_FILE, card_text(card))
