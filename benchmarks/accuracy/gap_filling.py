"""How well gaps are filled: `python -m benchmarks.accuracy.gap_filling`."""

from __future__ import annotations

from benchmarks.lib.places import DATA
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.gap_filling.study import study
from crop_classifier_plugin.engine.experiments.gap_filling.tables import results


def main() -> None:
    write("gap_filling", results(study(DATA), "benchmarks/accuracy/gap_filling.py"))


if __name__ == "__main__":
    main()
