"""The files that a user names, looked at before any library opens one: a pipe would be waited for without end."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from urllib.parse import urlsplit

from ...shared.errors import BadInput


def check_inputs(paths: Iterable[str]) -> None:
    """Raises BadInput for pipes, sockets and devices, and for names that are too long. What is missing is told by who
    needs it."""
    for path in paths:
        try:
            urlsplit(path)  # as the libraries look for addresses
            mode = os.stat(path).st_mode
        except ValueError as error:
            raise BadInput(f"{path[:60]} is no file and no address ({error}): give a file.") from None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG and not _is_of_gdal(path):
                raise BadInput(f"The name {path[:60]}... is too long for a file: give a shorter one.") from None
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise BadInput(f"{path} is no file and no folder, but a pipe or a device: give a file.")


def _is_of_gdal(path: str) -> bool:
    """Whether it names a raster inside a file, as NETCDF:"cube.nc":B04."""
    return path.startswith(("/vsi", "vrt:")) or '"' in path
