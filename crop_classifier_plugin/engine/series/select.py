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

    Within a window the clearest scene wins (ties: nearest to the window's middle); among seasons that fill every
    window, the one whose worst date is clearest (ties: the latest).
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
    picked: list[Scene] = []
    for window in need.windows:
        middle = dt.date(year, 1, 1) + dt.timedelta((window.first + window.last) // 2 - 1)
        candidates = [s for s in scenes if _inside(s, window, year) and (not picked or s.date > picked[-1].date)]
        if not candidates:
            return None
        by_distance = sorted(candidates, key=lambda s: abs((s.date - middle).days))
        picked.append(by_distance[0] if len(by_distance) == 1 else max(by_distance, key=clear_share))
    return tuple(picked)


def _why_none(scenes: Sequence[Scene], usable: Sequence[Scene], need: Need) -> Exception:
    """A band is missing where the dates alone would do; else dates are missing."""
    if any(_pick(scenes, need, year, lambda _: 0.0) for year in _years(scenes)):
        poor = next(s for s in scenes if s not in usable)
        band = next(b for b in need.bands if b not in poor.bands)
        return BandMissing(band, poor.date.isoformat(), poor.bands, need.model)
    return TooFewDates(need.model, need.describe(), [s.date.isoformat() for s in scenes])
