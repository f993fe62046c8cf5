"""The folder in which a run keeps what is not whole yet, beside where it will lie; what killed runs left is removed."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from .commit import recover
from .journal import NEW, OLD, STAGE, is_pending
from .locks import LockedFile, lock

_LOCK, _SCRATCH = "lock", "scratch"


def place_of(path: str | Path) -> Path:
    """The path that a user knows: that of an output for where it is written, the stage's own folder for scratch."""
    path = Path(path)
    stage = next((p for p in (path, *path.parents) if STAGE.fullmatch(p.name)), None)
    if stage is None:
        return path
    return stage.parent / path.name if path.parent == stage / NEW else stage.parent


class Stage:
    """A hidden folder that its process holds: where the lock is free, the process is no more. It lies on the file
    system of the outputs, so that a file gets its name in one step. Raises OSError where nothing can be written."""

    def __init__(self, beside: Path) -> None:
        self.beside = beside
        tidy(beside)
        self.folder, self._lock = _made(beside)
        for part in (NEW, OLD, _SCRATCH):
            (self.folder / part).mkdir()

    @property
    def scratch(self) -> Path:
        """A folder for what is no output."""
        return self.folder / _SCRATCH

    def path(self, name: str) -> Path:
        """Where the file is written that will be called so."""
        return self.folder / NEW / name

    def remove(self) -> None:
        """All of it goes, also while another thread still writes; but for what a pending commit needs."""
        if not is_pending(self.beside, self.folder.name):
            _remove(_out_of_reach(self.folder), self._lock)
        self._lock.file.close()


def tidy(folder: Path) -> None:
    """Ends in this folder what killed runs began, and removes what they left."""
    if not recover(folder):
        return
    with suppress(OSError), os.scandir(folder) as entries:
        found = [Path(e.path) for e in entries if STAGE.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
        for stage in found:
            _remove_if_left(stage)


def _made(beside: Path) -> tuple[Path, LockedFile]:
    while True:
        folder = _new_name(beside)
        folder.mkdir()
        with suppress(FileNotFoundError):  # another run, tidying up, was quicker than the lock
            return folder, lock(folder / _LOCK)


def _new_name(beside: Path) -> Path:
    return beside / f".crop-classifier-{secrets.token_hex(6)}.{os.getpid()}.part"


def _out_of_reach(folder: Path) -> Path:
    """The folder under a name that nobody knows: a thread that writes on finds no place for a new file."""
    other = _new_name(folder.parent)
    try:
        os.rename(folder, other)
    except OSError:  # Windows keeps the name of what is open
        return folder
    return other


def _remove_if_left(stage: Path) -> None:
    try:
        held = lock(stage / _LOCK, make=False)
    except FileNotFoundError:  # its process ended, or is, between making and locking it: it is empty
        with suppress(OSError):
            stage.rmdir()
        return
    except OSError:  # its process lives
        return
    with held:
        if held.sure and not is_pending(stage.parent, stage.name):
            _remove(stage, held)


def _remove(folder: Path, held: LockedFile) -> None:
    """The lock goes last, so that a kill in between leaves what the next run can tell."""
    for part in (NEW, OLD, _SCRATCH):
        shutil.rmtree(folder / part, ignore_errors=True)
    if any(os.path.lexists(folder / part) for part in (NEW, OLD, _SCRATCH)):
        return
    held.path = folder / _LOCK
    held.remove()
    with suppress(OSError):
        folder.rmdir()
