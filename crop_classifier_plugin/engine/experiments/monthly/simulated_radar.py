"""Simulated Sentinel-1 over the real LEM+ parcels and their monthly labels (Bahia, Brazil).

The parcels and what grew on them each month from October 2019 to September 2020 were recorded in the field (LEM+,
Oldoni et al. 2020, Data in Brief 33, CC BY 4.0); the backscatter is not real: a water cloud model as in the simulator,
whose numbers a crop, growth curves and speckle are choices. Before October 2019 the same crop calendar is assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from ...access.vectors import read_features

MONTHS = ("Oct_2019", "Nov_2019", "Dec_2019", "Jan_2020", "Feb_2020", "Mar_2020",
          "Apr_2020", "May_2020", "Jun_2020", "Jul_2020", "Aug_2020", "Sep_2020")  # fmt: skip
TARGETS = ("2019-10", "2019-11", "2019-12", "2020-01", "2020-02", "2020-03",
           "2020-04", "2020-05", "2020-06", "2020-07", "2020-08", "2020-09")  # fmt: skip
HISTORY = 11  # months before the first label
CRS, PIXEL = "EPSG:32723", 40.0  # m
CENTRE, SIDE = (380_000.0, 8_630_000.0), 36_000.0  # m: a square where the paper's six classes are common
OTHER, LEAST = "Other", 0.053  # smaller shares of the labelled pixels over all months become Other (the paper's rule)
_LOOKS = 12  # of a monthly mean at 40 m
_WET = (0.35, 0.55, 0.8, 0.9, 0.85, 0.75, 0.6, 0.3, 0.12, 0.08, 0.06, 0.1)  # soil moisture October to September


@dataclass(frozen=True)
class Plant:
    """Peak leaf area, volume terms (dB) and attenuation in VV and VH."""

    peak: float
    vv: float
    vh: float
    depth_vv: float
    depth_vh: float
    steady: bool = False  # as tall in every month


PLANTS = {
    "Soybean": Plant(5.0, -9.5, -15.0, 0.26, 0.34),
    "Corn": Plant(4.4, -9.8, -15.5, 0.22, 0.28),
    "Cotton": Plant(3.6, -8.8, -14.0, 0.28, 0.38),
    "Millet": Plant(3.2, -11.8, -18.0, 0.28, 0.22),
    "Sorghum": Plant(3.6, -11.0, -16.8, 0.25, 0.26),
    "Brachiaria": Plant(2.8, -11.5, -17.5, 0.25, 0.30),
    "Hay": Plant(2.5, -11.5, -17.5, 0.25, 0.30),
    "Beans": Plant(3.5, -9.8, -15.2, 0.26, 0.32),
    "Crotalaria": Plant(4.0, -9.5, -15.0, 0.26, 0.34),
    "Coffee": Plant(3.5, -8.5, -13.8, 0.45, 0.5, steady=True),
    "Eucalyptus": Plant(4.0, -8.8, -13.6, 0.5, 0.6, steady=True),
    "Cerrado": Plant(2.6, -9.8, -15.0, 0.45, 0.5, steady=True),
    "Pasture": Plant(2.0, -11.8, -18.0, 0.25, 0.28, steady=True),
}
_BARE = Plant(0.15, -12.0, -19.0, 0.25, 0.25, steady=True)  # soil, conversion areas, unknown covers
_SOIL = ((-14.0, 6.0), (-22.5, 5.0))  # VV, VH: dB when dry, dB more when wet
Floats = NDArray[np.float32]


def parcels(path: Path) -> geopandas.GeoDataFrame:
    """The labelled parcels of the square, with a column a month; rare crops are Other."""
    frame = read_features(path).to_crs(CRS)
    x, y = frame.geometry.centroid.x, frame.geometry.centroid.y
    inside = (abs(x - CENTRE[0]) < SIDE / 2) & (abs(y - CENTRE[1]) < SIDE / 2)
    return frame[inside].reset_index(drop=True)


def merged(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The same with the paper's merging rule; parcels that were not identified in a month have no label there."""
    area = frame.geometry.area.to_numpy()
    share: dict[str, float] = {}
    for month in MONTHS:
        for crop, size in zip(frame[month], area):
            share[crop] = share.get(crop, 0.0) + float(size) / (area.sum() * len(MONTHS))
    kept = {crop for crop, part in share.items() if (part >= LEAST and crop in PLANTS) or crop == "Uncultivated soil"}
    named = frame.copy()
    for month in MONTHS:
        named[month] = [c if c in kept else None if c == "Not identified" else OTHER for c in frame[month]]
    return named


