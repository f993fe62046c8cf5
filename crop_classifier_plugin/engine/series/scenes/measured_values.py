"""Which numbers of a file cannot be measured: fill that no header declares. One rule, by quantity, for all readers.

Radar borders of 0, -9999, 65535 and -3.4e38 stand in many files whose header names no such value. They are no data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ...execution.reporter import Reporter
from ...products.bands import OPTICAL, RADAR
from ...raster.band_ref import BandRef, short_name
from ...reporting.sentences import listed
from .reflectance import factors_of

Bool = NDArray[np.bool_]
Float = NDArray[np.float32]

_FILLS = (-9999.0, -32768.0, 65535.0)  # written for "nothing", whatever the type
_HUGE = 1e30  # fills of floating-point types are their own ends, 1e38 and more
_TOLERANCE = 1e-6  # of a physical value: rounding in its last digit is no error
_LATE = 10  # warnings of files in which the samples missed it


@dataclass(frozen=True)
class Possible:
    """What a quantity can be. `zero`: whether the stored number 0 can be measured."""

    low: float = -math.inf
    high: float = math.inf
    zero: bool = True

    def excludes(self, values: Float) -> Bool:
        """Of the same shape: where a physical value lies outside; NaN does not."""
        out: Bool = (values < self.low - _TOLERANCE) | (values > self.high + _TOLERANCE)
        return out


# Correction errs by far less below 0; the brightest clouds and glints stay below 2 (choices, wide on purpose).
REFLECTANCE = Possible(-0.5, 3.0)
# Decibels end far above -100; power is never exactly 0, and 0 dB to the last digit is not met either, while SNAP,
# Google Earth Engine and RTC products write 0 outside the swath.
BACKSCATTER = Possible(low=-100.0, zero=False)
# By the formulas, with reflectance from 0 to 1. EVI has a pole: what it tells of vegetation lies within -1 and 1
# (Huete et al. 2002: MODIS's product gives -0.2 to 1). VHVV is told as a ratio or in decibel.
INDEX = {
    **dict.fromkeys(("NDVI", "NDWI", "NDMI", "NDRE", "LSWI", "SAVI", "EVI"), Possible(-1.0, 1.0)),
    "EVI2": Possible(-2.5 / 3.4, 1.25),
    "RVI": Possible(0.0, 4.0),
    "VHVV": Possible(),
}
POSSIBLE: dict[str, Possible] = {**dict.fromkeys(OPTICAL, REFLECTANCE), **dict.fromkeys(RADAR, BACKSCATTER), **INDEX}


@dataclass(frozen=True)
class Impossible:
    """What a band's numbers, as stored, cannot be."""

    low: float  # none lies below
    high: float
    numbers: tuple[float, ...]

    def of(self, raw: NDArray[Any]) -> Bool:
        """Of the same shape: where a number cannot be measured."""
        bad = np.zeros(raw.shape, np.bool_)
        for number in self.numbers:
            bad |= raw == number
        if self.low > -math.inf:
            bad |= raw < self.low
        if self.high < math.inf:
            bad |= raw > self.high
        return bad


def impossible(ref: BandRef, spec: InputSpec, ranges: bool = True) -> Impossible:
    """The rule for one band. `ranges` False: fill alone, for judging whether the unit of the rest is what it should."""
    what = POSSIBLE.get(ref.band, Possible())
    numbers = [*_FILLS, *_ends(ref.dtype)] + ([0.0] if not what.zero and ref.offset == 0 else [])
    low, high = _stored(what, ref, spec) if ranges else (-math.inf, math.inf)
    if "int" not in ref.dtype:
        low, high = max(low, -_HUGE), min(high, _HUGE)
        return Impossible(low, high, tuple(n for n in numbers if low <= n <= high))
    kind = np.iinfo(ref.dtype)
    numbers = [n for n in numbers if max(low, kind.min) <= n <= min(high, kind.max)]
    low, high = math.ceil(low) if low > kind.min else -math.inf, math.floor(high) if high < kind.max else math.inf
    return Impossible(low, high, tuple(map(int, dict.fromkeys(numbers))))


def _ends(dtype: str) -> tuple[float, ...]:
    """The ends of an integer type that are never measured: a saturated pixel is not. Bytes use both of theirs."""
    if "int" not in dtype or "int8" in dtype:
        return ()
    kind = np.iinfo(dtype)
    return (float(kind.max), *((float(kind.min),) if kind.min else ()))


