"""Parcels with all that their layer tells of them, on a map's coordinate system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS as ProjCRS

from ....shared.errors import CrsMissing, LabelsUnusable
from ....shared.jobs.accuracy import DeclaredParcels
from ....shared.texts.names import clean
from ...access.vectors import list_layers, read_features
from ...raster.grid import Grid, crs_of
from ...reporting.sentences import listed
from ...vector.broken import BROKEN, moving
from ...vector.labelled_shapes import are_finite
from ..review.table import uid_of

_POLYGONS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, eq=False)
class ParcelLayer:
    """P parcels: the frame as it was read, and their shapes on the map's grid, made valid."""

    frame: geopandas.GeoDataFrame
    shapes: NDArray[Any]  # (P,)
    uids: list[str]
    declared: list[str | None]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)


def read_parcels(source: DeclaredParcels, grid: Grid) -> ParcelLayer:
    """All polygons of the layer. Raises LabelsUnusable with what exists, CrsMissing."""
    frame = _read(source)
    crs = crs_of(source.path, None, source.crs).to_wkt() if source.crs else frame.crs
    if crs is None:
        raise CrsMissing(source.path)
    whole = frame.geometry.notna() & ~frame.geometry.is_empty & frame.geom_type.isin(_POLYGONS)
    kept = frame[whole].set_crs(crs, allow_override=True).reset_index(drop=True)
    if kept.empty:
        raise LabelsUnusable(f"{source.path} holds no polygon with an area: choose a layer of parcels.")
    target = ProjCRS.from_wkt(grid.crs.to_wkt())
    with moving(source.path):
        shapes = (kept.geometry.copy() if kept.crs == target else kept.geometry.to_crs(target)).to_numpy().copy()
    placed = are_finite(shapes)  # on the map's own ground too
    kept, shapes = kept[placed].reset_index(drop=True), shapes[placed]
    if kept.empty:
        raise LabelsUnusable(f"No polygon of {source.path} lies where the map's CRS has places: choose other parcels.")
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    notes = []
    if len(kept) < len(frame):
        notes.append(f"{len(frame) - len(kept):,} rows without a polygon were left out.")
    if broken.any():
        notes.append(f"{int(broken.sum()):,} invalid polygons were repaired.")
    return ParcelLayer(kept, shapes, _uids(kept, source), _declared(kept, source), tuple(notes))


def _read(source: DeclaredParcels) -> geopandas.GeoDataFrame:
    try:
        names = [str(name) for name, kind in list_layers(source.path) if kind is not None]
        layer = source.layer or (names or [""])[0]
        if layer not in names:
            raise LabelsUnusable(f"{source.path} has no layer {layer!r}: choose one of {listed(names) or 'none'}.")
        frame = read_features(source.path, layer=layer)
    except BROKEN as error:
        raise LabelsUnusable(f"Cannot read the parcels {source.path} ({error}): choose another file.") from None
    for field in filter(None, (source.declared_field, source.id_field)):
        if field not in frame:
            fields = listed(name for name in frame.columns if name != frame.geometry.name)
            raise LabelsUnusable(f"The parcels {source.path} have no field {field!r}: choose one of {fields}.")
    return frame


def _uids(frame: geopandas.GeoDataFrame, source: DeclaredParcels) -> list[str]:
    if not source.id_field:
        return _once(uid_of(frame.geometry.to_numpy()))
    ids = texts_of(frame[source.id_field])
    if None in ids or len(set(ids)) < len(ids):
        twice = [name for name, count in pd.Series(ids, dtype="object").value_counts(dropna=False).items() if count > 1]
        raise LabelsUnusable(
            f"The field {source.id_field} of {source.path} does not tell the parcels apart "
            f"({listed(twice) or 'one is empty'}): choose another field, or none."
        )
    return [str(uid) for uid in ids]


def _once(uids: list[str]) -> list[str]:
    """Parcels of one shape are told apart by their order."""
    seen: dict[str, int] = {}
    told = []
    for uid in uids:
        seen[uid] = seen.get(uid, 0) + 1
        told.append(uid if seen[uid] == 1 else f"{uid}-{seen[uid]}")
    return told


def _declared(frame: geopandas.GeoDataFrame, source: DeclaredParcels) -> list[str | None]:
    if not source.declared_field:
        return [None] * len(frame)
    return texts_of(frame[source.declared_field])


def texts_of(values: pd.Series) -> list[str | None]:
    """Each value as text, as `as_text` has it."""
    if pd.api.types.is_integer_dtype(values.dtype) and not values.hasnans:
        return [str(value) for value in values.tolist()]
    if not (pd.api.types.is_string_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype)):
        return [as_text(value) for value in values]
    places, distinct = pd.factorize(values)
    texts = [*(as_text(value) for value in distinct), None]  # the last where nothing is told
    return [texts[place] for place in places.tolist()]


def as_text(value: Any) -> str | None:
    """A value as text, whole numbers without a decimal point; None where nothing is told."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    text = str(int(value)) if isinstance(value, (float, np.floating)) and float(value).is_integer() else str(value)
    return clean(text).strip() or None
