"""Products x what is read of them: date, bands, scale and offset, no data, mask, level, sensor; through the front door.

What is expected is written here by hand, from the publishers' documents, and not from the product's own tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products.bands import is_mask
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.read_series import read_series
from crop_classifier_plugin.shared.errors import CropClassifierError, NotGeocoded, NumbersUnscaled
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.products import modis_place
from kits.series.product_layouts import SIZE, File, files, mask, openeo, safe, singles, stac, stack

SURFACE, TOA = "surface reflectance", "top-of-atmosphere reflectance"
MODIS = modis_place()


@dataclass(frozen=True)
class Row:
    """A product, and what must be read of it."""

    made: Callable[[Path], Path]
    values: Mapping[str, float]  # every band that is known, and the physical value of its pixels
    scale: float = 1.0
    offset: float = 0.0
    mask: str = ""
    level: str = SURFACE
    sensor: str = "Sentinel-2A"
    error: type[CropClassifierError] | None = None  # where it must not be read
    unit: str = ""


S2 = {"B02": 0.04, "B04": 0.05, "B08": 0.3}
KEYS = {"B02": "blue", "B04": "red", "B08": "nir"}
OLI = {"B02": 0.04, "B04": 0.05, "B8A": 0.3, "B11": 0.2, "B12": 0.12}
PLANET = {"B02": 0.04, "B03": 0.07, "B04": 0.05, "B08": 0.3}
FORCE = {"B02": 0.04, "B03": 0.07, "B04": 0.05, "B05": 0.12, "B06": 0.25, "B07": 0.28, "B08": 0.3, "B8A": 0.33,
         "B11": 0.2, "B12": 0.12}  # fmt: skip
RADAR = {"VV": 0.1, "VH": 0.02}


def tens(values: Mapping[str, float], names: Mapping[str, str] | None = None, shift: int = 0) -> dict[str, float]:
    """Reflectance x 10000 (+ shift), by published name."""
    return {(names or {}).get(band, band): round(value * 10_000) + shift for band, value in values.items()}


def landsat(values: Mapping[str, float], numbers: Mapping[str, int], form: str) -> dict[str, float]:
    """Collection 2: (reflectance + 0.2) / 0.0000275, as whole numbers."""
    return {form.format(numbers[band]): round((value + 0.2) / 2.75e-5) for band, value in values.items()}


OF_OLI = {"B02": 2, "B04": 4, "B8A": 5, "B11": 6, "B12": 7}
OF_TM = {"B02": 1, "B04": 3, "B8A": 4, "B11": 5, "B12": 7}
C1 = "LC08_L1TP_199024_20190516_20190521_01_T1"
C2 = "LC08_L2SP_199024_20190516_20200828_02_T1"
TM2 = "LE07_L2SP_199024_20190516_20200828_02_T1"
ARD = "LC08_CU_003010_20190516_20210504_02"
PIXEL_QA = mask("uint16", 1, 322, 480)  # of Collection 1: clear land, cloud of high confidence
QA_PIXEL = mask("uint16", 1, 21_824, 22_280)
OLD_SR = {"B02": "sr_band2", "B04": "sr_band4", "B8A": "sr_band5", "B11": "sr_band6", "B12": "sr_band7"}
MAJA = "SENTINEL2A_20190516-105621-123_L2A_T31UFS_C_V2-2"
DEA = "ga_s2am_{}_3-2-1_55HFA_2019-05-16_final_{}.tif"
PSS = "20190516_101010_85_2440_3B_"
EIGHT = ("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir")
UDM2 = File((1, 0, 0, 0, 0, 0, 90, 0), "uint8", 0, cloud=0)
FORCE_10 = ("BLUE", "GREEN", "RED", "REDEDGE1", "REDEDGE2", "REDEDGE3", "BROADNIR", "NIR", "SWIR1", "SWIR2")
COG = {"eo:bands": [{"name": "x"}]}
TOLD = {"raster:bands": [{"scale": 1e-4, "offset": -0.1, "nodata": 0}]}
MOD13 = "MOD13Q1.061__250m_16_days_{}_doy2019136_aid0001.tif"
RTC = "S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E/S1A_IW_20190516T055021_DVP_RTC10_G_gpuned_5B3E_{}.tif"
GRD = "S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12_{}.tif"
EXACT = 1.4e-5  # half a step of Landsat's numbers

ROWS = {
    "Sentinel-2 L2A SAFE, 02.12": Row(safe("2A", "0212", None, tens(S2)), S2, 1e-4, 0, "SCL"),
    "Sentinel-2 L2A SAFE, 05.11": Row(safe("2A", "0511", -1000, tens(S2, shift=1000)), S2, 1e-4, -0.1, "SCL"),
    "Sentinel-2 L1C SAFE, 02.07": Row(safe("1C", "0207", None, tens(S2)), S2, 1e-4, 0, level=TOA),
    "Sentinel-2 L1C SAFE, 04.00": Row(safe("1C", "0400", -1000, tens(S2, shift=1000)), S2, 1e-4, -0.1, level=TOA),
    "Sentinel-2 COG": Row(
        files(singles("S2A_31UFS_20190516_0_L2A/{}.tif", tens(S2, KEYS), "uint16", 0, nodata=0),
              {"S2A_31UFS_20190516_0_L2A/scl.tif": mask("uint8", 0, 4, 9)}), S2, mask="SCL"),
    "Sentinel-2 COG, level 1C": Row(
        files(singles("S2A_31UFS_20190516_0_L1C/{}.tif", tens(S2, KEYS), "uint16", 0, nodata=0)), S2, level=TOA),
    "Sentinel-2 STAC of the Planetary Computer, 05.00": Row(
        stac("S2A_MSIL2A_20190516T105031_R051_T31UFS_20210101T190000",
             {**singles("{}", tens(S2, shift=1000), "uint16", 0), "SCL": mask("uint8", 0, 4, 9)}, {},
             **{"s2:processing_baseline": "05.00"}), S2, 1e-4, -0.1, "SCL"),
    "Sentinel-2 STAC of Earth Search": Row(
        stac("S2A_31UFS_20190516_0_L2A",
             {**singles("{}", tens(S2, KEYS), "uint16", 0), "scl": mask("uint8", 0, 4, 9)},
             dict.fromkeys(KEYS.values(), TOLD),
             **{"earthsearch:boa_offset_applied": True, "s2:processing_baseline": "05.00"}), S2, 1e-4, 0, "SCL"),
    "Sentinel-2 STAC with its offset (CDSE)": Row(
        stac("S2A_MSIL2A_20190516T105031_N0500_R051_T31UFS_20210101T190000",
             singles("{}_10m", tens(S2, shift=1000), "uint16", 0),
             dict.fromkeys(("B02_10m", "B04_10m", "B08_10m"), TOLD)), S2, 1e-4, -0.1),
    "Sentinel-2 of MAJA, both reflectances": Row(
        files(*(singles(f"{MAJA}/{MAJA}_{kind}_{{}}.tif", {"B2": 400 + n, "B4": 500 + n, "B8": 3000 + n}, "int16",
                        -10_000) for kind, n in (("FRE", 0), ("SRE", 99))),
              {f"{MAJA}/MASKS/{MAJA}_MG2_R1.tif": mask("uint8", 0, 0, 2)}), S2, 1e-4, mask="MG2"),
    "Sentinel-2 of Digital Earth Australia": Row(
        files(singles(DEA.format("nbart", "{}"), {"band02": 400, "band04": 500, "band08": 3000, "band11": 2000},
                      "int16", -999),
              singles(DEA.format("nbar", "{}"), {"band02": 411, "band04": 511}, "int16", -999),
              {DEA.format("oa", "fmask"): mask("uint8", 0, 1, 2)}), {**S2, "B11": 0.2}, 1e-4, mask="oa_fmask"),
    "Sentinel-1 GRD on the map": Row(
        files(singles(GRD, RADAR, "float32", np.nan, nodata=np.nan)), RADAR, level="", sensor="Sentinel-1A"),
    "Sentinel-1 RTC of ASF": Row(
        files(singles(RTC, RADAR, "float32", np.nan, nodata=np.nan)), RADAR, level="", sensor="Sentinel-1A",
        unit="power"),
    "HLS L30": Row(
        files(singles("HLS.L30.T31UFS.2019136T105031.v2.0/HLS.L30.T31UFS.2019136T105031.v2.0.{}.tif",
                      {"B02": 400, "B04": 500, "B05": 3000, "B06": 2000, "B07": 1200}, "int16", -9999),
              {"HLS.L30.T31UFS.2019136T105031.v2.0/HLS.L30.T31UFS.2019136T105031.v2.0.Fmask.tif":
                   mask("uint8", 255, 64, 66)}), OLI, 1e-4, mask="Fmask", sensor="HLS L30"),
    "HLS S30": Row(
        files(singles("HLS.S30.T31UFS.2019136T105031.v2.0.{}.tif", tens(OLI), "int16", -9999),
              {"HLS.S30.T31UFS.2019136T105031.v2.0.Fmask.tif": mask("uint8", 255, 64, 72)}),
        OLI, 1e-4, mask="Fmask", sensor="HLS S30"),
    "HLS L30 of AppEEARS": Row(
        files(singles("HLSL30.020_{}_doy2019136_aid0001_31N.tif",
                      {"B02": 400, "B04": 500, "B05": 3000, "B06": 2000, "B07": 1200}, "int16", -9999, scale=1e-4),
              {"HLSL30.020_Fmask_doy2019136_aid0001_31N.tif": mask("uint8", 255, 64, 66)}),
        OLI, 1e-4, mask="Fmask", sensor="HLS L30"),
    "HLS S30 of AppEEARS": Row(
        files(singles("HLSS30.020_{}_doy2019136_aid0001_31N.tif", tens(OLI), "int16", -9999)),
        OLI, 1e-4, sensor="HLS S30"),
    "Landsat Collection 1, level 2": Row(
        files(singles(f"{C1}_{{}}.tif", tens(OLI, OLD_SR), "int16", -9999), {f"{C1}_pixel_qa.tif": PIXEL_QA}),
        OLI, 1e-4, mask="pixel_qa", sensor="Landsat 8"),
    "Landsat Collection 1, top of atmosphere": Row(
        files(singles(f"{C1}_{{}}.tif", {"toa_band4": 500, "toa_band5": 3000}, "int16", -9999)),
        {"B04": 0.05, "B8A": 0.3}, 1e-4, level=TOA, sensor="Landsat 8"),
    "Landsat Collection 2, level 2 (8/9)": Row(
        files(singles(f"{C2}/{C2}_{{}}.TIF", landsat(OLI, OF_OLI, "SR_B{}"), "uint16", 0),
              {f"{C2}/{C2}_ST_B10.TIF": File((44_000,), "uint16", 0), f"{C2}/{C2}_QA_PIXEL.TIF": QA_PIXEL}),
        OLI, 2.75e-5, -0.2, "QA_PIXEL", sensor="Landsat 8"),
    "Landsat Collection 2, level 2 (4/5/7)": Row(
        files(singles(f"{TM2}/{TM2}_{{}}.TIF", landsat(OLI, OF_TM, "SR_B{}"), "uint16", 0),
              {f"{TM2}/{TM2}_ST_B6.TIF": File((44_000,), "uint16", 0), f"{TM2}/{TM2}_QA_PIXEL.TIF": QA_PIXEL}),
        OLI, 2.75e-5, -0.2, "QA_PIXEL", sensor="Landsat 7"),
    "Landsat Collection 2, level 1": Row(
        files(singles("LC08_L1TP_199024_20190516_20200828_02_T1_{}.TIF", {"B4": 8200, "B5": 14_500}, "uint16", 0)),
        {"B04": 8200, "B8A": 14_500}, level="calibrated numbers", sensor="Landsat 8", error=NumbersUnscaled),
    "Landsat Collection 2, tiles of the US": Row(
        files(singles(f"{ARD}_{{}}.TIF", landsat(OLI, OF_OLI, "SR_B{}"), "uint16", 0),
              {f"{ARD}_QA_PIXEL.TIF": QA_PIXEL}), OLI, 2.75e-5, -0.2, "QA_PIXEL", sensor="Landsat 8"),
    "Landsat STAC of the Planetary Computer": Row(
        stac("LC08_L2SP_199024_20190516_20200828_02_T1",
             {**singles("{}", landsat(OLI, {"B02": 0, "B04": 1, "B8A": 2, "B11": 3, "B12": 4}, "k{}"), "uint16", 0),
              "qa_pixel": QA_PIXEL},
             {f"k{n}": {"eo:bands": [{"name": name, "common_name": common}],
                        "raster:bands": [{"scale": 2.75e-5, "offset": -0.2}]}
              for n, (name, common) in enumerate((("OLI_B2", "blue"), ("OLI_B4", "red"), ("OLI_B5", "nir08"),
                                                  ("OLI_B6", "swir16"), ("OLI_B7", "swir22")))}),
        OLI, 2.75e-5, -0.2, "QA_PIXEL", sensor="Landsat 8"),
    "Landsat of Earth Engine, sensor in the name": Row(
        stack("Landsat8_2019-05-16.tif",
              File(tuple(tens(OLI).values()), "int16", -32_768, names=("SR_B2", "SR_B4", "SR_B5", "SR_B6", "SR_B7"),
                   profile={"nodata": -32_768, "scale": 1e-4})), OLI, 1e-4, level="", sensor="Landsat 8"),
    "Landsat of Earth Engine, no sensor in the name": Row(
        stack("field_2019-05-16.tif",
              File(tuple(tens(OLI).values()), "int16", -32_768, names=("SR_B2", "SR_B4", "SR_B5", "SR_B6", "SR_B7"),
                   profile={"nodata": -32_768, "scale": 1e-4})), OLI, 1e-4, level="", sensor=""),
    "MODIS MOD09": Row(
        files(singles("MOD09GQ.061_{}_1_doy2019136_aid0001.tif", {"sur_refl_b01": 500, "sur_refl_b02": 3000},
                      "int16", -28_672, **MODIS),
              {"MOD09GQ.061_QC_250m_1_doy2019136_aid0001.tif": mask("uint16", 2995, 4096, 4098, **MODIS)}),
        {"B04": 0.05, "B8A": 0.3}, 1e-4, mask="QC_250m", sensor="MODIS MOD09GQ"),
    "MODIS MOD13 of AppEEARS": Row(
        files(singles(MOD13, {"NDVI": 7100}, "int16", -3000, **MODIS),
              {MOD13.format("pixel_reliability"): mask("int8", -1, 0, 3, **MODIS)}),
        {"NDVI": 0.71}, 1e-4, mask="pixel_reliability", sensor="MODIS MOD13Q1"),
    "PlanetScope, four bands": Row(
        stack(f"{PSS}AnalyticMS_SR_harmonized_clip.tif", File((400, 700, 500, 3000), "uint16", 0),
              {f"{PSS}udm2_clip.tif": UDM2}), PLANET, 1e-4, mask="UDM2", sensor="PlanetScope"),
    "PlanetScope, eight bands": Row(
        stack(f"{PSS}AnalyticMS_SR_8b_clip.tif",
              File((300, 400, 600, 700, 700, 500, 1200, 3000), "uint16", 0, names=EIGHT)),
        PLANET, 1e-4, sensor="PlanetScope"),
    "PlanetScope, radiance": Row(
        stack(f"{PSS}AnalyticMS_clip.tif", File((4000, 7000, 5000, 9000), "uint16", 0)),
        dict.fromkeys(PLANET, 0.0), level="calibrated numbers", sensor="PlanetScope", error=NumbersUnscaled),
    "FORCE, Sentinel-2": Row(
        stack("X0055_Y0053/20190516_LEVEL2_SEN2A_BOA.tif",
              File(tuple(tens(FORCE).values()), "int16", -9999, names=FORCE_10, profile={"nodata": -9999}),
              {"X0055_Y0053/20190516_LEVEL2_SEN2A_QAI.tif": mask("int16", 1, 0, 4)}), FORCE, 1e-4, mask="QAI"),
    "FORCE, Landsat, bands without names": Row(
        stack("20190516_LEVEL2_LND08_BOA.tif", File((400, 700, 500, 3000, 2000, 1200), "int16", -9999),
              {"20190516_LEVEL2_LND08_QAI.tif": mask("int16", 1, 0, 8)}),
        {**OLI, "B03": 0.07}, 1e-4, mask="QAI", sensor="Landsat 8"),
    "FORCE, top of atmosphere": Row(
        stack("20190516_LEVEL2_SEN2A_TOA.tif", File(tuple(tens(FORCE).values()), "int16", -9999)),
        FORCE, 1e-4, level=TOA),
    "openEO": Row(openeo(tens(S2), 4, 9), S2, mask="SCL", level="", sensor=""),
}  # fmt: skip

FILL = {  # the number that means no data; 0 where nothing is said here
    **dict.fromkeys((name for name in ROWS if name.startswith(("HLS", "FORCE", "Landsat Collection 1"))), -9999),
    **dict.fromkeys((name for name in ROWS if "Earth Engine" in name or name == "openEO"), -32_768),
    **dict.fromkeys((name for name in ROWS if name.startswith("Sentinel-1")), np.nan),
    "Sentinel-2 of MAJA, both reflectances": -10_000,
    "Sentinel-2 of Digital Earth Australia": -999,
    "MODIS MOD09": -28_672,
    "MODIS MOD13 of AppEEARS": -3000,
}


@pytest.mark.parametrize("name", ROWS)
def test_a_product_is_read_as_its_publisher_means_it(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    source = Series((SceneSource(str(row.made(tmp_path))),))
    (scene,) = read_series(source, Silent()).scenes
    refs = [ref for ref in scene.refs if ref.band and not is_mask(ref.band)]
    assert str(scene.date) == "2019-05-16"
    assert {ref.band for ref in refs} == set(row.values)
    assert {(ref.origin.sensor, ref.origin.level, ref.unit) for ref in refs} == {(row.sensor, row.level, row.unit)}
    assert {(round(ref.scale, 9), round(ref.offset, 9)) for ref in refs} == {(row.scale, row.offset)}
    fills = {0 if ref.nodata is None else ref.nodata for ref in refs}  # None: 0, as in every optical file
    np.testing.assert_array_equal(list(fills)[:1], [FILL.get(name, 0)])
    assert len({str(fill) for fill in fills}) == 1
    if row.error:
        with pytest.raises(row.error):
            open_series(source, Silent(), tuple(row.values))
        return
    with open_series(source, Silent(), tuple(row.values)) as stack:
        found = stack.read(Window(0, 0, SIZE, SIZE))[0] / stack.spec.scale
        assert [layer.mask.name for layer in stack.layers] == [row.mask or "none"]
    assert np.isnan(found[:, 0, 0]).all(), "fill"
    assert np.isnan(found[:, 0, 1]).all() == bool(row.mask), "cloud"
    for plane, (band, value) in zip(found, row.values.items()):
        np.testing.assert_allclose(plane[1:], value, atol=EXACT, err_msg=band)


def test_sentinel_1_as_esa_packs_it_is_refused(tmp_path: Path) -> None:
    """Its GRD files lie in the geometry of the sensor: control points instead of a place on the map."""
    from rasterio.control import GroundControlPoint

    points = [GroundControlPoint(r, c, 4 + c / 100, 51 - r / 100) for r in (0, 5) for c in (0, 5)]
    place = {"crs": "EPSG:4326", "transform": None, "gcps": points}
    name = "S1A_IW_GRDH_1SDV_20190516T055021_20190516T055046_027249_031268_AB12.SAFE/measurement/s1a-iw-grd-vv-20190516"
    made = files(singles(name + "t055021-20190516t055046-027249-031268-001{}.tiff", {"": 90}, "uint16", 0, **place))
    with pytest.raises(NotGeocoded):
        read_series(Series((SceneSource(str(made(tmp_path))),)), Silent())
