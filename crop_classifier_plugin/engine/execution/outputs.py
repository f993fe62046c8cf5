"""Files a job writes: under temporary names beside their destination until every one of them is whole."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ...shared.errors import BadInput, DiskFull, OutputNotWritable

_open: set[Outputs] = set()
_GEOTIFF = (".tif", ".tiff")
_SIDECARS = (".aux.xml", ".ovr", ".msk")  # that GDAL keeps beside a raster
_LONGEST = 160  # bytes of a stem in a temporary name (choice); file systems take names of 255
_SCRATCH = "pixels-"  # and the number of the process
_lock = threading.RLock()  # a signal may find this thread inside


class Outputs:
    """`with Outputs() as out: write(out.path("map.tif"))` renames all files at the end, or removes them."""

    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}  # destination -> temporary
        self._scratch: list[Path] = []
        self._made: list[Path] = []  # folders that were not there before, the outer before the inner
        self._inputs: dict[object, str] = {}  # what the job reads

    def protect_inputs(self, inputs: Iterable[str | Path]) -> None:
        """Refuses, now and from now on, destinations that are one of these files."""
        self._inputs |= {_identity(path): str(path) for path in inputs}
        for final in self._files:
            self._refuse_input(final)

    def _refuse_input(self, final: Path) -> None:
        if _identity(final) in self._inputs:
            raise BadInput(f"The output {final} would replace an input: give it another name.")

    def path(self, destination: str | Path) -> str:
        """The temporary path to write `destination` to. Raises OutputNotWritable before any work is done."""
        final = Path(destination).absolute()
        self._refuse_input(final)
        if final not in self._files:
            self._made += _missing(final.parent)
            _make_place(final)
            _remove_remains(final)
            self._files[final] = temporary_path(final)
        return str(self._files[final])

    def scratch(self, near: Path | None = None) -> Path:
        """A new folder for a job's own use; it goes when the job ends, also when it is cut short.

        `near`: the folder to make it in, for what may be too large for the system's place for such things, which often
        is in memory; what killed jobs left there is removed. Raises OutputNotWritable.
        """
        if near is None:
            folder = Path(tempfile.mkdtemp(prefix="crop-classifier-"))
        else:
            _remove_scratch(near)
            folder = near / f"{_SCRATCH}{os.getpid()}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise translate(error, str(near)) from None
        self._scratch.append(folder)
        return folder

    def write_text(self, destination: str | Path, text: str) -> None:
        """Writes a whole text file, UTF-8."""
        temporary = self.path(destination)
        try:
            Path(temporary).write_text(text, encoding="utf-8")
        except OSError as error:
            raise translate(error, str(destination)) from None

    def commit(self) -> None:
        """Renames every file that was written to its destination: all of them, or on an error none."""
        swapped: list[tuple[Path, Path | None]] = []  # destination, what stood there before
        for final, temporary in self._files.items():
            if not temporary.exists():
                continue
            try:
                swapped.append((final, _set_aside(final)))
                os.replace(temporary, final)
            except OSError as error:
                _undo(swapped)
                raise translate(error, str(final)) from None
        for final, before in swapped:
            if before is not None:
                before.unlink(missing_ok=True)
            for stale in (Path(f"{final}{ending}") for ending in _SIDECARS):  # statistics and overviews of the old file
                if stale not in self._files and os.path.lexists(stale):  # of a name that is too long there is nothing
                    stale.unlink(missing_ok=True)
        self._files.clear()

    def discard(self) -> None:
        for temporary in self._files.values():
            for leftover in (temporary, Path(f"{temporary}.aux.xml"), Path(f"{temporary}.ovr")):
                leftover.unlink(missing_ok=True)
        self._files.clear()
        while self._scratch:
            folder = self._scratch.pop()
            shutil.rmtree(folder, ignore_errors=True)
            if folder.name.startswith(_SCRATCH):
                with suppress(OSError):  # others keep something there
                    folder.parent.rmdir()
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


def discard_all() -> None:
    """Removes the temporary files of every job in this process: the last act of a process that must go now."""
    with _lock:
        for outputs in list(_open):
            outputs.discard()


def temporary_path(final: Path) -> Path:
    """`.map.1234.part.tif` for `map.tif` in process 1234: the suffix stays, so drivers know the format."""
    return final.with_name(f".{_short(final)}.{os.getpid()}.part{final.suffix}")


def _short(final: Path) -> str:
    """The stem of a temporary name: a long one is cut, so that there is room for what is added to it and beside it."""
    kept = final.stem.encode()[:_LONGEST].decode(errors="ignore")
    return final.stem if kept == final.stem else f"{kept}~{hashlib.sha256(final.stem.encode()).hexdigest()[:12]}"


def _identity(path: str | Path) -> object:
    """What two names of one file share: links and spellings aside."""
    try:
        found = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(path)


def _remove_remains(final: Path) -> None:
    """Removes what a killed run left of this output: temporary files whose process is no more."""
    if os.name == "nt":  # there, asking whether a process lives may end it
        return
    stem = _short(final)
    for remains in final.parent.glob(f".{glob.escape(stem)}.*.part{glob.escape(final.suffix)}"):
        number = remains.name[len(stem) + 2 :].split(".", 1)[0]
        if number.isdigit() and not _alive(int(number)):
            remains.unlink(missing_ok=True)


def _remove_scratch(place: Path) -> None:
    for folder in place.glob(f"{_SCRATCH}*"):
        number = folder.name[len(_SCRATCH) :]
        if os.name != "nt" and number.isdigit() and not _alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _missing(folder: Path) -> list[Path]:
    """The folder and those around it that are not there yet, the outermost first."""
    return [place for place in reversed([folder, *folder.parents]) if not os.path.exists(place)]


def _make_place(final: Path) -> None:
    """Makes the folder and tries to write in it: rights that are only read off do not tell (Windows, /proc)."""
    try:
        if final.is_dir():
            raise OutputNotWritable(str(final), "it is a folder")
        with suppress(FileNotFoundError):  # raises where the name is too long, for itself or for what lies beside it
            os.lstat(f"{final}{_SIDECARS[0]}" if final.suffix.lower() in _GEOTIFF else final)
        final.parent.mkdir(parents=True, exist_ok=True)
        probe = temporary_path(final)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise translate(error, str(final)) from None


def _set_aside(final: Path) -> Path | None:
    """What stands at `final` under a second name, so that it can be put back; None where nothing stands."""
    if not final.exists():
        return None
    aside = final.with_name(f".{_short(final)}.{os.getpid()}.old{final.suffix}")
    aside.unlink(missing_ok=True)
    try:
        os.link(final, aside)  # the old file never leaves its name, even if the power goes now
    except OSError:  # a file system without links
        os.replace(final, aside)
    return aside


def _undo(swapped: list[tuple[Path, Path | None]]) -> None:
    for final, before in swapped:
        if before is None:
            final.unlink(missing_ok=True)
        else:
            os.replace(before, final)  # does nothing when both are names of one file,
            before.unlink(missing_ok=True)  # which then has one too many


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


def translate(error: OSError, path: str) -> Exception:
    """The sentence for an error of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path)
    if error.errno == errno.ENAMETOOLONG:
        return OutputNotWritable(path, "its name is too long", "give it a shorter one")
    return OutputNotWritable(path, error.strerror or str(error))
