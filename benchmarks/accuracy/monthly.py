"""One network for all months beside twelve: `python -m benchmarks.accuracy.monthly [--data FOLDER]`.

What was trained is kept in --cache, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.lib.places import CACHE, DATA, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.monthly.study import study
from crop_classifier_plugin.engine.experiments.monthly.tables import results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE / "monthly")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.cache.mkdir(parents=True, exist_ok=True)
    with places(given.data) as here:
        found = study(here, given.cache)
    write("monthly", results(*found, "benchmarks/accuracy/monthly.py"), ("torch",))


if __name__ == "__main__":
    main()
