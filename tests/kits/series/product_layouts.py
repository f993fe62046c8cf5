"""Tiny files in the true layout of each product: one number a band, fill in the first pixel, cloud in the second."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kits.cubes import Variable, write_netcdf
from kits.rasters import write_raster

SIZE = 6


@dataclass(frozen=True)
class File:
    """A raster of one or several bands."""

    numbers: tuple[float, ...]
    dtype: str
    fill: float
    cloud: float | None = None  # of a mask: the number in the second pixel
    names: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)

    def array(self) -> np.ndarray:
        made = np.empty((len(self.numbers), SIZE, SIZE), self.dtype)
        made[:] = np.array(self.numbers)[:, None, None]
        made[:, 0, 0] = self.fill
        if self.cloud is not None:
            made[0, 0, 1] = self.cloud
        return made


def write(place: Path, files: Mapping[str, File], texts: Mapping[str, str] | None = None) -> Path:
    """Rasters and texts by their paths below `place`."""
    for name, file in files.items():
        jpeg = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"} if name.endswith(".jp2") else {}
        names = {"names": file.names} if file.names else {}
        write_raster(place / name, file.array(), **jpeg, **names, **file.profile)
    for name, text in (texts or {}).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def singles(form: str, numbers: Mapping[str, float], dtype: str, fill: float, **profile: Any) -> dict[str, File]:
    """One file a band; `form` takes the band's published name."""
    return {form.format(band): File((number,), dtype, fill, profile=profile) for band, number in numbers.items()}


def mask(dtype: str, fill: float, clear: float, cloud: float, **profile: Any) -> File:
    return File((clear,), dtype, fill, cloud, profile=profile)


def metadata(level: str, offset: int | None) -> dict[str, str]:
    """MTD_MSIL2A.xml or MTD_MSIL1C.xml, as far as it is read."""
    value, shift = ("BOA_QUANTIFICATION_VALUE", "BOA_ADD_OFFSET") if level == "2A" else (
        "QUANTIFICATION_VALUE", "RADIO_ADD_OFFSET"
    )  # fmt: skip
    shifts = "".join(f'<{shift} band_id="{n}">{offset}</{shift}>' for n in range(13)) if offset is not None else ""
    return {f"MTD_MSIL{level}.xml": f"<product><{value}>10000</{value}>{shifts}</product>"}


def safe(level: str, baseline: str, offset: int | None, numbers: Mapping[str, float]) -> Callable[[Path], Path]:
    root = f"S2A_MSIL{level}_20190516T105031_N{baseline}_R051_T31UFS_20190517T134256.SAFE"
    images = f"GRANULE/L{level}_T31UFS_A020349_20190516T105030/IMG_DATA"
    form, scl = ("T31UFS_20190516T105031_{}.jp2", {})
    if level == "2A":
        form = "R10m/T31UFS_20190516T105031_{}_10m.jp2"
        scl = {f"{images}/R20m/T31UFS_20190516T105031_SCL_20m.jp2": mask("uint8", 0, 4, 9)}
    files = singles(f"{images}/{form}", numbers, "uint16", 0) | scl
    return lambda place: write(place / root, files, metadata(level, offset))


def stac(
    identity: str, assets: Mapping[str, File], told: Mapping[str, Mapping[str, Any]], **properties: Any
) -> Callable[[Path], Path]:
    """An item and its files, called so that only the item tells what they are; `told`: of each asset."""
    entries = {
        key: {"href": f"./file_{n}.tif", "type": "image/tiff", "roles": ["data"], **told.get(key, {})}
        for n, key in enumerate(assets)
    }
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": identity, "geometry": None, "links": [],
        "properties": {"datetime": "2019-05-16T10:50:31Z", **properties}, "assets": entries,
    }  # fmt: skip
    files = {f"file_{n}.tif": file for n, file in enumerate(assets.values())}
    return lambda place: write(place, files, {"item.json": json.dumps(item)}) / "item.json"


def openeo(numbers: Mapping[str, int], clear: int, cloud: int) -> Callable[[Path], Path]:
    """A cube of one date: netCDF of one variable a band."""
    variables = {}
    for name, number in numbers.items():
        values = np.full((1, SIZE, SIZE), number, np.int16)
        values[0, 0, 0] = -32768
        variables[name] = Variable(values, {"_FillValue": np.int16(-32768)})
    scl = np.full((1, SIZE, SIZE), clear, np.int16)
    scl[0, 0, :2] = (0, cloud)
    variables["SCL"] = Variable(scl)
    return lambda place: write_netcdf(place / "openEO.nc", variables, [18032], "days since 1970-01-01")


def stack(name: str, file: File, beside: Mapping[str, File] | None = None) -> Callable[[Path], Path]:
    return lambda place: write(place, {name: file, **(beside or {})})


def files(*parts: Mapping[str, File]) -> Callable[[Path], Path]:
    merged = {name: file for part in parts for name, file in part.items()}
    return lambda place: write(place, merged)
