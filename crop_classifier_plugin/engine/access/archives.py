"""Zip and tar files of others: their members' names and texts, read no further than such an archive needs."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...shared.errors import BadRaster, TooLarge
from ...shared.texts.bounded import open_file, read_most

_BROKEN = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zlib.error, zipfile.BadZipFile,
           tarfile.TarError)  # fmt: skip
_MOST_NAMES = 200_000  # as many as a folder may hold files (choice)
_MOST_LIST = 64 << 20  # bytes of a zip file's list of members (choice: 200,000 names have 25 MB)
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16  # of the list (PKWARE APPNOTE 4.3.16)


def member_names(archive: Path) -> list[str]:
    """Of every member. Raises BadRaster for an archive that is broken, TooLarge."""
    names: list[str] = []
    with _blaming(str(archive)):
        for name in _names(archive):
            names.append(name)
            if len(names) > _MOST_NAMES:
                raise TooLarge(str(archive), f"holds more than {_MOST_NAMES:,} files")
    return names


def _names(archive: Path) -> Iterator[str]:
    if archive.suffix.lower() == ".zip":
        with _zip(archive) as zipped:
            yield from zipped.namelist()
    else:
        with open_file(archive) as file, tarfile.open(fileobj=file) as tar:
            for member in tar:
                yield member.name


def member_bytes(archive: Path, member: str, most: int) -> bytes:
    """The whole member of a zip file, whatever size it claims. Raises KeyError, BadRaster, TooLarge."""
    name = f"{archive}/{member}"
    with _blaming(name), _zip(archive) as zipped, zipped.open(member) as file:
        return read_most(file, most, name)


def member_starts(archive: Path, member: str, size: int) -> bytes:
    """At most `size` bytes of the member. Raises BadRaster for an archive that is broken, or lacks it."""
    with _blaming(f"{archive}/{member}"):
        try:
            return _start_of(archive, member, size)
        except KeyError:
            raise BadRaster(f"{archive}/{member}", "it is not in the archive") from None


def _start_of(archive: Path, member: str, size: int) -> bytes:
    if zipfile.is_zipfile(archive):
        with _zip(archive) as zipped, zipped.open(member) as file:
            return file.read(size)
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            return _start(tar.extractfile(member), size)
    with gzip.open(archive) as file:
        return file.read(size)


def _start(file: IO[bytes] | None, size: int) -> bytes:
    return file.read(size) if file else b""


@contextmanager
def _zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    """The library reads the whole list of members at once: its size is looked at first."""
    with open_file(archive) as file:
        whole = file.seek(0, 2)
        file.seek(max(0, whole - _LONGEST_COMMENT - _END_SIZE))
        last = file.read()
        at = last.rfind(_END)
        if at >= 0 and len(last) - at >= _END_SIZE:
            size = struct.unpack_from("<I", last, at + 12)[0]
            if size > _MOST_LIST and (size < 0xFFFFFFFF or whole > _MOST_LIST):  # all bits: told in its 64-bit record
                raise TooLarge(str(archive), f"lists more than {_MOST_LIST / 1e6:.3g} MB of names")
        with zipfile.ZipFile(file) as zipped:
            yield zipped


@contextmanager
def _blaming(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise BadRaster(name, str(error)) from None
