"""What the user sees of a layer, and says of its numbers, is what the engine uses: layers of QGIS, the real engine."""

import struct

import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException, QgsRasterLayer, QgsRasterRange

from kits.plugin.qgis import run

gdal.UseExceptions()


def write(path, values, kind, nodata=None):
    """A square of 20 px whose left half has the first of two values."""
    code, name = {"int16": ("h", gdal.GDT_Int16), "float32": ("f", gdal.GDT_Float32)}[kind]
    file = gdal.GetDriverByName("GTiff").Create(str(path), 20, 20, 1, name)
    file.SetGeoTransform((500000, 10, 0, 5600000, 0, -10))
    file.SetProjection("EPSG:32631")
    band = file.GetRasterBand(1)
    band.SetDescription("B04")
    if nodata is not None:
        band.SetNoDataValue(nodata)
    row = [values[0]] * 10 + [values[1]] * 10
    band.WriteRaster(0, 0, 20, 20, struct.pack(f"400{code}", *(row * 20)))
    return str(path)


def composed(layers, context, tmp_path, **settings):
    """The mean of the layers' dates, at the left and at the right; None = no data."""
    asked = {"INPUT": layers, "METHOD": 3, "PERIOD": 2, "DAYS": 60, "STACK": str(tmp_path / "c.tif"), **settings}
    made = QgsRasterLayer(run("composite", asked, context)["STACK"])
    block = made.dataProvider().block(1, made.extent(), 20, 20)
    return [None if block.isNoData(0, column) else round(block.value(0, column), 4) for column in (0, 15)]


def test_additional_no_data_of_a_layer_is_left_out(provider, engine, context, tmp_path):
    first = QgsRasterLayer(write(tmp_path / "S2_20190421.tif", (776, 500), "int16", nodata=0), "first")
    second = QgsRasterLayer(write(tmp_path / "S2_20190511.tif", (600, 600), "int16", nodata=0), "second")
    assert composed([first, second], context, tmp_path) == [0.0688, 0.055]
    first.dataProvider().setUserNoDataValue(1, [QgsRasterRange(700, 800)])
    assert composed([first, second], context, tmp_path) == [0.06, 0.055]
    first.dataProvider().setUserNoDataValue(1, [])
    second.dataProvider().setUserNoDataValue(1, [QgsRasterRange(600, 600)])
    assert composed([first, second], context, tmp_path) == [0.0776, 0.05]


def test_decimals_are_taken_with_the_scale_that_the_sentence_names(provider, engine, context, tmp_path):
    layer = QgsRasterLayer(write(tmp_path / "RT_20190421.tif", (0.05, 0.3), "float32"), "decimals")
    with pytest.raises(QgsProcessingException, match=r"--scale 1, Scale in QGIS"):
        composed([layer], context, tmp_path)
    assert composed([layer], context, tmp_path, SCALE=1) == [0.05, 0.3]


def test_clouds_of_level_1c_are_a_mask_layer(provider, engine, context, tmp_path):
    names = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
    bright = (5000, 5200, 5300, 5400, 6000, 6000, 3000, 200, 3500, 2500)
    dark = (900, 700, 400, 800, 3500, 3700, 900, 10, 1500, 700)
    path = tmp_path / "S2A_MSIL1C_20190421T105031_N0207_R051_T31UFS_20190421T130000.tif"
    file = gdal.GetDriverByName("GTiff").Create(str(path), 20, 20, len(names), gdal.GDT_UInt16)
    file.SetGeoTransform((500000, 60, 0, 5600000, 0, -60))
    file.SetProjection("EPSG:32631")
    for number, values in enumerate(zip(names, bright, dark), start=1):
        band = file.GetRasterBand(number)
        band.SetDescription(values[0])
        band.SetScale(0.0001)
        band.WriteRaster(0, 0, 20, 20, struct.pack("400H", *(([values[1]] * 10 + [values[2]] * 10) * 20)))
    file = None
    asked = {"INPUT": [str(path)], "OUTPUT": str(tmp_path / "m.tif"), "PROBABILITY": str(tmp_path / "p.tif")}
    assert run("cloud_masks", asked, context) == {name: asked[name] for name in ("OUTPUT", "PROBABILITY")}
    made = QgsRasterLayer(asked["OUTPUT"])
    block = made.dataProvider().block(1, made.extent(), 20, 20)
    assert [block.value(5, column) for column in (0, 8, 15)] == [1, 1, 0]
    scene = QgsRasterLayer(write(tmp_path / "S2_20190421.tif", (600, 600), "int16", nodata=0), "scene")
    given = {"MASK": 5, "MASK_LAYERS": [asked["OUTPUT"]]}
    with pytest.raises(QgsProcessingException, match="Every pixel is clouded"):  # its 200 m lie under the cloud
        composed([scene], context, tmp_path, **given)
