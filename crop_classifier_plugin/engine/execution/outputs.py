"""Files a job writes: in folders of its own beside their places until every one of them is whole."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from ...shared.errors import BadInput, Cancelled, CropClassifierError, DiskFull, OutputNotWritable
from ...shared.files.commit import Change, commit, flush
from ...shared.files.journal import Mark, mark_of
from ...shared.files.staging import Stage, place_of
from .ownership import RECORD, is_left_by_a_run, list_files, with_files

_open: set[Outputs] = set()
_committed: dict[Path, Mark | None] = {}  # what this process has given its name
_GEOTIFF = (".tif", ".tiff")
_STYLED = (*_GEOTIFF, ".vrt")  # have a .qml beside them
_SIDECARS = (".aux.xml", ".ovr", ".msk")  # that GDAL keeps beside a raster
_read_before: list[str] = []  # what was read to make the job, as tables of options
_lock = threading.RLock()  # a signal may find this thread inside


class Outputs:
    """`with Outputs() as out: write(out.path("map.tif"))` gives all files their names at the end, or removes them."""

    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}  # destination -> where it is written
        self._stages: list[Stage] = []
        self._near: list[Path] = []  # folders for scratch alone
        self._made: list[Path] = []  # folders that were not there before, the outer before the inner
        self._inputs = {_identity(path): path for path in _read_before}  # what the job reads
        self._records: dict[Path, Mapping[str, Any]] = {}
        self._own = threading.RLock()  # one thread may end what another still fills
        self._ended = False

    def protect_inputs(self, inputs: Iterable[str | Path]) -> None:
        """Refuses, now and from now on, destinations that are one of these files."""
        with self._own:
            self._inputs |= {_identity(path): str(path) for path in inputs}
            for final in self._files:
                self._refuse_input(final)

    def _refuse_input(self, final: Path) -> None:
        if _identity(final) in self._inputs:
            raise BadInput(f"The output {final} would replace an input: give it another name.")

    def path(self, destination: str | Path, named: bool = False) -> str:
        """Where to write `destination` to. Raises OutputNotWritable before any work is done, also where a file is there
        that no run of this program left so; but for one that is `named`: which the user asked to be written."""
        final = Path(destination).absolute()
        with self._own:
            self._refuse_input(final)
            if final not in self._files:
                try:
                    if not named:
                        self._refuse_others(final)
                    stage = self._stage(final.parent)
                    _check_name(final)  # of a folder that is there: only there a name can be too long
                    self._files[final] = stage.path(final.name)
                except OSError as error:
                    raise translate(error, str(final)) from None
            return str(self._files[final])

    def check_beside(self, destination: str | Path, record: bool) -> None:
        """Refuses an output whose style, or `record`, would replace another file's. Raises OutputNotWritable."""
        final = Path(destination).absolute()
        endings = [".qml"] if final.suffix.lower() in _STYLED else []
        endings += [RECORD] if record else []
        with self._own:
            for side in map(final.with_suffix, endings):
                if side not in self._files:
                    self._refuse_others(side)

    def _refuse_others(self, final: Path) -> None:
        owner = next((Path(str(final)[: -len(e)]) for e in _SIDECARS if final.name.endswith(e)), None)
        if owner in self._files or not _is_there(final) or final.is_dir() or _committed.get(final) == mark_of(final):
            return
        if not is_left_by_a_run(final, self._files):
            raise OutputNotWritable(
                str(final),
                "a file of this name is there that no run of this program left so",
                "move it away, or give the output another name or folder",
            )

    def scratch(self, near: Path | None = None) -> Path:
        """A new folder for a job's own use, on the disk of its outputs; it goes when the job ends, also when it is cut
        short, and what a killed job leaves goes with the next run. Raises OutputNotWritable.

        `near`: the folder to make it in; default: that of the first output, which has been named by then.
        """
        with self._own:
            place = near or next(iter(self._files)).parent
            self._near += [near] if near else []
            try:
                whole = self._stage(place).scratch
                folder = whole / str(len(os.listdir(whole)))
                folder.mkdir()
            except OSError as error:
                raise translate(error, str(place)) from None
        return folder

    def _stage(self, folder: Path) -> Stage:
        if self._ended:  # by another thread, because the process must go
            raise Cancelled
        self._made += _missing(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for stage in self._stages:
            if os.path.samefile(stage.beside, folder):
                return stage
        self._stages.append(Stage(Path(os.path.realpath(folder))))
        return self._stages[-1]

    def write_record(self, destination: str | Path, record: Mapping[str, Any]) -> None:
        """Writes a run record, which lists the files that the run leaves."""
        self.path(destination)
        self._records[Path(destination).absolute()] = record

    def _list_files(self) -> None:
        """Into the records, with those that this process has left in the same folders before, as after an epoch."""
        written = {final: path for final, path in self._files.items() if path.exists() and final not in self._records}
        before = {p: p for p, mark in _committed.items() if p not in self._records and mark == mark_of(p)}
        for record, facts in self._records.items():
            beside = {path: path for path in before if path.parent == record.parent}
            whole = with_files(facts, list_files(record, beside | written))
            self.write_text(record, json.dumps(whole, indent=1) + "\n")

    def write_text(self, destination: str | Path, text: str) -> None:
        """Writes a whole text file, UTF-8."""
        temporary = self.path(destination)
        try:
            Path(temporary).write_text(text, encoding="utf-8")
        except OSError as error:
            raise translate(error, str(destination)) from None

    def commit(self) -> None:
        """Gives every file that was written its name: all of them, or on an error none."""
        with self._own:
            self._list_files()
            written = {final: path for final, path in self._files.items() if path.exists()}
        for final, path in written.items():
            _flush(path, final)
        with self._own:
            if self._ended:
                return
            try:
                commit([self._change(stage, list(dict.fromkeys(written.values()))) for stage in self._stages])
            except OSError as error:
                raise translate(error, str(error.filename or "the outputs")) from None
            _committed.update({final: mark_of(final) for final in written})
            self._files.clear()

    def _change(self, stage: Stage, written: Sequence[Path]) -> Change:
        """What is written there, and what of replaced rasters no longer holds: statistics and overviews."""
        staged = tuple(path.name for path in written if path == stage.path(path.name))
        beside = (f"{name}{ending}" for name in staged for ending in _SIDECARS)
        stale = tuple(name for name in beside if name not in staged and _is_there(stage.beside / name))
        return Change(stage.beside, stage.folder, staged, stale)

    def discard(self) -> None:
        """Removes what is not whole; nothing can be written any more."""
        with self._own:
            self._ended = True
            self._files.clear()
            while self._stages:
                self._stages.pop().remove()
            while self._near:
                with suppress(OSError):  # others keep something there
                    self._near.pop().rmdir()
            while self._made:
                with suppress(OSError):  # something is in it, as after every job that went well
                    self._made.pop().rmdir()

    def __enter__(self) -> Outputs:
        with _lock:
            _open.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        except OSError as late:
            raise translate(late, "the outputs") from None
        finally:
            self.discard()
            with _lock:
                _open.discard(self)


def note_read(path: str) -> None:
    """From now on no output of this process may replace the file, which was read before its job began."""
    _read_before.append(path)


def discard_all() -> None:
    """Removes what every job in this process has not finished: the last act of a process that must go now."""
    with _lock:
        for outputs in list(_open):
            outputs.discard()


def _identity(path: str | Path) -> object:
    """What two names of one file share: links and spellings aside."""
    try:
        found = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(path)


def _missing(folder: Path) -> list[Path]:
    """The folder and those around it that are not there yet, the outermost first."""
    return [place for place in reversed([folder, *folder.parents]) if not os.path.exists(place)]


def _check_name(final: Path) -> None:
    """Raises OutputNotWritable, or OSError where the name is too long, for itself or for what lies beside it."""
    if final.is_dir():
        raise OutputNotWritable(str(final), "it is a folder")
    with suppress(FileNotFoundError):
        os.lstat(f"{final}{_SIDECARS[0]}" if final.suffix.lower() in _GEOTIFF else final)


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except OSError:  # of a name that is too long there is nothing
        return False


def _flush(written: Path, final: Path) -> None:
    try:
        flush(written)
    except OSError as error:
        raise translate(error, str(final)) from None


def check_geotiffs(*paths: str) -> None:
    """Refuses raster outputs that are not named as GeoTIFFs, or that would overwrite each other; "" is no output."""
    for path in filter(None, paths):
        if Path(path).suffix.lower() not in _GEOTIFF:
            raise BadInput(f"The output {path} is not a GeoTIFF: give its name the ending .tif.")
    check_distinct(*paths)


def check_distinct(*paths: str) -> None:
    """Refuses two outputs of one name; of GeoTIFFs the ending does not count, because they would share their style."""
    seen: dict[str, str] = {}
    for path in filter(None, paths):
        real = Path(os.path.realpath(path))
        key = str(real.with_suffix("") if real.suffix.lower() in _GEOTIFF else real)
        if key in seen:
            raise BadInput(f"The outputs {seen[key]} and {path} would overwrite each other: give one another name.")
        seen[key] = path


def translate(error: OSError, path: str) -> CropClassifierError:
    """The sentence for an error of the file system; `path` may be where an output is written meanwhile."""
    place = str(place_of(path))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(place)
    if error.errno == errno.EFBIG:
        return OutputNotWritable(place, "its disk takes no file of this size", "choose a folder on another disk")
    if error.errno == errno.ENAMETOOLONG:
        return OutputNotWritable(place, "its name is too long", "give it a shorter one")
    return OutputNotWritable(place, error.strerror or str(error))
