"""The one door by which vector files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataSourceError

from ...shared.errors import SourceRefused, TooLarge
from ...shared.texts.bounded import open_file
from .beside import check_json
from .crs import check_grids
from .drivers import VECTORS_IN_WORDS
from .named import is_named, is_remote
from .references import check_plain, reference_of

_MOST_CORNERS = 2_000_000  # of one shape (choice: the outline of a country has some 100,000)
_TAB_TEXT = 1 << 16  # bytes of a MapInfo table that are looked through
_VIEWS = (b"create view", b"\\isseamless", b"type linked")  # of a .tab that stands for other tables


def list_layers(path: str) -> list[tuple[str, str | None]]:
    """Name and type of geometry (None without) of each layer. Raises SourceRefused, pyogrio's errors."""
    _check(path)
    return [(str(name), kind) for name, kind in pyogrio.list_layers(path)]


def read_info(path: str | Path, **options: Any) -> dict[str, Any]:
    """As pyogrio.read_info. Raises SourceRefused, pyogrio's errors."""
    _check(path)
    try:
        info: dict[str, Any] = pyogrio.read_info(path, **options)
    except UnboundLocalError:  # pyogrio's, of a system that GDAL cannot write down
        raise DataSourceError(f"the coordinate system of {path} cannot be read") from None
    check_grids(str(info["crs"] or ""), str(path))
    return info


def read_features(path: str | Path, **options: Any) -> geopandas.GeoDataFrame:
    """As geopandas.read_file. Raises SourceRefused, pyogrio's errors."""
    _check(path)
    frame: geopandas.GeoDataFrame = geopandas.read_file(path, engine="pyogrio", **options)
    crs = getattr(frame, "crs", None)  # a layer without geometry has none
    if crs is not None:
        check_grids(crs.to_wkt(), str(path))
    if isinstance(frame, geopandas.GeoDataFrame):
        _check_corners(frame, str(path))
    return frame


def _check_corners(frame: geopandas.GeoDataFrame, path: str) -> None:
    """Raises TooLarge: what is computed of a geometry takes many times its own memory."""
    corners = shapely.get_num_coordinates(frame.geometry.to_numpy())
    if len(corners) and corners.max() > _MOST_CORNERS:
        what = f"holds a shape of {corners.max():,} corners (at most {_MOST_CORNERS:,} are read)"
        raise TooLarge(path, what)


def read_table(path: str, layer: str) -> pd.DataFrame:
    """A layer without geometry. Raises SourceRefused, pyogrio's errors."""
    _check(path)
    return pd.DataFrame(pyogrio.read_dataframe(path, layer=layer))


def _check(path: str | Path) -> None:
    """Raises SourceRefused for what is no file of an allowed driver, or stands for other files."""
    text = str(path)
    if is_named(text) and is_remote(text):
        return
    found = reference_of(text)
    if found.why:
        raise SourceRefused(text, found.why, f"give a file ({VECTORS_IN_WORDS})")
    file = Path(found.file)
    check_plain(file)
    if file.is_file():
        check_json(file)
    if file.suffix.lower() == ".tab" and file.is_file():
        with open_file(file) as opened:
            start = opened.read(_TAB_TEXT).lower()
        if any(word in start for word in _VIEWS):
            raise SourceRefused(text, "it stands for other tables", "export it to GeoPackage")
