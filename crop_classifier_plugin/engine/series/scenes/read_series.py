"""A series' headers, read once: its scenes by date, and where their masks come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ....shared.jobs.sources import Extent, SceneSource, Series
from ...execution.reporter import Reporter
from ...products.date_table import DateTable
from ...raster.band_ref import BandRef
from ...raster.geodesy import lie_across_180
from ...reporting.sentences import listed
from .cloud_masks import MaskSource
from .reflectance import with_scale
from .scene import Scene, read_scenes

_UNDATED = dt.date(1900, 1, 1)  # of the one mask layer that serves all dates


@dataclass(frozen=True)
class SceneSeries:
    """A series whose headers are read. Pixels are read by what is opened of it (cube/open_stack)."""

    scenes: tuple[Scene, ...] = ()  # by date
    masks: MaskSource = field(default_factory=MaskSource)
    extent: Extent | None = None

    @property
    def files(self) -> set[str]:
        """The rasters of its scenes, mask layers left out."""
        return files_of(self.scenes)


@dataclass(frozen=True)
class ModelScenes:
    """What a model reads of: one or two series whose headers are read; None = not given."""

    optical: SceneSeries | None  # the first, or only, series: of radar for a model of radar alone
    radar: SceneSeries | None = None  # the second

    @property
    def files(self) -> set[str]:
        return set().union(*(series.files for series in (self.optical, self.radar) if series))

    @property
    def extent(self) -> Extent | None:
        return next((series.extent for series in (self.optical, self.radar) if series and series.extent), None)


def read_series(series: Series, reporter: Reporter) -> SceneSeries:
    """Raises the sentences of missing and ambiguous dates, of bands given twice, and of files that cannot be read."""
    return read_together((series,), reporter)[0]


def read_together(series: Sequence[Series], reporter: Reporter) -> tuple[SceneSeries, ...]:
    """As read_series, of series whose tables of dates count for all of them, as those of one job do.

    Rows of the tables that name a layer of none of them are logged.
    """
    table = DateTable(dict.fromkeys(entry for each in series for entry in each.dates))
    found = tuple(_read(each, table, reporter) for each in series)
    if table.unmatched:
        reporter.log(f"No layer of the name that the table of dates gives: {listed(table.unmatched)}.", "warning")
    return _together_at_180(found)


def _together_at_180(found: tuple[SceneSeries, ...]) -> tuple[SceneSeries, ...]:
    """The series; where files in degrees lie on both sides of 180, those west of 0 count on from there: as 180 to 181,
    not as -180 to -179, which would make one grid around the earth."""
    refs = [ref for each in found for scene in each.scenes for ref in scene.refs if ref.crs.is_geographic]
    if not lie_across_180([ref.bounds for ref in refs]):
        return found
    return tuple(
        replace(
            each,
            scenes=tuple(map(_counted_on, each.scenes)),
            masks=replace(
                each.masks,
                dated=tuple(map(_counted_on, each.masks.dated)),
                undated=tuple(map(_moved, each.masks.undated)),
            ),
        )
        for each in found
    )


def _counted_on(scene: Scene) -> Scene:
    return replace(scene, refs=tuple(map(_moved, scene.refs)))


def _moved(ref: BandRef) -> BandRef:
    west, _, east, _ = ref.bounds
    if not ref.crs.is_geographic or west + east >= 0:
        return ref
    return ref.turned(360)


def read_model_scenes(optical: Series | None, radar: Series | None, reporter: Reporter) -> ModelScenes:
    """The headers of both series, as read_together."""
    found = iter(read_together([series for series in (optical, radar) if series], reporter))
    return ModelScenes(next(found) if optical else None, next(found) if radar else None)


class SceneCache:
    """The headers of a job's series: read when they are first asked for, and once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Series | None, Series | None], ModelScenes] = {}

    def read(self, optical: Series | None, radar: Series | None, reporter: Reporter) -> ModelScenes:
        """As read_model_scenes."""
        if (optical, radar) not in self._found:
            self._found[optical, radar] = read_model_scenes(optical, radar, reporter)
        return self._found[optical, radar]


def _read(series: Series, table: DateTable, reporter: Reporter) -> SceneSeries:
    scenes = with_scale(read_scenes(series.scenes, reporter, table), series.scale, reporter)
    return SceneSeries(scenes, _mask_source(series.mask, series.mask_layers, reporter, table), series.extent)


def _mask_source(name: str, layers: Sequence[SceneSource], reporter: Reporter, table: DateTable) -> MaskSource:
    """Mask layers by date; a single layer without a date serves every date."""
    scenes = read_scenes(layers, reporter, table, _UNDATED if len(layers) == 1 else None)
    if any(scene.date == _UNDATED for scene in scenes):
        return MaskSource(name, undated=tuple(ref for scene in scenes for ref in scene.refs))
    return MaskSource(name, scenes)


def files_of(scenes: Iterable[Scene]) -> set[str]:
    """Every file that scenes are read from."""
    return {ref.path for scene in scenes for ref in scene.refs}
