"""A looked-at sample in a vector file: what was found at each unit, what the map says, and how it was drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ....shared.errors import CrsMissing, LabelsUnusable
from ....shared.jobs.sources import LabelSource
from ....shared.review_table import ACCEPTED, ANSWERED, LAYER
from ....shared.texts.names import clean
from ...access.vectors import list_layers, read_features
from ...raster.grid import crs_of
from ...raster.pixel_area import hectares_of_shapes
from ...reporting.sentences import listed
from ...vector.broken import BROKEN
from ..review.table import read_strata

_ANSWERS = ("status", "map_name", "review_name")


@dataclass(frozen=True, eq=False)
class Drawn:
    """How a sample was drawn, as it tells itself."""

    strata: pd.DataFrame  # their names, units and hectares
    of_units: list[str]  # (n,) the stratum of each answered unit


@dataclass(frozen=True, eq=False)
class Units:
    """n units that were answered, (n,) each; `shapes` in the CRS `crs`."""

    found: list[str]  # the class on the ground, in the words of who looked
    mapped: list[str] | None  # the class of the map they were drawn from; None = not told
    drawn: Drawn | None  # None = not told
    size: NDArray[np.float64]  # hectares of parcels; 1 of points
    shapes: NDArray[Any]
    crs: str  # WKT
    open: int  # units that nobody has answered
    codes: dict[str, int]  # of the mapped classes, where told
    map_sha256: str  # of the map that the sample was drawn from; "" = not told


def read_units(source: LabelSource) -> Units:
    """Raises LabelsUnusable with the fields that exist, CrsMissing."""
    frame = _read(source)
    found = _answers(frame, source)
    answered = frame[found.notna() & (found.str.strip() != "") & ~frame.geometry.is_empty & frame.geometry.notna()]
    if answered.empty:
        raise LabelsUnusable(f"No unit of the sample {source.path} has an answer: look at them first.")
    told, strata = _text(answered, "stratum"), read_strata(source.path)
    crs = _crs(frame, source)
    return Units(
        [str(name).strip() for name in found[answered.index]],
        _text(answered, "map_name"),
        Drawn(strata, told) if strata is not None and told is not None else None,
        _sizes(answered, crs),
        answered.geometry.to_numpy(),
        crs,
        len(frame) - len(answered),
        _codes(answered),
        _one(answered, "base_sha256"),
    )


def _crs(frame: geopandas.GeoDataFrame, source: LabelSource) -> str:
    if source.crs:
        return str(crs_of(source.path, None, source.crs).to_wkt())
    if frame.crs is None:
        raise CrsMissing(source.path)
    return str(frame.crs.to_wkt())


def _read(source: LabelSource) -> geopandas.GeoDataFrame:
    try:
        names = [str(name) for name, kind in list_layers(source.path) if kind is not None]
        layer = source.layer or (LAYER if LAYER in names else (names or [""])[0])
        if layer not in names:
            raise LabelsUnusable(f"{source.path} has no layer {layer!r} of points or parcels: choose another file.")
        return read_features(source.path, layer=layer)
    except BROKEN as error:
        raise LabelsUnusable(f"Cannot read the sample {source.path} ({error}): choose another file.") from None


def _answers(frame: geopandas.GeoDataFrame, source: LabelSource) -> pd.Series:
    """(n,) the class that was found; empty where nobody has looked."""
    field = source.class_field
    if field and field not in frame:
        raise LabelsUnusable(f"The sample {source.path} has no field {field!r}: choose one of {listed(frame.columns)}.")
    if field:
        values = frame[field]
        whole = values.map(lambda v: str(int(v)) if isinstance(v, float) and v.is_integer() else v)
        return whole.where(values.notna(), None).astype("str")
    missing = [name for name in _ANSWERS if name not in frame]
    if missing:
        raise LabelsUnusable(
            f"The sample {source.path} is no review table (it has no field {missing[0]!r}): choose the field with the "
            "class that was found."
        )
    said = frame["review_name"].where(frame["status"] != ACCEPTED, frame["map_name"])
    return said.where(frame["status"].isin(ANSWERED), None).astype("str")


def _text(frame: geopandas.GeoDataFrame, field: str) -> list[str] | None:
    """The values of a field that every unit has; None where one lacks it."""
    if field not in frame or frame[field].isna().any() or (frame[field].astype("str") == "").any():
        return None
    return [clean(str(value)) for value in frame[field]]


def _one(frame: geopandas.GeoDataFrame, field: str) -> str:
    values = set(frame[field].dropna().astype("str")) if field in frame else set()
    return values.pop() if len(values) == 1 else ""


def _codes(frame: geopandas.GeoDataFrame) -> dict[str, int]:
    if not {"map_class", "map_name"} <= set(frame.columns):
        return {}
    rows = frame[["map_name", "map_class"]].dropna().drop_duplicates("map_name")
    return {str(name): int(code) for name, code in rows.itertuples(index=False)}


def _sizes(frame: geopandas.GeoDataFrame, crs: str) -> NDArray[np.float64]:
    """Hectares on the ellipsoid of parcels; points count alike."""
    kinds = set(frame.geom_type)
    if kinds <= {"Point", "MultiPoint"}:
        return np.ones(len(frame))
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise LabelsUnusable(f"The sample holds {listed(sorted(kinds))}: give points, or polygons, not both.")
    sizes = hectares_of_shapes(frame.geometry.to_numpy(), crs)
    if not (sizes > 0).all():
        raise LabelsUnusable(f"{(sizes <= 0).sum():,} parcels of the sample have no area: remove them.")
    return sizes
