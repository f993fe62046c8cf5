"""Where an experiment reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    data: Path  # real data sets, a folder each
    legends: Path  # the project's legends
    work: Path  # empty at first; what is simulated or written on the way lies here

    def legend(self, name: str) -> str:
        return str(self.legends / f"{name}.json")
