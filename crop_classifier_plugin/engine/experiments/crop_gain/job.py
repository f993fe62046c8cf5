"""The crop_gain job: what predicted images add to a crop map of the early season (TSSTFN's paper, tables 3 to 5).

docs/papers/tsstfn.md, sections 4 to 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....shared.errors import BadInput
from ....shared.jobs.fusion import CropGainJob
from ...accuracy.confusion import Confusion
from ...execution.job_run import job_run
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter, SubProgress
from ...labels.labelled_pixels import LabelledPixels, opened_labels
from ...training.forest.trees import ForestSize, fit_trees
from .features import (
    GainImages,
    Row,
    opened,
    rows_of,
)
from .pixel_sampling import (
    Census,
    Draw,
    Samples,
    draw,
    gather,
    take_census,
)
from .report import (
    LEAK,
    Facts,
    Line,
    write_reports,
)


def crop_gain(job: CropGainJob, reporter: Reporter) -> dict[str, object]:
    """Writes the three reports; returns their paths and the kappa of the early season and of the best line."""
    if job.split == "pixel":
        reporter.log(LEAK, "warning")
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the images")
        images = run.enter(opened(job, reporter))
        run.protect_inputs({*images.early.stack.sources, *(p.path for p in images.predicted)})
        labels = run.enter(opened_labels(job, images.grid, images.early.stack.layers[0].scene.refs[0].path))
        facts = _measure(job, images, labels, run.outputs, reporter)
        for note in labels.notes:
            reporter.log(note, "warning")
        write_reports(facts, job, run.outputs)
        run.record(job.report_json, {"gain": facts.document()})
    for line in facts.told():
        reporter.log(line)
    paths = {"report_html": job.report_html, "report_json": job.report_json, "report_csv": job.report_csv}
    return {**paths, "early_kappa": facts.early.kappa, "best_kappa": facts.best.kappa, "best": facts.best.row.name}


def _measure(
    job: CropGainJob, images: GainImages, labels: LabelledPixels, outputs: Outputs, reporter: Reporter
) -> Facts:
    folder = outputs.scratch()
    census = take_census(images, labels, folder, SubProgress(reporter, 0.01, 0.15))
    seeds = range(job.seed, job.seed + job.seeds)
    draws = [draw(census, job, seed, reporter) for seed in seeds]
    samples = gather(images, census, draws, folder, SubProgress(reporter, 0.15, 0.3))
    rows = rows_of(images.predicted)
    found = list(_all_forests(job, images, rows, draws, samples, len(census.classes), SubProgress(reporter, 0.3, 0.99)))
    lines = tuple(Line(row, tuple(found[i :: len(rows)])) for i, row in enumerate(rows))
    return Facts(job, images, census, lines, tuple(draws), _untested(census, draws, samples), labels.simulated)


def _all_forests(
    job: CropGainJob,
    images: GainImages,
    rows: tuple[Row, ...],
    draws: list[Draw],
    samples: Samples,
    classes: int,
    reporter: Reporter,
) -> Iterator[Confusion]:
    """The test of every line of the table, seed by seed."""
    every, done = len(rows) * len(draws), 0
    for number, drawn in enumerate(draws):
        for row in rows:
            part = SubProgress(reporter, done / every, (done + 1) / every)
            yield _forest(job, images.columns(row), drawn, samples, classes, job.seed + number, row.name, part)
            done += 1


def _forest(
    job: CropGainJob,
    columns: np.ndarray,
    drawn: Draw,
    samples: Samples,
    classes: int,
    seed: int,
    name: str,
    reporter: Reporter,
) -> Confusion:
    """The test of a forest as in the paper."""
    x, y = samples.of(drawn.train, columns)
    if len(np.unique(y)) < 2:
        raise BadInput("The split leaves one class to learn from: label more parcels, or change held_out or the block.")

    def report(trees: int) -> None:
        reporter.progress(trees / job.trees, f"Seed {seed}, {name}", trees, job.trees)

    forest = fit_trees(x, y, ForestSize(job.trees, job.depth, job.leaf), seed, report)
    tested, truth = samples.of(drawn.test, columns)
    return Confusion.count(truth, forest.predict(tested), classes)


def _untested(census: Census, draws: list[Draw], samples: Samples) -> tuple[str, ...]:
    """The classes that no seed both learns and tests."""
    seen = set()
    for each in draws:
        learnt, tested = (set(samples.y[np.searchsorted(samples.places, p)].tolist()) for p in (each.train, each.test))
        seen |= learnt & tested
    present = np.flatnonzero(census.counts.sum(axis=0)).tolist()
    return tuple(census.classes[i] for i in present if i not in seen)
