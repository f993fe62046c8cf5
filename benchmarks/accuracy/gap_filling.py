"""How well gaps are filled: `python -m benchmarks.accuracy.gap_filling`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.lib.places import DATA
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.gap_filling.study import NAME, study
from crop_classifier_plugin.engine.experiments.gap_filling.tables import results
from crop_classifier_plugin.engine.experiments.results import Results


def main() -> None:
    write("gap_filling", found(DATA))


def available(data: Path) -> bool:
    return (data / NAME).is_dir()


def found(data: Path) -> Results:
    return results(study(data), "benchmarks/accuracy/gap_filling.py")


if __name__ == "__main__":
    main()
