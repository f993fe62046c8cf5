"""Default recipes and the papers' on simulated seasons: `python -m benchmarks.accuracy.recipes --minutes 10`.

What was done is kept in --cache, so that an interrupted run goes on where it stopped; the results are of what there is.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.lib.cache import kept
from benchmarks.lib.places import CACHE
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.recipes.study import LEARNERS, Run, outcome, runs
from crop_classifier_plugin.engine.experiments.recipes.tables import results

BY = "benchmarks/accuracy/recipes.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the processor, a training")
    parser.add_argument("--cache", type=Path, default=CACHE / "recipes")
    parser.add_argument("--only", default="", help="names of networks, with commas")
    parser.add_argument("--now", action="store_true", help="do nothing but the results, of what there is")
    given = parser.parse_args()
    if not given.now:
        import torch  # not above: whoever only makes the page again needs none

        torch.set_num_threads(1)
        only = tuple(given.only.split(",")) if given.only else LEARNERS
        for run in runs(given.minutes, only):
            done(run, given.cache)
    wanted = runs(given.minutes)
    found = {run: kept(run.file(given.cache), dict) for run in wanted if run.file(given.cache).exists()}
    write("recipes", results(found, wanted, BY), ("torch", "onnxruntime", "scikit-learn"))


def done(run: Run, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    found = kept(run.file(cache), outcome, run, cache)
    told = "nothing yet" if found["mean_f1"] is None else f"held-out mean F1 {found['mean_f1']:.3f}"
    print(f"{run.file(Path()).stem}: {told}, load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
