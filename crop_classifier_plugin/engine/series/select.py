"""Which scenes of a series a model takes: one in each window of its season, the clearest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..card import Card, Window
from ..errors import BandMissing, TooFewDates
from .scenes import Scene


@dataclass(frozen=True)
class Need:
    """What a model asks of a series. Values are delivered as reflectance x `scale`."""

    model: str  # its name, for messages
    bands: tuple[str, ...]
    windows: tuple[Window, ...]
    pixel_size: float  # m
    pixel_tolerance: float  # share of pixel_size
    scale: float
    nodata: float  # raw value that means no data where a file declares none

    @classmethod
    def from_card(cls, card: Card) -> Need:
        return cls(card.title, card.bands, card.windows, card.pixel_size, card.pixel_tolerance, card.scale, card.nodata)

    def describe(self) -> str:
        spans = ", ".join(f"{_day(w.first)} to {_day(w.last)}" for w in self.windows)
        return f"{len(self.windows)} dates of one season, one in each of: {spans}"


def _day(day_of_year: int) -> str:
    return f"{dt.date(2023, 1, 1) + dt.timedelta(day_of_year - 1):%-d %B}"


def choose(
    scenes: Sequence[Scene], need: Need, clear_share: Callable[[Scene], float]
) -> tuple[tuple[Scene, ...], tuple[str, ...]]:
    """The scenes to use, one a window, and what to tell the user about it.

    Within a window the clearest scene wins (ties: nearest to the window's middle); where windows overlap, the rising
    dates whose clear shares sum highest; among seasons that fill every window, the one whose worst date is clearest
    (ties: the latest).
    """
    usable = [s for s in scenes if set(need.bands) <= set(s.bands)]
    seasons = [picked for year in _years(scenes) if (picked := _pick(usable, need, year, clear_share))]
    if not seasons:
        raise _why_none(scenes, usable, need)
    shares = {id(p): min(clear_share(s) for s in p) if len(seasons) > 1 else 0.0 for p in seasons}
    best = max(reversed(seasons), key=lambda p: shares[id(p)])
    notes = [f"{s.date.isoformat()}: {clear_share(s):.0%} of the sampled pixels are clear." for s in best]
    unused = len(scenes) - len(best)
    if unused:
        notes.append(f"{unused} other scenes are not used: the model takes {need.describe()}.")
    return best, tuple(notes)


def _years(scenes: Sequence[Scene]) -> list[int]:
    years = [s.date.year for s in scenes]
    return list(range(min(years) - 1, max(years) + 2)) if years else []


def _inside(scene: Scene, window: Window, year: int) -> bool:
    day = (scene.date - dt.date(year, 1, 1)).days + 1
    return window.first <= day <= window.last


def _pick(
    scenes: Sequence[Scene], need: Need, year: int, clear_share: Callable[[Scene], float]
) -> tuple[Scene, ...] | None:
    """The rising dates, one a window, with the highest sum of clear shares (ties: least far from the middles).

    Dynamic programme over the windows: the best chain that ends in each candidate. A clear share is measured only in
    a window that has a choice.
    """
    chains: list[tuple[tuple[float, int], tuple[Scene, ...]]] = [((0.0, 0), ())]
    places = _rising([[s for s in scenes if _inside(s, w, year)] for w in need.windows])
    for window, candidates in zip(need.windows, places):
        middle = dt.date(year, 1, 1) + dt.timedelta((window.first + window.last) // 2 - 1)
        longer = []
        for scene in candidates:
            before = [c for c in chains if not c[1] or c[1][-1].date < scene.date]
            (clear, near), chain = max(before, key=lambda c: c[0])
            share = clear_share(scene) if len(candidates) > 1 else 0.0
            longer.append(((clear + share, near - abs((scene.date - middle).days)), (*chain, scene)))
        chains = longer
    return max(chains, key=lambda c: c[0])[1] if chains else None


def _rising(places: list[list[Scene]]) -> list[list[Scene]]:
    """The candidates that some rising choice of one a window holds; every list is empty where there is none."""
    floor, ceiling = dt.date.min, dt.date.max
    kept: list[list[Scene]] = []
    for place in places:
        kept.append([s for s in place if s.date > floor])
        floor = min((s.date for s in kept[-1]), default=dt.date.max)
    for k in reversed(range(len(kept))):
        kept[k] = [s for s in kept[k] if s.date < ceiling]
        ceiling = max((s.date for s in kept[k]), default=dt.date.min)
    return kept


def _why_none(scenes: Sequence[Scene], usable: Sequence[Scene], need: Need) -> Exception:
    """A band is missing where the dates alone would do; else dates are missing."""
    years = [year for year in _years(scenes) if _pick(scenes, need, year, lambda _: 0.0)]
    if years:
        inside = [s for s in scenes if any(_inside(s, w, year) for w in need.windows for year in years)]
        poor = max((s for s in inside if s not in usable), key=lambda s: len(set(need.bands) & set(s.bands)))
        missing = [b for b in need.bands if b not in poor.bands]
        return BandMissing(missing, poor.date.isoformat(), poor.bands, need.model)
    return TooFewDates(need.model, need.describe(), [s.date.isoformat() for s in scenes])
