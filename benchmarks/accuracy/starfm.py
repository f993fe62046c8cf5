"""STARFM on real images, its speed and memory: `python -m benchmarks.accuracy.starfm`."""

from __future__ import annotations

from benchmarks.lib.places import DATA, RESULTS
from crop_classifier_plugin.engine.experiments.starfm.study import accuracy, memory, speed


def main() -> None:
    lines = [
        "# STARFM",
        "",
        "By `benchmarks/accuracy/starfm.py`; all parameters at their defaults (window 61 px, one pair).",
        "",
    ]
    used = memory()  # first, while this process is small
    for part in (accuracy(DATA), speed(), used):
        lines += [*part, ""]
    (RESULTS / "fusion.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
