"""Files a job writes: under temporary names beside their destination until every one of them is whole."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from types import TracebackType

from .errors import DiskFull, OutputNotWritable

_open: set[Outputs] = set()
_lock = threading.Lock()


class Outputs:
    """`with Outputs() as out: write(out.path("map.tif"))` renames all files at the end, or removes them."""

    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}  # destination -> temporary

    def path(self, destination: str | Path) -> str:
        """The temporary path to write `destination` to. Raises OutputNotWritable before any work is done."""
        final = Path(destination).absolute()
        if final not in self._files:
            self._files[final] = temporary_path(final)
            _make_folder(final)
        return str(self._files[final])

    def commit(self) -> None:
        """Renames every file that was written to its destination."""
        for final, temporary in self._files.items():
            if temporary.exists():
                try:
                    os.replace(temporary, final)
                except OSError as error:
                    raise OutputNotWritable(str(final), error.strerror or str(error)) from None
        self._files.clear()

    def discard(self) -> None:
        for temporary in self._files.values():
            for leftover in (temporary, Path(f"{temporary}.aux.xml"), Path(f"{temporary}.ovr")):
                leftover.unlink(missing_ok=True)
        self._files.clear()

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
    return final.with_name(f".{final.stem}.{os.getpid()}.part{final.suffix}")


def _make_folder(final: Path) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputNotWritable(str(final), error.strerror or str(error)) from None
    if final.is_dir():
        raise OutputNotWritable(str(final), "it is a folder")
    if not os.access(final.parent, os.W_OK | os.X_OK):
        raise OutputNotWritable(str(final), "no right to write in this folder")


def translate(error: OSError, path: str) -> Exception:
    """The sentence for an error of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path)
    return OutputNotWritable(path, error.strerror or str(error))
