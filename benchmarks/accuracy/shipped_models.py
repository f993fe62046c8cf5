"""Accuracy of the shipped models beside a random forest: `python -m benchmarks.accuracy.shipped_models`."""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

import onnxruntime
import sklearn
import torch

from benchmarks.lib.places import CACHE, DATA, RESULTS, ROOT, places
from crop_classifier_plugin.engine.experiments.network_comparison.study import section
from crop_classifier_plugin.engine.experiments.shipped_models.study import flanders, simulated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    lines = ["# Accuracy of the shipped models", "", f"`benchmarks/accuracy/shipped_models.py` on {machine()}", ""]
    with places(given.data) as here:
        lines += simulated(ROOT / "models", here)
        if (given.data / "flanders_AC91C").is_dir():
            lines += flanders(ROOT / "models", here) + section(here, CACHE / "networks", print)
        else:
            lines += [f"Flanders was left out: there is no {given.data / 'flanders_AC91C'}."]
    text = "\n".join(lines)
    print(text)
    (RESULTS / "accuracy.md").write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    versions = f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}."


if __name__ == "__main__":
    main()
