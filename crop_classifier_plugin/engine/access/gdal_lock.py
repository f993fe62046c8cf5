"""The settings under which the engine's GDAL and PROJ run, made before any of them is loaded.

Every copy of the libraries in the process reads them from the environment: rasterio and pyogrio bring one each. Names
and values: GDAL's and PROJ's pages of configuration options.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from .drivers import skipped

# A proxy that no connection can be made to: curl refuses its name before it looks for any host.
_NO_NETWORK = {
    "GDAL_HTTP_PROXY": "refused://",
    "GDAL_HTTPS_PROXY": "refused://",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
}
_LOCKED = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "SPATIALITE_LOAD": "NO",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "LIBKML_RESOLVE_STYLE": "NO",
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "PROJ_NETWORK": "OFF",
}
_UNWANTED = ("OGR_SQLITE_LOAD_EXTENSIONS", "GDAL_PYTHON_DRIVER_PATH", "GDAL_VRT_PYTHON_TRUSTED_MODULES")
_users: dict[str, str] = {}  # what the user's environment says of the network, for addresses that the user names


def lock() -> None:
    """Refuses the network, drivers that are not on the list, and what drivers can be led to by a file's text."""
    for name, refused in _NO_NETWORK.items():
        if os.environ.get(name, refused) != refused:  # else it is of the process that started this one
            _users[name] = os.environ[name]
    os.environ.update({**_LOCKED, **_NO_NETWORK, "GDAL_SKIP": skipped(), "OGR_SKIP": skipped()})
    os.environ.setdefault("CPL_LOG", os.devnull)  # GDAL warns of each driver to skip that it does not have
    for name in _UNWANTED:
        os.environ.pop(name, None)
    sys.unraisablehook = partial(_pass_over, sys.unraisablehook)


def _pass_over(others: Callable[[Any], object], unraisable: Any) -> None:
    """Says nothing of a note of GDAL's that quotes bytes which are no text, so that rasterio cannot log it: what went
    wrong is raised besides."""
    if not (isinstance(unraisable.exc_value, UnicodeDecodeError) and "log_error" in str(unraisable.object)):
        others(unraisable)


def allow_network(addresses: Iterable[str]) -> None:
    """Lets GDAL read files whose names end as those of these addresses, over the network."""
    for name in _NO_NETWORK:
        os.environ.pop(name, None)
    os.environ.update(_users)
    endings = {PurePosixPath(address.partition("?")[0]).suffix or "{noext}" for address in addresses}
    earlier = os.environ.get("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "")
    allowed = {*earlier.split(","), *endings, *(f"{ending}.ovr" for ending in endings)} - {""}
    os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = ",".join(sorted(allowed))
