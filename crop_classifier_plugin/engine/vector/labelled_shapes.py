"""Reference polygons and points: read with their labels, checked, repaired where they can be."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from ...shared.errors import BadInput, CrsMissing, LabelsUnusable
from ...shared.texts.names import clean
from ..raster.band_ref import Bounds
from ..raster.geodesy import crosses_180
from ..raster.grid import crs_of
from ..reporting.sentences import listed
from .broken import moving
from .csv_points import is_table
from .encodings import encoding_note
from .layer import VectorLayer, open_layer
from .polygons import counted_on

_POINT, _POLYGON, _MULTI_POINT, _MULTI_POLYGON = 0, 3, 4, 6  # shapely.get_type_id


def read_labelled_shapes(
    path: str, layer: str, field: str, crs: Any, bounds: Bounds | None = None, assigned_crs: str = ""
) -> geopandas.GeoDataFrame:
    """The polygons and points of `layer` ("" = the first with geometry) with columns `label` (str) and `geometry` in
    `crs`; each point of a multipoint by itself, all without heights.

    `bounds` (xmin, ymin, xmax, ymax in `crs`) leaves out what does not touch it, before it is read. Invalid polygons
    are made valid. `assigned_crs` is the CRS (authority id or WKT) that the user gave the layer in place of its own.
    `frame.attrs` counts what was dropped: "unlabelled" (no label) and "empty" (neither an area nor a point); and says
    whether the layer is marked as "simulated", and in "notes" what the user is to hear of it.
    Raises CrsMissing, BadInput for an unknown CRS, and LabelsUnusable naming the layers, fields or geometries that
    exist.
    """
    source = open_layer(path, layer)
    own = _check_layer(path, source, field, assigned_crs)
    box = None if bounds is None else _bounds_in(bounds, crs, own)
    frame = source.read(field, box)
    labelled = frame[frame[field].notna()]
    written = [_text(value) for value in labelled[field]]
    labels = np.array([clean(text) for text in written], object)
    told = labels != ""
    with moving(path):
        moved = labelled.geometry.set_crs(own, allow_override=True).to_crs(crs).to_numpy()
    moved = counted_on(moved, crs, bounds) if bounds else moved
    shapes, origin = _each(_repaired(moved[told]))
    near = _near(shapes, bounds)
    result: geopandas.GeoDataFrame = geopandas.GeoDataFrame(
        {"label": labels[told][origin[near]]}, geometry=shapes[near], crs=crs
    )
    left_out = source.count - len(frame) + len(np.setdiff1d(origin, origin[near]))
    result.attrs = {
        "unlabelled": len(frame) - int(told.sum()),
        "empty": int(told.sum()) - len(np.unique(origin)),
        "simulated": source.simulated,
        "notes": encoding_note(path, labels.tolist(), source.encoding)
        + _cleaned(path, written)
        + _outside(source, path, shapes, left_out),
    }
    return result


def _cleaned(path: str, labels: list[str]) -> tuple[str, ...]:
    """What to say of labels with characters that no name may hold; `labels`: as they are written."""
    odd = sorted({text for text in labels if clean(text) != text})
    if not odd:
        return ()
    return (f"Control characters were taken out of labels of {path}: {listed(map(repr, odd))}.",)


def _outside(layer: VectorLayer, path: str, shapes: NDArray[Any], count: int) -> tuple[str, ...]:
    """What to say of points outside the bounds; polygons are often of a whole country. `shapes`: what was read."""
    are_points = shapely.get_type_id(shapes) == _POINT
    if not count or not (are_points.any() or "Point" in (layer.kind or "")):
        return ()
    what = "points" if are_points.all() else "features"
    return (f"{count:,} of {layer.count:,} {what} of {path} lie outside the raster and are not used.",)


def _check_layer(path: str, layer: VectorLayer, field: str, assigned_crs: str) -> str:
    """The layer's CRS."""
    fields = listed(layer.fields) or "no field"
    if not field:
        raise LabelsUnusable(f"No class field was chosen for {path}: choose one of its fields ({fields}).")
    if field not in layer.fields:
        raise LabelsUnusable(f"The layer {layer.name} of {path} has no field {field!r}: choose one of {fields}.")
    kind = layer.kind
    known = kind is not None and ("Polygon" in kind or "Point" in kind or kind in ("Unknown", "GeometryCollection"))
    if not known:
        raise LabelsUnusable(
            f"The layer {layer.name} of {path} holds {kind or 'no geometry'}: choose a layer of polygons or points"
            f"{', or name columns of the table lon and lat, or x and y' if is_table(path) else ''}."
        )
    if not (assigned_crs or layer.crs):
        raise CrsMissing(f"The layer {layer.name} of {path}")
    return str(crs_of(path, None, assigned_crs).to_wkt() if assigned_crs else layer.crs)


