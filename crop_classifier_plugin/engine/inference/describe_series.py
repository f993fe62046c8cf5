"""The describe_series job: what the engine reads of a series, which models fit it, and what a run of one would take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...shared.cards.parts import InputSpec
from ...shared.errors import Cancelled, CropClassifierError
from ...shared.jobs.describe_series import DescribeSeriesJob
from ..execution.job_run import JobRun, job_run
from ..execution.reporter import Reporter, SubProgress
from ..raster.geodesy import degrees_of
from ..raster.grid import Grid
from ..reporting.csv_table import csv_text
from ..reporting.sentences import listed
from ..series.cube.common_grid import checked_size, common_grid, reaching
from ..series.cube.open_series import measured_bands
from ..series.cube.open_stack import masked_for
from ..series.cube.stack import ClearShares
from ..series.scenes.quantity import INDEX, OPTICAL, RADAR, Quantity
from ..series.scenes.read_series import ModelScenes, SceneSeries, read_model_scenes
from ..series.scenes.scene import Scene
from .forecast import forecast
from .model_fit import model_fit
from .thumbnails import Thumbnails

QUANTITIES = {"optical": OPTICAL, "radar": RADAR, "index": INDEX}
COLUMNS = ("date", "series", "sensors", "levels", "bands", "clear", "mask", "files")
Row = dict[str, Any]


class Heard(SubProgress):
    """Another reporter; keeps the warnings, which a description holds too."""

    def __init__(self, whole: Reporter) -> None:
        super().__init__(whole, 0, 1)
        self.warnings: list[str] = []

    def log(self, text: str, level: str = "info") -> None:
        if level == "warning" and text not in self.warnings:
            self.warnings.append(text)
        super().log(text, level)


def describe_series(job: DescribeSeriesJob, reporter: Reporter) -> Row:
    """Writes the description; returns it with the paths of what was written."""
    with job_run(job, reporter) as run:
        heard = Heard(reporter)
        reporter.progress(0, "Reading the series")
        scenes = read_model_scenes(job.optical, job.radar, heard)
        run.protect_inputs(scenes.files)
        parts = parts_of(scenes)
        found: Row = {"version": 1, "dates": _dates(job, parts, run, heard), **_ground(parts[0])}
        found["models"] = list(_models(job, scenes, run.step(0.6, 0.8)))
        if job.model:
            reporter.progress(0.8, "Foreseeing the run")
            found["forecast"] = forecast(job, scenes, run.step(0.8, 1))
        found["warnings"] = heard.warnings
        _write(job, found, run)
    return {"report_json": job.report_json, "report_csv": job.report_csv, "description": found}


@dataclass(frozen=True)
class Part:
    """The scenes of a series that have bands of one quantity, as optical scenes and radar in one folder."""

    name: str
    series: SceneSeries  # those inside the extent, with the masks that count for the quantity
    bands: tuple[str, ...]  # of the quantity, that any of its scenes has
    quantity: Quantity

    @cached_property
    def grid(self) -> Grid:
        """Of its finest band, over the extent or all that it covers."""
        return checked_size(common_grid(self.whole, self.spec, self.series.extent))

    @cached_property
    def whole(self) -> tuple[Scene, ...]:
        """The scenes that have as many of the bands as any."""
        most = max(len(set(self.bands) & set(scene.bands)) for scene in self.series.scenes)
        return tuple(s for s in self.series.scenes if len(set(self.bands) & set(s.bands)) == most)

    @property
    def spec(self) -> InputSpec:
        """Of the bands that its most complete scenes have."""
        return self.quantity.input_spec([band for band in self.bands if band in self.whole[0].bands])


def parts_of(scenes: ModelScenes) -> list[Part]:
    """What is given, by quantity. Raises BadInput where no band has a known name, NoOverlap outside the extent."""
    given = [series for series in (scenes.optical, scenes.radar) if series]
    parts = [part for series in given for part in _parts(replace(series, scenes=_inside(series)))]
    if not parts:
        measured_bands([scene for series in given for scene in series.scenes])  # raises, with the names there are
    return parts


def _inside(series: SceneSeries) -> tuple[Scene, ...]:
    return reaching(series.scenes, series.extent)


def _parts(series: SceneSeries) -> Iterator[Part]:
    for name, quantity in QUANTITIES.items():
        own = tuple(scene for scene in series.scenes if set(scene.bands) & set(quantity.bands))
        bands = tuple(band for band in quantity.bands if any(band in scene.bands for scene in own))
        if own:
            yield Part(name, masked_for(replace(series, scenes=own), quantity), bands, quantity)


def _ground(part: Part) -> Row:
    """Where the series lies: its grid, and the box around it in degrees (None where that is not known)."""
    grid = part.grid
    return {
        "grid": {
            "width": grid.width,
            "height": grid.height,
            "pixel": grid.pixel[0],
            "crs": grid.crs.to_string(),
            "bounds": grid.bounds,
        },
        "bbox": degrees_of(grid.crs, grid.bounds),
    }


# --- the dates -------------------------------------------------------------------------------------------------------


def _dates(job: DescribeSeriesJob, parts: list[Part], run: JobRun, reporter: Reporter) -> list[Row]:
    """A row a date and quantity, by date."""
    rows = [row for part in parts for row in _rows_of(job, part, run, reporter)]
    return sorted(rows, key=lambda row: (row["date"], row["series"]))


def _rows_of(job: DescribeSeriesJob, part: Part, run: JobRun, reporter: Reporter) -> Iterator[Row]:
    shares = ClearShares(part.spec, part.series, reporter)
    pictures = Thumbnails(part.series, part.grid, job.thumbnails, run.outputs) if job.thumbnails else None
    count = len(part.series.scenes)
    for number, scene in enumerate(part.series.scenes):
        reporter.progress(0.6 * number / count, "Looking at the dates", number, count)
        having = [band for band in part.bands if band in scene.bands]
        row = _row(part, scene) | {"lacks": [band for band in part.spec.bands if band not in having]}
        row["clear"] = round(shares(scene), 4) if job.clear and not row["lacks"] else None
        row["thumbnail"] = pictures.write(scene, having) if pictures else ""
        yield row


def _row(part: Part, scene: Scene) -> Row:
    refs = [ref for ref in scene.refs if ref.band in part.bands]
    return {
        "date": scene.date.isoformat(),
        "series": part.name,
        "sensors": sorted({ref.origin.sensor for ref in refs} - {""}),
        "levels": sorted({ref.origin.level for ref in refs} - {""}),
        "bands": [band for band in scene.bands if band in part.bands],
        "pixel": min((round(ref.pixel, 2) for ref in refs), default=None),
        "simulated": scene.simulated,
        "mask": _mask(part.series, scene),
        "files": sorted({ref.path for ref in refs}),
        "where": {ref.band: [ref.path, ref.index] for ref in reversed(refs)},
    }


def _mask(series: SceneSeries, scene: Scene) -> str:
    """The name of the date's mask; "none" also where one was asked for and is lacking, which a run refuses."""
    try:
        return series.masks.mask_of(scene).name
    except CropClassifierError:
        return "none"


