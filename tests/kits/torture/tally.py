"""Counts of what was tried and what failed, by kind; kept as JSON, put together from pieces."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Tally:
    """Of one scenario: rows by what was tried, each with counts by how it ended."""

    scenario: str
    ends: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self, what: str, end: str, fault: str = "") -> None:
        """`fault`: "" where all is as it should be, else what went wrong, in a line."""
        self.ends.setdefault(what, Counter())[end] += 1
        if fault:
            self.ends[what]["faults"] += 1
            self.faults.append(f"{what}: {fault}")

    @property
    def tried(self) -> int:
        return sum(number for row in self.ends.values() for end, number in row.items() if end != "faults")

    @property
    def failed(self) -> int:
        return sum(row["faults"] for row in self.ends.values())

    def data(self) -> dict[str, Any]:
        rows = {what: dict(sorted(row.items())) for what, row in sorted(self.ends.items())}
        return {"scenario": self.scenario, "rows": rows, "faults": self.faults}

    def save(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(
            json.dumps(self.data(), indent=1, ensure_ascii=True) + "\n", encoding="utf-8"
        )
