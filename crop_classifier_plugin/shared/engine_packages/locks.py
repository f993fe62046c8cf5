"""The lock files of what the engine needs: exact versions with the hashes of their files, by platform.

`resources/engine/locks/linux_x86_64.txt` holds what every job needs, `linux_x86_64_train.txt` what a part adds; their
first line names the versions of Python that they were made for. `make locks` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PLATFORMS = {  # what Python calls the system and its processor -> the files' stem
    ("linux", "x86_64"): "linux_x86_64",
    ("win32", "amd64"): "windows_amd64",
    ("darwin", "arm64"): "macos_arm64",
    ("darwin", "x86_64"): "macos_x86_64",
}
_PYTHONS = re.compile(r"# Python ([0-9. ]+):")
_ENTRY = re.compile(r"([A-Za-z0-9._-]+)={2,3}([^\s;]+)(?: ; (.*?))?((?: --hash=sha256:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Entry:
    """One package of a lock: its version for these versions of Python, and the sha256 of each of its files."""

    name: str
    version: str
    pythons: tuple[str, ...]
    hashes: tuple[str, ...]


def fitting(lists: Path, parts: Sequence[str], platform: tuple[str, str], python: str) -> list[Path]:
    """The lock files for the base and these parts; [] where one of them does not know the platform or the Python.

    `platform`: sys.platform and platform.machine(); `python`: as '3.11'.
    """
    stem = _PLATFORMS.get((platform[0], platform[1].lower()), "")
    files = [lists / "locks" / f"{stem}{f'_{part}' if part else ''}.txt" for part in ("", *parts)]
    return files if stem and all(file.is_file() and python in pythons(file) for file in files) else []


def pythons(lock: Path) -> list[str]:
    """The versions of Python that a lock was made for."""
    found = _PYTHONS.match(lock.read_text(encoding="utf-8"))
    return found.group(1).split() if found else []


def read(lock: Path) -> list[Entry]:
    """The packages of a lock file. Raises ValueError for a line that is none."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [_entry(" ".join(line.split()), pythons(lock)) for line in joined if line.strip() and line[0] != "#"]


def _entry(line: str, known: Sequence[str]) -> Entry:
    found = _ENTRY.fullmatch(line)
    if found is None:
        raise ValueError(f"{line!r} is no line of a lock file")
    name, version, marker, hashes = found.groups()
    meant = [python for python in known if not marker or f'"{python}"' in marker]
    return Entry(name, version, tuple(meant), tuple(re.findall(r"[0-9a-f]{64}", hashes)))


def entries(lock: Path, python: str) -> dict[str, str]:
    """Distribution -> version of what a lock installs for a Python."""
    return {normal(each.name): each.version for each in read(lock) if python in each.pythons}


def missing_wheels(locks: Sequence[Path], python: str, folder: Path) -> list[str]:
    """Which of the locked packages have no wheel of that version in a folder."""
    there = {tuple(path.name.split("-")[:2]) for path in folder.glob("*.whl")}
    known = {(normal(name), version) for name, version, *_ in (pair for pair in there if len(pair) == 2)}
    wanted = {name: version for lock in locks for name, version in entries(lock, python).items()}
    return sorted(name for name, version in wanted.items() if (name, version) not in known)


def normal(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
