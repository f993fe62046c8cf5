"""The evaluate_fusion job: a fused image against the real one, beside what one would have without fusion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput
from ....shared.jobs.fusion import EvaluateFusionJob
from ....shared.jobs.sources import SceneSource, Series
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, SubProgress
from ...raster.writer import BLOCK
from ...series.cube.stack import Layer
from ...series.operations.gap_filling.interpolation import days_of, linear
from ...series.scenes.scene import Scene
from ..image_pairs import Images, fine_grid, read_images
from .metrics import SSIM_RADIUS, ErrorTally
from .report import FusionFacts, ImageRow, write_reports

_NORMALISED = ("NDVI", "NDWI", "NDMI", "NDRE", "LSWI")
Cube = NDArray[np.float64]


def evaluate(job: EvaluateFusionJob, reporter: Reporter) -> dict[str, object]:
    """Writes the three reports; returns their paths and the fused image's figures."""
    with job_run(job, reporter) as run:
        reporter.progress(0, "Reading the images")
        images = run.enter(_opened(job, reporter))
        facts = _compare(job, images, reporter)
        write_reports(facts, job, run.outputs)
        run.record(job.report_json, {"figures": facts.document()["images"]})
    for line in facts.lines():
        reporter.log(line)
    fused = facts.rows[0].figures
    reports = {"report_html": job.report_html, "report_json": job.report_json, "report_csv": job.report_csv}
    return {**reports, "rmse": fused.rmse, "bias": fused.bias, "ssim": fused.ssim, "data_range": facts.data_range}


@dataclass(frozen=True)
class _Chosen:
    """The images of an evaluation; `fine`: of other days, by date."""

    fused: Layer
    truth: Layer
    fine: tuple[Layer, ...]
    coarse: Layer

    @property
    def day(self) -> dt.date:
        return self.fused.scene.date

    @property
    def nearest(self) -> int:
        """Which of the fine images is the nearest in time; of two the earlier."""
        days = [layer.scene.date for layer in self.fine]
        return min(range(len(days)), key=lambda i: (abs((days[i] - self.day).days), days[i]))

    @property
    def both_sides(self) -> bool:
        """There are fine images before and after the fused day."""
        return self.fine[0].scene.date < self.day < self.fine[-1].scene.date

    def names(self) -> tuple[tuple[str, str], ...]:
        """Name and file of the fused image, of the references without fusion, and of the coarse image."""
        near = self.fine[self.nearest].scene
        rows = [(f"fused image ({self.day})", _path(self.fused.scene))]
        rows.append((f"nearest fine image ({near.date})", _path(near)))
        if self.both_sides:
            before, after = (
                [layer.scene for layer in self.fine if (layer.scene.date < self.day) == early]
                for early in (True, False)
            )
            days = f"{before[-1].date}, {after[0].date}"
            rows.append((f"fine images interpolated in time ({days})", f"{_path(before[-1])}, {_path(after[0])}"))
        return (*rows, (f"coarse image resampled ({self.day})", _path(self.coarse.scene)))


def _path(scene: Scene) -> str:
    return scene.refs[0].path


class _Compared:
    """Truth, fused image, fine images of other days and coarse image on one grid."""

    def __init__(self, chosen: _Chosen, fine: Images, coarse: Images) -> None:
        self.chosen, self._fine, self._coarse, self.grid = chosen, fine, coarse, fine.grid

    @property
    def rows(self) -> int:
        """How many images are compared with the real one."""
        return len(self.chosen.names())

    def blocks(self, reporter: Reporter) -> Iterator[tuple[Cube, tuple[slice, slice]]]:
        """(1 + rows, H, W) with context for SSIM, NaN wherever one of the images has no data; and what counts of it."""
        inner = (slice(SSIM_RADIUS, -SSIM_RADIUS),) * 2
        blocks = list(self.grid.blocks(2 * BLOCK))
        for done, window in enumerate(blocks, start=1):
            sharp, blurred = (each.read(window, SSIM_RADIUS) for each in (self._fine, self._coarse))
            cube = np.concatenate([sharp[:2], self._without_fusion(sharp[2:]), blurred])
            cube[:, np.isnan(cube).any(axis=0)] = np.nan
            yield cube, inner
            reporter.progress(done / len(blocks), "Comparing", done, len(blocks))

    def _without_fusion(self, fine: Cube) -> Cube:
        """(1 or 2, H, W): the nearest fine image; and, between the nearest clear ones before and after, the line."""
        chosen = self.chosen
        found = [fine[chosen.nearest]]
        if chosen.both_sides:
            days = [layer.scene.date for layer in chosen.fine]
            target = np.array([(chosen.day - days[0]).days], np.float64)
            found.append(linear(fine.astype(np.float32), days_of(days), target)[0])
        return np.stack(found).astype(np.float64)

    @property
    def simulated(self) -> bool:
        return self._fine.simulated or self._coarse.simulated


