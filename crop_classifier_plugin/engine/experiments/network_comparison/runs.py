"""Which trainings the comparison asks for: every entrant, in both directions, with every seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .entrants import ENTRANTS, Entrant
from .square import OPTICAL, SHARE_OF, WINDOWS

SEEDS = (1, 2, 3)
SHARES = (0.25, 0.5)  # of the parcels that are trained on


@dataclass(frozen=True)
class Run:
    entrant: Entrant
    side: str  # held out
    seed: int
    share: float = 1.0  # of the parcels to train on

    def file(self, cache: Path) -> Path:
        """Named after all that decides the outcome but the project's code."""
        facts = json.dumps([asdict(self), WINDOWS, OPTICAL], sort_keys=True)
        mark = hashlib.sha256(facts.encode()).hexdigest()[:8]
        return cache / f"{self.entrant.name}_{self.side}_{self.share:g}_{self.seed}_{mark}.json"


def runs() -> Iterator[Run]:
    """Seed by seed, so that an interrupted run has all of the first one."""
    slow = [e for e in ENTRANTS if e.series == "three dates"]
    for seed in SEEDS:
        for chosen in ([e for e in ENTRANTS if e not in slow], slow):
            yield from (Run(e, side, seed) for side in SHARE_OF for e in chosen)
        yield from (Run(e, "south", seed, share) for share in SHARES for e in ENTRANTS if e.thinned)
