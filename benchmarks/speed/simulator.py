"""Time and peak memory of the season simulator: `python -m benchmarks.speed.simulator [SIDE ...] [--dates N]`.

Each size runs in a process of its own. Peak memory must not grow with the raster.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterable
from datetime import date, timedelta

from benchmarks.lib.measure import Cost
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.execution.run_record import peak_memory_mib
from crop_classifier_plugin.engine.experiments.results import Column, Results, Table
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob

SIDES = (512, 2048, 4096)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sides", nargs="*", type=int, default=SIDES, help="pixels along a side")
    parser.add_argument("--dates", type=int, default=3, help="number of Sentinel-2 dates")
    parser.add_argument("--others", action="store_true", help="with Sentinel-1 and MODIS")
    given = parser.parse_args()
    parts = (simulation(given.sides, given.dates, given.others),)
    write("simulator", Results("Simulating seasons", "benchmarks/speed/simulator.py", parts))


def simulation(sides: Iterable[int], dates: int = 3, others: bool = False) -> Table:
    rows = []
    for side in sides:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cost = pool.apply(measure, (side, dates, others))
        rows.append((f"{side:,} x {side:,} px", dates, cost.seconds, cost.busy, cost.peak))
    columns = (
        Column("size"),
        Column("dates"),
        Column("seconds", "{:.1f}"),
        Column("processor seconds", "{:.1f}"),
        Column("peak memory (MiB)", "{:.0f}"),
    )
    return Table("simulate", columns, tuple(rows))


def measure(side: int, dates: int, others: bool) -> Cost:
    """Of a season of side x side pixels, in this process."""
    first = date(2024, 4, 1)
    days = tuple((first + timedelta(days=7 * k)).isoformat() for k in range(dates))
    with tempfile.TemporaryDirectory() as folder:
        job = SimulateJob(folder, side, side, dates=days, sentinel1=others, modis=others)
        started, busy = time.perf_counter(), time.process_time()
        simulate(job, Silent())
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
    return Cost(seconds, busy, peak_memory_mib() or 0.0)


if __name__ == "__main__":
    main()
