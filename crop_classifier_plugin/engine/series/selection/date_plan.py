"""Which scenes of one or two series stand behind each date of a model, and what each date goes by."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ....shared.cards.parts import InputSpec
from ....shared.errors import BadInput, WindowsEmpty
from ..scenes.quantity import OPTICAL, model_quantity
from ..scenes.scene import Scene
from .choose_scenes import ClearShare, band_missing, choose, pick_some
from .periods import Period
from .season_windows import (
    Span,
    fullest,
    members,
    months_until,
    read_month,
    seasons,
)

Picks = tuple[tuple[Scene, ...], ...]  # the scenes behind each date


@dataclass(frozen=True)
class Plan:
    """For each date: the stretch of days it stands for, the day it goes by, and its scenes in both series."""

    span: Span
    days: tuple[dt.date, ...]
    first: Picks
    radar: Picks
    notes: tuple[str, ...]


def first_spec(need: InputSpec) -> InputSpec:
    """What is asked of the first series' files."""
    quantity = model_quantity(need.bands)
    if quantity is OPTICAL:
        return need
    return replace(need, scale=quantity.scale, nodata=quantity.source_nodata)


def radar_spec(need: InputSpec) -> InputSpec:
    """What is asked of the second series' files, which may be coarser than the grid."""
    alone = replace(need, bands=need.radar.bands, radar=replace(need.radar, bands=()))
    return replace(first_spec(alone), pixel_tolerance=math.inf)


def distinct(picks: Picks) -> list[Scene]:
    """Every scene in use once, by date."""
    used = {scene.date: scene for scenes in picks for scene in scenes}
    return [used[day] for day in sorted(used)]


def make_plan(need: InputSpec, first: Sequence[Scene], radar: Sequence[Scene], shares: ClearShare, month: str) -> Plan:
    """Raises WindowsEmpty, TooFewDates and BandMissing where the series does not do, BadInput for a wrong month."""
    heard = _usable(radar, radar_spec(need))
    if need.dates.reduce == "clearest" and first and not need.dates.min_dates:
        spans = _spans(need, _dates(first), month)
        chosen, notes = choose(first, need, shares, spans)
        span = next(s for s in spans if all(scene.date in period for scene, period in zip(chosen, s)))
        picks: Picks = tuple((scene,) for scene in chosen)
    else:
        usable = _usable(first, first_spec(need))
        span = fullest(_spans(need, _dates(usable or heard), month), _dates(usable), _dates(heard))
        picks, notes = _some(need, usable, span, shares)
    observed = [p[0].date if p and need.dates.reduce == "clearest" else None for p in picks]
    days = tuple(day or period.middle for day, period in zip(observed, span))
    behind = tuple(
        _around(heard, day, need.radar.days) if day else inside for day, inside in zip(observed, _within(heard, span))
    )
    _check_filled(need, span, [picks, behind] if need.radar.bands else [picks])
    return Plan(span, days, picks, behind, (*notes, *_notes(need, span, picks, behind)))


def _some(need: InputSpec, usable: Sequence[Scene], span: Span, shares: ClearShare) -> tuple[Picks, tuple[str, ...]]:
    """The scenes of the first series in a season that may have gaps, or whose scenes are reduced to one."""
    if need.dates.reduce != "clearest":
        return _within(usable, span), ()
    found = pick_some(usable, span, shares)
    notes = tuple(f"{s.date}: {shares(s):.0%} of the sampled pixels are clear." for s in found if s)
    return tuple((s,) if s else () for s in found), notes


def _dates(scenes: Sequence[Scene]) -> list[dt.date]:
    return [scene.date for scene in scenes]


def _usable(scenes: Sequence[Scene], need: InputSpec) -> list[Scene]:
    """The scenes that have all bands. Raises BandMissing where none has."""
    found = [s for s in scenes if set(need.bands) <= set(s.bands)]
    if scenes and not found:
        raise band_missing(max(scenes, key=lambda s: len(set(need.bands) & set(s.bands))), need)
    return found


def _spans(need: InputSpec, days: Sequence[dt.date], month: str) -> list[Span]:
    """The seasons the dates could be of; of a monthly model the months up to its target month."""
    if not need.dates.monthly:
        return seasons([(w.first, w.last) for w in need.dates.windows], days)
    fitting = [day for day in days if need.only_month in (0, day.month)]
    if not (month or fitting):
        raise BadInput(
            f"The model {need.model} maps {_name(need.only_month)}, of which the series has no scene: add one."
        )
    target = read_month(month) if month else fitting[-1]
    if need.only_month not in (0, target.month):
        raise BadInput(
            f"The model {need.model} names crops in {_name(need.only_month)} only, not in {target:%Y-%m}: choose that "
            "month, or a model that reads the day of the year."
        )
    return [months_until(f"{target:%Y-%m}", len(need.dates.windows))]


def _name(month: int) -> str:
    return f"{dt.date(2023, month, 1):%B}"


def _within(scenes: Sequence[Scene], span: Span) -> Picks:
    """All scenes of each stretch."""
    return tuple(tuple(scenes[i] for i in inside) for inside in members(span, _dates(scenes)))


def _around(scenes: Sequence[Scene], day: dt.date, reach: int) -> tuple[Scene, ...]:
    """All scenes at most `reach` days from the day."""
    return tuple(s for s in scenes if abs((s.date - day).days) <= reach)


def _check_filled(need: InputSpec, span: Span, series: Sequence[Picks]) -> None:
    """Raises WindowsEmpty where fewer dates have a scene than the model needs, or a target month has none."""
    enough = any if need.dates.min_dates else all
    empty = [i for i, picks in enumerate(zip(*series)) if not enough(picks)]
    least = need.dates.min_dates or len(span)
    target = f"{span[-1].first:%Y-%m}" if need.dates.monthly else ""
    if len(span) - len(empty) < least or (target and len(span) - 1 in empty):
        raise WindowsEmpty(need.model, least, len(span), [_words(need, span[i]) for i in empty], target)


def _words(need: InputSpec, period: Period) -> str:
    return f"{period.first:%Y-%m}" if need.dates.monthly else str(period)


def _notes(need: InputSpec, span: Span, picks: Picks, behind: Picks) -> list[str]:
    """How many scenes stand behind each date, where that is not always one."""
    if need.dates.reduce == "clearest" and not need.radar.bands and all(picks):
        return []
    second = [f", radar scenes: {len(scenes)}" for scenes in behind] if need.radar.bands else [""] * len(span)
    return [f"{_words(need, p)}, scenes: {len(s)}{more}." for p, s, more in zip(span, picks, second)]
