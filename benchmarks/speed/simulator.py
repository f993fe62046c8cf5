"""Time and peak memory of the season simulator: `python -m benchmarks.speed.simulator [SIDE ...] [--dates N]`.

Each size runs in a process of its own. Peak memory must not grow with the raster.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from datetime import date, timedelta

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob


def measure(side: int, dates: int, others: bool) -> tuple[float, float]:
    """Seconds and peak MiB of a season of side x side pixels."""
    first = date(2024, 4, 1)
    days = tuple((first + timedelta(days=7 * k)).isoformat() for k in range(dates))
    with tempfile.TemporaryDirectory() as folder:
        job = SimulateJob(folder, side, side, dates=days, sentinel1=others, modis=others)
        started = time.perf_counter()
        simulate(job, Silent())
        seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sides", nargs="*", type=int, default=[512, 2048, 4096], help="pixels along a side")
    parser.add_argument("--dates", type=int, default=3, help="number of Sentinel-2 dates")
    parser.add_argument("--others", action="store_true", help="with Sentinel-1 and MODIS")
    given = parser.parse_args()
    print(f"{'size':>15} {'dates':>6} {'seconds':>8} {'peak MiB':>9}")
    for side in given.sides:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, peak = pool.apply(measure, (side, given.dates, given.others))
        print(f"{f'{side} x {side}':>15} {given.dates:>6} {seconds:8.1f} {peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()
