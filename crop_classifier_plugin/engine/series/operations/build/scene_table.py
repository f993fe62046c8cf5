"""What a series is made of: a row for every band of every file, and what is odd about the dates."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from ....execution.reporter import Reporter
from ....raster.band_ref import BandRef
from ....reporting.csv_table import csv_text
from ....reporting.sentences import listed
from ...cube.stack import Layer, Stack
from ...scenes.levels import level_of

COLUMNS = (
    "layer",
    "band",
    "date",
    "name",
    "role",
    "sensor",
    "pixel_m",
    "scale",
    "offset",
    "unit",
    "clear_share",
    "level",
    "called",
)
Row = dict[str, str]


def rows_of(stack: Stack, shares: Sequence[float]) -> list[Row]:
    """One row a band of a file, by date. `shares` (T,) clear share of each date.

    Layer, date and band are what a table of dates holds: the table can be given as one.
    """
    return [
        _row(ref, layer, share, role)
        for layer, share in zip(stack.layers, shares)
        for role, refs in (("value", _used(layer, stack.spec.bands)), ("mask", layer.mask.refs))
        for ref in refs
    ]


def _used(layer: Layer, bands: Sequence[str]) -> list[BandRef]:
    return [ref for band in bands for ref in layer.scene.of(band)]


def _row(ref: BandRef, layer: Layer, share: float, role: str) -> Row:
    cells = (
        ref.path,
        str(ref.index),
        layer.scene.date.isoformat(),
        ref.band,
        role,
        ref.origin.sensor,
        f"{ref.pixel:.4g}",
        f"{ref.scale:.10g}",
        f"{ref.offset:.10g}",
        ref.unit,
        f"{share:.4f}",
        level_of(ref),
        ref.origin.written,
    )
    return dict(zip(COLUMNS, cells))


def as_csv(rows: Sequence[Row]) -> str:
    return csv_text(COLUMNS, rows)


# --- what is logged ---------------------------------------------------------------------------------------------------


def log_table(stack: Stack, shares: Sequence[float], max_gap: int, reporter: Reporter) -> None:
    """A line a date, then what is odd: gaps, months without a scene, dates without a clear pixel, several sensors."""
    sensors: Counter[str] = Counter()
    for layer, share in zip(stack.layers, shares):
        used = _used(layer, stack.spec.bands)
        names = sorted({ref.origin.sensor for ref in used} - {""})
        sensors.update([" and ".join(names) or "unknown sensor"])
        files = len({ref.path for ref in used})
        reporter.log(
            f"{layer.scene.date}: {' '.join(stack.spec.bands)}; {', '.join(names) or 'unknown sensor'}; "
            f"{share:.0%} clear ({layer.mask.name} mask); {files} file{'s' if files > 1 else ''}"
        )
    reporter.log("Sensors: " + ", ".join(f"{name} ({count} dates)" for name, count in sensors.items()) + ".")
    for first, last in gaps(stack.dates, max_gap):
        reporter.log(f"No scene for {(last - first).days} days, from {first} to {last}.", "warning")
    empty = empty_months(stack.dates)
    if empty:
        reporter.log(f"Months without a scene: {listed(empty)}.", "warning")


def gaps(days: Sequence[dt.date], longest: int) -> list[tuple[dt.date, dt.date]]:
    """Neighbouring dates that are more than `longest` days apart; none for 0."""
    return [(a, b) for a, b in zip(days, days[1:]) if longest and (b - a).days > longest]


def empty_months(days: Sequence[dt.date]) -> list[str]:
    """The calendar months between the first and the last date that have none, as 2019-07."""
    filled = {day.year * 12 + day.month - 1 for day in days}
    return [f"{m // 12}-{m % 12 + 1:02}" for m in range(min(filled), max(filled) + 1) if m not in filled]
