"""How soon a review finds the wrong parcels: `python -m benchmarks.accuracy.review_order [--model NAME]`."""

from __future__ import annotations

import argparse

from benchmarks.lib.places import ROOT, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.review_order.study import study
from crop_classifier_plugin.engine.experiments.review_order.tables import results

MODEL, BY = "lrtacfnet_simulated_season", "benchmarks/accuracy/review_order.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    with places() as here:
        found = list(study(str(ROOT / "models" / given.model), here.work))
    write("review_order", results(found, given.model, BY), ("onnxruntime",))


if __name__ == "__main__":
    main()
