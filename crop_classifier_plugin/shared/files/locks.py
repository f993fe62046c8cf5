"""A file that one process holds: the system lets go of it when the process ends, however it ends."""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Optional

_FAR = 1 << 30  # the byte that Windows locks, beyond all that is written: there, locked bytes cannot be read
_PAUSE = 0.05  # s between two tries


class LockedFile:
    """An open file that no other process holds. `sure` is False where the file system knows no locks."""

    def __init__(self, path: Path, file: FileIO, sure: bool) -> None:
        self.path, self.file, self.sure = path, file, sure

    def remove(self) -> None:
        """Removes the file and lets go of it. Windows keeps what somebody waits for; the next to hold it removes it."""
        if os.name == "nt":
            self.file.close()
        with suppress(OSError):
            os.unlink(self.path)
        self.file.close()

    def __enter__(self) -> LockedFile:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.file.close()


def lock(path: Path, seconds: float = 0, make: bool = True) -> LockedFile:
    """Opens and holds the file, waiting so long for another process that holds it; `make`: makes it if need be.

    Raises BlockingIOError where another holds it, FileNotFoundError, OSError for what is no plain file.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            held = _opened(path, make)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(_PAUSE)
            continue
        if held:
            return held


def open_plain(path: Path, flags: int) -> FileIO:
    """Opens a file as os.open does; raises OSError for a link, a pipe, a folder: none of them is ours."""
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    file = FileIO(os.open(path, flags, 0o666), "r+" if flags & os.O_RDWR else "r")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is no plain file")
    return file


def _opened(path: Path, make: bool) -> Optional[LockedFile]:
    """The file; None where who held it has removed it meanwhile."""
    file = open_plain(path, os.O_RDWR | (os.O_CREAT if make else 0))
    try:
        sure = _hold(file.fileno())
        if _is_at(file.fileno(), path):
            return LockedFile(path, file, sure)
    except OSError:
        file.close()
        raise
    file.close()
    return None


def _is_at(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _hold(number: int) -> bool:
        os.lseek(number, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
        finally:
            os.lseek(number, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _hold(number: int) -> bool:
        """Whether the file system knows locks. Raises BlockingIOError where another holds the file."""
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # as on some network shares
            return False
        return True
