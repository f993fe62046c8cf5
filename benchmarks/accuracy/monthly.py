"""One network for all months beside twelve: `python -m benchmarks.accuracy.monthly [--data FOLDER]`."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.lib.places import CACHE, DATA, RESULTS, places
from crop_classifier_plugin.engine.experiments.monthly.simulated_radar import TARGETS
from crop_classifier_plugin.engine.experiments.monthly.study import LONGER, Bench, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE / "monthly")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.cache.mkdir(parents=True, exist_ok=True)
    with places(given.data) as here:
        bench = Bench(given.data, given.cache, here.work)
        one = bench.trained("vunet_convlstm", TARGETS)
        many = [bench.trained("unet_convlstm", (month,)) for month in TARGETS]
        longer = bench.trained("vunet_convlstm", TARGETS, LONGER)
    page = "\n".join(report((one, longer), many))
    print(page)
    (RESULTS / "monthly.md").write_text(page + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
