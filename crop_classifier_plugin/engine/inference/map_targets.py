"""The maps that a job asks for: one, or one a target month; and where each of their files goes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ...shared.cards.applicability import Finding, findings
from ...shared.cards.card import Card
from ...shared.cards.refusals import refuse_months
from ...shared.errors import NoOverlap
from ...shared.jobs.classify import ClassifyJob, ClassifyOutputs
from ...shared.jobs.sources import Extent
from ..execution.outputs import check_distinct, check_geotiffs
from ..execution.reporter import Reporter
from ..raster.grid import Grid
from ..series.cube.common_grid import reaching
from ..series.cube.model_series import ModelSeries
from ..series.cube.open_model_series import open_model_series
from ..series.scenes.read_series import ModelScenes, SceneSeries, files_of
from ..vector.area import Area, area_extent
from .output_rasters import OUTPUT_RASTERS, Days
from .series_facts import facts_of

ATTENTION = ("attention", "attention_plot")  # outputs that not every network can give


@dataclass(eq=False)
class Target:
    """One crop map: what it is read from, and its files by the names of ClassifyOutputs' fields."""

    series: ModelSeries
    grid: Grid  # of the map: of the series, or of the part of it that the polygons touch
    area: Area | None
    findings: tuple[Finding, ...]  # what speaks against the model on the series
    days: Days  # of a monthly model: the month
    other_scenes: int  # of the model's dates, that are not used
    paths: dict[str, str]

    @property
    def month(self) -> str:
        """As 2020-03; "" where the map is of a season."""
        return f"{self.days[0]:%Y-%m}" if self.days else ""

    @property
    def warning(self) -> str:
        """All findings in one text, as files carry them; "" for none."""
        return " ".join(finding.sentence for finding in self.findings)

    @property
    def rasters(self) -> dict[str, str]:
        return {key: path for key, path in self.paths.items() if key in OUTPUT_RASTERS}

    def leave_out(self, names: Iterable[str]) -> bool:
        """Takes outputs away; whether one was asked for."""
        gone = [name for name in names if self.paths.pop(name, "")]
        return bool(gone)


def open_targets(
    job: ClassifyJob, card: Card, scenes: ModelScenes, exits: ExitStack, reporter: Reporter
) -> list[Target]:
    """Every map's series, opened before any is made: a month that cannot be mapped ends the run at once.

    What speaks against the model on them is told as warnings, each once.
    """
    refuse_months(card, bool(job.months), bool(job.written.folder))
    if job.area and not scenes.extent:
        scenes = _within(scenes, area_extent(job.area))
    targets = [_open(job, card, scenes, month, exits, reporter) for month in job.months or ("",)]
    check_geotiffs(*(path for target in targets for path in target.rasters.values()))
    check_distinct(*(path for target in targets for path in target.paths.values()))
    for sentence in dict.fromkeys(finding.sentence for target in targets for finding in target.findings):
        reporter.log(sentence, "warning")
    return targets


def _within(scenes: ModelScenes, extent: Extent) -> ModelScenes:
    """The scenes with the box around the area as their extent: their clear shares are counted there."""
    first = scenes.optical or scenes.radar
    try:
        reaching(first.scenes if first else (), extent)
    except NoOverlap:
        raise NoOverlap("The series", "the polygons of the area") from None
    if scenes.optical:
        return replace(scenes, optical=replace(scenes.optical, extent=extent))
    return replace(scenes, radar=replace(scenes.radar or SceneSeries(), extent=extent))


def _open(
    job: ClassifyJob, card: Card, scenes: ModelScenes, month: str, exits: ExitStack, reporter: Reporter
) -> Target:
    series = open_model_series(scenes, card.inputs, reporter, month, job.fill)
    exits.callback(series.close)
    for note in series.notes:
        reporter.log(note)
    days = (series.span[-1].first, series.span[-1].last) if card.inputs.dates.monthly else None
    area = Area.read(job.area, series.grid) if job.area else None
    grid = area.limit(series.grid) if area else series.grid
    others = _other_scenes(scenes, series)
    target = Target(series, grid, area, findings(card, facts_of(series, grid)), days, others, {})
    target.paths = _paths(job.written, target.month)
    return target


def _other_scenes(scenes: ModelScenes, series: ModelSeries) -> int:
    """How many scenes lie within the stretches of days that the series takes, and are not in use."""
    used = {path for layer in series.layers for path in files_of((layer.scene,))}
    given = [each for side in (scenes.optical, scenes.radar) if side for each in side.scenes]
    return sum(
        any(span.first <= scene.date <= span.last for span in series.span) and not files_of((scene,)) & used
        for scene in given
    )


def _paths(written: ClassifyOutputs, month: str) -> dict[str, str]:
    named = {key: path for key in (*OUTPUT_RASTERS, *ATTENTION) if (path := getattr(written, key))}
    if not written.folder:
        return named
    others = {key: str(_with(Path(path), month)) for key, path in named.items()}
    return {"class_map": str(Path(written.folder) / f"crop_map_{month}.tif"), **others}


def _with(path: Path, month: str) -> Path:
    return path.with_name(f"{path.stem}_{month}{path.suffix}")
