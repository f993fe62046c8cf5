"""Every network and forest on one square of Flanders: `python -m benchmarks.accuracy.network_comparison`.

What was done is kept in --cache, so that an interrupted run goes on where it stopped, and `--part 1/2` beside
`--part 2/2` shares the work between two processes. Once all is done the results are written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.lib.places import CACHE, DATA, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.network_comparison.page import results
from crop_classifier_plugin.engine.experiments.network_comparison.runs import runs
from crop_classifier_plugin.engine.experiments.network_comparison.study import run_all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE / "networks")
    parser.add_argument("--only", default="", help="names of entrants, with commas")
    parser.add_argument("--part", default="1/1", help="which share of the runs, as 1/2")
    parser.add_argument("--now", action="store_true", help="do nothing but the results, of what there is")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if not given.now:
        part, parts = map(int, given.part.split("/"))
        wanted = [r for r in runs() if not given.only or r.entrant.name in given.only.split(",")]
        with places(given.data) as here:
            run_all(wanted[part - 1 :: parts], here, given.cache, print)
    if given.now or all(run.file(given.cache).exists() for run in runs()):
        by = "benchmarks/accuracy/network_comparison.py"
        write("network_comparison", results(given.cache, by), ("torch", "scikit-learn"))


if __name__ == "__main__":
    main()
