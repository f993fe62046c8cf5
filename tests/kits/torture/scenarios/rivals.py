"""What others do to a run: a second run writes the same outputs, or its model or a scene goes away under its hands."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

from kits.torture.cases import job_of
from kits.torture.rig import Rig, tries
from kits.torture.sets import state
from kits.torture.tally import Tally
from kits.torture.warm import WarmEngine


def rivals(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """Two runs of one job on one set of outputs, the second a random moment later."""
    tally, dice = Tally("two runs on one output"), random.Random(seed)
    for rig, _ in tries(engine, place, work, count, cases):
        old = rig.reference.put(rig.out)
        first = engine.start(engine.words(rig.job, "first"), rig.plan, "first")
        time.sleep(dice.uniform(0, rig.seconds))
        second = engine.start(engine.words(rig.job, "second"), rig.plan, "second")
        ends = [first.wait(120), second.wait(120)]
        found, left = state(rig.out, old, rig.reference), rig.clear()
        fault = next((end.fault for end in ends if end.fault), "")
        fault = fault or ("" if found == "new" else found)
        fault = fault or (f"left over: {', '.join(left[:3])}" if left else "")
        tally.count(rig.name, f"{sum(end.code == 0 for end in ends)} of 2 wrote", fault)
    return tally


def vanishing(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """A file or folder that the job reads is removed at a random moment of its run."""
    tally, dice = Tally("inputs that vanish"), random.Random(seed)
    reading = tuple(name for name in cases if name != "simulate_season")
    for rig, number in tries(engine, place, work, count, reading):
        _vanish(engine, place, rig, dice, dice.uniform(0, rig.seconds) if number else 0.0, tally)
    return tally


def _vanish(engine: WarmEngine, place: Path, rig: Rig, dice: random.Random, seconds: float, tally: Tally) -> None:
    copy = rig.out.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy)
    job, old = job_of(rig.name, copy, rig.out), rig.reference.put(rig.out)
    run = engine.start(engine.words(job), rig.plan)
    time.sleep(seconds)
    victim = Path(dice.choice(job.inputs()))
    _remove(victim)
    outcome = run.wait(120)
    found, left = state(rig.out, old, rig.reference), rig.clear()
    expected = "new" if outcome.code == 0 else "old"
    fault = outcome.fault or ("" if found == expected else f"{found} after exit code {outcome.code}")
    fault = fault or (f"left over: {', '.join(left[:3])}" if left else "")
    end = "result" if outcome.code == 0 else "sentence"
    tally.count(rig.name, end, fault and f"{fault} ({victim.name} went after {seconds:.2f} s)")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        os.unlink(path)