# --- the models ------------------------------------------------------------------------------------------------------


def _models(job: DescribeSeriesJob, scenes: ModelScenes, reporter: Reporter) -> Iterator[Row]:
    """Each candidate held against the series, those that fit first."""
    rows = []
    for number, folder in enumerate(job.candidates):
        reporter.progress(number / len(job.candidates), "Holding models against the series", number)
        try:
            rows.append(model_fit(folder, scenes, job.fill, reporter))
        except Cancelled:
            raise
        except CropClassifierError as error:  # no card, or a broken one
            rows.append({"folder": folder, "title": Path(folder).name, "refused": error.sentence, "against": []})
    yield from sorted(rows, key=lambda row: (bool(row["refused"]), len(row["against"])))


# --- what is written -------------------------------------------------------------------------------------------------


def _write(job: DescribeSeriesJob, found: Row, run: JobRun) -> None:
    if job.report_json:
        run.outputs.write_text(job.report_json, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if job.thumbnails:
        run.record(Path(job.thumbnails) / "thumbnails.png", {"dates": len(found["dates"])})
    if job.report_csv:
        run.outputs.write_text(job.report_csv, _csv(found["dates"]))
    days = [row["date"] for row in found["dates"]]
    run.reporter.log(f"{len(days)} dates from {days[0]} to {days[-1]}.")
    for row in found["models"]:
        against = row["refused"] or listed(finding["sentence"] for finding in row["against"])
        run.reporter.log(f"{row['title']}: {against or 'fits this series.'}")


def _csv(rows: Iterable[Row]) -> str:
    flat = (
        {key: " ".join(value) if isinstance(value, list) else value for key, value in row.items()}
        | {"files": "; ".join(row["files"])}
        for row in rows
    )
    return csv_text(COLUMNS, flat)
