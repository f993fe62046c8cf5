"""Products as their publishers name and pack them, around values that a test chooses. Date: 2019-05-16 (day 136)."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

DAY = "2019-05-16"
SIZE = 12  # px of 10 or 30 m
OLI = {"B02": 2, "B03": 3, "B04": 4, "B8A": 5, "B11": 6, "B12": 7}
TM = {"B02": 1, "B03": 2, "B04": 3, "B8A": 4, "B11": 5, "B12": 7}
KEYS = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22"}
SAFE = "S2A_MSIL2A_20190516T105031_N{n}_R051_T31UFS_20190517T134256.SAFE"
LOSSLESS = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}


def pack(values: np.ndarray, scale: float, offset: float, dtype: str = "uint16") -> np.ndarray:
    """(H, W) reflectance -> (1, H, W) as stored."""
    return np.rint((values - offset) / scale).astype(dtype)[None]


def metadata(offset: int | None) -> str:
    shifts = "".join(f'<BOA_ADD_OFFSET band_id="{n}">{offset}</BOA_ADD_OFFSET>' for n in range(13))
    told = f"<BOA_ADD_OFFSET_VALUES_LIST>{shifts}</BOA_ADD_OFFSET_VALUES_LIST>" if offset is not None else ""
    return (
        '<?xml version="1.0"?><n1:Level-2A_User_Product '
        'xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd"><n1:General_Info>'
        "<Product_Image_Characteristics><QUANTIFICATION_VALUES_LIST>"
        '<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>'
        '<AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>'
        f"{told}</Product_Image_Characteristics></n1:General_Info></n1:Level-2A_User_Product>"
    )


def write_safe(place: Path, values: dict[str, np.ndarray], scl: np.ndarray, baseline: str, offset: int | None) -> Path:
    """B02, B03, B04, B08 at 10, 20 and 60 m, others at 20 and 60 m, beside SCL, AOT, TCI and the quality masks."""
    root = place / SAFE.format(n=baseline)
    images = root / "GRANULE" / "L2A_T31UFS_A020349_20190516T105030" / "IMG_DATA"
    root.mkdir(parents=True)
    (root / "MTD_MSIL2A.xml").write_text(metadata(offset))
    shift = 0.0 if offset is None else offset / 10_000
    for metres in (10, 20, 60):
        step = metres // 10
        for band, array in {**values, "AOT": np.full((SIZE, SIZE), 0.1)}.items():
            if metres == 10 and band not in ("B02", "B03", "B04", "B08"):
                continue
            name = images / f"R{metres}m" / f"T31UFS_20190516T105031_{band}_{metres}m.jp2"
            write_raster(name, pack(array[::step, ::step], 1e-4, shift), pixel=float(metres), **LOSSLESS)
        if metres > 10:
            name = images / f"R{metres}m" / f"T31UFS_20190516T105031_SCL_{metres}m.jp2"
            write_raster(name, scl[None, :: step // 2, :: step // 2], pixel=float(metres), **LOSSLESS)
    quality = root / "GRANULE" / "L2A_T31UFS_A020349_20190516T105030" / "QI_DATA" / "MSK_CLDPRB_20m.jp2"
    write_raster(quality, scl[None], pixel=20.0, **LOSSLESS)
    return root


def zipped(folder: Path) -> Path:
    """The folder packed as its publisher does; the folder itself goes."""
    archive = folder.parent / f"{folder.stem}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
    return archive


def tarred(folder: Path) -> Path:
    archive = folder.parent / f"{folder.name}.tar"
    with tarfile.open(archive, "w") as file:
        for path in sorted(folder.iterdir()):
            file.add(path, path.name)
    return archive


def write_landsat(place: Path, satellite: str, values: dict[str, np.ndarray], qa: np.ndarray) -> Path:
    name = f"{satellite}_L2SP_199024_20190516_20200828_02_T1"
    numbers = TM if satellite[2:] in ("05", "07") else OLI
    for band, array in values.items():
        write_raster(place / name / f"{name}_SR_B{numbers[band]}.TIF", pack(array, 2.75e-5, -0.2), nodata=0, pixel=30.0)
    thermal = "ST_B6" if numbers is TM else "ST_B10"
    write_raster(place / name / f"{name}_{thermal}.TIF", np.full((1, SIZE, SIZE), 44_000, np.uint16), pixel=30.0)
    write_raster(place / name / f"{name}_SR_QA_AEROSOL.TIF", np.full((1, SIZE, SIZE), 96, np.uint8), pixel=30.0)
    write_raster(place / name / f"{name}_QA_PIXEL.TIF", qa[None].astype(np.uint16), nodata=1, pixel=30.0)
    return place / name


def write_hls(place: Path, product: str, values: dict[str, np.ndarray], fmask: np.ndarray) -> Path:
    """Some files declare the scale, as HLS v2 does; the others are as programs leave them that drop it."""
    name = f"HLS.{product}.T31UFS.2019136T105031.v2.0"
    for number, (band, array) in enumerate(values.items()):
        own = f"B{OLI[band]:02}" if product == "L30" else band
        told: dict[str, Any] = {"nodata": -9999, "scale": 1e-4} if number % 2 else {}
        write_raster(place / name / f"{name}.{own}.tif", pack(array, 1e-4, 0, "int16"), pixel=30.0, **told)
    write_raster(place / name / f"{name}.SZA.tif", np.full((1, SIZE, SIZE), 4000, np.uint16), pixel=30.0)
    write_raster(place / name / f"{name}.Fmask.tif", fmask[None].astype(np.uint8), nodata=255, pixel=30.0)
    return place / name


def modis_place() -> dict[str, Any]:
    """250 m in the sinusoidal projection of MODIS."""
    sinusoidal = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
    return {"crs": sinusoidal, "transform": Affine(231.65635826, 0, -5_559_752.6, 0, -231.65635826, -1_111_950.5)}


RNG = np.random.default_rng(8)


def fields(bands: tuple[str, ...], size: int = SIZE) -> dict[str, np.ndarray]:
    """Reflectance of each band, steps of 1e-4, negative here and there as atmospheric correction leaves it."""
    return {band: np.rint(RNG.uniform(-50, 6000, (size, size))) / 1e4 for band in bands}


def read(path: Path, bands: tuple[str, ...], mask: str = "auto") -> tuple[np.ndarray, str]:
    """(C, H, W) values in their own unit, and the only date."""
    series = Series(scenes=(SceneSource(str(path)),), mask=mask)
    with open_series(series, Silent(), bands) as stack:
        (day,) = stack.dates
        grid = stack.grid
        return stack.read(Window(0, 0, grid.height, grid.width))[0] / stack.spec.scale, str(day)


def check(path: Path, values: dict[str, np.ndarray], bad: np.ndarray, step: float = 1e-6) -> None:
    found, day = read(path, tuple(values))
    assert day == DAY
    for plane, (band, wanted) in zip(found, values.items()):
        np.testing.assert_array_equal(np.isnan(plane), bad, err_msg=band)
        np.testing.assert_allclose(plane[~bad], wanted[~bad], atol=step, err_msg=band)