@contextmanager
def _opened(job: EvaluateFusionJob, reporter: Reporter) -> Iterator[_Compared]:
    chosen = _images(job, reporter)
    fine = [chosen.truth, chosen.fused, *chosen.fine]
    grid = fine_grid(fine, [chosen.coarse], job.band, job.extent)
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    if not chosen.both_sides:
        reporter.log(
            f"Fine images lie on one side of {chosen.day} only: give one before and one after, to see beside the fused "
            "image what interpolating them in time comes to."
        )
    with ExitStack() as exits:
        sharp = exits.enter_context(Images(fine, job.band, grid, reporter))
        blurred = exits.enter_context(Images([chosen.coarse], job.band, grid, reporter, job.cubic))
        yield _Compared(chosen, sharp, blurred)


def _images(job: EvaluateFusionJob, reporter: Reporter) -> _Chosen:
    """The one of each, all of the fused image's day; and the fine ones of other days."""
    names = {"fused": "fused image", "truth": "real image", "coarse": "coarse image", "fine": "fine image"}
    series = {name: Series(_sources(job, key), job.dates) for key, name in names.items()}
    found = dict(zip(names, read_images(series, job.band, reporter).values()))
    if len(found["fused"]) > 1:
        raise BadInput(f"The fused image {job.fused.path} has {len(found['fused'])} dates: give one of one date.")
    day, fused = next(iter(found["fused"].items()))
    for key in ("truth", "coarse"):
        if day not in found[key]:
            there = ", ".join(map(str, sorted(found[key])))
            raise BadInput(f"The fused image is of {day}, the {names[key]} of {there}: choose one of the same day.")
    others = tuple(layer for each, layer in sorted(found["fine"].items()) if each != day)
    if not others:
        raise BadInput(f"The fine image is of {day} like the fused one: choose the image it was made from.")
    return _Chosen(fused, found["truth"][day], others, found["coarse"][day])


def _sources(job: EvaluateFusionJob, key: str) -> tuple[SceneSource, ...]:
    given: SceneSource | tuple[SceneSource, ...] = getattr(job, key)
    return given if isinstance(given, tuple) else (given,)


def _compare(job: EvaluateFusionJob, images: _Compared, reporter: Reporter) -> FusionFacts:
    low, high, truths = _ranges(images, SubProgress(reporter, 0.02, 0.3))
    usual = 2.0 if job.band in _NORMALISED else truths
    data_range = job.data_range or usual or 1.0
    tallies = [ErrorTally(data_range, low, high) for _ in range(images.rows)]
    for cube, inner in images.blocks(SubProgress(reporter, 0.3, 0.95)):
        for tally, estimate in zip(tallies, cube[1:]):
            reporter.check()
            tally.add(cube[0], estimate, inner)
    rows = tuple(ImageRow(*name, t.figures(), t.scatter) for name, t in zip(images.chosen.names(), tallies))
    return FusionFacts(
        band=job.band,
        day=str(images.chosen.day),
        truth=job.truth.path,
        grid=images.grid,
        pixels=tallies[0].pixels,
        data_range=data_range,
        low=low,
        high=high,
        rows=rows,
        simulated=images.simulated,
    )


def _ranges(images: _Compared, reporter: Reporter) -> tuple[float, float, float]:
    """Lowest and highest value of all images where all are known, and the range of the real one."""
    low, high = np.full(1 + images.rows, np.inf), np.full(1 + images.rows, -np.inf)
    for cube, inner in images.blocks(reporter):
        rows, cols = inner
        values = cube[:, rows, cols]
        values = values[:, ~np.isnan(values[0])]
        if values.size:
            low, high = np.minimum(low, values.min(axis=1)), np.maximum(high, values.max(axis=1))
    if not np.isfinite(low).all():
        raise BadInput("No pixel has a value in all of the images: choose images of the same area, with clear pixels.")
    bottom, top = float(low.min()), float(high.max())
    return bottom, top if top > bottom else bottom + 1.0, float(high[0] - low[0])
