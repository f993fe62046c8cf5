"""GeoPackages written: the one door, at which a disk without room and one that fails are told in a sentence."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from ...shared.errors import DiskFull, OutputNotWritable
from ...shared.files.staging import place_of
from ..execution.outputs import translate
from .broken import BROKEN

_VERSION = {"VERSION": "1.2"}  # of new files: older programs warn of later ones
_NO_ROOM = 1 << 20  # bytes: fewer than these are none (choice)


def write_layer(
    path: str, layer: str, frame: pd.DataFrame, tags: dict[str, str] | None = None, multi: bool = False
) -> None:
    """Writes a table, with its geometries where it has some, as a new file; `multi`: all of them as of several parts.
    Raises DiskFull, OutputNotWritable."""
    options: dict[str, Any] = ({"layer_metadata": tags} if tags else {}) | ({"promote_to_multi": True} if multi else {})
    with told(path):
        pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", dataset_options=_VERSION, **options)


def add_layer(path: str, layer: str, frame: pd.DataFrame) -> None:
    """Writes one more table into the file. Raises DiskFull, OutputNotWritable."""
    with told(path):
        pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", append=True)


@contextmanager
def told(path: str) -> Iterator[None]:
    """While the file is written: what SQLite and GDAL say of a disk, as ours. Neither names the cause."""
    try:
        yield
    except OSError as error:
        raise translate(error, path) from None
    except (*BROKEN, sqlite3.Error) as error:
        place = str(place_of(path))
        if "full" in str(error) or shutil.disk_usage(Path(path).parent).free < _NO_ROOM:
            raise DiskFull(place) from None
        raise OutputNotWritable(place, str(error)) from None
