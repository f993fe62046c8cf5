"""What fused images add to a crop map: `python -m benchmarks.accuracy.crop_gain`."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.lib.places import RESULTS
from crop_classifier_plugin.engine.experiments.crop_gain.study import report, study


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        started = time.monotonic()
        document = study(Path(name))
        text = report(document, time.monotonic() - started)
    (RESULTS / "crop_gain.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
