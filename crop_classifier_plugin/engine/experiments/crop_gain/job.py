"""The crop_gain job: what predicted images add to a crop map of the early season (TSSTFN's paper, tables 3 to 5).

docs/papers/tsstfn.md, sections 4 to 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....shared.errors import BadInput
from ....shared.forest import ForestSize
from ....shared.jobs.fusion import CropGainJob
from ...accuracy.confusion import Confusion
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, SubProgress
from ...labels.labelled_pixels import Ints, LabelledPixels, opened_labels
from ...training.forest.trees import fit_trees
from .features import (
    GainImages,
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
    if job.split.method == "pixel":
        reporter.log(LEAK, "warning")
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the images")
        images = run.enter(opened(job, reporter))
        run.protect_inputs({*images.season.stack.sources, *(p.path for p in images.predicted)})
        beside = images.season.stack.layers[0].scene.refs[0].path
        folder = run.outputs.scratch()
        labels = run.enter(opened_labels(job.labels, job.split, images.grid, beside, folder, run.step(0, 0.01)))
        facts = _measure(job, images, labels, folder, reporter)
        for note in labels.notes:
            reporter.log(note, "warning")
        write_reports(facts, job, run.outputs)
        run.record(job.report_json, {"gain": facts.document()})
    for line in facts.told():
        reporter.log(line)
    paths = {"report_html": job.report_html, "report_json": job.report_json, "report_csv": job.report_csv}
    return {**paths, "early_kappa": facts.early.kappa, "best_kappa": facts.best.kappa, "best": facts.best.row.name}


def _measure(job: CropGainJob, images: GainImages, labels: LabelledPixels, folder: Path, reporter: Reporter) -> Facts:
    census = take_census(images, labels, folder, SubProgress(reporter, 0.01, 0.15))
    seeds = range(job.seed, job.seed + job.seeds)
    draws = [draw(census, job.split, seed, reporter) for seed in seeds]
    samples = gather(images, census, draws, folder, SubProgress(reporter, 0.15, 0.3))
    rows = rows_of(images.added)
    trials = _Trials(job.forest, samples, len(census.classes))
    found = list(
        trials.run([(row.name, images.columns(row)) for row in rows], draws, seeds, SubProgress(reporter, 0.3, 0.99))
    )
    lines = tuple(Line(row, tuple(found[i :: len(rows)])) for i, row in enumerate(rows))
    return Facts(job, images, census, lines, tuple(draws), _untested(census, draws, samples), labels.simulated)


@dataclass(frozen=True, eq=False)
class _Trials:
    """Forests as in the paper, each tested."""

    forest: ForestSize
    samples: Samples
    classes: int

    def run(
        self, lines: Sequence[tuple[str, Ints]], draws: Sequence[Draw], seeds: Sequence[int], reporter: Reporter
    ) -> Iterator[Confusion]:
        """The test of every line of the table, seed by seed; a line is its name and the columns of its features."""
        every, done = len(lines) * len(draws), 0
        for drawn, seed in zip(draws, seeds):
            for name, columns in lines:
                part = SubProgress(reporter, done / every, (done + 1) / every)
                yield self._test(columns, drawn, seed, name, part)
                done += 1

    def _test(self, columns: Ints, drawn: Draw, seed: int, name: str, reporter: Reporter) -> Confusion:
        x, y = self.samples.of(drawn.train, columns)
        if len(np.unique(y)) < 2:
            raise BadInput(
                "The split leaves one class to learn from: label more parcels, or change held_out or the block."
            )

        def report(trees: int) -> None:
            reporter.progress(trees / self.forest.trees, f"Seed {seed}, {name}", trees, self.forest.trees)

        forest = fit_trees(x, y, self.forest, seed, report)
        tested, truth = self.samples.of(drawn.test, columns)
        return Confusion.count(truth, forest.predict(tested), self.classes)


def _untested(census: Census, draws: list[Draw], samples: Samples) -> tuple[str, ...]:
    """The classes that no seed both learns and tests."""
    seen = set()
    for each in draws:
        learnt, tested = (set(samples.y[np.searchsorted(samples.places, p)].tolist()) for p in (each.train, each.test))
        seen |= learnt & tested
    present = np.flatnonzero(census.counts.sum(axis=0)).tolist()
    return tuple(census.classes[i] for i in present if i not in seen)
