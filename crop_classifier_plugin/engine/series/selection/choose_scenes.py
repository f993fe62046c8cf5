"""Which scenes a model takes: one in each window of its season, the clearest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from ....shared.cards.parts import InputSpec
from ....shared.errors import BandMissing, TooFewDates
from ..scenes.scene import Scene
from .periods import Period
from .season_windows import Span, seasons

ClearShare = Callable[[Scene], float]  # of the pixels of a scene, 0..1


def choose(
    scenes: Sequence[Scene], spec: InputSpec, clear_share: ClearShare, spans: Sequence[Span] | None = None
) -> tuple[tuple[Scene, ...], tuple[str, ...]]:
    """The scenes to use, one a window, and what to tell the user about it.

    Within a window the clearest scene wins (ties: nearest to the window's middle); where windows overlap, the rising
    dates whose clear shares sum highest; among seasons that fill every window, the one whose worst date is clearest
    (ties: the latest). `spans`: the seasons to choose among; None = one a year.
    """
    usable = [s for s in scenes if set(spec.bands) <= set(s.bands)]
    if spans is None:
        spans = seasons([(w.first, w.last) for w in spec.dates.windows], [s.date for s in scenes])
    found = [picked for span in spans if (picked := _pick(usable, span, clear_share))]
    if not found:
        raise _why_none(scenes, usable, spec, spans)
    shares = {id(p): min(clear_share(s) for s in p) if len(found) > 1 else 0.0 for p in found}
    best = max(reversed(found), key=lambda p: shares[id(p)])
    notes = [f"{s.date.isoformat()}: {clear_share(s):.0%} of the sampled pixels are clear." for s in best]
    unused = len(scenes) - len(best)
    if unused:
        notes.append(f"{unused} other scenes are not used: the model takes {spec.dates.describe()}.")
    return best, tuple(notes)


def _pick(scenes: Sequence[Scene], span: Span, clear_share: ClearShare) -> tuple[Scene, ...] | None:
    """The rising dates, one a window, with the highest sum of clear shares (ties: least far from the middles).

    Dynamic programme over the windows: the best chain that ends in each candidate. A clear share is measured only in
    a window that has a choice.
    """
    chains: list[tuple[tuple[float, int], tuple[Scene, ...]]] = [((0.0, 0), ())]
    inside = _rising([[s for s in scenes if s.date in period] for period in span])
    for period, candidates in zip(span, inside):
        longer = []
        for scene in candidates:
            before = [c for c in chains if not c[1] or c[1][-1].date < scene.date]
            (clear, near), chain = max(before, key=lambda c: c[0])
            share = clear_share(scene) if len(candidates) > 1 else 0.0
            longer.append(((clear + share, near - _distance(scene, period)), (*chain, scene)))
        chains = longer
    return max(chains, key=lambda c: c[0])[1] if chains else None


def _rising(inside: list[list[Scene]]) -> list[list[Scene]]:
    """The candidates that some rising choice of one a window holds; every list is empty where there is none."""
    floor, ceiling = dt.date.min, dt.date.max
    kept: list[list[Scene]] = []
    for candidates in inside:
        kept.append([s for s in candidates if s.date > floor])
        floor = min((s.date for s in kept[-1]), default=dt.date.max)
    for k in reversed(range(len(kept))):
        kept[k] = [s for s in kept[k] if s.date < ceiling]
        ceiling = max((s.date for s in kept[k]), default=dt.date.min)
    return kept


def pick_some(scenes: Sequence[Scene], span: Span, clear_share: ClearShare) -> tuple[Scene | None, ...]:
    """As many rising dates as there are, at most one a window, None in a window that stays empty; among those the
    highest sum of clear shares (ties: least far from the middles)."""
    chains: dict[dt.date, tuple[tuple[int, float, int], tuple[Scene | None, ...]]] = {dt.date.min: ((0, 0.0, 0), ())}
    for period in span:
        candidates = [s for s in scenes if s.date in period]
        longer = {last: (score, (*chain, None)) for last, (score, chain) in chains.items()}
        for scene in candidates:
            share = clear_share(scene) if len(candidates) > 1 else 0.0
            before = [chain for last, chain in chains.items() if last < scene.date]
            (count, clear, near), chain = max(before, key=lambda c: c[0])
            one = (count + 1, clear + share, near - _distance(scene, period)), (*chain, scene)
            longer[scene.date] = max(longer.get(scene.date, one), one, key=lambda c: c[0])
        chains = longer
    return max(chains.values(), key=lambda c: c[0])[1]


def _distance(scene: Scene, period: Period) -> int:
    """Days from the middle of a window."""
    return abs((scene.date - period.middle).days)


def _why_none(scenes: Sequence[Scene], usable: Sequence[Scene], spec: InputSpec, spans: Sequence[Span]) -> Exception:
    """A band is missing where the dates alone would do; else dates are missing."""
    possible = [span for span in spans if _pick(scenes, span, lambda _: 0.0)]
    if possible:
        inside = [s for s in scenes if any(s.date in period for span in possible for period in span)]
        poor = max((s for s in inside if s not in usable), key=lambda s: len(set(spec.bands) & set(s.bands)))
        return band_missing(poor, spec)
    return TooFewDates(spec.model, spec.dates.describe(), [s.date.isoformat() for s in scenes])


def band_missing(scene: Scene, spec: InputSpec) -> BandMissing:
    missing = [b for b in spec.bands if b not in scene.bands]
    return BandMissing(missing, scene.date.isoformat(), scene.bands, spec.model)
