"""The page of what was counted: how often each fault was tried, how often something was wrong, and which."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lib.places import ROOT
from crop_classifier_plugin.engine.experiments.results import Column, Heading, Part, Results, Table, Text
from crop_classifier_plugin.shared.jobs.registry import JOBS

COUNTS = ROOT / "build" / "torture"
MOST = 12  # faults that are told of each scenario
TOLD = {
    "kills": "kill -9 while a job writes, and at each step of its commit",
    "full_disks": "a disk that fills, a limit on the size of files",
    "signals": "SIGTERM and SIGINT while a job runs",
    "starts": "SIGTERM and SIGINT while the program starts",
    "orphans": "the parent killed, as when QGIS crashes",
    "rivals": "two runs on one set of outputs",
    "vanishing": "a scene, model or layer removed in mid-run",
    "fuzz": "bad files: rasters, layers, cards, networks, tables, jobs, metadata",
    "hostile": "hostile files: nothing else opened, nobody called",
}
ABOUT = (
    "A small job of a kind runs by the program's own command in a child of a process that has the engine loaded. "
    "Killed were {jobs} jobs of {kinds} kinds. A kill counts as held where every output is of the old set or "
    "every one of the new set, at once or, where a commit was cut in two, when the next run of the same job has "
    "been opened (that run is broken off at once, so that it cannot mend by writing anew), and nothing is left "
    "over after the run that follows. A third of the kills in commits have no hard links to work with. A full "
    "disk, a bad file or an input that goes ends in a result or one sentence, exit code 1, with the old outputs "
    "in place and nothing left over; bad files run as another user, with 3 GiB of addresses and 30 seconds. A "
    "signal ends the run within two seconds (one more is granted to a busy machine) with its own exit code."
)
BEFORE = (
    "Before, by the same trials: of 217 kills, 95 left a mixed set, lost a file or left something over, as "
    "outputs were renamed one by one without a journal; of 116 full disks and limits, 3 ended in SIGBUS and 6 in "
    "a traceback, all in trainings, crop gain and descriptions, beside those under a GeoPackage; of 3 kills of a "
    "description of a series, whose files lie in two folders, a run that came to one of these settled only this "
    "one."
)
MEMORY = (
    "Small images laid side by side, without compression; a run as a terminal starts it, the peak of its own "
    "process by its run record. Series have five dates of two bands with cloud masks; those of 12,000 px are as "
    "wide and 1,000 high, for trainings too. Networks (preset small, hardly trained, three dates of two bands) "
    "map strips of 256 px, as a pixel takes them long. Maps and parcels are whole squares, up to 12,000 x 12,000 "
    "px with 90,000 parcels. The machine did other work meanwhile, so the seconds tell little."
)


def results(folder: Path) -> Results:
    """Of the counts in the folder."""
    rows = [row for scenario in TOLD for row in _scenario(folder, scenario)]
    faults = [fault for row in rows for fault in row.faults]
    facts: dict[str, float | int | str] = {f"{row.name}_{what}": n for row in rows for what, n in row.numbers().items()}
    kinds = {what for row in rows if row.name == "kills" for what in row.ends}
    facts |= {"jobs": len(kinds), "kinds": len({what.partition(":")[0] for what in kinds})}
    facts |= {"tried": sum(row.tried for row in rows), "failed": sum(row.failed for row in rows)}
    left = sorted(JOBS.keys() - {what.partition(":")[0] for what in kinds})
    parts: list[Part] = [Text(ABOUT), _overview(rows), Text(BEFORE)]
    if left:
        parts.append(Text(f"Not killed in this run: {', '.join(left)}."))
    if faults:
        parts += [Heading("What did not hold"), *(Text(f"* {fault}") for fault in faults)]
    parts += [Heading("Peak memory"), Text(MEMORY), memory(folder)]
    return Results("Under fault and attack", "benchmarks/reliability/torture.py", tuple(parts), facts)


def _overview(rows: Sequence[Row]) -> Table:
    counts = (Column("tried", "{:,}"), Column("held", "{:,}"), Column("not", "{:,}"))
    columns = (Column("fault"), *counts, Column("how they ended"))
    return Table("torture", columns, tuple(row.cells() for row in rows))


class Row:
    """A scenario, all its parts together."""

    def __init__(self, name: str, parts: list[dict[str, Any]]) -> None:
        self.name, self.ends = name, {}  # type: str, dict[str, Counter[str]]
        for part in parts:
            for what, row in part["rows"].items():
                self.ends.setdefault(what, Counter()).update(row)
        self._told = [fault for part in parts for fault in part["faults"]]

    @property
    def tried(self) -> int:
        return sum(n for row in self.ends.values() for end, n in row.items() if end != "faults")

    @property
    def failed(self) -> int:
        return sum(row["faults"] for row in self.ends.values())

    @property
    def faults(self) -> list[str]:
        """In the words of a page, where braces mean something."""
        told = [f"{TOLD[self.name].partition(':')[0]}: {_plain(fault)}" for fault in self._told]
        return told[:MOST] + ([f"... and {len(told) - MOST} more"] if len(told) > MOST else [])

    def numbers(self) -> dict[str, int]:
        return {"tried": self.tried, "failed": self.failed}

    def cells(self) -> tuple[str | int, ...]:
        ends = sum((row for row in self.ends.values()), Counter[str]())
        told = ", ".join(f"{n:,} {end}" for end, n in ends.most_common() if end != "faults")
        return TOLD[self.name], self.tried, self.tried - self.failed, self.failed, told


def _scenario(folder: Path, name: str) -> Iterator[Row]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{name}_*.json"))]
    if found:
        yield Row(name, found)


def _plain(fault: str) -> str:
    return " ".join(fault.replace("{", "(").replace("}", ")").replace("|", "/").split())[:300]


def memory(folder: Path) -> Table:
    """A row a job, a column a size: MiB, and seconds."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("memory_*.json")):
        peak = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(peak["what"], []).append(peak)
    widths = ("1,000", "4,000", "12,000")
    columns = (Column("job"), *(Column(f"{width} px wide") for width in widths), Column("last / second"))
    return Table("memory", columns, tuple(_row(what, of, widths) for what, of in sorted(found.items())))


def _row(what: str, peaks: list[dict[str, Any]], widths: Sequence[str]) -> tuple[str | None, ...]:
    by_width = {peak["size"].partition(" ")[0]: peak for peak in peaks}
    second, last = (by_width.get(width, {}).get("mib") for width in widths[1:])
    growth = f"{last / second:.2f}" if second and last else None
    return (what, *(_peak(by_width[width]) if width in by_width else None for width in widths), growth)


def _peak(peak: dict[str, Any]) -> str:
    if peak["mib"] is None:
        return f"{peak['size']}: failed"
    return f"{peak['size']}: {peak['mib']:.0f} MiB, {peak['seconds']:.0f} s"
