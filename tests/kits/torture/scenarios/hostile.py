"""Hostile files by the hundred: none makes the engine open what was not given, or call anybody; seen from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kits.hostile.cases import hostile_files
from kits.hostile.recorder import Seen, record
from kits.torture.tally import Tally
from kits.torture.warm import UNFORESEEN, WarmEngine


def hostile(engine: WarmEngine, place: Path, work: Path, count: int, seed: int, cases: tuple[str, ...]) -> Tally:
    """`count` files of every kind in turn; engine, place and cases are those of other scenarios."""
    tally = Tally("hostile files")
    work.mkdir(parents=True)
    for seen in record(list(hostile_files(work, np.random.default_rng(seed), count)), work):
        tally.count(seen.name, {0: "result", 1: "sentence"}.get(seen.status, "other"), _fault(seen))
    return tally


def _fault(seen: Seen) -> str:
    if seen.opened or seen.called:
        return f"opened {', '.join(seen.opened[:3])}; called {', '.join(seen.called[:3])}"
    if "Traceback" in seen.words or UNFORESEEN in seen.words:
        return f"traceback: {seen.words.strip().splitlines()[-1][:200]}"
    return "" if seen.status in (0, 1) else f"exit code {seen.status}"
