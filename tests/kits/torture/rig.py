"""A job in a place of its own, ready for faults: what it leaves, its steps, how long it writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kits.torture.cases import job_of
from kits.torture.child import Plan
from kits.torture.sets import Reference, leftovers, names
from kits.torture.warm import Outcome, WarmEngine

SLOW = ("train", "pretrain", "probe", "crop_gain", "simulate")


@dataclass(frozen=True)
class Rig:
    """`reference`: the outputs of a run that nothing befell."""

    name: str
    job: Any
    out: Path
    temporary: Path
    reference: Reference
    steps: tuple[str, ...]  # their events
    seconds: float  # from the first step to the end

    @property
    def plan(self) -> Plan:
        return Plan(str(self.out), str(self.temporary))

    def clear(self) -> list[str]:
        """What lies beside the outputs and in the system's folder for temporary files, which is emptied."""
        left = leftovers(self.out, self.reference) + sorted(f"TMPDIR/{name}" for name in names(self.temporary))
        shutil.rmtree(self.temporary)
        self.temporary.mkdir()
        return left


def make_rig(engine: WarmEngine, place: Path, work: Path, name: str) -> Rig:
    """Runs the job twice: for what it leaves, and for its steps over an earlier set."""
    folder = work / name.replace(": ", "_")
    out, temporary = folder / "out", folder / "tmp"
    temporary.mkdir(parents=True)
    job = job_of(name, place, out)
    _must(engine.run(job, Plan(str(out), str(temporary)), limit=120))
    shutil.copytree(out, folder / "reference")
    told = folder / "steps"
    _must(engine.run(job, Plan(str(out), str(temporary), steps_file=str(told)), limit=120))
    lines = [line.split(" ", 2) for line in told.read_text(encoding="utf-8").splitlines()]
    seconds = float(lines[-1][0]) - float(lines[0][0])
    return Rig(name, job, out, temporary, Reference(folder / "reference"), tuple(line[1] for line in lines), seconds)


def _must(outcome: Outcome) -> None:
    if outcome.code != 0:
        raise RuntimeError(f"the run without a fault failed: {outcome.out[-500:]}{outcome.err[-1500:]}")


def shares(count: int, cases: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Each job with how many of all tries are its own; those that take seconds have a fourth of the others'."""
    weights = [1 if name.startswith(SLOW) else 4 for name in cases]
    for number, name in enumerate(cases):
        before, after = sum(weights[:number]), sum(weights[: number + 1])
        yield name, round(count * after / sum(weights)) - round(count * before / sum(weights))


def tries(engine: WarmEngine, place: Path, work: Path, count: int, cases: tuple[str, ...]) -> Iterator[tuple[Rig, int]]:
    """`count` tries over all jobs: the rig, and which try of its job it is, from 0."""
    for name, own in shares(count, cases):
        rig = make_rig(engine, place, work, name)
        for number in range(own):
            yield rig, number
