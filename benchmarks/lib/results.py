"""Results as JSON, and the page made from them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from benchmarks.lib.machine import machine
from benchmarks.lib.pages import as_json, make
from benchmarks.lib.places import RESULTS
from crop_classifier_plugin.engine.experiments.results import Results


def write(name: str, results: Results, packages: tuple[str, ...] = (), folder: Path = RESULTS) -> None:
    """Writes <name>.json and <name>.md with the machine and the day, and prints the page."""
    first = {"title": results.title, "by": results.by, "day": f"{dt.date.today()}", "machine": machine(*packages)}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(as_json(first | results.data()) + "\n", encoding="utf-8")
    print(make(file))
