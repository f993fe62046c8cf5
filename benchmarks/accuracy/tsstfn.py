"""TSSTFN against STARFM and what one has without fusion: `python -m benchmarks.accuracy.tsstfn [--cache FOLDER]`."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.lib.places import CACHE, DATA, RESULTS
from crop_classifier_plugin.engine.experiments.tsstfn.study import SEEDS, kept, memory, place, real, simulated

WORKERS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE / "tsstfn", help="keeps each part that is finished")
    cache = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    used = kept(cache, "memory", memory)  # first, while this process is small
    with ProcessPoolExecutor(WORKERS) as pool:
        halves = pool.submit(kept, cache, "real", real, DATA)
        places = [pool.submit(kept, cache, f"place{seed}", place, seed) for seed in SEEDS]
        parts = (simulated([each.result() for each in places]), halves.result(), used)
    lines = [
        "# TSSTFN",
        "",
        "By `benchmarks/accuracy/tsstfn.py`; the small network (preset `small`), on a processor.",
        "",
    ]
    for part in parts:
        lines += [*part, ""]
    (RESULTS / "tsstfn.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
