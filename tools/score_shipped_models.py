"""Scores the shipped models again by today's rule: `python -m tools.score_shipped_models NAME ... [--data FOLDER]`.

Their cards get the new figures; no weight changes. Without a name it says what it would do and does nothing; `all`
means every model. Two of them need real data (models/README.md): flanders_AC91C, and lem_plus.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from crop_classifier_plugin.engine.execution.reporter import Stop, Terminal
from crop_classifier_plugin.engine.experiments.places import Places
from crop_classifier_plugin.engine.experiments.shipped_models.rescore import rescore
from crop_classifier_plugin.engine.experiments.shipped_models.train import JOBS
from tools.train_shipped_models import DATA, ROOT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    if set(given.names) - {*JOBS, "all"} or not given.names:
        print(f"Give the names of the models to score again, or all: {', '.join(JOBS)}.")
        return
    with tempfile.TemporaryDirectory() as work:
        places = Places(given.data, ROOT / "resources" / "legends", Path(work))
        for name in JOBS if "all" in given.names else given.names:
            card = rescore(name, ROOT / "models" / name, places, Terminal(Stop()))
            for row in card.accuracy:
                print(row)


if __name__ == "__main__":
    main()
