"""Sets of files that change whole: a kill at any moment leaves all old files or all new ones, or what the next run in
the folder brings to one of both.

The new files lie in a folder of the run beside their places, its stage. A journal in each folder of the set says which
of them go where; it is on the disk before the first file moves and goes after the last. The journal that is written and
removed last decides for all of them: where it is missing nothing has moved yet. What is replaced is set aside in the
stage, so that a rename that fails (Windows: the file is open elsewhere) takes the others back. Nothing needs a file
system with links.

A journal is what anybody may have put there: it names files of its own folder only, moves what is as it says and leaves
alone what somebody has changed since.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from .journal import (
    BACK,
    FORWARD,
    JOURNAL,
    LONGEST,
    NEW,
    OLD,
    Plan,
    Swap,
    fits,
    flush_folder,
    mark_of,
    parsed,
    put,
    write,
)
from .locks import LockedFile, lock, open_plain

_PATIENCE = 10.0  # s to wait for another run that commits in the folder (choice)


@dataclass(frozen=True)
class Change:
    """What is to become of a folder: `staged` files of its stage take their places, `stale` ones go."""

    folder: Path
    stage: Path
    staged: tuple[str, ...]
    stale: tuple[str, ...] = ()


def _is_any(change: Change) -> bool:
    return bool(change.staged or change.stale)


def commit(changes: Sequence[Change]) -> None:
    """Brings all of it about, or on an error none; what is staged has been flushed. No two are of one folder.

    Raises OSError, whose `filename` is the place that could not be written.
    """
    ordered = sorted(filter(_is_any, changes), key=lambda change: os.path.realpath(change.folder))
    if not ordered:
        return
    with ExitStack() as exits:
        journals = [exits.enter_context(_claimed(change.folder)) for change in ordered]
        plans = _plans(ordered)
        try:
            for journal, plan in zip(journals, plans):
                write(journal, plan)
        except OSError:
            for journal in journals:
                journal.remove()
            raise
        _carry_out(ordered, plans, journals)
        for journal in journals:
            journal.remove()


def _carry_out(changes: Sequence[Change], plans: Sequence[Plan], journals: Sequence[LockedFile]) -> None:
    try:
        for change, plan in zip(changes, plans):
            _forward(change.folder, plan, strict=True)
    except OSError:
        put(journals[-1], BACK)
        for change, plan in zip(changes, plans):
            _back(change.folder, plan)
        for journal in journals:
            journal.remove()
        raise


def recover(folder: Path) -> bool:
    """Finishes, or takes back, what a killed run left half done in the folder; whether nothing is left to be done."""
    try:
        with lock(folder / JOURNAL, make=False) as journal:
            decider = _decider(journal, folder)
            _settle(journal, folder)
            journal.remove()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # a living run is at it, or it cannot be done now
        return False
    return recover(decider) if decider else True  # the rest of the set: no run may come to that folder


def _decider(journal: LockedFile, folder: Path) -> Path | None:
    """The other folder that decides for this one, where its journal is of the same set."""
    journal.file.seek(0)
    plan, _ = parsed(journal.file.read(LONGEST))
    if plan is None or not plan.decided_in:
        return None
    decider = Path(os.path.normpath(folder / plan.decided_in))
    with suppress(OSError), open_plain(decider / JOURNAL, os.O_RDONLY) as other:
        found, _ = parsed(other.read(LONGEST))
        return decider if found and found.ident == plan.ident else None
    return None


# --- journals --------------------------------------------------------------------------------------------------------


def _claimed(folder: Path) -> LockedFile:
    """The folder's journal, empty and held."""
    try:
        journal = lock(folder / JOURNAL, _PATIENCE)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another run is putting its files there", str(folder)) from None
    try:
        _settle(journal, folder)
        journal.file.truncate(0)
    except OSError:
        journal.file.close()
        raise
    return journal


def _plans(changes: Sequence[Change]) -> list[Plan]:
    ident, last = secrets.token_hex(8), changes[-1].folder
    plans = []
    for change in changes:
        swaps = [
            Swap(name, mark_of(change.folder / name), mark_of(change.stage / NEW / name)) for name in change.staged
        ]
        swaps += [Swap(name, mark_of(change.folder / name), None) for name in change.stale]
        own = change.folder == last
        others = tuple(_way(last, each.folder) for each in changes[:-1]) if own else ()
        plans.append(Plan(ident, change.stage.name, tuple(swaps), "" if own else _way(change.folder, last), others))
    return plans


