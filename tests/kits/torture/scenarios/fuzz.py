"""Bad files by every door: each ends in a result or in one sentence, within bounded time and memory."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

from crop_classifier_plugin.shared.jobs import registry
from kits.mutations import documents
from kits.torture.cases import FACTS, job_of
from kits.torture.child import Plan
from kits.torture.doors import DOORS, Door, make_doors, with_fault
from kits.torture.sets import names
from kits.torture.tally import Tally
from kits.torture.warm import Outcome, WarmEngine

SECONDS = 30.0  # of a run
MEMORY = 3 << 30  # bytes of addresses more than the warm engine has
NOBODY = 65534  # the user that runs them, so that a job made wrong writes nowhere else


def fuzz(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """`count` bad files over all doors whose job is among the cases."""
    tally = Tally("bad files")
    make_doors(place)
    doors = [door for door in DOORS if not door.case or door.case.partition(" ")[0].replace("-", "_") in cases]
    for number in range(count):
        door = doors[number % len(doors)]
        trial(engine, place, work / "fuzz", door, f"{seed}-{number}", tally)
    return tally


def trial(engine: WarmEngine, place: Path, work: Path, door: Door, seed: str, tally: Tally) -> Outcome:
    """One bad file; the same one for the same seed."""
    rng = random.Random(seed)
    copy, out, temporary = work / "in", work / "deep" / "er" / "out", work / "tmp"
    for folder in (work, out, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    with_fault(door, place, copy, rng)
    _hand_over(work)
    plan = Plan(str(out), str(temporary), memory=MEMORY, user=NOBODY, folder=str(out))
    outcome = engine.run(_what(door, copy, out, rng), plan, limit=SECONDS)
    left = sorted(names(temporary)) if outcome.code == 1 else []
    fault = outcome.fault or (f"left over: {', '.join(left[:3])}" if left else "")
    end = {0: "result", 1: "sentence"}.get(-1 if outcome.code is None else outcome.code, "other")
    tally.count(door.name, end, fault and f"{fault} (seed {seed})")
    return outcome


def _what(door: Door, copy: Path, out: Path, rng: random.Random) -> Any:
    if not door.case:
        job = job_of(rng.choice(list(FACTS)), copy, out)
        return documents.mutated_text(json.loads(registry.dump(job)), rng)
    if " --" in door.case:
        return tuple(_path(word, copy, out) for word in door.case.split())
    return job_of(door.case, copy, out, **door.changes)


def _path(word: str, copy: Path, out: Path) -> str:
    return str({"<": copy, ">": out}[word[0]] / word[1:]) if word[0] in "<>" else word


def _hand_over(folder: Path) -> None:
    """Lets anybody write in the folder, as far as this user may."""
    for root, _, _ in os.walk(folder):
        os.chmod(root, 0o777)
