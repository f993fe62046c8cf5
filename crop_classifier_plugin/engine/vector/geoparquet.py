"""GeoParquet, which GDAL reads only where it was built with Arrow: PyPI's wheels of it are not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import arro3.io
import geopandas
import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError
from rasterio.errors import CRSError as UnreadableCrs

from ...shared.errors import LabelsUnusable
from ...shared.texts.bounded import open_file, parsed_json
from ..access.crs import checked_text
from ..access.wkb import flat
from ..raster.band_ref import Bounds

SUFFIXES = (".parquet", ".geoparquet", ".pq")
_MAGIC = b"PAR1"  # at both ends of a Parquet file
_DEGREES = "OGC:CRS84"  # where the file says nothing (GeoParquet 1.0, "crs")


@dataclass(frozen=True)
class GeoParquet:
    """A file with one layer, its geometries as well-known binary."""

    path: str
    fields: tuple[str, ...]
    crs: str
    geometry: str  # name of the column
    kind: str
    encoding: str = "utf-8"
    simulated: bool = False

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @classmethod
    def open(cls, path: str) -> GeoParquet:
        """Raises LabelsUnusable."""
        schema = _reader(path).schema
        geo = (schema.metadata or {}).get(b"geo")
        try:
            facts = parsed_json(geo.decode("utf-8"), path) if geo else {}
            column = str(facts.get("primary_column", ""))
            own = facts["columns"][column] if column else {}
            encoding, kinds = own.get("encoding", ""), own.get("geometry_types") or ["Unknown"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabelsUnusable(
                f"The geometries of {path} are not described as GeoParquet asks ({error!r})."
            ) from None
        if encoding != "WKB":
            raise LabelsUnusable(
                f"{path} holds {encoding or 'no'} geometries: give GeoParquet with geometries as WKB, or a GeoPackage."
            )
        fields = tuple(name for name in schema.names if name != column)
        return cls(path, fields, _crs(path, own), column, str(kinds[0]) if len(kinds) == 1 else "Unknown")

    @cached_property
    def count(self) -> int:
        return sum(batch.num_rows for batch in _reader(self.path))

    def read(self, field: str, box: Bounds | None) -> geopandas.GeoDataFrame:
        values: list[Any] = []
        shapes: list[Any] = [np.zeros(0, object)]
        for batch in _reader(self.path):
            found = shapely.from_wkb(
                np.array([flat(each) for each in batch[self.geometry].to_pylist()], object), on_invalid="ignore"
            )
            kept = np.ones(len(found), bool) if box is None else shapely.intersects(found, shapely.box(*box))
            texts = batch[field].to_pylist()
            values += [texts[i] for i in np.flatnonzero(kept)]
            shapes.append(found[kept])
        return geopandas.GeoDataFrame({field: values}, geometry=np.concatenate(shapes), crs=self.crs or None)


def _reader(path: str) -> Any:
    """Of batches. Raises LabelsUnusable for what is no Parquet file, or a part of one."""
    try:
        with open_file(path) as file:
            first = file.read(len(_MAGIC))
            file.seek(-len(_MAGIC), 2)
            whole = first == file.read() == _MAGIC
    except OSError as error:
        raise LabelsUnusable(f"Cannot read the file {path} ({error.strerror or error}): choose another.") from None
    if not whole:
        raise LabelsUnusable(f"{path} is no Parquet file, or not all of it: check that it is complete.")
    return arro3.io.read_parquet(path)


def _crs(path: str, column: dict[str, Any]) -> str:
    told = column.get("crs", _DEGREES)
    if told is None:  # unknown, says the file
        return ""
    try:
        text = checked_text(told if isinstance(told, str) else json.dumps(told))
        return str(pyproj.CRS.from_user_input(text).to_wkt())
    except (CRSError, UnreadableCrs) as error:
        raise LabelsUnusable(f"The CRS of {path} cannot be read ({error}): assign it.") from None