def _bounds_in(bounds: Bounds, crs: Any, target: str) -> Bounds | None:
    """`bounds` in the CRS `target`, a little wider, so that a curved edge loses nothing; None = unbounded, as across
    180 degrees."""
    try:
        box: Bounds = Transformer.from_crs(crs, target, always_xy=True).transform_bounds(*bounds, densify_pts=21)
    except ProjError:
        raise BadInput("The CRS of the raster and of the labels share no place: assign the right one.") from None
    if not np.isfinite(box).all() or box[2] <= box[0] or crosses_180(crs, bounds):
        return None
    dx, dy = 0.01 * (box[2] - box[0]), 0.01 * (box[3] - box[1])
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def _text(value: Any) -> str:
    """A label as text; whole numbers without a decimal point (a column with nulls is read as floats)."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _repaired(shapes: NDArray[Any]) -> NDArray[Any]:
    """Each shape flat, valid, and reduced to its polygons, or to its points where it has none; else empty."""
    finite = are_finite(shapes)
    fixed: NDArray[Any] = shapely.force_2d(shapes)
    fixed[~finite] = shapely.Polygon()
    bad = ~shapely.is_valid(fixed)
    fixed[bad] = shapely.make_valid(fixed[bad])
    mixed = ~np.isin(shapely.get_type_id(fixed), (_POINT, _POLYGON, _MULTI_POINT, _MULTI_POLYGON))
    fixed[mixed] = [_useful_parts(shape) for shape in fixed[mixed]]
    return fixed


def are_finite(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,) whether each shape has a place, and no corner without one."""
    finite = np.asarray(np.isfinite(shapely.bounds(shapes)).all(axis=1))
    corners, origin = shapely.get_coordinates(shapes, return_index=True)
    finite[origin[~np.isfinite(corners).all(axis=1)]] = False
    return finite


def _each(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The polygons, and behind them the single points; and the number of the shape that each is of. Not the empty."""
    whole = np.flatnonzero(~shapely.is_empty(shapes))
    dots = np.isin(shapely.get_type_id(shapes[whole]), (_POINT, _MULTI_POINT))
    points, of = shapely.get_parts(shapes[whole[dots]], return_index=True)
    return np.concatenate([shapes[whole[~dots]], points]), np.concatenate([whole[~dots], whole[dots][of]])


def _near(shapes: NDArray[Any], bounds: Bounds | None) -> NDArray[np.bool_]:
    """Polygons are read by a box a little wider, which does no harm; points are counted, so they are in or out."""
    if bounds is None:
        return np.ones(len(shapes), bool)
    return np.asarray((shapely.get_type_id(shapes) != _POINT) | shapely.intersects(shapes, shapely.box(*bounds)))


def _useful_parts(shape: Any) -> Any:
    parts = shapely.get_parts(shape, return_index=False)
    while (shapely.get_type_id(parts) > _POLYGON).any():
        parts = shapely.get_parts(parts)
    types = shapely.get_type_id(parts)
    if (types == _POLYGON).any():
        return shapely.MultiPolygon(list(parts[types == _POLYGON]))
    return shapely.MultiPoint(list(parts[types == _POINT]))
