"""What users download is read right by its names alone: a product of known values gives these values back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products.encodings import sensor_of
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import (
    BadRaster,
    BandTwice,
    CropClassifierError,
    DriverMissing,
    NotGeocoded,
    OffsetMissing,
    UnitUnclear,
)
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.products import (
    DAY,
    KEYS,
    RNG,
    SAFE,
    SIZE,
    check,
    fields,
    modis_place,
    pack,
    read,
    tarred,
    write_hls,
    write_landsat,
    write_safe,
    zipped,
)
from kits.rasters import write_raster

LAND = ("B02", "B03", "B04", "B8A", "B11", "B12")


# --- Sentinel-2 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("baseline", "offset"), [("0212", None), ("0400", -1000), ("0511", -1000), ("0510", -750)])
def test_a_safe_product_is_read_by_its_own_metadata(
    tmp_path: Path, baseline: str, offset: int | None, packed: bool
) -> None:
    values = fields(("B02", "B04", "B08"))
    for array in values.values():
        array[:] = np.abs(array) + 0.01  # without an offset nothing negative can be stored
    scl = np.full((SIZE // 2, SIZE // 2), 4, np.uint8)
    scl[0, :3] = (3, 8, 10)
    path = write_safe(tmp_path, values, scl, baseline, offset)
    bad = np.kron(np.isin(scl, (3, 8, 10)), np.ones((2, 2), bool)).astype(bool)
    check(zipped(path) if packed else path, values, bad)
    if not packed:
        check(path / "MTD_MSIL2A.xml", values, bad)
        check(tmp_path, values, bad)  # the folder of downloads


def test_each_band_of_a_safe_product_is_taken_in_its_finest_copy(tmp_path: Path) -> None:
    path = write_safe(tmp_path, fields(("B02", "B8A")), np.full((6, 6), 4, np.uint8), "0400", -1000)
    (scene,) = read_scenes([SceneSource(str(path))], Silent())
    assert {(r.band, Path(r.path).parent.name) for r in scene.refs} == {
        ("B02", "R10m"),
        ("B8A", "R20m"),
        ("SCL", "R20m"),
    }
    assert all(sensor_of(r.path) for r in scene.refs)


def test_without_its_metadata_a_shifted_product_is_still_refused(tmp_path: Path) -> None:
    scl = np.full((6, 6), 4, np.uint8)
    gone, broken = (write_safe(tmp_path / name, fields(("B02",)), scl, "0400", -1000) for name in ("a", "b"))
    (gone / "MTD_MSIL2A.xml").unlink()
    with pytest.raises(OffsetMissing, match=r"04\.00"):
        read(gone, ("B02",))
    entities = '<!DOCTYPE d [<!ENTITY a "10000">]><d><BOA_QUANTIFICATION_VALUE>&a;</BOA_QUANTIFICATION_VALUE></d>'
    for text in ("<broken", entities):  # a parser that unfolds entities can be made to fill the memory
        (broken / "MTD_MSIL2A.xml").write_text(text)
        with pytest.raises(BadRaster, match="MTD_MSIL2A"):
            read(broken, ("B02",))


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("S2A_31UFS_20190516_0_L2A", {b: f"{b}.tif" for b in (*KEYS, "SCL")}),
        ("S2A_T31UFS_20190516T105031_L2A", {b: f"{k}.tif" for b, k in {**KEYS, "SCL": "scl"}.items()}),
        ("any", {b: f"T31UFS_20190516T105031_{b}_10m.tif" for b in (*KEYS, "SCL")}),
        (SAFE.format(n="0212") + "/GRANULE/L2A_T31UFS_A020349_20190516T105030/IMG_DATA/R10m",
         {b: f"T31UFS_20190516T105031_{b}_10m.tif" for b in (*KEYS, "SCL")}),
    ],
)  # fmt: skip
def test_sentinel_2_as_the_cloud_stores_name_it(tmp_path: Path, folder: str, names: dict[str, str]) -> None:
    values = {band: np.abs(array) for band, array in fields(tuple(KEYS)).items()}
    for array in values.values():
        array[:] += 0.001
    scl = np.full((SIZE, SIZE), 5, np.uint8)
    scl[4, 4] = 9
    for band, array in values.items():
        write_raster(tmp_path / "31/U/FS" / folder / names[band], pack(array, 1e-4, 0), nodata=0)
    write_raster(tmp_path / "31/U/FS" / folder / names["SCL"], scl[None], nodata=0)
    write_raster(tmp_path / "31/U/FS" / folder / "TCI.tif", np.full((3, SIZE, SIZE), 90, np.uint8))
    place = tmp_path / "31/U/FS" / folder if folder == "any" else tmp_path
    check(place, values, scl == 9)


# --- Landsat, HLS ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("satellite", ["LC08", "LC09", "LE07", "LT05"])
@pytest.mark.parametrize("packed", [False, True])
def test_landsat_collection_2_needs_no_scale_in_the_file(tmp_path: Path, satellite: str, packed: bool) -> None:
    values = fields(LAND)
    qa = np.full((SIZE, SIZE), 21_824)
    qa[2, 3:6] = (22_280, 23_888, 1)  # cloud, cloud shadow, fill
    path = write_landsat(tmp_path, satellite, values, qa)
    check(tarred(path) if packed else path, values, qa != 21_824, step=1.4e-5)
    assert sensor_of(str(path)) == f"Landsat {satellite[3]}"


def test_a_scale_that_a_landsat_file_declares_counts(tmp_path: Path) -> None:
    name = "LC08_L2SP_199024_20190516_20200828_02_T1_SR_B4.TIF"
    path = write_raster(tmp_path / name, np.full((1, 4, 4), 500, np.uint16), scale=1e-3)
    assert read(path, ("B04",))[0] == pytest.approx(0.5)


def test_landsat_values_that_are_rescaled_already_are_refused(tmp_path: Path) -> None:
    name = "LC08_L2SP_199024_20190516_20200828_02_T1_SR_B4.TIF"
    path = write_raster(tmp_path / name, np.full((1, 4, 4), 900, np.uint16))
    with pytest.raises(UnitUnclear, match="negative"):
        read(path, ("B04",))


@pytest.mark.parametrize("product", ["S30", "L30"])
def test_hls_counts_its_bands_by_its_sensor(tmp_path: Path, product: str) -> None:
    values = fields(LAND)
    fmask = np.full((SIZE, SIZE), 64)
    fmask[:2, 0] = (2, 8)
    path = write_hls(tmp_path / "2019/31/U/F/S", product, values, fmask)
    values["B02"][5, 5] = np.nan
    with rasterio.open(next(path.glob("*.B02.tif")), "r+") as file:
        array = file.read()
        array[0, 5, 5] = -9999  # fill, which this file does not declare
        file.write(array)
    bad = fmask != 64
    bad[5, 5] = True
    found, day = read(tmp_path, tuple(values))
    assert day == DAY
    np.testing.assert_array_equal(np.isnan(found[0]), bad)
    bad[5, 5] = False
    for plane, (band, wanted) in list(zip(found, values.items()))[1:]:
        np.testing.assert_array_equal(np.isnan(plane), bad)
        np.testing.assert_allclose(plane[~bad], wanted[~bad], atol=1e-6, err_msg=band)
    assert sensor_of(str(path)) == f"HLS {product}"


# --- MODIS -----------------------------------------------------------------------------------------------------------

MODIS_NAMES = [
    "MOD13Q1.061__250m_16_days_{}_doy2019136_aid0001.tif",
    "MOD13Q1.061__250m_16_days_{}_doy2019136000000_aid0001.tif",
    "MOD13Q1.A2019136.h12v10.061.2021237213051_250m_16_days_{}.tif",
    "MOD13Q1.A2019136.h12v10.061.2021237213051.250m_16_days_{}.tif",
]


@pytest.mark.parametrize("name", MODIS_NAMES)
@pytest.mark.parametrize("declared", [None, 10_000.0, 1e-4])
def test_modis_ndvi_is_scaled_and_masked_by_its_quality(tmp_path: Path, name: str, declared: float | None) -> None:
    """HDF files of MODIS hold the divisor 10000 where GDAL looks for a factor; so do GeoTIFFs made of them."""
    ndvi = np.rint(RNG.uniform(-2000, 9900, (SIZE, SIZE))).astype(np.int16)
    ndvi[0, 0] = -3000
    reliability = np.zeros((SIZE, SIZE), np.int8)
    reliability[1, :5] = (0, 1, 2, 3, -1)
    write_raster(tmp_path / name.format("NDVI"), ndvi[None], scale=declared, **modis_place())
    write_raster(tmp_path / name.format("pixel_reliability"), reliability[None], **modis_place())
    bad = np.isin(reliability, (2, 3, -1))
    bad[0, 0] = True
    check(tmp_path, {"NDVI": ndvi / 1e4}, bad)
    found, _ = read(tmp_path, ("NDVI",), mask="none")
    assert np.isnan(found).sum() == 1


def test_modis_reflectance_and_its_quality_bits(tmp_path: Path) -> None:
    values = fields(("B04", "B8A"))
    quality = np.full((SIZE, SIZE), 4096, np.uint16)
    quality[3, :4] = (4097, 4098, 4099, 2995)
    for band, number in (("B04", 1), ("B8A", 2)):
        name = f"MOD09GQ.061_sur_refl_b{number:02}_1_doy2019136_aid0001.tif"
        write_raster(tmp_path / name, pack(values[band], 1e-4, 0, "int16"), **modis_place())
    write_raster(tmp_path / "MOD09GQ.061_QC_250m_1_doy2019136_aid0001.tif", quality[None], **modis_place())
    check(tmp_path, values, np.isin(quality, (4098, 4099, 2995)))


def test_hdf_without_its_driver_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "MOD13Q1.A2013257.h12v10.061.2021237213051.hdf"
    path.write_bytes(b"\x0e\x03\x13\x01" + bytes(200))  # HDF4's signature
    with rasterio.Env() as env:
        able = "HDF4" in env.drivers()
    with pytest.raises(BadRaster if able else DriverMissing, match="MOD13Q1") as caught:
        read_scenes([SceneSource(str(path))], Silent())
    assert able or "AppEEARS" in caught.value.sentence


def test_files_of_several_rasters_are_opened_up(tmp_path: Path) -> None:
    """As GDAL does with HDF: here with netCDF, which every GDAL of ours can write."""
    names = ("250m_16_days_NDVI_", "composite_day_of_the_year_")  # GDAL adds the number of the band
    path = tmp_path / "MOD13Q1.A2019136.h12v10.061.2021237213051.nc"
    plain = write_raster(tmp_path / "plain.tif", np.full((2, SIZE, SIZE), 4321, np.int16))
    with rasterio.open(plain, "r+") as file:
        for index, name in enumerate(names, start=1):
            file.update_tags(index, NETCDF_VARNAME=name)
    rasterio.shutil.copy(plain, path, driver="netCDF")
    plain.unlink()
    found, day = read(path, ("NDVI",))
    assert (day, found.shape) == (DAY, (1, SIZE, SIZE))
    assert found == pytest.approx(0.4321)


# --- Sentinel-1 ------------------------------------------------------------------------------------------------------

RADAR = [
    "S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12_{}.tif",
    "S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E/S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E_{}.tif",
    "S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12/measurement/iw-{}.rtc.tiff",
    "OPERA_L2_RTC-S1_T069-147174-IW1_20190516T055021Z_20230104T100233Z_S1A_30_v1.0_{}.tif",
]


@pytest.mark.parametrize("name", RADAR)
def test_sentinel_1_on_the_map(tmp_path: Path, name: str) -> None:
    values = {band: RNG.uniform(0.01, 0.4, (SIZE, SIZE)).astype(np.float32) for band in ("VV", "VH")}
    for band, array in values.items():
        text = band.lower() if "rtc.tiff" in name else band
        write_raster(tmp_path / name.format(text), array[None])
    check(tmp_path, values, np.zeros((SIZE, SIZE), bool))
    refs = read_scenes([SceneSource(str(tmp_path))], Silent())[0].refs
    assert {r.unit for r in refs} == ({"power"} if "gpuned" in name else {""})
    assert {sensor_of(r.path) for r in refs} == {"Sentinel-1A"}


def test_sentinel_1_in_the_sensors_geometry_is_refused(tmp_path: Path) -> None:
    from rasterio.control import GroundControlPoint

    name = "s1a-iw-grd-vv-20190516t055021-20190516t055046-027249-031268-001.tiff"
    place = tmp_path / "S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12.SAFE" / "measurement"
    points = [GroundControlPoint(r, c, 4 + c / 100, 51 - r / 100) for r in (0, 5) for c in (0, 5)]
    write_raster(place / name, np.ones((1, 6, 6), np.uint16), crs="EPSG:4326", transform=None, gcps=points)
    with pytest.raises(NotGeocoded, match="RTC"):
        read_scenes([SceneSource(str(place.parent))], Silent())


# --- folders ---------------------------------------------------------------------------------------------------------


def test_of_sub_folders_only_products_count(tmp_path: Path) -> None:
    values = fields(LAND)
    clear = np.full((SIZE, SIZE), 21_824)
    write_landsat(tmp_path / "downloads", "LC08", values, clear)
    write_raster(tmp_path / "downloads" / "old" / "truth_20190516.tif", np.ones((1, SIZE, SIZE), np.uint8))
    tarred(write_landsat(tmp_path / "elsewhere", "LC09", values, clear))
    scenes = read_scenes([SceneSource(str(tmp_path / "downloads"))], Silent())
    assert {Path(r.path).name.split("_")[0] for s in scenes for r in s.refs} == {"LC08"}


@pytest.mark.parametrize(("name", "content"), [("x.zip", b"no zip"), ("x.tar", b"no tar"), ("x.hdf", b"no hdf")])
def test_broken_archives_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CropClassifierError, match=name):
        read_scenes([SceneSource(str(tmp_path / name))], Silent())


# --- names that are no answer ----------------------------------------------------------------------------------------


def test_two_bands_of_one_file_with_one_name_are_told_by_their_numbers(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "x_20190516.tif", np.ones((3, 4, 4), np.uint16), names=("B04", "B08", "red"))
    with pytest.raises(BandTwice, match=r"bands 1, 3 of .*x_20190516\.tif are all named B04"):
        read_scenes([SceneSource(str(path))], Silent())


def test_a_name_of_several_bands_is_told_and_not_read(tmp_path: Path) -> None:
    for name in ("B08_B04", "B08", "B04"):
        write_raster(tmp_path / f"{name}_20190516.tif", np.ones((1, 4, 4), np.uint16))
    reporter = Silent()
    (scene,) = read_scenes([SceneSource(str(tmp_path))], reporter)
    assert scene.bands == ("B04", "B08")
    assert [line for _, line in reporter.lines if "B08_B04_20190516 (B04, B08)" in line]
