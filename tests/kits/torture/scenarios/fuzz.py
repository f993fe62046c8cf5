"""Bad files by every door: each ends in a result or in one sentence, within bounded time and memory."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    """`count` bad files over all doors whose job is among the cases. What the doors need is no fault itself: a door
    whose file is right has to give a result."""
    tally = Tally("bad files")
    doors = [door for door in DOORS if not door.case or door.case.partition(" ")[0].replace("-", "_") in cases]
    with _public_folder() as folder:
        shutil.copytree(place, folder / "place")
        make_doors(folder / "place")
        for number in range(count):
            door = doors[number % len(doors)]
            if number < len(doors):
                _check(engine, folder, door)
            trial(engine, folder, door, f"{seed}-{number}", tally)
    return tally


@contextmanager
def _public_folder() -> Iterator[Path]:
    """Where another user may work."""
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _check(engine: WarmEngine, folder: Path, door: Door) -> None:
    told = Tally("right files")
    outcome = trial(engine, folder, replace(door, change=lambda data, _: data), "", told)
    if outcome.code != 0 and door.case:
        raise RuntimeError(f"the door {door.name!r} is shut: {outcome.sentences} {outcome.last_words}")


def trial(engine: WarmEngine, folder: Path, door: Door, seed: str, tally: Tally) -> Outcome:
    """One bad file; the same one for the same seed."""
    rng, work = random.Random(seed), folder / "work"
    copy, out, temporary = work / "in", work / "deep" / "er" / "out", work / "tmp"
    shutil.rmtree(out, ignore_errors=True)
    for each in (work, out, temporary):
        each.mkdir(parents=True, exist_ok=True)
    with_fault(door, folder / "place", copy, rng)
    _hand_over(work)
    plan = Plan(str(out), str(temporary), memory=MEMORY, user=NOBODY, folder=str(out))
    outcome = engine.run(_what(door, copy, out, rng), plan, limit=SECONDS)
    left = sorted(names(temporary)) if outcome.code == 1 else []
    fault = "" if outcome.at_work else outcome.fault
    fault = fault or (f"left over: {', '.join(left[:3])}" if left else "")
    end = (
        "long, at work"
        if outcome.at_work
        else {0: "result", 1: "sentence"}.get(-1 if outcome.code is None else outcome.code, "other")
    )
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
