"""netCDF and Zarr cubes of a few variables over time, as openEO and xarray write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from scipy.io import netcdf_file

Times = Sequence[float] | NDArray[Any]
Told = Mapping[str, object]  # attributes
_PLACE = Affine(10, 0, 500000, 0, -10, 5650000)
_CRS = CRS.from_epsg(32631)


@dataclass(frozen=True)
class Variable:
    """Values (T, H, W) and what is told of them, as scale_factor and _FillValue."""

    values: NDArray[Any]
    told: Told = field(default_factory=dict)


def write_netcdf(path: Path, variables: Mapping[str, Variable], times: Times, units: str, **calendar: str) -> Path:
    """In UTM 31 N with 10 m, the time axis is t; netCDF 3 holds no unsigned numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with netcdf_file(path, "w") as file:
        file.Conventions = "CF-1.8"
        for name, values, told in _axes(variables, times, units, calendar):
            file.createDimension(name, len(values))
            _attributes(file.createVariable(name, "f8", (name,)), values, told)
        _attributes(file.createVariable("crs", "i4", ()), 0, {"crs_wkt": _CRS.to_wkt(), "spatial_ref": _CRS.to_wkt()})
        for name, each in variables.items():
            made = file.createVariable(name, each.values.dtype, ("t", "y", "x"))
            _attributes(made, each.values, {**each.told, "grid_mapping": "crs"})
    return path


def _axes(variables: Mapping[str, Variable], times: Times, units: str, calendar: Told) -> list[tuple[str, Any, Told]]:
    height, width = next(iter(variables.values())).values.shape[1:]
    y, x = _PLACE.f + _PLACE.e * (np.arange(height) + 0.5), _PLACE.c + _PLACE.a * (np.arange(width) + 0.5)
    return [
        ("t", np.asarray(times, np.float64), {"units": units, "standard_name": "time", **calendar}),
        ("y", y, {"units": "m", "standard_name": "projection_y_coordinate"}),
        ("x", x, {"units": "m", "standard_name": "projection_x_coordinate"}),
    ]


def _attributes(made: Any, values: Any, told: Told) -> None:
    if made.shape:
        made[:] = values
    for key, value in told.items():
        setattr(made, key, value)


def write_zarr(path: Path, variables: Mapping[str, Variable], times: Times, units: str, **calendar: str) -> Path:
    """As write_netcdf; Zarr 2, not compressed."""
    path.mkdir(parents=True, exist_ok=True)
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    for name, values, told in _axes(variables, times, units, calendar):
        write_array(path / name, values, [name], told)
    for name, each in variables.items():
        told = {**each.told, "_CRS": {"wkt": _CRS.to_wkt()}}
        write_array(path / name, each.values, ["t", "y", "x"], told)
    return path


def write_array(folder: Path, values: NDArray[Any], dimensions: Sequence[str], told: Told) -> None:
    folder.mkdir(exist_ok=True)
    attributes = {key: value.item() if isinstance(value, np.generic) else value for key, value in told.items()}
    whole = {"shape": values.shape, "chunks": values.shape, "dtype": values.dtype.str, "order": "C"}
    empty = {"compressor": None, "fill_value": attributes.pop("_FillValue", None), "filters": None, "zarr_format": 2}
    (folder / ".zarray").write_text(json.dumps(whole | empty))
    (folder / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": dimensions, **attributes}))
    (folder / ".".join("0" * values.ndim)).write_bytes(np.ascontiguousarray(values).tobytes())
