"""The classify job: series + model -> crop map and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from ..card import CARD_FILE, WEIGHTS_FILE, Card
from ..events import Part, Reporter
from ..jobs import ClassifyJob
from ..outputs import Outputs, check_geotiffs
from ..raster.grid import Grid
from ..raster.vector import SIMULATED_TAG
from ..record import Record
from ..runtime.onnx import OnnxRuntime
from ..series.common_grid import common_grid
from ..series.select import Need
from ..series.stack import Stack, open_stack
from .area import Area
from .pipeline import Finished, classify_tiles
from .products import PRODUCTS, Product


def classify(job: ClassifyJob, reporter: Reporter) -> dict[str, object]:
    """Writes the crop map and the requested companions; returns their paths and what the run used."""
    record = Record(job)
    card = Card.load(job.model)
    paths = {key: path for key in PRODUCTS if (path := getattr(job, key))}
    check_geotiffs(*paths.values())
    with ExitStack() as exits:
        outputs = exits.enter_context(Outputs())
        outputs.spare(filter(None, (Path(job.model, CARD_FILE), Path(job.model, WEIGHTS_FILE), job.area)))
        temporary = {key: outputs.path(path) for key, path in paths.items()}
        reporter.progress(0, "Reading the series")
        stack = _open(job, card, reporter)
        exits.callback(lambda: stack.close())
        outputs.spare(stack.sources)
        area = Area.read(job.area, stack.grid.crs) if job.area else None
        grid = area.limit(stack.grid) if area else stack.grid
        stack = stack.on(common_grid([layer.scene for layer in stack.layers], stack.need))  # with all there is around
        runtime = OnnxRuntime(card.check_weights(job.model), job.device, card)
        _announce(card, stack, grid, runtime, reporter)
        part = stack.grid.window_of(grid)
        share = Part(reporter, 0, 0.97)
        blocks = classify_tiles(lambda: stack, stack.grid, card, runtime, _days(stack), share, part=part)
        marked = replace(card, simulated=card.simulated or _simulated(stack))
        products = [exits.enter_context(PRODUCTS[k](marked, grid, t)) for k, t in temporary.items()]
        _write(blocks, products, area, grid)
        reporter.progress(0.97, "Writing overviews")
        for product, path in zip(products, paths.values()):
            product.finish(outputs, path)
        facts = _facts(card, stack, runtime)
        record.save(outputs, job.class_map, facts | {"software": runtime.versions()}, reporter)
    reporter.progress(1, "Done")
    return {**paths, **facts}


def _open(job: ClassifyJob, card: Card, reporter: Reporter) -> Stack:
    """The stack the model takes: the card refuses a wrong series before a weight is loaded."""
    need = Need.from_card(card)
    stack = open_stack(job.scenes, need, reporter, job.dates, job.mask, job.mask_layers, job.extent)
    for note in stack.notes:
        reporter.log(note)
    return stack


def _simulated(stack: Stack) -> bool:
    """Whether a scene's file says that it was simulated."""
    refs = (ref for layer in stack.layers for ref in layer.scene.refs)
    for path in sorted({ref.path for ref in refs}):
        with rasterio.open(path) as file:
            if SIMULATED_TAG in file.tags():
                return True
    return False


def _announce(card: Card, stack: Stack, grid: Grid, runtime: OnnxRuntime, reporter: Reporter) -> None:
    reporter.log(f"Model: {card.title}; dates: {', '.join(d.isoformat() for d in stack.dates)}.")
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    reporter.log(f"Running on {runtime.device}: {runtime.why}.")


def _days(stack: Stack) -> NDArray[np.int64]:
    """(T,) day of year, 0..365."""
    return np.array([day.timetuple().tm_yday - 1 for day in stack.dates], np.int64)


def _write(blocks: Iterable[Finished], products: list[Product], area: Area | None, grid: Grid) -> None:
    for block in blocks:
        known = block.known
        if area:
            known = known & area.inside(grid.sub(block.window))
        for product in products:
            product.write(block, known)


def _facts(card: Card, stack: Stack, runtime: OnnxRuntime) -> dict[str, object]:
    days = [d.isoformat() for d in stack.dates]
    return {
        "model": card.name,
        "title": card.title,
        "group": f"{card.title} {days[0]} - {days[-1]}",
        "model_sha256": card.sha256,
        "dates": days,
        "scenes": [
            {"date": d, "files": sorted({r.path for r in layer.scene.refs}), "mask": layer.mask.name}
            for d, layer in zip(days, stack.layers)
        ],
        "device": runtime.device,
        "why": runtime.why,
    }
