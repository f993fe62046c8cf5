"""A simulated season: seeded, streamed in blocks, marked as simulated in every file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from pathlib import Path

import rasterio

from ...shared.jobs.simulate import SimulateJob
from ..execution.job_run import job_run
from ..execution.reporter import Reporter
from ..raster.grid import Window
from ..raster.sidecars import rows_of, write_class_sidecars
from .crops import COVERS, LEGEND
from .landscape import Landscape
from .optics import block_of
from .parcels import write_parcels
from .plan import (
    MODIS_PIXELS,
    Plan,
    plan_of,
    refuse_other_season,
)
from .products import (
    modis,
    sentinel1,
    sentinel2,
    truth,
)
from .writer import (
    FileSpec,
    Product,
    SeasonWriter,
    marks,
)

BLOCK = 512  # 10 m pixels; whole tiles of every 10 m and 20 m file
MODIS_BLOCK = 16  # MODIS pixels
PRODUCTS_AT_ONCE = 40  # bounds the open files and what GDAL keeps for them
CACHE_BYTES = 64 << 20  # of GDAL, for all files together


def simulate(job: SimulateJob, reporter: Reporter) -> dict[str, object]:
    """Writes the season into job.folder: all files or none. Returns their paths."""
    plan = plan_of(job)
    folder = Path(job.folder).absolute()
    fine = [truth(), *sentinel2(plan), *sentinel1(plan)]
    coarse = modis(plan)
    names = {spec.name for product in (*fine, *coarse) for spec in product.files}
    refuse_other_season(folder, names)
    with job_run(job, reporter) as run, rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        paths = {name: run.output(folder / name) for name in (*sorted(names), "parcels.gpkg", "season.json")}
        landscape = Landscape(job.seed)
        ends = len(fine) / (len(fine) + 0.3 * len(coarse))
        _run(plan, landscape, fine, paths, 1, run.step(0.0, 0.97 * ends))
        _run(plan, landscape, coarse, paths, MODIS_PIXELS, run.step(0.97 * ends, 0.97))
        reporter.progress(0.97, "Writing the parcels")
        parcels = write_parcels(paths["parcels.gpkg"], landscape, plan.grid, reporter)
        write_class_sidecars(run.outputs, folder / "truth.tif", rows_of(LEGEND), "not a crop")
        run.outputs.write_text(folder / "season.json", _record(plan, parcels))
        run.record(folder / "season.json", {"parcels": parcels})
    return _results(folder, plan)


def _run(
    plan: Plan, landscape: Landscape, products: list[Product], paths: dict[str, str], factor: int, reporter: Reporter
) -> None:
    """Fills the products block by block, as many at once as may be open."""
    blocks = list(_blocks(plan, factor))
    total, done = len(blocks) * len(products), 0
    for start in range(0, len(products), PRODUCTS_AT_ONCE):
        group = products[start : start + PRODUCTS_AT_ONCE]
        with ExitStack() as stack:
            targets = {
                spec.name: stack.enter_context(_open(paths[spec.name], spec, plan, reporter)) for spec in _specs(group)
            }
            for window in blocks:
                block = block_of(landscape, window, plan.job.year)
                for product in group:
                    for spec, values in zip(product.files, product.render(block)):
                        targets[spec.name].write(values, spec.window(window))
                    done += 1
                    reporter.progress(done / total, f"Simulating {product.files[0].name}", done, total)


def _open(path: str, spec: FileSpec, plan: Plan, reporter: Reporter) -> SeasonWriter:
    return SeasonWriter(path, spec, plan.coarser(spec.factor), plan.job.seed, reporter)


def _blocks(plan: Plan, factor: int) -> Iterator[Window]:
    """Windows in 10 m pixels. Those for MODIS hold whole MODIS pixels and may reach over the edge."""
    if factor == 1:
        yield from plan.grid.blocks(BLOCK)
        return
    for w in plan.coarser(factor).blocks(MODIS_BLOCK):
        yield Window(w.row * factor, w.col * factor, w.height * factor, w.width * factor)


def _specs(products: Iterable[Product]) -> Iterator[FileSpec]:
    return (spec for product in products for spec in product.files)


def _results(folder: Path, plan: Plan) -> dict[str, object]:
    def named(products: list[Product]) -> list[str]:
        return [str(folder / spec.name) for spec in _specs(products)]

    return {
        "folder": str(folder),
        "truth": str(folder / "truth.tif"),
        "parcels": str(folder / "parcels.gpkg"),
        "scenes": named(sentinel2(plan)),
        "sentinel1": named(sentinel1(plan)),
        "modis": named(modis(plan)),
        "season": str(folder / "season.json"),
    }


def _record(plan: Plan, parcels: int) -> str:
    """season.json: everything needed to make the season again."""
    job = {name: value for name, value in asdict(plan.job).items() if name != "folder"}
    facts = {
        "simulated": True,
        **{name.lower(): value for name, value in marks(plan.job.seed).items() if name != "SIMULATED"},
        "job": job,
        "sentinel2": _iso(plan.optical),
        "sentinel1": _iso(plan.radar),
        "modis": _iso(plan.modis),
        "classes": LEGEND.to_dict(),
        "no_class": [cover.name for cover in COVERS if cover.code == 0],
        "parcels": parcels,
    }
    return json.dumps(facts, indent=1) + "\n"


def _iso(days: tuple[date, ...]) -> list[str]:
    return [day.isoformat() for day in days]
