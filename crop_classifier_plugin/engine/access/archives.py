"""The first bytes of a file in an archive, read as little as can be."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from ...shared.errors import BadRaster


def member_starts(archive: Path, member: str, size: int) -> bytes:
    """At most `size` bytes of the member. Raises BadRaster for an archive that is broken."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(member) as file:
                return file.read(size)
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                return _start(tar.extractfile(member), size)
        with gzip.open(archive) as file:
            return file.read(size)
    except (OSError, EOFError, KeyError, RuntimeError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
        raise BadRaster(f"{archive}/{member}", str(error)) from None


def _start(file: IO[bytes] | None, size: int) -> bytes:
    return file.read(size) if file else b""