def write_series(frame: geopandas.GeoDataFrame, folder: Path, seed: int = 1) -> list[Path]:
    """One GeoTIFF (VV, VH in dB) a month from November 2018 to September 2020."""
    side = round(SIDE / PIXEL)
    place = Affine(PIXEL, 0, CENTRE[0] - SIDE / 2, 0, -PIXEL, CENTRE[1] + SIDE / 2)
    shapes = ((shape, i + 1) for i, shape in enumerate(frame.geometry))
    index = rasterize(shapes, (side, side), transform=place, dtype="int32")
    calendar = [list(row) for row in frame[list(MONTHS)].itertuples(index=False)]
    rng = np.random.default_rng(seed)
    parcel = _Parcel(*(np.concatenate([[0.0], rng.normal(0, s, len(frame))]) for s in (0.35, 0.15, 0.5)))
    paths = []
    for step in range(-HISTORY, len(MONTHS)):
        grown = [_grown(row, step, float(parcel.shift[i + 1])) for i, row in enumerate(calendar)]
        bands = _backscatter([("Cerrado", 1.0), *grown], step % 12, parcel, index, rng)
        year, month = divmod(2019 * 12 + 9 + step, 12)
        path = folder / f"S1_{year}{month + 1:02d}15.tif"
        shape = {"height": side, "width": side, "count": 2, "dtype": "float32", "nodata": np.nan}
        with rasterio.open(path, "w", driver="GTiff", crs=CRS, transform=place, tiled=True, **shape) as file:
            file.write(bands)
            file.descriptions = ("VV", "VH")
        paths.append(path)
    return paths


@dataclass(frozen=True)
class _Parcel:
    """How each parcel differs from its crop's mean: months of shift, relative leaf area, dB. Entry 0 is the rest."""

    shift: NDArray[np.float64]
    vigour: NDArray[np.float64]
    level: NDArray[np.float64]


def _grown(calendar: list[str], step: int, shift: float) -> tuple[str, float]:
    """The crop of a month, and how much of its peak leaf area stands in the middle of it."""
    crop = calendar[step % 12]
    if PLANTS.get(crop, _BARE).steady:
        return crop, 1.0
    before = next((k for k in range(12) if calendar[(step - k - 1) % 12] != crop), 11)
    after = next((k for k in range(12) if calendar[(step + k + 1) % 12] != crop), 11)
    since, left = before + 0.5 + shift, after + 0.5 - shift
    return crop, _logistic((since - 0.7) / 0.25) * _logistic((left - 0.25) / 0.2)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _backscatter(
    grown: list[tuple[str, float]], month: int, parcel: _Parcel, index: NDArray[np.int32], rng: np.random.Generator
) -> Floats:
    """(2, H, W) dB: water cloud model a parcel, texture and speckle a pixel."""
    wet = float(np.clip(_WET[month] + rng.normal(0, 0.12), 0, 1))
    plants = [PLANTS.get(crop, _BARE) for crop, _ in grown]
    leaves = np.array([p.peak * share for p, (_, share) in zip(plants, grown)]) * np.exp(parcel.vigour)
    bands = []
    for (dry, rise), volume, depth in zip(
        _SOIL,
        ([p.vv for p in plants], [p.vh for p in plants]),
        ([p.depth_vv for p in plants], [p.depth_vh for p in plants]),
    ):
        through = np.exp(-2 * np.array(depth) * leaves / math.cos(math.radians(38)))
        power = (
            _power(np.array(volume) + parcel.level) * (1 - through) + _power(dry + rise * wet + parcel.level) * through
        )
        speckle = rng.gamma(_LOOKS, 1 / _LOOKS, index.shape) * np.exp(rng.normal(0, 0.1, index.shape))
        bands.append(10 * np.log10(power[index] * speckle))
    return np.stack(bands).astype(np.float32)


def _power(decibel: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10 ** (np.asarray(decibel) / 10))
