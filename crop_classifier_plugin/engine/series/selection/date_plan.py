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
class DatePlan:
    """For each date: the stretch of days it stands for, the day it goes by, and its scenes in both series."""

    span: Span
    days: tuple[dt.date, ...]
    first: Picks
    radar: Picks
    notes: tuple[str, ...]


def first_spec(spec: InputSpec) -> InputSpec:
    """What is asked of the first series' files."""
    quantity = model_quantity(spec.bands)
    if quantity is OPTICAL:
        return spec
    return replace(spec, scale=quantity.scale, nodata=quantity.source_nodata)


def radar_spec(spec: InputSpec) -> InputSpec:
    """What is asked of the second series' files, which may be coarser than the grid."""
    alone = replace(spec, bands=spec.radar.bands, radar=replace(spec.radar, bands=()))
    return replace(first_spec(alone), pixel_tolerance=math.inf)


def distinct(picks: Picks) -> list[Scene]:
    """Every scene in use once, by date."""
    used = {scene.date: scene for scenes in picks for scene in scenes}
    return [used[day] for day in sorted(used)]


def make_plan(
    spec: InputSpec, first: Sequence[Scene], radar: Sequence[Scene], shares: ClearShare, month: str
) -> DatePlan:
    """Raises WindowsEmpty, TooFewDates and BandMissing where the series does not do, BadInput for a wrong month."""
    radar_usable = _usable(radar, radar_spec(spec))
    if spec.dates.reduce == "clearest" and first and not spec.dates.min_dates:
        spans = _spans(spec, _dates(first), month)
        chosen, notes = choose(first, spec, shares, spans)
        span = next(s for s in spans if all(scene.date in period for scene, period in zip(chosen, s)))
        picks: Picks = tuple((scene,) for scene in chosen)
    else:
        usable = _usable(first, first_spec(spec))
        span = fullest(_spans(spec, _dates(usable or radar_usable), month), _dates(usable), _dates(radar_usable))
        picks, notes = _some(spec, usable, span, shares)
    observed = [p[0].date if p and spec.dates.reduce == "clearest" else None for p in picks]
    days = tuple(day or period.middle for day, period in zip(observed, span))
    behind = tuple(
        _around(radar_usable, day, spec.radar.days) if day else inside
        for day, inside in zip(observed, _within(radar_usable, span))
    )
    _check_filled(spec, span, [picks, behind] if spec.radar.bands else [picks])
    return DatePlan(span, days, picks, behind, (*notes, *_notes(spec, span, picks, behind)))


def with_fillers(plan: DatePlan, spec: InputSpec, first: Sequence[Scene], shares: ClearShare) -> DatePlan:
    """Behind the scene of each date the others of its stretch of days, the clearest first, which no other date has.

    What the chosen scene does not show clear is then taken from them. The date goes by the chosen one's day. Dates that
    are reduced to one image have all their scenes already.
    """
    if spec.dates.reduce != "clearest":
        return plan
    usable = _usable(first, first_spec(spec))
    taken = {scene.date for scenes in plan.first for scene in scenes}
    picks: list[tuple[Scene, ...]] = []
    for chosen, period in zip(plan.first, plan.span):
        others = [s for s in usable if s.date in period and s.date not in taken] if chosen else []
        others.sort(key=lambda scene: (-shares(scene), scene.date))
        taken |= {scene.date for scene in others}
        picks.append((*chosen, *others))
    added = sum(map(len, picks)) - sum(map(len, plan.first))
    note = f"Holes of the chosen scenes are filled from {added} other scenes of the same stretches of days."
    return replace(plan, first=tuple(picks), notes=(*plan.notes, note))


def _some(spec: InputSpec, usable: Sequence[Scene], span: Span, shares: ClearShare) -> tuple[Picks, tuple[str, ...]]:
    """The scenes of the first series in a season that may have gaps, or whose scenes are reduced to one."""
    if spec.dates.reduce != "clearest":
        return _within(usable, span), ()
    found = pick_some(usable, span, shares)
    notes = tuple(f"{s.date}: {shares(s):.0%} of the sampled pixels are clear." for s in found if s)
    return tuple((s,) if s else () for s in found), notes


def _dates(scenes: Sequence[Scene]) -> list[dt.date]:
    return [scene.date for scene in scenes]


def _usable(scenes: Sequence[Scene], spec: InputSpec) -> list[Scene]:
    """The scenes that have all bands. Raises BandMissing where none has."""
    found = [s for s in scenes if set(spec.bands) <= set(s.bands)]
    if scenes and not found:
        raise band_missing(max(scenes, key=lambda s: len(set(spec.bands) & set(s.bands))), spec)
    return found


def _spans(spec: InputSpec, days: Sequence[dt.date], month: str) -> list[Span]:
    """The seasons the dates could be of; of a monthly model the months up to its target month."""
    if not spec.dates.monthly:
        return seasons([(w.first, w.last) for w in spec.dates.windows], days)
    fitting = [day for day in days if spec.only_month in (0, day.month)]
    if not (month or fitting):
        raise BadInput(
            f"The model {spec.model} maps {_name(spec.only_month)}, of which the series has no scene: add one."
        )
    target = read_month(month) if month else fitting[-1]
    if spec.only_month not in (0, target.month):
        raise BadInput(
            f"The model {spec.model} names crops in {_name(spec.only_month)} only, not in {target:%Y-%m}: choose that "
            "month, or a model that reads the day of the year."
        )
    return [months_until(f"{target:%Y-%m}", len(spec.dates.windows))]


def _name(month: int) -> str:
    return f"{dt.date(2023, month, 1):%B}"


def _within(scenes: Sequence[Scene], span: Span) -> Picks:
    """All scenes of each stretch."""
    return tuple(tuple(scenes[i] for i in inside) for inside in members(span, _dates(scenes)))


def _around(scenes: Sequence[Scene], day: dt.date, reach: int) -> tuple[Scene, ...]:
    """All scenes at most `reach` days from the day."""
    return tuple(s for s in scenes if abs((s.date - day).days) <= reach)


def _check_filled(spec: InputSpec, span: Span, picks_of_series: Sequence[Picks]) -> None:
    """Raises WindowsEmpty where fewer dates have a scene than the model needs, or a target month has none."""
    enough = any if spec.dates.min_dates else all
    empty = [i for i, picks in enumerate(zip(*picks_of_series)) if not enough(picks)]
    min_dates = spec.dates.min_dates or len(span)
    target = f"{span[-1].first:%Y-%m}" if spec.dates.monthly else ""
    if len(span) - len(empty) < min_dates or (target and len(span) - 1 in empty):
        raise WindowsEmpty(spec.model, min_dates, len(span), [_describe(spec, span[i]) for i in empty], target)


def _describe(spec: InputSpec, period: Period) -> str:
    return f"{period.first:%Y-%m}" if spec.dates.monthly else str(period)


def _notes(spec: InputSpec, span: Span, picks: Picks, behind: Picks) -> list[str]:
    """How many scenes stand behind each date, where that is not always one."""
    if spec.dates.reduce == "clearest" and not spec.radar.bands and all(picks):
        return []
    second = [f", radar scenes: {len(scenes)}" for scenes in behind] if spec.radar.bands else [""] * len(span)
    return [f"{_describe(spec, p)}, scenes: {len(s)}{more}." for p, s, more in zip(span, picks, second)]
