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
