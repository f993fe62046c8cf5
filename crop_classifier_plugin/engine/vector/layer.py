"""A layer of a vector file: what its head says, and its features. One door for what GDAL reads and what it does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import geopandas

from ...shared.errors import LabelsUnusable
from ..access.vectors import list_layers, read_features, read_info
from ..raster.band_ref import Bounds
from ..raster.provenance import SIMULATED_TAG
from ..reporting.sentences import listed
from .broken import BROKEN
from .csv_points import CsvPoints, holds_points
from .encodings import encoding_of
from .geoparquet import SUFFIXES, GeoParquet


class VectorLayer(Protocol):
    """A layer whose features are read when they are asked for."""

    @property
    def name(self) -> str:
        """Of the layer inside its file."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names, in the file's order."""

    @property
    def kind(self) -> str | None:
        """Type of geometry as GDAL calls it, as "MultiPolygon"; "Unknown" where it is mixed, None without geometry."""

    @property
    def crs(self) -> str:
        """Its own, as WKT or authority id; "" where the file has none."""

    @property
    def count(self) -> int:
        """Features in the whole layer."""

    @property
    def simulated(self) -> bool:
        """Whether it is marked as made by a simulation."""

    @property
    def encoding(self) -> str:
        """Of its texts."""

    def read(self, field: str, box: Bounds | None) -> geopandas.GeoDataFrame:
        """The features that touch the box (in the layer's own CRS), with one field. Raises LabelsUnusable."""


def open_layer(path: str, layer: str) -> VectorLayer:
    """The layer of that name, "" = the first with geometry. Raises LabelsUnusable."""
    if Path(path).suffix.lower() in SUFFIXES:
        return GeoParquet.open(path)
    if holds_points(path):
        return CsvPoints.open(path)
    return OgrLayer.open(path, layer)


@dataclass(frozen=True)
class OgrLayer:
    """A layer that GDAL reads."""

    path: str
    name: str
    fields: tuple[str, ...]
    kind: str | None
    crs: str
    count: int
    simulated: bool
    encoding: str
    _read_as: str | None  # encoding where GDAL's guess is not taken

    @classmethod
    def open(cls, path: str, layer: str) -> OgrLayer:
        name, encoding = _name(path, layer), encoding_of(path)
        try:
            info = read_info(path, layer=name, encoding=encoding, force_feature_count=True)
        except BROKEN as error:
            raise LabelsUnusable(
                f"Cannot read the layer {name} of {path} ({error}): check that its files are complete."
            ) from None
        return cls(
            path=path,
            name=name,
            fields=tuple(map(str, info["fields"])),
            kind=info["geometry_type"],
            crs=str(info["crs"] or ""),
            count=int(info["features"]),
            simulated=SIMULATED_TAG in (info["layer_metadata"] or {}),
            encoding=encoding or str(info["encoding"]),
            _read_as=encoding,
        )

    def read(self, field: str, box: Bounds | None) -> geopandas.GeoDataFrame:
        try:
            return read_features(self.path, layer=self.name, columns=[field], bbox=box, encoding=self._read_as)
        except BROKEN as error:
            raise LabelsUnusable(
                f"Cannot read the layer {self.name} of {self.path} ({error}): check that the file is complete."
            ) from None


def _name(path: str, layer: str) -> str:
    try:
        layers = [(str(name), kind) for name, kind in list_layers(path)]
    except BROKEN as error:
        reason = str(error).split(";")[0].replace(f"'{path}' ", "").replace(f"{path}: ", "").rstrip(".")
        raise LabelsUnusable(
            f"Cannot read the vector file {path} ({reason}): choose a file of polygons or points."
        ) from None
    names = [name for name, _ in layers]
    if not layers:
        raise LabelsUnusable(f"{path} holds no layer: choose a file of polygons or points.")
    if layer and layer not in names:
        raise LabelsUnusable(f"{path} has no layer {layer!r}: choose one of {listed(names)}.")
    return layer or next((name for name, kind in layers if kind is not None), names[0])