def _stored(what: Possible, ref: BandRef, spec: InputSpec) -> tuple[float, float]:
    """The limits of the physical values as numbers of the file."""
    scale, offset = factors_of(ref, spec)
    if not scale:
        return -math.inf, math.inf
    ends = sorted(((what.low - _TOLERANCE - offset) / scale, (what.high + _TOLERANCE - offset) / scale))
    return ends[0], ends[1]


@dataclass
class _Count:
    bad: int = 0
    seen: int = 0
    told: bool = False
    numbers: list[float] = field(default_factory=list)


class MeasuredValues:
    """The rule at work on the files of one stack: it hides what cannot be measured, counts it, and tells it once."""

    def __init__(self, spec: InputSpec) -> None:
        self._spec, self._ranges = spec, True
        self._rules: dict[tuple[str, int], Impossible] = {}
        self._counts: dict[tuple[str, str], _Count] = {}
        self._reporter: Reporter | None = None
        self._late = 0  # warnings of what the samples had missed

    def fill_alone(self) -> MeasuredValues:
        """The rule without the range of values, for judging that. It counts where this one does, and says nothing."""
        other = MeasuredValues(self._spec)
        other._ranges, other._counts = False, self._counts
        return other

    def hide(self, raw: NDArray[Any], values: Float, ref: BandRef) -> bool:
        """`raw` (H, W) of the file, `values` the same as float32, NaN = no data by the header: NaN where it cannot be.

        Whether anything was hidden. What QGIS adds to the header's no data is hidden too, and not counted.
        """
        hidden = _hide_added(raw, values, ref)
        key, seen = (ref.path, ref.index), ~np.isnan(values)
        if key not in self._rules:
            self._rules[key] = impossible(ref, self._spec, self._ranges)
        bad = self._rules[key].of(raw) & seen
        self.count(ref, raw[bad], int(seen.sum()))
        values[bad] = np.nan
        return hidden or bool(bad.any())

    def count(self, ref: BandRef, bad: NDArray[Any], seen: int) -> None:
        """`bad`: the numbers that cannot be, among those `seen`."""
        count = self._counts.setdefault((ref.path, ref.band), _Count())
        count.seen += seen
        if bad.size:
            count.bad += bad.size
            if len(count.numbers) < 2:
                count.numbers += [v for v in np.unique(bad)[:2].tolist() if v not in count.numbers]
            if self._reporter and not count.told and self._late < _LATE:
                self._late += 1
                self._tell({(ref.path, ref.band): count}, self._reporter, shares=False)
                if self._late == _LATE:
                    self._reporter.log("Further files with such numbers are not named.", "warning")

    @property
    def found(self) -> bool:
        """Whether anything was hidden so far that the files do not say."""
        return any(count.bad for count in self._counts.values())

    def tell(self, reporter: Reporter) -> None:
        """One warning of all that was hidden so far, with its share. Files in which more turns up are told at once."""
        self._reporter = reporter
        self._tell({key: c for key, c in self._counts.items() if c.bad and not c.told}, reporter, shares=True)

    def _tell(self, counts: dict[tuple[str, str], _Count], reporter: Reporter, shares: bool) -> None:
        for count in counts.values():
            count.told = True
        reporter.note("not_measured", (_row(*key, count) for key, count in counts.items()))
        lines = list(dict.fromkeys(_described(counts, shares)))
        if lines:
            reporter.log(
                "Numbers that cannot be measured count as no data, though their files do not say so: "
                f"{listed(lines, '; ')}.",
                "warning",
            )


def _hide_added(raw: NDArray[Any], values: Float, ref: BandRef) -> bool:
    added = np.zeros(raw.shape, np.bool_)
    for low, high in ref.encoding.more_nodata:
        added |= (raw >= np.float64(low)) & (raw <= np.float64(high))
    added &= ~np.isnan(values)
    values[added] = np.nan
    return bool(added.any())


def _row(path: str, band: str, count: _Count) -> dict[str, Any]:
    """Of the run record; the share is that of the pixels looked at so far."""
    return {"file": path, "band": band, "numbers": count.numbers[:2], "share": round(count.bad / count.seen, 6)}


def _described(counts: dict[tuple[str, str], _Count], shares: bool) -> Iterable[str]:
    """One entry for the bands of a file that hold the same numbers."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for (path, band), count in counts.items():
        numbers = " and ".join(f"{number:.6g}" for number in count.numbers[:2])
        share = f" in {count.bad / count.seen:.1%} of the pixels looked at" if shares else ""
        alike.setdefault((path, numbers, share), []).append(band)
    for (path, numbers, share), bands in alike.items():
        yield f"{short_name(path)} ({', '.join(bands)}): {numbers}{share}"
