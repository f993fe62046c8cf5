"""One scenario from a terminal: `python -m kits.torture kills --count 500 --into FOLDER`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from kits.torture.cases import FACTS
from kits.torture.place import make_place
from kits.torture.scenarios.disks import full_disks
from kits.torture.scenarios.fuzz import fuzz
from kits.torture.scenarios.hostile import hostile
from kits.torture.scenarios.kills import kills
from kits.torture.scenarios.memory import memory
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
    "fuzz": fuzz,
    "hostile": hostile,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=[*SCENARIOS, "memory"])
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, required=True, help="folder for the counts, as JSON")
    parser.add_argument("--part", default="1/1", help="2/5: the second fifth of the kinds of jobs")
    parser.add_argument("--case", action="append", help="one kind of job; may be repeated")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    folder.chmod(0o755)  # some runs are another user's
    try:
        place = make_place(folder / "place")
        _measure(given, place, folder) if given.scenario == "memory" else _count(given, place, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _count(given: argparse.Namespace, place: Path, folder: Path) -> None:
    number, parts = (int(each) for each in given.part.split("/"))
    cases = tuple(given.case or tuple(FACTS)[number - 1 :: parts])
    scenario = SCENARIOS[given.scenario]
    tally = scenario(WarmEngine(folder / "engine"), place, folder / "work", given.count, given.seed, cases)
    tally.save(given.into, f"{given.scenario}_{given.seed}_{number}")
    sys.stdout.write(f"{given.scenario}: {tally.tried} tried, {tally.failed} failed\n")
    sys.stdout.writelines(f"  {fault}\n" for fault in tally.faults)


def _measure(given: argparse.Namespace, place: Path, folder: Path) -> None:
    """One file a row, so that nothing is lost when a later one is broken off."""
    given.into.mkdir(parents=True, exist_ok=True)
    for peak in memory(place, folder / "work", tuple(given.case or ())):
        sys.stdout.write(f"{peak}\n")
        sys.stdout.flush()
        name = f"memory_{peak.what}_{peak.size}".replace(" ", "_").replace(",", "")
        (given.into / f"{name}.json").write_text(json.dumps(asdict(peak)) + "\n", encoding="utf-8")
