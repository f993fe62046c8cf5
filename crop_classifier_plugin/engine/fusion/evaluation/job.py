"""The evaluate_fusion job: a fused image against the real one, beside what one would have without fusion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput
from ....shared.jobs.fusion import EvaluateFusionJob
from ....shared.jobs.sources import Series
from ...execution.job_run import job_run
from ...execution.reporter import Reporter, SubProgress
from ...raster.writer import BLOCK
from ...series.cube.stack import Layer
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


class _Compared:
    """Truth, fused image, last fine image and coarse image on one grid."""

    def __init__(self, images: Mapping[str, Layer], fine: Images, coarse: Images) -> None:
        self.images, self._fine, self._coarse, self.grid = images, fine, coarse, fine.grid

    def blocks(self, reporter: Reporter) -> Iterator[tuple[Cube, tuple[slice, slice]]]:
        """(4, H, W) with context for SSIM, NaN wherever one of the images has no data; and what counts of it."""
        inner = (slice(SSIM_RADIUS, -SSIM_RADIUS),) * 2
        blocks = list(self.grid.blocks(2 * BLOCK))
        for done, window in enumerate(blocks, start=1):
            cube = np.concatenate([each.read(window, SSIM_RADIUS) for each in (self._fine, self._coarse)])
            cube[:, np.isnan(cube).any(axis=0)] = np.nan
            yield cube, inner
            reporter.progress(done / len(blocks), "Comparing", done, len(blocks))

    @property
    def simulated(self) -> bool:
        return self._fine.simulated or self._coarse.simulated


@contextmanager
def _opened(job: EvaluateFusionJob, reporter: Reporter) -> Iterator[_Compared]:
    images = _images(job, reporter)
    fine, coarse = [images[name] for name in ("truth", "fused", "last_fine")], [images["coarse"]]
    grid = fine_grid(fine, coarse, job.band, job.extent)
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    with ExitStack() as exits:
        sharp = exits.enter_context(Images(fine, job.band, grid, reporter))
        blurred = exits.enter_context(Images(coarse, job.band, grid, reporter, job.cubic))
        yield _Compared(images, sharp, blurred)


def _images(job: EvaluateFusionJob, reporter: Reporter) -> dict[str, Layer]:
    """The one of each: all of the fused image's day, but the last fine one, which is of another."""
    names = {"fused": "fused image", "truth": "real image", "last_fine": "last fine image", "coarse": "coarse image"}
    series = {name: Series((getattr(job, key),), job.dates) for key, name in names.items()}
    found = dict(zip(names, read_images(series, job.band, reporter).values()))
    if len(found["fused"]) > 1:
        raise BadInput(f"The fused image {job.fused.path} has {len(found['fused'])} dates: give one of one date.")
    day = next(iter(found["fused"]))
    for key in ("truth", "coarse"):
        if day not in found[key]:
            there = ", ".join(map(str, sorted(found[key])))
            raise BadInput(f"The fused image is of {day}, the {names[key]} of {there}: choose one of the same day.")
    others = [each for each in found["last_fine"] if each != day]
    if not others:
        raise BadInput(f"The last fine image is of {day} like the fused one: choose the image it was made from.")
    last = min(others, key=lambda each: (abs((each - day).days), each))
    return {key: found[key][last if key == "last_fine" else day] for key in names}


def _compare(job: EvaluateFusionJob, images: _Compared, reporter: Reporter) -> FusionFacts:
    low, high, truths = _ranges(images, SubProgress(reporter, 0.02, 0.3))
    usual = 2.0 if job.band in _NORMALISED else truths
    data_range = job.data_range or usual or 1.0
    tallies = [ErrorTally(data_range, low, high) for _ in range(3)]
    for cube, inner in images.blocks(SubProgress(reporter, 0.3, 0.95)):
        for tally, estimate in zip(tallies, cube[1:]):
            reporter.check()
            tally.add(cube[0], estimate, inner)
    day, last = images.images["fused"].scene.date, images.images["last_fine"].scene.date
    names = (f"fused image ({day})", f"last fine image ({last})", f"coarse image resampled ({day})")
    paths = (job.fused.path, job.last_fine.path, job.coarse.path)
    rows = tuple(ImageRow(n, p, t.figures(), t.scatter) for n, p, t in zip(names, paths, tallies))
    return FusionFacts(
        band=job.band,
        day=str(day),
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
    low, high = np.full(4, np.inf), np.full(4, -np.inf)
    for cube, inner in images.blocks(reporter):
        rows, cols = inner
        values = cube[:, rows, cols]
        values = values[:, ~np.isnan(values[0])]
        if values.size:
            low, high = np.minimum(low, values.min(axis=1)), np.maximum(high, values.max(axis=1))
    if not np.isfinite(low).all():
        raise BadInput("No pixel has a value in all four images: choose images of the same area, with clear pixels.")
    bottom, top = float(low.min()), float(high.max())
    return bottom, top if top > bottom else bottom + 1.0, float(high[0] - low[0])
