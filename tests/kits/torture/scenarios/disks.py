"""Disks that fill while a job writes: a small one in memory where there is the right to mount it, and a limit on the
size of each file. A run ends in its outputs, or in one sentence with the old ones in place and the disk as it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kits.torture.rig import Rig, make_rig, shares
from kits.torture.sets import state
from kits.torture.tally import Tally
from kits.torture.warm import Outcome, WarmEngine

LARGE = 256  # MiB
PAGE = 4096
LOGGED = 1 << 14  # bytes that what the run tells may have: it is a file too


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """A disk in memory at the folder; False where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LARGE}m", "tmpfs", str(folder)]
    mounted = sys.platform == "linux" and not subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def used(folder: Path) -> int:
    told = os.statvfs(folder)
    return (told.f_blocks - told.f_bfree) * told.f_frsize


def full_disks(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """`count` runs over all cases on disks that have room for a part of what they write."""
    tally, dice = Tally("full disks"), random.Random(seed)
    for name, own in shares(count, cases):
        with disk(work / name.replace(": ", "_")) as mounted:
            rig = make_rig(engine, place, work, name)
            for number in range(own):
                if mounted and number % 3 < 2:
                    _fill(engine, rig, dice.random(), tally)
                else:
                    _limit(engine, rig, dice, tally)
    return tally


def _fill(engine: WarmEngine, rig: Rig, share: float, tally: Tally) -> None:
    """Room for a share of what a run needs at most; known by a run before, which nothing hinders."""
    room = rig.out.parent
    rig.reference.put(rig.out)
    seen = [used(room)]
    engine.start(engine.words(rig.job), rig.plan).wait(120, lambda: seen.append(used(room)))
    old = rig.reference.put(rig.out)
    ballast = room / "ballast"
    size = LARGE * 2**20 - used(room) - max(PAGE, int(share * (max(seen) - seen[0])))
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size // PAGE * PAGE)
    outcome = engine.run(rig.job, rig.plan, limit=120)
    ballast.unlink()
    _judge(rig, old, outcome, f"room for {share:.0%}", tally)


def _limit(engine: WarmEngine, rig: Rig, dice: random.Random, tally: Tally) -> None:
    largest = max((rig.reference.folder / name).stat().st_size for name in rig.reference.names)
    size = dice.randrange(LOGGED, max(largest, LOGGED) + 64)
    old = rig.reference.put(rig.out)
    outcome = engine.run(rig.job, replace(rig.plan, file_size=size), limit=120)
    _judge(rig, old, outcome, f"files of at most {size:,} bytes", tally)


def _judge(rig: Rig, old: dict[str, tuple[int, int, int]], outcome: Outcome, told: str, tally: Tally) -> None:
    left, found = rig.clear(), state(rig.out, old, rig.reference)
    expected = "new" if outcome.code == 0 else "old"
    fault = outcome.fault or ("" if found == expected else f"{found}, exit code {outcome.code}")
    if left and not fault:
        fault = f"left over: {', '.join(left[:3])}"
    end = "result" if outcome.code == 0 else "sentence" if outcome.code == 1 else "other"
    tally.count(rig.name, end, fault and f"{fault} ({told})")
