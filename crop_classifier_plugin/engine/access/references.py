"""Names by which GDAL opens rasters, taken apart: which file they lead to, and through what."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...shared.errors import SourceRefused
from .named import is_remote

ARCHIVES = ("/vsizip/", "/vsitar/", "/vsigzip/")
_PARTS = ("NETCDF", "HDF5", "HDF4_SDS", "HDF4_EOS", "ZARR", "GPKG", "GTIFF_DIR")  # of files of the allowed drivers
_LONGEST_NAME = 255  # bytes; what file systems take
_PART = re.compile(rf"({'|'.join(_PARTS)}):(.+)", re.DOTALL)
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]+:")  # two letters and more: one is a drive of Windows
_CONNECTION = re.compile(r"vrt://(.*?)(\?.*)?", re.DOTALL)
_DIRECTORY = re.compile(r"(off:)?\d+:")  # of GTIFF_DIR
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|gz|kmz)(?=/|$)|\.tar\.gz(?=/|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """Where a name leads."""

    file: str  # that is opened on this computer; "" where it leads elsewhere
    member: str = ""  # of the archive `file`; "" = the file itself
    why: str = ""  # why it is nothing that a file may refer to


def reference_of(text: str, base: str = "") -> Reference:
    """`why` is set for addresses, GDAL's other ways to files, and what is no name of a file. `base`: the folder that
    relative names start from, "" = the current one."""
    if "\0" in text or text.lstrip().startswith("<"):
        return Reference("", why="it is no name of a file")
    if is_remote(text):
        return Reference("", why="it leads to the network")
    connection = _CONNECTION.fullmatch(text)
    if connection:
        return reference_of(connection[1], base)
    part = _PART.fullmatch(text)
    if part:
        if ".." in PurePosixPath(part[2].rpartition('"')[2]).parts:
            return Reference("", why="it leads out of the file")
        return reference_of(_holder(part[1], part[2], base), base)
    if text.startswith(ARCHIVES):
        return _in_archive(text.split("/", 2)[2], base)
    if text.startswith("/vsi") or _PREFIX.match(text) or text.startswith(("//", "\\\\")):
        return Reference("", why="it is no plain file")
    file = os.path.abspath(os.path.join(base, text))
    if max(len(part.encode("utf-8", "surrogatepass")) for part in file.split(os.sep)) > _LONGEST_NAME:
        return Reference("", why="its name is too long for a file")
    if os.path.exists(file) and not (os.path.isfile(file) or os.path.isdir(file)):
        return Reference("", why="it is a pipe or a device")
    return Reference(file)


def check_plain(file: Path) -> None:
    """Raises SourceRefused for a pipe or a device, which GDAL would wait for without end."""
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise SourceRefused(str(file), "it is no plain file", "write it to a file first")


def _holder(prefix: str, rest: str, base: str) -> str:
    """The file of NETCDF:"file":variable and the like."""
    if prefix == "GTIFF_DIR":
        return _DIRECTORY.sub("", rest, count=1)
    if rest.startswith('"'):
        return rest[1:].partition('"')[0]
    return rest if os.path.exists(os.path.join(base, rest)) else rest.rpartition(":")[0]


def _in_archive(rest: str, base: str) -> Reference:
    if rest.startswith("{"):
        file, _, member = rest[1:].partition("}")
    else:
        ends = (found.end() for found in _ARCHIVE.finditer(rest))
        end = next((each for each in ends if os.path.isfile(os.path.join(base, rest[:each]))), len(rest))
        file, member = rest[:end], rest[end:]
    found = reference_of(file, base)
    return found if found.why or found.member else Reference(found.file, member.strip("/"))
