"""Time and peak memory of a classification: `python -m benchmarks.speed.classify [SIDE ...] [--model NAME]`.

Simulates a three-date season of each size and classifies it in a process of its own, as QGIS does. The last column is
the peak as a ratio of the first size's: it must stay near 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from benchmarks.lib.measure import Cost, engine, recorded
from benchmarks.lib.places import ROOT, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.results import Cell, Column, Results, Table, Text

DATES = ("2024-04-25", "2024-06-24", "2024-08-15")
MODEL, SIDES = "lrtacfnet_simulated_season", (2000, 4000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sides", nargs="*", type=int, default=SIDES, help="pixels along a side")
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    about = Text(f"Three dates of a simulated season, with confidence; the model {given.model}.")
    parts = about, classification(given.sides, given.model)
    write("classify", Results("Classifying", "benchmarks/speed/classify.py", parts), ("onnxruntime",))


def classification(sides: Iterable[int], model: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    first = 0.0
    for side in sides:
        cost = measure(side, model)
        first = first or cost.peak
        speeds = side * side / cost.seconds / 1e6, side * side / cost.busy / 1e6
        rows.append((f"{side:,} x {side:,} px", cost.seconds, *speeds, cost.peak, cost.peak / first))
    columns = (
        Column("size"),
        Column("seconds", "{:.1f}"),
        Column("Mpx/s", "{:.2f}"),
        Column("Mpx a processor second", "{:.2f}"),
        Column("peak memory (MiB)", "{:.0f}"),
        Column("of the first", "{:.3f}"),
    )
    return Table("classify", columns, tuple(rows))


def measure(side: int, model: str) -> Cost:
    """Of classifying side x side pixels."""
    with places() as here:
        days = [word for day in DATES for word in ("--date", day)]
        size = ("--width", str(side), "--height", str(side), "--cloud-share", "0.1", "--seed", "11")
        engine(here.work, "simulate-season", "--out", "season", *size, *days, "--no-sentinel1", "--no-modis")
        given = ("--series", "season", "--model", str(ROOT / "models" / model))
        return recorded(here.work, "map.tif", "classify", *given, "--out", "map.tif", "--confidence", "confidence.tif")


if __name__ == "__main__":
    main()
