"""The maps that a job asks for: one, or one a target month; and where each of their files goes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ...shared.cards.card import Card
from ...shared.errors import BadInput
from ...shared.jobs.classify import ClassifyJob, ClassifyOutputs
from ..execution.outputs import check_distinct, check_geotiffs
from ..execution.reporter import Reporter
from ..series.cube.model_series import ModelSeries
from ..series.cube.open_model_series import open_model_series
from ..series.scenes.read_series import ModelScenes, read_model_scenes
from .output_rasters import OUTPUT_RASTERS, Days

_OTHERS = ("attention", "attention_plot")


@dataclass(eq=False)
class Target:
    """One crop map: what it is read from, and its files by the names of ClassifyOutputs' fields."""

    series: ModelSeries
    days: Days  # of a monthly model: the month
    paths: dict[str, str]

    @property
    def month(self) -> str:
        """As 2020-03; "" where the map is of a season."""
        return f"{self.days[0]:%Y-%m}" if self.days else ""

    @property
    def rasters(self) -> dict[str, str]:
        return {key: path for key, path in self.paths.items() if key in OUTPUT_RASTERS}


def open_targets(job: ClassifyJob, card: Card, exits: ExitStack, reporter: Reporter) -> list[Target]:
    """Every map's series, opened before any is made: a month that cannot be mapped ends the run at once."""
    if job.months and not card.inputs.dates.monthly:
        raise BadInput(f"The model {card.title} maps a season, not single months: leave the target months out.")
    if job.written.folder and not card.inputs.dates.monthly:
        raise BadInput(f"The model {card.title} makes one map of a season: name the crop map in place of a folder.")
    scenes = read_model_scenes(job.optical, job.radar, reporter)
    targets = [_open(job, card, scenes, month, exits, reporter) for month in job.months or ("",)]
    check_geotiffs(*(path for target in targets for path in target.rasters.values()))
    check_distinct(*(path for target in targets for path in target.paths.values()))
    return targets


def _open(
    job: ClassifyJob, card: Card, scenes: ModelScenes, month: str, exits: ExitStack, reporter: Reporter
) -> Target:
    series = open_model_series(scenes, card.inputs, reporter, month)
    exits.callback(series.close)
    for note in series.notes:
        reporter.log(note)
    days = (series.span[-1].first, series.span[-1].last) if card.inputs.dates.monthly else None
    target = Target(series, days, {})
    target.paths = _paths(job.written, target.month)
    return target


def _paths(written: ClassifyOutputs, month: str) -> dict[str, str]:
    named = {key: path for key in (*OUTPUT_RASTERS, *_OTHERS) if (path := getattr(written, key))}
    if not written.folder:
        return named
    others = {key: str(_with(Path(path), month)) for key, path in named.items()}
    return {"class_map": str(Path(written.folder) / f"crop_map_{month}.tif"), **others}


def _with(path: Path, month: str) -> Path:
    return path.with_name(f"{path.stem}_{month}{path.suffix}")
