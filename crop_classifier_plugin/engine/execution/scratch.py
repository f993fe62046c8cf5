"""What does not fit into memory, in files of a job's scratch folder, and whether the disk has room for it.

A file that is mapped into memory has no errors: where a full disk cannot hold a page of it, the system ends the
process. So nothing is written through a map to a place that is not reserved.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.errors import DiskTooSmall
from ...shared.files.staging import Stage, place_of
from .outputs import translate
from .reporter import Reporter

_ZEROS = bytes(1 << 20)


def check_room(folder: str | Path, needed: int) -> int:
    """The bytes that are free on the folder's disk. Raises DiskTooSmall where they are fewer than needed."""
    place = place_of(folder)
    try:
        free = shutil.disk_usage(_existing(place)).free
    except OSError as error:
        raise translate(error, str(place)) from None
    if free < needed:
        raise DiskTooSmall(needed, free, str(place))
    return free


def tell_room(what: str, folder: str | Path, at_most: int, reporter: Reporter) -> None:
    """Logs what a job will take on disk at most, as a warning where that may be too much: how far it can be compressed
    is not known before."""
    place, free = place_of(folder), check_room(folder, 0)
    little = free < at_most
    advice = ", and may not fit: free some space or choose another folder" if little else ""
    told = f"{what}: up to {amount(at_most)} on the disk of {place}, which has {amount(free)} free{advice}."
    reporter.log(told, "warning" if little else "info")


def disk_array(path: Path, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """A new array in a file, all of whose room is reserved. Raises DiskTooSmall, DiskFull."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if not size:
        return np.empty(shape, dtype)
    check_room(path.parent, size)
    try:
        with open(path, "w+b", buffering=0) as file:
            _reserve(file.fileno(), size)
    except OSError as error:
        raise translate(error, str(path)) from None
    return np.memmap(path, dtype, "r+", shape=shape)


class PartlyFilled:
    """An array in a file of which only some places are written, and only these take room.

    `values` are read through a map, and written by `write` alone.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any) -> None:
        """`shape` is (..., H, W)."""
        self._path, self._planes, self._size = path, math.prod(shape[:-2]), shape[-2:]
        try:
            with open(path, "w+b") as file:
                file.truncate(math.prod(shape) * np.dtype(dtype).itemsize)
        except OSError as error:
            raise translate(error, str(path)) from None
        self.values: NDArray[Any] = np.memmap(path, dtype, "r", shape=shape)

    def check_room(self, pixels: int) -> None:
        """Raises DiskTooSmall where so many pixels of every plane have no room."""
        check_room(self._path.parent, pixels * self._planes * self.values.itemsize)

    def write(self, rows: slice, cols: slice, values: NDArray[Any]) -> None:
        """`values` (..., h, w) at these rows and columns of every plane. Raises DiskFull."""
        part = np.ascontiguousarray(values, self.values.dtype)
        height, width = self._size
        if cols.stop - cols.start == width:  # the rows of a plane lie behind each other
            runs = part.reshape(self._planes, 1, -1)
        else:
            runs = part.reshape(self._planes, *part.shape[-2:])
        item = part.itemsize
        try:
            with open(self._path, "r+b", buffering=0) as file:
                for plane, row in np.ndindex(*runs.shape[:2]):
                    file.seek(((plane * height + rows.start + row) * width + cols.start) * item)
                    _write(file.fileno(), runs[plane, row].tobytes())
        except OSError as error:
            raise translate(error, str(self._path)) from None


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A new folder in `beside`, for what is no job of its own; it goes at the end. Raises OSError."""
    stage = Stage(beside)
    try:
        yield stage.scratch
    finally:
        stage.remove()


def numbered_folder(place: Path) -> Path:
    """A new folder in `place`, which whoever made that removes."""
    folder = place / f"{len(os.listdir(place)):04}"
    folder.mkdir()
    return folder


def amount(size: float) -> str:
    """12.3 GiB."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"


def _reserve(number: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(number, 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        else:
            return
    for start in range(0, size, len(_ZEROS)):
        _write(number, _ZEROS[: size - start])


def _write(number: int, data: bytes) -> None:
    left = memoryview(data)
    while left:  # a disk that is almost full takes a part, and then raises
        left = left[os.write(number, left) :]


def _existing(folder: Path) -> Path:
    return next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
