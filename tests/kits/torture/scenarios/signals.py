"""SIGTERM and SIGINT at any moment: 143 or 130 within two seconds, no traceback, whole outputs; a parent that dies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from kits.program import ENGINE, environment
from kits.torture.cases import job_of
from kits.torture.child import STRUCK
from kits.torture.rig import Rig, tries
from kits.torture.sets import state
from kits.torture.tally import Tally
from kits.torture.warm import WarmEngine

CODES = {signal.SIGTERM: (143, -signal.SIGTERM), signal.SIGINT: (130,)}
MOST = 2.0  # seconds from the signal to the end
SLACK = 1.0  # of them, for a machine that does other work


def signals(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """`count` signals over all cases, each at a random moment of a run."""
    tally, dice = Tally("signals"), random.Random(seed)
    for rig, number in tries(engine, place, work, count, cases):
        _signal(engine, rig, (signal.SIGTERM, signal.SIGINT)[number % 2], dice, tally)
    return tally


def _signal(engine: WarmEngine, rig: Rig, number: signal.Signals, dice: random.Random, tally: Tally) -> None:
    old, told = rig.reference.put(rig.out), rig.out.parent / "struck"
    plan = replace(rig.plan, seconds=dice.uniform(0, rig.seconds), number=number, steps_file=str(told))
    outcome = engine.run(rig.job, plan)
    ended, lines = time.monotonic(), told.read_text(encoding="utf-8").splitlines()
    struck = [float(line.split()[0]) for line in lines if line.split()[1] == STRUCK]
    found, left = state(rig.out, old, rig.reference), rig.clear()
    if not struck:
        return  # it was quicker
    expected = "new" if outcome.code == 0 else "old"
    fault = "" if outcome.code in (0, *CODES[number]) else outcome.fault or f"exit code {outcome.code}"
    fault = fault or ("traceback" if "Traceback" in outcome.err else "")
    fault = fault or ("" if found == expected else f"{found} after exit code {outcome.code}")
    fault = fault or ("" if ended - struck[0] < MOST + SLACK else f"{ended - struck[0]:.1f} s")
    fault = fault or (f"left over: {', '.join(left[:3])}" if left else "")
    end = "done before it was heard" if outcome.code == 0 else f"{number.name} heard"
    tally.count(rig.name, end, fault and f"{fault} ({number.name} after {plan.seconds:.3f} s)")


def orphans(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """Runs whose parent is killed at a random moment, as when QGIS crashes: they end soon, their outputs whole."""
    tally, dice = Tally("orphans"), random.Random(seed)
    for rig, _ in tries(engine, place, work, count, cases):
        _orphan(engine, rig, dice.uniform(0, rig.seconds), tally)
    return tally


def _orphan(engine: WarmEngine, rig: Rig, seconds: float, tally: Tally) -> None:
    old = rig.reference.put(rig.out)
    file = rig.out.parent / "pid"
    engine.run(rig.job, replace(rig.plan, orphaned=seconds, pid_file=str(file)))
    pid, until = int(file.read_text(encoding="ascii")), time.monotonic() + MOST + SLACK
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    outlived = alive(pid)
    if outlived:
        os.kill(pid, signal.SIGKILL)
    found, left = state(rig.out, old, rig.reference), rig.clear()
    fault = "outlived its parent" if outlived else "" if found in ("old", "new") else found
    tally.count(rig.name, found.partition(":")[0], fault or (f"left over: {', '.join(left[:3])}" if left else ""))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def starts(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """Whole programs, signalled at random moments of their start: before the first import, and in the middle of it."""
    tally, dice = Tally("signals at the start"), random.Random(seed)
    work.mkdir(parents=True)
    for number in range(count):
        job = job_of(cases[number % len(cases)], place, work / "out")
        _start(engine.words(job, "start"), (signal.SIGINT, signal.SIGTERM)[number % 2], dice.uniform(0, 1.5), tally)
    return tally


def _start(words: tuple[str, ...], number: signal.Signals, seconds: float, tally: Tally) -> None:
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([*ENGINE, *words], **pipes, env=environment(), text=True)  # type: ignore[call-overload]
    time.sleep(seconds)
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    lasted = time.monotonic() - sent
    code = process.returncode
    fault = "" if code in (0, *CODES[number], -number) else f"exit code {code}"
    fault = fault or ("traceback" if "Traceback" in err + out else "")
    fault = fault or ("" if lasted < MOST + SLACK else f"{lasted:.1f} s")
    tally.count(number.name, "done" if code == 0 else "ended", fault and f"{fault} after {seconds:.2f} s")
