"""TSSTFN against STARFM and what one has without fusion: `python -m benchmarks.accuracy.tsstfn [--cache FOLDER]`."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.lib.cache import kept
from benchmarks.lib.places import CACHE, DATA
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.tsstfn.real_halves import real
from crop_classifier_plugin.engine.experiments.tsstfn.study import SEEDS, simulated
from crop_classifier_plugin.engine.experiments.tsstfn.tables import results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE / "tsstfn", help="keeps each part that is finished")
    cache = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        halves = pool.submit(kept, cache / "real.json", real, DATA, cache)
        places = [pool.submit(kept, cache / f"place{seed}.json", simulated, seed, cache) for seed in SEEDS]
        found = [each.result() for each in places]
    write("tsstfn", results(found, halves.result(), "benchmarks/accuracy/tsstfn.py"), ("torch",))


if __name__ == "__main__":
    main()
