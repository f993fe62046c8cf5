"""Reference polygons: read with their labels, checked, and burnt onto a raster grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import Transformer
from rasterio.features import rasterize

from ...shared.errors import CrsMissing, LabelsUnusable
from ..raster.band_ref import Bounds
from ..raster.grid import Grid, crs_of
from ..raster.provenance import SIMULATED_TAG
from ..reporting.sentences import listed
from .encodings import encoding_note, encoding_of


def read_polygons(
    path: str, layer: str, field: str, crs: Any, bounds: Bounds | None = None, assigned_crs: str = ""
) -> geopandas.GeoDataFrame:
    """The polygons of `layer` ("" = the first with geometry) with columns `label` (str) and `geometry` in `crs`.

    `bounds` (xmin, ymin, xmax, ymax in `crs`) leaves out what does not touch it, before it is read. Invalid polygons
    are made valid. `assigned_crs` is the CRS (authority id or WKT) that the user gave the layer in place of its own.
    `frame.attrs` counts what was dropped: "unlabelled" (no label) and "empty" (no area); and says whether the layer is
    marked as "simulated", and in "notes" what the user is to hear of it.
    Raises CrsMissing, BadInput for an unknown CRS, and LabelsUnusable naming the layers, fields or geometries that
    exist.
    """
    name = _layer(path, layer)
    encoding = encoding_of(path)
    info = pyogrio.read_info(path, layer=name, encoding=encoding)
    own = _check_layer(path, name, info, field, assigned_crs)
    box = None if bounds is None else _bounds_in(bounds, crs, own)
    frame = _read(path, name, field, box, encoding)
    labelled = frame[frame[field].notna()]
    labels = [_text(value) for value in labelled[field]]
    shapes = _areas(labelled.geometry.set_crs(own, allow_override=True).to_crs(crs).to_numpy())
    keep = np.array([bool(label) for label in labels], dtype=bool)
    whole = ~shapely.is_empty(shapes)
    result: geopandas.GeoDataFrame = geopandas.GeoDataFrame({"label": labels}, geometry=shapes, crs=crs)[
        keep & whole
    ].reset_index(drop=True)
    simulated = SIMULATED_TAG in (info["layer_metadata"] or {})
    unlabelled, empty = len(frame) - int(keep.sum()), int((keep & ~whole).sum())
    notes = encoding_note(path, labels, encoding or str(info["encoding"]))
    result.attrs = {"unlabelled": unlabelled, "empty": empty, "simulated": simulated, "notes": notes}
    return result


def rasterize_polygons(shapes: Iterable[tuple[Any, int]], grid: Grid, dtype: str = "uint16") -> NDArray[Any]:
    """(H, W) array of the values of the polygons that hold each pixel's centre; 0 elsewhere, later polygons on top."""
    pairs = list(shapes)
    if not pairs:
        return np.zeros((grid.height, grid.width), dtype=dtype)
    burnt: NDArray[Any] = rasterize(
        pairs, out_shape=(grid.height, grid.width), transform=grid.transform, fill=0, all_touched=False, dtype=dtype
    )
    return burnt


def _layer(path: str, layer: str) -> str:
    try:
        layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except (DataSourceError, DataLayerError) as error:
        reason = str(error).split(";")[0].replace(f"'{path}' ", "").replace(f"{path}: ", "").rstrip(".")
        raise LabelsUnusable(f"Cannot read the vector file {path} ({reason}): choose a file of polygons.") from None
    names = [name for name, _ in layers]
    if not layers:
        raise LabelsUnusable(f"{path} holds no layer: choose a file of polygons.")
    if layer and layer not in names:
        raise LabelsUnusable(f"{path} has no layer {layer!r}: choose one of {listed(names)}.")
    return layer or next((name for name, kind in layers if kind is not None), names[0])


def _check_layer(path: str, layer: str, info: dict[str, Any], field: str, assigned_crs: str) -> str:
    """The layer's CRS."""
    fields = listed(info["fields"]) or "no field"
    if not field:
        raise LabelsUnusable(f"No class field was chosen for {path}: choose one of its fields ({fields}).")
    if field not in info["fields"]:
        raise LabelsUnusable(f"The layer {layer} of {path} has no field {field!r}: choose one of {fields}.")
    kind = info["geometry_type"]
    if kind is None or ("Polygon" not in kind and kind not in ("Unknown", "GeometryCollection")):
        raise LabelsUnusable(f"The layer {layer} of {path} holds {kind or 'no geometry'}: choose a layer of polygons.")
    if not (assigned_crs or info["crs"]):
        raise CrsMissing(f"The layer {layer} of {path}")
    return str(crs_of(path, None, assigned_crs).to_wkt() if assigned_crs else info["crs"])


def _bounds_in(bounds: Bounds, crs: Any, target: str) -> Bounds | None:
    """`bounds` in the CRS `target`, a little wider, so that a curved edge loses nothing; None = unbounded."""
    box: Bounds = Transformer.from_crs(crs, target, always_xy=True).transform_bounds(*bounds, densify_pts=21)
    if not np.isfinite(box).all():
        return None
    dx, dy = 0.01 * (box[2] - box[0]), 0.01 * (box[3] - box[1])
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def _read(path: str, layer: str, field: str, box: Bounds | None, encoding: str | None) -> geopandas.GeoDataFrame:
    try:
        return geopandas.read_file(path, layer=layer, columns=[field], bbox=box, encoding=encoding)
    except (DataSourceError, DataLayerError, shapely.errors.GEOSException) as error:
        raise LabelsUnusable(
            f"Cannot read the layer {layer} of {path} ({error}): check that the file is complete."
        ) from None


def _text(value: Any) -> str:
    """A label as text; whole numbers without a decimal point (a column with nulls is read as floats)."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _areas(shapes: NDArray[Any]) -> NDArray[Any]:
    """Each shape made valid and reduced to its polygons; empty where nothing with an area is left."""
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    fixed: NDArray[Any] = shapes.copy()
    fixed[~finite] = shapely.Polygon()
    bad = ~shapely.is_valid(fixed)
    fixed[bad] = shapely.make_valid(fixed[bad])
    mixed = ~np.isin(shapely.get_type_id(fixed), (3, 6))  # 3 polygon, 6 multipolygon
    fixed[mixed] = [_polygons_of(shape) for shape in fixed[mixed]]
    return fixed


def _polygons_of(shape: Any) -> Any:
    parts = shapely.get_parts(shape, return_index=False)
    while (shapely.get_type_id(parts) > 3).any():
        parts = shapely.get_parts(parts)
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == 3]))
