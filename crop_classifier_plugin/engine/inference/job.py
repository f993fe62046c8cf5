"""The classify job: series + model -> crop map and what goes with it, or one such map a target month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from ...shared.cards.card import Card
from ...shared.cards.files import CARD_FILE, WEIGHTS_FILE, checked_weights, load_card
from ...shared.jobs.classify import ClassifyJob
from ..execution.job_run import job_run
from ..execution.outputs import Outputs
from ..execution.reporter import Reporter, SubProgress
from ..raster.grid import Grid, Window
from ..runtime.base import Runtime
from ..runtime.open import open_runtime
from ..series.cube.model_series import ModelSeries
from ..series.scenes.read_series import read_model_scenes
from ..vector.area import Area
from .date_attention import Attention, write_attention
from .fitting_model import fitting_model
from .holes import Holes, beside
from .map_targets import ATTENTION, Target, open_targets
from .output_rasters import OUTPUT_RASTERS, OutputRaster, Said
from .tile_pipeline import FinishedBlock, classify_tiles, required_dates


def classify(job: ClassifyJob, reporter: Reporter) -> dict[str, object]:
    """Writes the crop maps and the requested companions; returns their paths and what the run used."""
    if job.model:
        load_card(job.model)  # that it is none is known before any scene is read
    with job_run(job, reporter) as run, ExitStack() as exits:
        reporter.progress(0, "Reading the series")
        scenes = read_model_scenes(job.optical, job.radar, reporter)
        model = fitting_model(job, scenes, reporter)
        run.protect_inputs((Path(model, CARD_FILE), Path(model, WEIGHTS_FILE)))
        card = load_card(model)
        targets = open_targets(job, card, scenes, exits, reporter)
        for target in targets:
            run.protect_inputs(target.series.sources)
        runtime = open_runtime(checked_weights(model, card.weights.sha256), job.device, card)
        if not runtime.attends:
            _leave_attention_out(card, targets, reporter)
        maps = []
        for number, target in enumerate(targets):
            part = run.step(number / len(targets), (number + 1) / len(targets))
            facts = _map(job, card, target, runtime, run.outputs, part)
            run.record(target.paths["class_map"], facts | {"software": runtime.versions()})
            maps.append({**target.paths, "month": target.month, **facts})
    if job.written.folder:
        return {"folder": job.written.folder, "maps": maps, **_shared(maps)}
    return {**maps[0], "maps": maps}


def _leave_attention_out(card: Card, targets: list[Target], reporter: Reporter) -> None:
    """An output that the model cannot give does not cost the map."""
    if any(target.leave_out(ATTENTION) for target in targets):
        reporter.log(
            f"The model {card.title} does not tell its attention to the dates: the map is made without that output. "
            "Use a model whose network tells it (Attention-3DCNN, LRTACF-Net, CropSTS) and which was trained lately.",
            "warning",
        )


def _map(
    job: ClassifyJob, card: Card, target: Target, runtime: Runtime, outputs: Outputs, reporter: Reporter
) -> dict[str, object]:
    """One crop map with its companions; returns what it was made of."""
    series, grid = target.series, target.grid
    with ExitStack() as exits:
        temporary = {key: outputs.path(path) for key, path in target.rasters.items()}
        series = exits.enter_context(series.on(series.widest))  # with all there is around
        _announce(card, series, grid, runtime, reporter)
        holes = Holes(series.windows(grid), required_dates(card), grid, target.area)
        simulated = card.training.simulated or series.simulated
        said = Said(target.days, simulated, target.warning)
        rasters = [exits.enter_context(OUTPUT_RASTERS[k](card, grid, t, said)) for k, t in temporary.items()]
        attention_files = target.paths.keys() & set(ATTENTION)
        attention = Attention(card) if attention_files else None
        share = SubProgress(reporter, 0, 0.97)
        blocks = _blocks(series, card, runtime, grid, share, bool(attention_files))
        _write(blocks, [*rasters, *filter(None, (attention,))], target.area, grid, holes)
        holes.log(reporter, target.other_scenes, job.fill)
        reporter.progress(0.97, "Writing overviews")
        for raster, path in zip(rasters, target.rasters.values()):
            raster.finish(outputs, path)
        if attention:
            marked = replace(card, training=replace(card.training, simulated=simulated))
            write_attention(attention, marked, series, target.paths, outputs)
    return _facts(card, series, runtime, target) | {"no_data": holes.facts(target.other_scenes, job.fill)}


def _blocks(
    series: ModelSeries, card: Card, runtime: Runtime, grid: Grid, reporter: Reporter, attention: bool
) -> Iterator[FinishedBlock]:
    """All of the grid, in windows of it: what lies on the series is classified, what lies beside it has no class."""
    wished = series.grid.window_of(grid)
    part = wished.clipped(series.grid.height, series.grid.width)
    inside = part.shifted(-wished.row, -wished.col)
    if part.height and part.width:
        wanted = series.meets if len(series.places) > 1 else None
        for block in classify_tiles(series, card, runtime, reporter, part=part, attention=attention, wanted=wanted):
            yield replace(block, window=block.window.shifted(inside.row, inside.col))
    else:
        inside = Window(0, 0, 0, 0)
    yield from beside(grid, inside, len(card.legend))


def _announce(card: Card, series: ModelSeries, grid: Grid, runtime: Runtime, reporter: Reporter) -> None:
    reporter.log(f"Model: {card.title}; dates: {', '.join(d.isoformat() for d in series.dates)}.")
    reporter.log(f"Grid: {grid.width} x {grid.height} px of {grid.pixel[0]:g} ({grid.crs.to_string()}).")
    reporter.log(f"Running on {runtime.device}: {runtime.why}.")
    if not card.weights.calibration.keeps_classes:
        reporter.log("The model's calibration weighs its classes anew: the map shows which is likeliest by it.")


def _write(
    blocks: Iterable[FinishedBlock],
    rasters: list[OutputRaster | Attention],
    area: Area | None,
    grid: Grid,
    holes: Holes,
) -> None:
    for block in blocks:
        asked = area.inside(grid.sub(block.window)) if area else None
        valid = block.valid if asked is None else block.valid & asked
        holes.add(block.window, valid, asked)
        for raster in rasters:
            raster.write(block, valid)


def _facts(card: Card, series: ModelSeries, runtime: Runtime, target: Target) -> dict[str, object]:
    days = [d.isoformat() for d in series.dates]
    return {
        "model": card.name,
        "title": card.title,
        "group": f"{card.title} {target.month or f'{days[0]} - {days[-1]}'}",
        "model_sha256": card.weights.sha256,
        "calibration": card.weights.calibration.to_dict(),
        "dates": days,
        "scenes": [
            {
                "date": layer.scene.date.isoformat(),
                "files": sorted({r.path for r in layer.scene.refs}),
                "mask": layer.mask.name,
            }
            for layer in series.layers
        ],
        "applicability": [asdict(finding) for finding in target.findings],
        "device": runtime.device,
        "why": runtime.why,
    }


def _shared(maps: list[dict[str, object]]) -> dict[str, object]:
    """What all maps of a run have in common, and the group they are shown in."""
    first, last = maps[0], maps[-1]
    same = {key: first[key] for key in ("model", "title", "model_sha256", "device", "why")}
    return same | {"group": f"{first['title']} {first['month']} - {last['month']}"}
