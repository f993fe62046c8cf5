"""What a crop gain is measured on: the early season and the predicted images, on the early season's grid."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import BadInput, NoOverlap
from ....shared.jobs.fusion import CropGainJob, Prediction
from ....shared.jobs.sources import Series
from ...execution.reporter import Reporter
from ...fusion.image_pairs import Images, images_of
from ...products import dates
from ...raster.grid import Grid, Window
from ...raster.neighbourhood import neighbours
from ...series.cube.stack import Layer
from ...series.operations.gap_filling.interpolation import days_of, linear
from ...series.operations.indices.index_series import IndexSeries, open_index
from ...series.scenes.read_series import SceneSeries, read_together

_DATE = re.compile(r"(?:19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2}|(?<!\d)(?:19|20)\d{5}(?!\d)")


@dataclass(frozen=True)
class Predicted:
    """One predicted image."""

    strategy: str
    date: dt.date
    image: Layer

    @property
    def path(self) -> str:
        return self.image.scene.refs[0].path


@dataclass(frozen=True)
class Interpolated:
    """What needs no prediction: the season's images before and after a predicted date, linear in time."""

    date: dt.date
    strategy: str = "interpolated in time"


Added = Predicted | Interpolated


@dataclass(frozen=True)
class Row:
    """A line of the table: the early season and none, one or two added images of one strategy."""

    strategy: str  # "" = the early season alone
    dates: tuple[dt.date, ...]
    images: tuple[int, ...]  # positions among the images that are added

    @property
    def name(self) -> str:
        return f"{self.strategy}: + {' + '.join(map(str, self.dates))}" if self.dates else "early season"


def rows_of(added: Sequence[Added]) -> tuple[Row, ...]:
    """The early season, then for each strategy each date alone and each two together."""
    rows = [Row("", (), ())]
    for strategy in dict.fromkeys(each.strategy for each in added):
        own = sorted((each.date, i) for i, each in enumerate(added) if each.strategy == strategy)
        for count in (1, 2):
            for chosen in combinations(own, count):
                rows.append(Row(strategy, *(tuple(part) for part in zip(*chosen))))
    return tuple(rows)


class GainImages:
    """E early dates, P predicted images and I interpolated ones of one index on one grid."""

    def __init__(
        self, season: IndexSeries, limit: dt.date, predicted: tuple[Predicted, ...], images: list[Images]
    ) -> None:
        """`season`: the early season, before `limit`; with later dates where predicted ones are interpolated too."""
        self.season, self.predicted, self._images = season, predicted, images
        self.early_dates = tuple(day for day in season.dates if day < limit)
        self.interpolated = tuple(Interpolated(day) for day in _between({p.date for p in predicted}, season.dates))
        self.added: tuple[Added, ...] = (*predicted, *self.interpolated)
        self.names = (*(str(day) for day in self.early_dates), *(f"{a.strategy} {a.date}" for a in self.added))

    @property
    def grid(self) -> Grid:
        return self.season.grid

    @property
    def simulated(self) -> bool:
        return any(image.simulated for image in self._images)

    def columns(self, row: Row) -> NDArray[np.int64]:
        """Which of the features (see `features`) a row's forest sees."""
        early, every = len(self.early_dates), len(self.names)
        used = np.array([*range(early), *(early + i for i in row.images)])
        return np.sort(np.concatenate([used + every * k for k in range(9)]))

    def read(self, window: Window) -> NDArray[np.float32]:
        """(E + P + I, H, W) float32; NaN marks no data."""
        values = self.season.read(window)
        parts = [values[: len(self.early_dates)]]
        parts += [image.read(window).astype(np.float32) for image in self._images]
        if self.interpolated:
            first = self.season.dates[0]
            targets = np.array([(each.date - first).days for each in self.interpolated], np.float64)
            parts.append(linear(values, days_of(self.season.dates), targets))
        return np.concatenate(parts)

    def features(self, window: Window) -> NDArray[np.float32]:
        """(9 * (E + P), H, W): the 3 x 3 neighbourhood of each pixel on every date."""
        top, left = max(window.row - 1, 0), max(window.col - 1, 0)
        bottom = min(window.row + window.height + 1, self.grid.height)
        right = min(window.col + window.width + 1, self.grid.width)
        around = neighbours(self.read(Window(top, left, bottom - top, right - left))[:, None])
        row, col = window.row - top, window.col - left
        return around[:, row : row + window.height, col : col + window.width]


