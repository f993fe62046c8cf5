"""Files of HDF5 (and netCDF-4) whose numbers lie in other files: any file of this computer could be meant."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ...shared.errors import BadRaster, SourceRefused
from ...shared.texts.bounded import open_file
from .crs import check_told

_SIGNATURE = b"\x89HDF\r\n\x1a\n"  # at 0, 512, 1024 ... (HDF5 file format specification, superblock)
_NETCDF, _HEAD = b"CDF", 1 << 22  # and the bytes in which its attributes are looked for (choice)
_LAST = 1 << 22  # bytes; where a signature is looked for last (choice)
_MOST_OBJECTS = 100_000  # groups and datasets of one file (choice: products have some hundreds)


def check_external(path: str) -> None:
    """Raises SourceRefused for an HDF5 file that keeps or links data outside itself."""
    file = Path(path)
    if not file.is_file():
        return
    if _is_hdf5(file):
        found = file.stat()
        _check(path, found.st_mtime_ns, found.st_size)
    elif b"init=" in _head_of_netcdf(file):
        raise SourceRefused(path, "its header holds 'init=', by which PROJ reads files", "write its CRS anew")


def _is_hdf5(path: Path) -> bool:
    try:
        with open_file(path) as file:
            place = 0
            while place <= _LAST:
                file.seek(place)
                start = file.read(len(_SIGNATURE))
                if start == _SIGNATURE or len(start) < len(_SIGNATURE):
                    return start == _SIGNATURE
                place = place * 2 or 512
    except OSError:
        return False
    return False


def _head_of_netcdf(path: Path) -> bytes:
    """The first bytes of a file of classic netCDF; b"" of others."""
    with open_file(path) as file:
        start = file.read(len(_NETCDF) + 1)
        return start + file.read(_HEAD) if start.startswith(_NETCDF) else b""


@lru_cache(maxsize=512)
def _check(path: str, changed: int, size: int) -> None:
    import h5py  # only who gives such a file needs it

    try:
        with h5py.File(path, "r") as file:
            _walk(path, file, h5py)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise BadRaster(path, str(error)) from None


def _walk(path: str, root: Any, h5py: Any) -> None:
    """Every group and dataset once; links to other files are not followed."""
    waiting, seen = [root], set[Any]()
    while waiting:
        group = waiting.pop()
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                raise _refused(path, f"{name!r} is a link to another file")
            if isinstance(group.get(name, getlink=True), h5py.SoftLink):
                continue  # leads to what is met at its own place, or nowhere
            each = group[name]
            place = h5py.h5o.get_info(each.id).addr
            if place in seen:
                continue
            seen.add(place)
            if len(seen) > _MOST_OBJECTS:
                raise _refused(path, f"it holds more than {_MOST_OBJECTS:,} arrays")
            srid = each.attrs.get("srid", "")
            if isinstance(srid, (bytes, str)):
                check_told(srid.decode("latin-1") if isinstance(srid, bytes) else srid, path)
            if isinstance(each, h5py.Group):
                waiting.append(each)
            elif isinstance(each, h5py.Dataset) and _keeps_outside(each):
                raise _refused(path, f"the numbers of {name!r} lie in another file")


def _keeps_outside(dataset: Any) -> bool:
    return bool(dataset.external) or (
        dataset.is_virtual and any(source.file_name != "." for source in dataset.virtual_sources())
    )


def _refused(path: str, why: str) -> SourceRefused:
    return SourceRefused(path, why, "write it whole with the program that made it (h5repack), or give a GeoTIFF")
