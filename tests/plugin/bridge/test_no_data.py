"""What QGIS shows of a layer as no data is what the engine is told."""

import json
import math
import struct

import pytest
from osgeo import gdal
from qgis.core import QgsRasterLayer, QgsRasterRange

from crop_classifier_plugin.bridge import layers
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import BandNoData, Series

gdal.UseExceptions()
VALUES = [-9999, 0, 5, 7, 8, 9, 20, 30000]
BOUNDS = QgsRasterRange.BoundsType


@pytest.fixture
def raster(tmp_path):
    """raster(scale, offset) writes one row of VALUES in two bands, no data -9999, and returns its layer."""

    def write(scale=1.0, offset=0.0):
        path = str(tmp_path / "S2_20190421.tif")
        file = gdal.GetDriverByName("GTiff").Create(path, len(VALUES), 1, 2, gdal.GDT_Int16)
        file.SetGeoTransform((500000, 10, 0, 5600000, 0, -10))
        for number in (1, 2):
            band = file.GetRasterBand(number)
            band.SetNoDataValue(-9999)
            band.SetScale(scale)
            band.SetOffset(offset)
            band.WriteRaster(0, 0, len(VALUES), 1, struct_of(VALUES))
        file = None
        layer = QgsRasterLayer(path, "with fill")
        assert layer.isValid()
        return layer

    return write


def struct_of(values):
    return struct.pack(f"{len(values)}h", *values)


def shown(layer, number):
    """Which of VALUES QGIS shows as no data."""
    block = layer.dataProvider().block(number, layer.extent(), layer.width(), layer.height())
    return [block.isNoData(0, column) for column in range(len(VALUES))]


def read(source, number):
    """Which of them the engine takes as no data, by what it is told."""
    told = next((band for band in source.no_data if band.band == number), BandNoData(number))
    return [(v == -9999 and told.of_file) or any(low <= v <= high for low, high in told.more) for v in VALUES]


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.0001, 0.0), (0.0001, -0.1), (-0.5, 3.0)])
@pytest.mark.parametrize("bounds", [BOUNDS.IncludeMinAndMax, BOUNDS.IncludeMin, BOUNDS.IncludeMax, BOUNDS.Exclusive])
def test_ranges_are_those_that_qgis_shows(raster, context, bounds, scale, offset):
    """Of scaled values, which QGIS holds in single precision, no end is a value: rounding would decide there."""
    layer = raster(scale, offset)
    ends = (7, 9) if scale == 1 else (6.5, 8.5)
    low, high = sorted(end * scale + offset for end in ends)
    far = 20.5 * scale + offset
    open_ended = QgsRasterRange(far, math.nan) if scale > 0 else QgsRasterRange(math.nan, far)
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(low, high, bounds), open_ended])
    source = layers.scenes(layer, context)[0]
    assert [band.band for band in source.no_data] == [1]
    for number in (1, 2):
        assert read(source, number) == shown(layer, number), (number, source.no_data)


def test_a_files_no_data_that_is_switched_off_is_a_value(raster, context):
    layer = raster()
    layer.dataProvider().setUseSourceNoDataValue(2, False)
    source = layers.scenes(layer, context)[0]
    assert source.no_data == (BandNoData(2, of_file=False),)
    for number in (1, 2):
        assert read(source, number) == shown(layer, number)


def test_a_plain_layer_tells_nothing_and_a_job_keeps_what_another_tells(raster, context):
    layer = raster()
    assert layers.scenes(layer, context)[0].no_data == ()
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(math.nan, 6)])
    job = CompositeJob(Series(layers.scenes(layer, context)), stack="c.tif")
    assert registry.parse(json.loads(registry.dump(job))) == job
    assert "Infinity" not in registry.dump(job)
