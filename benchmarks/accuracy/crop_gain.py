"""What fused images add to a crop map: `python -m benchmarks.accuracy.crop_gain`."""

from __future__ import annotations

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.lib.places import places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.crop_gain.study import study
from crop_classifier_plugin.engine.experiments.crop_gain.tables import results


def main() -> None:
    started = time.monotonic()
    with places() as here:
        document = study(here.work)
    write("crop_gain", results(document, time.monotonic() - started, "benchmarks/accuracy/crop_gain.py"), ("torch",))


if __name__ == "__main__":
    main()
