"""Rebuilds the shipped models: `python -m tools.train_shipped_models NAME ... [--data FOLDER]`.

Without a name it says what it would do and does nothing, for it would replace files of the repository; `all` means
every model (`make models`). Two of them need real data (models/README.md): flanders_AC91C, and lem_plus.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from crop_classifier_plugin.engine.execution.reporter import Stop, Terminal
from crop_classifier_plugin.engine.experiments.places import Places
from crop_classifier_plugin.engine.experiments.shipped_models.train import EVERY, make
from crop_classifier_plugin.shared.cards.files import load_card

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("CROP_DATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--into", type=Path, default=ROOT / "models")
    given = parser.parse_args()
    unknown = set(given.names) - {*EVERY, "all"}
    if unknown or not given.names:
        print(f"Give the names of the models to train again, or all: {', '.join(EVERY)}.")
        return
    with tempfile.TemporaryDirectory() as work:
        places = Places(given.data, ROOT / "resources" / "legends", Path(work))
        for name in EVERY if "all" in given.names else given.names:
            model = given.into / name
            make(name, model, places, Terminal(Stop()))
            for row in load_card(str(model)).accuracy if (model / "model.json").exists() else ():
                print(row)


if __name__ == "__main__":
    main()
