"""The journal of a set of files: what was to become of a folder's files, as the next run there finds it.

Anybody may have put it there: it names files of its own folder only, and tells how each is known again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from ..codec import build
from ..errors import CropClassifierError
from .locks import LockedFile, open_plain

JOURNAL = ".crop-classifier.commit"
STAGE = re.compile(r"\.crop-classifier-[0-9a-f]{12}\.\d{1,10}\.part")
NEW, OLD = "new", "old"  # folders of a stage
_PREFIX = ".crop-classifier"
FORWARD, BACK = b"forward\n", b"back   \n"  # its first bytes: of one length, so that on a full disk it can turn back
LONGEST = 1 << 24  # bytes of a journal that is read (choice)
_COARSEST = 2_000_000_000  # ns: FAT keeps times to two seconds


@dataclass(frozen=True)
class Mark:
    """How a file is known again."""

    size: int
    modified: int  # ns


@dataclass(frozen=True)
class Swap:
    """What becomes of one name: `before` and `after` are None where there is no file."""

    name: str
    before: Optional[Mark]
    after: Optional[Mark]


@dataclass(frozen=True)
class Plan:
    """A journal: what becomes of the files of its folder."""

    ident: str  # of the set, which may lie in several folders
    stage: str
    swaps: tuple[Swap, ...]
    decided_in: str = ""  # the folder, from this one, whose journal decides; "" = this journal does
    others: tuple[str, ...] = ()  # the other folders of the set, where this journal decides

    def is_sound(self) -> bool:
        """Whether it stays in its folder."""
        names = [swap.name for swap in self.swaps]
        return (
            all(map(_is_plain, names))
            and len(set(names)) == len(names)
            and STAGE.fullmatch(self.stage) is not None
            and all(not path.startswith(("/", "\\")) and "\0" not in path for path in (self.decided_in, *self.others))
        )


def _is_plain(name: str) -> bool:
    parts = (os.sep, os.altsep or os.sep, "\0", *(":" if os.name == "nt" else ()))
    return name not in ("", ".", "..") and not name.startswith(_PREFIX) and not any(part in name for part in parts)


def is_pending(folder: Path, stage: str) -> bool:
    """Whether a journal of the folder still needs what lies in this stage."""
    try:
        with open_plain(folder / JOURNAL, os.O_RDONLY) as journal:
            plan, _ = parsed(journal.read(LONGEST))
    except OSError:
        return False
    return plan is not None and plan.stage == stage


def write(journal: LockedFile, plan: Plan) -> None:
    """The journal is on the disk then. Raises OSError."""
    journal.file.seek(0)
    text = FORWARD + json.dumps(asdict(plan)).encode() + b"\n"
    if journal.file.write(text) != len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(journal.path))
    os.fsync(journal.file.fileno())
    flush_folder(journal.path.parent)


def put(journal: LockedFile, word: bytes) -> None:
    """Turns the journal. Raises OSError."""
    journal.file.seek(0)
    journal.file.write(word)
    os.fsync(journal.file.fileno())


def parsed(text: bytes) -> tuple[Optional[Plan], bytes]:
    """The plan and its word; no plan where it is torn, as nothing has moved then, or not to be trusted."""
    word, body = text[: len(FORWARD)], text[len(FORWARD) :]
    if word not in (FORWARD, BACK) or not body.endswith(b"\n"):
        return None, word
    try:
        plan: Plan = build(Plan, json.loads(body))
    except (ValueError, RecursionError, CropClassifierError):
        return None, word
    return (plan if plan.is_sound() else None), word


def mark_of(path: Path) -> Optional[Mark]:
    """None for what is no file, nor the name of one."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)
    return Mark(found.st_size, found.st_mtime_ns) if plain else None


def fits(path: Path, mark: Optional[Mark]) -> bool:
    """Whether the file is the one that was marked."""
    found = mark_of(path)
    return (
        found is not None
        and mark is not None
        and found.size == mark.size
        and abs(found.modified - mark.modified) <= _COARSEST
    )


def flush_folder(folder: Path) -> None:
    """The names in it are on the disk then, where the system knows how."""
    if os.name == "nt":
        return
    with suppress(OSError):  # not every file system can
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
