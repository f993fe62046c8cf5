"""STARFM on real images: `python -m benchmarks.accuracy.starfm`."""

from __future__ import annotations

from benchmarks.lib.places import places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.starfm.between import between
from crop_classifier_plugin.engine.experiments.starfm.study import study
from crop_classifier_plugin.engine.experiments.starfm.tables import results


def main() -> None:
    with places() as here:
        cases, agreements = study(here.data, here.work)
        hidden = between(here.data, here.work)
    write("starfm", results(cases, agreements, hidden, "benchmarks/accuracy/starfm.py"))


if __name__ == "__main__":
    main()
