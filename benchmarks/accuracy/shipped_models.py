"""Accuracy of the shipped models beside random forests: `python -m benchmarks.accuracy.shipped_models`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.lib.places import DATA, ROOT, places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.shipped_models.flanders import NAME
from crop_classifier_plugin.engine.experiments.shipped_models.study import flanders, simulated
from crop_classifier_plugin.engine.experiments.shipped_models.tables import results

BY = "benchmarks/accuracy/shipped_models.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    models, there = ROOT / "models", (given.data / NAME).is_dir()
    note = "" if there else f"Flanders was left out: there is no {NAME} among the data."
    with places(given.data) as here:
        tests = [*simulated(models, here), *(flanders(models, here) if there else ())]
    write("shipped_models", results(tests, BY, note), ("torch", "onnxruntime", "scikit-learn"))


if __name__ == "__main__":
    main()
