"""Whether confidence means what it says, before and after scaling: `python -m benchmarks.accuracy.calibration`."""

from __future__ import annotations

import argparse

from benchmarks.lib.places import ROOT, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.calibration.study import study
from crop_classifier_plugin.engine.experiments.calibration.tables import results

MODEL, BY = "lrtacfnet_simulated_season", "benchmarks/accuracy/calibration.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    given = parser.parse_args()
    with places() as here:
        found = list(study(str(ROOT / "models" / given.model), here.work))
    write("calibration", results(found, given.model, BY), ("onnxruntime", "scipy"))


if __name__ == "__main__":
    main()
