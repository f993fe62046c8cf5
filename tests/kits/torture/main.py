"""One scenario from a terminal: `python -m kits.torture.main kills --count 500 --into FOLDER`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kits.torture.cases import FACTS
from kits.torture.place import make_place
from kits.torture.scenarios.disks import full_disks
from kits.torture.scenarios.kills import kills
from kits.torture.scenarios.rivals import rivals, vanishing
from kits.torture.scenarios.signals import orphans, signals, starts
from kits.torture.tally import Tally
from kits.torture.warm import WarmEngine

Scenario = Callable[[WarmEngine, Path, Path, int, int, tuple[str, ...]], Tally]
SCENARIOS: dict[str, Scenario] = {
    "kills": kills,
    "full_disks": full_disks,
    "signals": signals,
    "starts": starts,
    "orphans": orphans,
    "rivals": rivals,
    "vanishing": vanishing,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, required=True, help="folder for the counts, as JSON")
    parser.add_argument("--part", default="1/1", help="2/5: the second fifth of the kinds of jobs")
    parser.add_argument("--case", action="append", help="one kind of job; may be repeated")
    given = parser.parse_args()
    number, parts = (int(each) for each in given.part.split("/"))
    cases = tuple(given.case or tuple(FACTS)[number - 1 :: parts])
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        place = make_place(folder / "place")
        scenario = SCENARIOS[given.scenario]
        tally = scenario(WarmEngine(folder / "engine"), place, folder / "work", given.count, given.seed, cases)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tally.save(given.into, f"{given.scenario}_{number}")
    sys.stdout.write(f"{given.scenario}: {tally.tried} tried, {tally.failed} failed\n")
    sys.stdout.writelines(f"  {fault}\n" for fault in tally.faults)


if __name__ == "__main__":
    main()
