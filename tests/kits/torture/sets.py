"""A set of output files: which of them are of the run before, which of a new one, and whether these are whole."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

VOLATILE = ("started", "seconds", "peak_memory_mib", "seconds_of_epochs", "job")


@dataclass(frozen=True)
class Reference:
    """What a run of a job leaves: the files of a folder, by their paths in it."""

    folder: Path

    @property
    def names(self) -> set[str]:
        return names(self.folder)

    def put(self, out: Path) -> dict[str, tuple[int, int, int]]:
        """Makes `out` hold this set and nothing else; what tells each of its files from a newer one."""
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self.folder, out)
        return identities(out)


def names(folder: Path) -> set[str]:
    """Files, hidden ones included, by their paths in the folder."""
    return {os.path.relpath(os.path.join(root, name), folder) for root, _, found in os.walk(folder) for name in found}


def identities(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for name in names(folder):
        told = os.stat(folder / name)
        found[name] = (told.st_ino, told.st_size, told.st_mtime_ns)
    return found


def state(out: Path, old: dict[str, tuple[int, int, int]], reference: Reference) -> str:
    """ "old" or "new" where every file of the set is, "mixed", or what is wrong with a file."""
    now = identities(out)
    lacking = sorted(reference.names - now.keys())
    if lacking:
        return f"lost: {lacking[0]}"
    new = {name for name in reference.names if now[name] != old.get(name)}
    for name in sorted(new):
        wrong = difference(out / name, reference.folder / name)
        if wrong:
            return f"half: {name} ({wrong})"
    return "old" if not new else "new" if new == reference.names else "mixed"


def leftovers(out: Path, reference: Reference) -> list[str]:
    """What lies beside the set."""
    return sorted(names(out) - reference.names)


def difference(found: Path, expected: Path) -> str:
    """ "" where a file is what another run of the same job leaves, but for times."""
    if found.read_bytes() == expected.read_bytes():
        return ""
    kind = found.suffix.lower()
    try:
        if kind == ".json":
            return "" if _steady(found) == _steady(expected) else "says something else"
        if kind == ".tif":
            return "" if _pixels(found) == _pixels(expected) else "has other pixels"
        if kind == ".gpkg":
            return "" if _rows(found) == _rows(expected) else "has other rows"
    except (ValueError, OSError, sqlite3.Error, rasterio.errors.RasterioError) as error:
        return f"cannot be read: {error}"
    share = found.stat().st_size / max(1, expected.stat().st_size)
    return "" if 0.9 < share < 1.1 else f"has {share:.0%} of its size"


def _steady(path: Path) -> Any:
    """A JSON file's shape: the names of everything in it, without what each run tells otherwise."""

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items() if key not in VOLATILE}
        return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__

    return shape(json.loads(path.read_text(encoding="utf-8")))


def _pixels(path: Path) -> Any:
    with rasterio.open(path) as file:
        return [file.checksum(band) for band in file.indexes], file.descriptions, [file.overviews(1)]


def _rows(path: Path) -> Any:
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = [name for (name,) in file.execute("SELECT table_name FROM gpkg_contents ORDER BY 1")]
        return [(name, *file.execute(f'SELECT count(*) FROM "{name}"').fetchone()) for name in tables]