def _way(start: Path, end: Path) -> str:
    try:
        return os.path.relpath(end, start)
    except ValueError:  # another drive of Windows
        return str(end)


def _settle(journal: LockedFile, folder: Path) -> None:
    """Ends what the journal began, in its folder and, where it decides, in the others of the set. Raises OSError."""
    journal.file.seek(0)
    plan, word = parsed(journal.file.read(LONGEST))
    if plan is None:
        return
    forward = _decision(folder, plan) if plan.decided_in else word == FORWARD
    _finish(folder, plan, forward)
    for other in plan.others:
        _settle_other(Path(os.path.normpath(folder / other)), plan.ident, forward)


def _settle_other(folder: Path, ident: str, forward: bool) -> None:
    try:
        journal = lock(folder / JOURNAL, make=False)
    except (FileNotFoundError, NotADirectoryError):  # it was settled, or is out of reach
        return
    with journal:
        plan, _ = parsed(journal.file.read(LONGEST))
        if plan and plan.ident == ident and plan.decided_in:
            _finish(folder, plan, forward)
            journal.remove()


def _decision(folder: Path, plan: Plan) -> bool:
    """What was decided in another folder. Where its journal is not to be found, a file that has moved tells."""
    decider = Path(os.path.normpath(folder / plan.decided_in)) / JOURNAL
    with suppress(OSError), open_plain(decider, os.O_RDONLY) as journal:
        found, word = parsed(journal.read(LONGEST))
        if found and found.ident == plan.ident:
            return word == FORWARD
    return any(swap.after and not os.path.lexists(folder / plan.stage / NEW / swap.name) for swap in plan.swaps)


# --- files -----------------------------------------------------------------------------------------------------------


def _finish(folder: Path, plan: Plan, forward: bool) -> None:
    if not all(_is_folder(folder / plan.stage / part) for part in ("", NEW, OLD)):  # gone, or a link that leads away
        return
    if forward:
        _forward(folder, plan, strict=False)
    else:
        _back(folder, plan)


def _forward(folder: Path, plan: Plan, strict: bool) -> None:
    """`strict`: a file that somebody has changed since raises; else it stays."""
    for swap in plan.swaps:
        final, stage = folder / swap.name, folder / plan.stage
        try:
            if not _bring(final, stage / NEW / swap.name, stage / OLD / swap.name, swap) and strict:
                raise OSError(errno.EBUSY, "another program is writing it")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(final)) from error
    flush_folder(folder)


def _bring(final: Path, staged: Path, aside: Path, swap: Swap) -> bool:
    """Whether the name is as it shall be, which it may have been before."""
    if swap.after and not (os.path.lexists(staged) and mark_of(staged)):
        return True
    there = os.path.lexists(final)
    if there and not fits(final, swap.before):
        return False
    if swap.after is None:
        if there:
            os.replace(final, aside)
        return True
    if there and not os.path.lexists(aside):
        _set_aside(final, aside)
    os.replace(staged, final)
    return True


def _set_aside(final: Path, aside: Path) -> None:
    try:
        os.link(final, aside, follow_symlinks=False)  # the old file never leaves its name, even if the power goes now
    except (OSError, NotImplementedError):  # a file system without links
        os.replace(final, aside)


def _back(folder: Path, plan: Plan) -> None:
    for swap in reversed(plan.swaps):
        final, stage = folder / swap.name, folder / plan.stage
        if os.path.lexists(stage / OLD / swap.name):
            os.replace(stage / OLD / swap.name, final)  # does nothing where both are names of one file
        elif not swap.before and not os.path.lexists(stage / NEW / swap.name) and fits(final, swap.after):
            final.unlink()
    flush_folder(folder)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def flush(path: Path) -> None:
    """What was written is on the disk then; a full one raises OSError at the latest here."""
    with open(path, "r+b") as file:  # Windows flushes only what may be written
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise OSError(error.errno, error.strerror, str(path)) from error
