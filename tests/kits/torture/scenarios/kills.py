"""Runs killed while they write and at each step of a commit: the whole old set stays, or the whole new one is there.

After each kill the place is looked at. Where a commit was left half done, a run of the same job is opened and breaks
off, by which that is finished or rolled back. Then a run goes to its end: nothing is left over.
"""

from __future__ import annotations

import random
import signal
from dataclasses import replace
from pathlib import Path

from kits.torture.child import Plan
from kits.torture.rig import Rig, make_rig, shares
from kits.torture.sets import state
from kits.torture.tally import Tally
from kits.torture.warm import WarmEngine

COMMIT = ("os.rename", "os.link", "os.remove")


def moments(rig: Rig, count: int, dice: random.Random) -> list[Plan]:
    """Half of the kills at steps, those of commits first, each third of them without hard links; the rest at random."""
    commits = [n for n, event in enumerate(rig.steps, start=1) if event in COMMIT]
    others = [n for n, event in enumerate(rig.steps, start=1) if event not in COMMIT]
    dice.shuffle(commits)
    dice.shuffle(others)
    cases = (commits + others)[: count // 2]
    plans = [replace(rig.plan, step=step, links=number % 3 > 0) for number, step in enumerate(cases)]
    return plans + [replace(rig.plan, seconds=dice.uniform(0, rig.seconds)) for _ in range(count - len(plans))]


def kill(engine: WarmEngine, rig: Rig, plan: Plan, tally: Tally) -> None:
    """One kill and what comes of it; a run that was quicker than its kill does not count."""
    old = rig.reference.put(rig.out)
    outcome = engine.run(rig.job, plan)
    if outcome.code != -signal.SIGKILL:
        if outcome.fault:
            tally.count(rig.name, "not killed", outcome.fault)
        return
    at_once = state(rig.out, old, rig.reference)
    later = at_once
    if at_once not in ("old", "new"):
        engine.run(rig.job, replace(rig.plan, seconds=0.0, number=signal.SIGTERM))
        later = state(rig.out, old, rig.reference)
    fault = "" if later in ("old", "new") else f"{later} after a run that broke off ({_told(plan)}, {at_once} at once)"
    after = engine.run(rig.job, rig.plan, limit=120)
    if after.code != 0:
        fault = fault or f"the next run failed: {after.fault or after.sentences} ({_told(plan)})"
    elif state(rig.out, old, rig.reference) != "new":
        fault = fault or f"the next run left {state(rig.out, old, rig.reference)} ({_told(plan)})"
    left = rig.clear()
    if left:
        fault = fault or f"left over after the next run: {', '.join(left[:3])} ({_told(plan)})"
    tally.count(rig.name, at_once.partition(":")[0], fault)


def _told(plan: Plan) -> str:
    moment = f"step {plan.step}" if plan.step else f"{plan.seconds:.3f} s"
    return moment if plan.links else f"{moment}, no hard links"


def kills(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """`count` kills over all cases."""
    tally, dice = Tally("kills"), random.Random(seed)
    for name, own in shares(count, cases):
        rig = make_rig(engine, place, work, name)
        for plan in moments(rig, own, dice):
            kill(engine, rig, plan, tally)
    return tally
