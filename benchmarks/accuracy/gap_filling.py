"""How well gaps are filled: `python -m benchmarks.accuracy.gap_filling`."""

from __future__ import annotations

from benchmarks.lib.places import DATA, RESULTS
from crop_classifier_plugin.engine.experiments.gap_filling.study import NAME, study


def main() -> None:
    text = study(DATA / NAME)
    (RESULTS / "series.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
