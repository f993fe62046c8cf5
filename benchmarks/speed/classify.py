"""Time and peak memory of a classification: `python -m benchmarks.speed.classify [SIDE ...] [--model NAME]`.

Simulates a three-date season of each size, classifies it in a process of its own (as QGIS does), and prints seconds,
megapixels a second and peak memory. The last column is the peak as a ratio of the first size's: it must stay near 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

DATES = ("2024-04-25", "2024-06-24", "2024-08-15")
ENGINE = (sys.executable, "-m", "crop_classifier_plugin.engine")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sides", nargs="*", type=int, default=[2000, 4000], help="pixels along a side")
    parser.add_argument("--model", default="lrtacfnet_simulated_season")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, model {given.model}")
    print(f"{'size':>15} {'seconds':>8} {'Mpx/s':>6} {'peak MiB':>9} {'ratio':>6}")
    first = 0.0
    for side in given.sides:
        seconds, peak = measure(side, given.model)
        first = first or peak
        size = f"{side} x {side}"
        print(
            f"{size:>15} {seconds:8.1f} {side * side / seconds / 1e6:6.2f} {peak:9.0f} {peak / first:6.3f}", flush=True
        )


def measure(side: int, model: str) -> tuple[float, float]:
    """Seconds and peak MiB of classifying side x side pixels, from the run record."""
    with tempfile.TemporaryDirectory() as folder:
        days = [word for day in DATES for word in ("--date", day)]
        size = ("--width", str(side), "--height", str(side), "--cloud-share", "0.1", "--seed", "11")
        call("simulate-season", "--out", f"{folder}/season", *size, *days, "--no-sentinel1", "--no-modis")
        outputs = ("--out", f"{folder}/map.tif", "--confidence", f"{folder}/confidence.tif")
        call("classify", "--series", f"{folder}/season", "--model", model, *outputs)
        record = json.loads(Path(folder, "map.run.json").read_text(encoding="utf-8"))
    return float(record["seconds"]), float(record["peak_memory_mib"])


def call(*words: str) -> None:
    subprocess.run([*ENGINE, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
