"""netCDF and Zarr cubes of a few variables over time, as openEO and xarray write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from scipy.io import netcdf_file

Times = Sequence[float] | NDArray[Any]
_PLACE = Affine(10, 0, 500000, 0, -10, 5650000)
_CRS = CRS.from_epsg(32631)


def write_netcdf(
    path: Path,
    variables: Mapping[str, NDArray[Any]],
    times: Times,
    units: str,
    axis: str = "t",
    **attributes: str,
) -> Path:
    """(T, H, W) each, in UTM 31 N with 10 m; netCDF 3 holds no unsigned numbers. `attributes`: of the time axis."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = next(iter(variables.values())).shape[1:]
    with netcdf_file(path, "w") as file:
        file.Conventions = "CF-1.8"
        _axis(file, axis, np.asarray(times, np.float64), units=units, standard_name="time", **attributes)
        _axis(
            file,
            "y",
            _PLACE.f + _PLACE.e * (np.arange(height) + 0.5),
            units="m",
            standard_name="projection_y_coordinate",
        )
        _axis(
            file,
            "x",
            _PLACE.c + _PLACE.a * (np.arange(width) + 0.5),
            units="m",
            standard_name="projection_x_coordinate",
        )
        crs = file.createVariable("crs", "i4", ())
        crs.crs_wkt = crs.spatial_ref = _CRS.to_wkt()
        for name, values in variables.items():
            made = file.createVariable(name, values.dtype, (axis, "y", "x"))
            made[:] = values
            made.grid_mapping = "crs"
    return path


def _axis(file: netcdf_file, name: str, values: NDArray[np.float64], **attributes: str) -> None:
    file.createDimension(name, len(values))
    made = file.createVariable(name, "f8", (name,))
    made[:] = values
    for key, text in attributes.items():
        setattr(made, key, text)


def write_zarr(
    path: Path, variables: Mapping[str, NDArray[Any]], times: Times, units: str, axis: str = "t", **attributes: str
) -> Path:
    """As write_netcdf; Zarr 2, not compressed."""
    height, width = next(iter(variables.values())).shape[1:]
    path.mkdir(parents=True, exist_ok=True)
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    _array(path / axis, np.asarray(times, np.float64), [axis], units=units, **attributes)
    _array(path / "y", _PLACE.f + _PLACE.e * (np.arange(height) + 0.5), ["y"], standard_name="projection_y_coordinate")
    _array(path / "x", _PLACE.c + _PLACE.a * (np.arange(width) + 0.5), ["x"], standard_name="projection_x_coordinate")
    for name, values in variables.items():
        _array(path / name, values, [axis, "y", "x"], _CRS={"wkt": _CRS.to_wkt()})
    return path


def _array(folder: Path, values: NDArray[Any], dimensions: Sequence[str], **attributes: object) -> None:
    folder.mkdir(exist_ok=True)
    whole = {"shape": values.shape, "chunks": values.shape, "dtype": values.dtype.str, "order": "C"}
    empty = {"compressor": None, "fill_value": None, "filters": None, "zarr_format": 2}
    (folder / ".zarray").write_text(json.dumps(whole | empty))
    (folder / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": dimensions, **attributes}))
    (folder / ".".join("0" * values.ndim)).write_bytes(np.ascontiguousarray(values).tobytes())
