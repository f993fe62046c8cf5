"""Folders of a program's own that go when it ends, also when it is killed: then the next one removes them.

Whose folder it is tells a lock on a file in it, which the system takes away with the process: neither the number of
a process, which another one may have by now, nor a clock is asked.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..shared.files import locks

OWNER = ".owner"
SETUPS = (".engine.", ".part")  # how the folder of a set-up begins and ends
AT_ONCE = 0.3  # s (choice)
UNOWNED = 24 * 3600.0  # s after which a folder without a lock file, of an older version, is nobody's (choice)


@contextlib.contextmanager
def owned_folder(parent: Path, prefix: str, suffix: str = "") -> Iterator[Path]:
    """A new folder that is this process's until the block ends. Raises OSError.

    What lies in it is removed then; where that takes long it goes on beside the caller, who was promised two seconds.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
    try:
        with locks.lock(folder / OWNER):
            yield folder
    finally:
        removal = threading.Thread(
            target=shutil.rmtree, args=(folder, True), name="Crop Classifier leftovers", daemon=True
        )
        removal.start()
        removal.join(AT_ONCE)


def abandoned(parent: Path, prefix: str, suffix: str = "") -> list[Path]:
    """The folders of that name whose process is no more."""
    found = parent.glob(f"{prefix}*{suffix}") if parent.is_dir() else ()
    return sorted(folder for folder in found if _is_ours(folder) and _is_abandoned(folder))


def sweep(parent: Path, prefix: str, suffix: str = "") -> None:
    """Removes them."""
    for folder in abandoned(parent, prefix, suffix):
        shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    same_user = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return same_user and folder.is_dir() and not folder.is_symlink()


def _is_abandoned(folder: Path) -> bool:
    try:
        with locks.lock(folder / OWNER, make=False) as held:
            return held.sure
    except FileNotFoundError:  # of an older version, or one that is only being made
        with contextlib.suppress(OSError):
            return time.time() - folder.lstat().st_mtime > UNOWNED
    except OSError:
        pass
    return False
