"""Which files that are there a run may replace: those that a run of this program left, as its record lists them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

RECORD = ".run.json"
_FILES = "files"  # of a record
_WHOLE = 1 << 26  # bytes of which all are summed; of larger files the first and the last so many (choice)
_END = 1 << 20
_MOST, _LARGEST = 1000, 1 << 24  # records of a folder, and bytes of one (choice)


def digest(path: Path) -> str:
    """What tells a file from another: SHA-256 of all of it, or its size and that of its two ends."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size <= _WHOLE:
            return hashlib.sha256(file.read()).hexdigest()
        ends = file.read(_END)
        file.seek(-_END, os.SEEK_END)
        return f"{size}:{hashlib.sha256(ends + file.read(_END)).hexdigest()}"


def list_files(record: Path, files: Mapping[Path, Path]) -> dict[str, str]:
    """What a record at `record` tells of files: their digests, by their ways from its folder. `files`: where each will
    lie -> where it lies now."""
    found = {}
    for final, now in files.items():
        way = _way(final, record.parent)
        if way and now.exists():
            found[way] = digest(now)
    return found


def with_files(record: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The record with its list of files."""
    return {**record, _FILES: dict(files)}


def is_left_by_a_run(final: Path, outputs: Iterable[Path]) -> bool:
    """Whether a run left the file so. `outputs` of the run that would replace it: a record lies beside one of them, and
    is replaced by that of a run of one of the outputs it lists."""
    named = set(outputs)
    if final.name.endswith(RECORD):
        listed = _listed(final)
        return any((way := _way(path, final.parent)) and way in listed for path in named)
    now = digest(final)
    folders = dict.fromkeys((final.parent, *(path.parent for path in named)))
    return any(_listed(record).get(_way(final, record.parent) or "") == now for record in _records(folders))


def _records(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from islice(folder.glob(f"*{RECORD}"), _MOST)


def _listed(record: Path) -> dict[str, str]:
    try:
        if not record.is_file() or record.stat().st_size > _LARGEST:
            return {}
        read = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    files = read.get(_FILES) if isinstance(read, dict) else None
    return files if isinstance(files, dict) else {}


def _way(path: Path, folder: Path) -> str:
    """ "" on another drive of Windows."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return ""
