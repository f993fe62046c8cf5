"""Faults and attacks by the hundred, and peak memory by raster size: `make torture`, or piece by piece

    python -m benchmarks.reliability.torture                      # everything, an hour or two, then the page
    python -m benchmarks.reliability.torture --only kills fuzz    # these again; the page is made of what is there
    python -m benchmarks.reliability.torture --page               # the page alone

What is tried lies in tests/kits/torture; each scenario runs in a process of its own and leaves its counts in
build/torture.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks.lib.places import ROOT
from benchmarks.lib.results import write
from benchmarks.reliability.tables import COUNTS, results

COUNT = {
    "kills": 500,
    "full_disks": 200,
    "signals": 200,
    "starts": 100,
    "orphans": 60,
    "rivals": 100,
    "vanishing": 150,
    "fuzz": 2000,
    "hostile": 500,
    "memory": 0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=COUNT, default=list(COUNT), help="these scenarios")
    parser.add_argument("--page", action="store_true", help="makes the page of what was counted before")
    parser.add_argument("--share", type=float, default=1.0, help="of the counts")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for scenario in () if given.page else given.only:
        for old in COUNTS.glob(f"{scenario}_*.json"):
            old.unlink()
        run(scenario, max(1, round(COUNT[scenario] * given.share)), given.seed)
    write("torture", results(COUNTS), ("numpy", "rasterio", "onnxruntime", "torch"))


def run(scenario: str, count: int, seed: int) -> None:
    """One scenario in a process of its own, which tells what it found."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    variables = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    words = ["--count", str(count), "--seed", str(seed), "--into", str(COUNTS)]
    command = [sys.executable, "-m", "kits.torture", scenario, *words]
    subprocess.run(command, cwd=ROOT, env=variables, check=True)


if __name__ == "__main__":
    main()