@contextmanager
def opened(job: CropGainJob, reporter: Reporter) -> Iterator[GainImages]:
    """Raises the sentences of missing dates and bands, of odd units, and of images that do not overlap."""
    scenes, predicted = _read(job.early, job.predictions, job.index, reporter)
    limit = dates.parse(job.before, "the end of the early season") if job.before else min(p.date for p in predicted)
    with ExitStack() as exits:
        used, span = _season(scenes, limit, {p.date for p in predicted})
        season = exits.enter_context(open_index(used, job.index, reporter, span))
        for each in predicted:
            _must_overlap(each, season, job.index)
        images = [exits.enter_context(Images([p.image], job.index, season.grid, reporter)) for p in predicted]
        found = GainImages(season, limit, predicted, images)
        told = ", ".join(f"{p.strategy} {p.date}" for p in predicted)
        reporter.log(f"Early season: {len(found.early_dates)} dates before {limit}. Predicted: {told}.")
        if found.interpolated:
            days = ", ".join(str(each.date) for each in found.interpolated)
            reporter.log(f"Beside them, interpolated in time between the season's dates before and after: {days}.")
        yield found


def _season(
    scenes: SceneSeries, limit: dt.date, predicted: set[dt.date]
) -> tuple[SceneSeries, tuple[dt.date, dt.date] | None]:
    """The early season; where its scenes go on after a predicted day, those too, but none of a predicted day."""
    known = tuple(scene for scene in scenes.scenes if scene.date < limit or scene.date not in predicted)
    if any(scene.date < limit for scene in known) and _between(predicted, [scene.date for scene in known]):
        return replace(scenes, scenes=known), None
    return scenes, (dt.date.min, limit - dt.timedelta(1))


def _between(days: Collection[dt.date], known: Sequence[dt.date]) -> list[dt.date]:
    """The days that are not known but lie between known ones."""
    return [day for day in sorted(days) if day not in known and any(k < day for k in known) and max(known) > day]


def _read(
    early: Series, predictions: Sequence[Prediction], index: str, reporter: Reporter
) -> tuple[SceneSeries, tuple[Predicted, ...]]:
    """The headers of the early season and the predicted images; the table of dates may name all of them."""
    given = [Series((each.source,), early.dates) for each in predictions]
    season, *found = read_together((early, *given), reporter)
    return season, _predicted(list(zip(predictions, found)), index, reporter)


def _predicted(
    given: Sequence[tuple[Prediction, SceneSeries]], index: str, reporter: Reporter
) -> tuple[Predicted, ...]:
    """By strategy, in the order given, and date. Raises when a strategy has a date twice."""
    named: dict[tuple[str, dt.date], Predicted] = {}
    order: dict[str, int] = {}
    for each, series in given:
        strategy = each.strategy.strip() or _strategy(each, index)
        order.setdefault(strategy, len(order))
        for day, image in images_of(series, index, "predicted image", reporter).items():
            made = Predicted(strategy, day, image)
            twin = named.setdefault((strategy, day), made)
            if twin is not made:
                raise BadInput(
                    f"{twin.path} and {made.path} are both the prediction {strategy!r} of {day}: leave one out, or "
                    "name their strategies."
                )
    return tuple(sorted(named.values(), key=lambda p: (order[p.strategy], p.date)))


def _strategy(prediction: Prediction, index: str) -> str:
    """What is left of a layer's name without its date and the index: `B` of `NDVI_B_2021-07-30`."""
    name = prediction.source.name or Path(prediction.source.path).stem
    words = [w for w in re.split(r"[\s_\-.]+", _DATE.sub(" ", name)) if w and w.casefold() != index.casefold()]
    return " ".join(words) or "prediction"


def _must_overlap(predicted: Predicted, season: IndexSeries, index: str) -> None:
    x0, y0, x1, y1 = season.grid.bounds
    boxes = [ref.bounds_in(season.grid.crs) for ref in predicted.image.scene.of(index)]
    if not any(box[0] < x1 and box[2] > x0 and box[1] < y1 and box[3] > y0 for box in boxes):
        first = season.stack.layers[0].scene.refs[0].path
        raise NoOverlap(f"The predicted image {predicted.path}", f"the early season's {first}")
