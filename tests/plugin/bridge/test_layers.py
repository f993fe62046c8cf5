"""Layers, tables and places of QGIS as the engine's jobs know them."""

import ctypes
import struct

import pytest
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsFeature,
    QgsProcessingContext,
    QgsProject,
    QgsProperty,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from crop_classifier_plugin.bridge import layers
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadRaster,
    NotAFile,
)
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource


@pytest.fixture
def grid(tmp_path):
    """grid("a.asc", bands=1) writes a tiny raster that any GDAL opens, and returns its path."""

    def write(name, crs=""):
        path = tmp_path / name
        path.write_text("ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 10\n1 2\n3 4\n")
        if crs:
            path.with_suffix(".prj").write_text(QgsCoordinateReferenceSystem(crs).toWkt())
        return str(path)

    return write


@pytest.fixture
def two_bands(tmp_path):
    """A raw raster of two bands with an ENVI header."""
    path = tmp_path / "stack.img"
    path.write_bytes(struct.pack("8B", *range(8)))
    path.with_suffix(".hdr").write_text(
        "ENVI\nsamples = 2\nlines = 2\nbands = 2\nheader offset = 0\ndata type = 1\ninterleave = bsq\nbyte order = 0\n"
    )
    return str(path)


def day(text):
    return QDateTime(QDate.fromString(text, "yyyy-MM-dd"), QTime(10, 30))


# --- rasters ---------------------------------------------------------------------------------------------------------


def test_paths_layers_ids_and_lists_in_lists_are_all_taken_in_order(grid, context):
    a, b, c = (grid(name) for name in ("a.asc", "b.asc", "c.asc"))
    in_project = QgsRasterLayer(b, "the b layer")
    QgsProject.instance().addMapLayer(in_project)
    found = layers.scenes([a, [in_project.id(), QgsRasterLayer(c, "the c layer")]], context)
    assert [s.path for s in found] == [a, b, c]
    assert [s.name for s in found] == ["a", "the b layer", "the c layer"]
    assert layers.scenes(QgsProperty.fromValue([a]), context) == (SceneSource(a, "a"),)
    assert layers.scenes(None, context) == ()


def test_relative_path_is_the_same_file_for_the_engine(grid, monkeypatch, tmp_path):
    path = grid("a.asc")
    monkeypatch.chdir(tmp_path)
    # a context of its own: its layers are closed here, as GDAL may then write an .aux.xml beside the relative path
    assert layers.scenes("a.asc", QgsProcessingContext())[0].path == path


def test_layer_of_a_service_is_refused_by_name(context):
    tiles = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/%7Bz%7D/%7Bx%7D/%7By%7D.png", "street map", "wms")
    QgsProject.instance().addMapLayer(tiles)
    with pytest.raises(NotAFile, match=r"street map.*'wms'.*export it to GeoTIFF"):
        layers.scenes([tiles.id()], context)


@pytest.mark.parametrize("opens", [True, False])
def test_raster_in_the_memory_of_qgis_is_refused(context, opens):
    values = (ctypes.c_char * 4)(*range(4))
    size = "PIXELS=2,LINES=2," if opens else ""  # since 3.10 GDAL opens neither, unless GDAL_MEM_ENABLE_OPEN is set
    layer = QgsRasterLayer(f"MEM:::DATAPOINTER={hex(ctypes.addressof(values))},{size}BANDS=1,DATATYPE=Byte", "scratch")
    with pytest.raises(NotAFile, match=r"scratch.*memory of QGIS"):
        layers.scenes([layer], context)


def test_vector_layer_among_the_rasters_is_refused(context):
    with pytest.raises(NotAFile, match="fields"):
        layers.scenes([QgsVectorLayer("Polygon?crs=EPSG:32631", "fields", "memory")], context)


@pytest.mark.parametrize("name", ["not_there.tif", "no_raster.tif"])
def test_what_cannot_be_opened_is_named_not_dropped(grid, context, tmp_path, name):
    (tmp_path / "no_raster.tif").write_text("not a raster")
    with pytest.raises(BadRaster, match=name):
        layers.scenes([grid("a.asc"), str(tmp_path / name)], context)


def test_project_layer_whose_file_is_gone_is_named(grid, context):
    layer = QgsRasterLayer(grid("a.asc"), "moved away")
    QgsProject.instance().addMapLayer(layer)
    layer.setDataSource("/gone/a.asc", "moved away", "gdal")
    with pytest.raises(BadRaster, match=r"/gone/a\.asc"):
        layers.scenes([layer.id()], context)


def test_no_data_that_only_qgis_knows_is_said_of_rasters_of_codes(grid, context):
    plain, layer = QgsRasterLayer(grid("a.asc"), "plain"), QgsRasterLayer(grid("b.asc"), "set here")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(3, 3), QgsRasterRange(7, 9)])
    QgsProject.instance().addMapLayer(layer)
    told = list(layers.unread_no_data([plain, [layer.id()], grid("c.asc")], context))
    assert len(told) == 1
    assert "additional no data values of the layer set here (3, 7 to 9)" in told[0]
    layer.dataProvider().setUserNoDataValue(1, [])
    assert list(layers.unread_no_data(layer, context)) == []
    layer.dataProvider().setUseSourceNoDataValue(1, False)
    shown_anyway = layer.dataProvider().sourceHasNoDataValue(1)
    assert len(list(layers.unread_no_data(layer, context))) == int(shown_anyway)


def test_crs_is_given_only_when_the_user_assigned_one(grid, context):
    own = QgsRasterLayer(grid("a.asc", "EPSG:32631"), "own")
    assigned = QgsRasterLayer(grid("b.asc"), "assigned")
    assigned.setCrs(QgsCoordinateReferenceSystem("EPSG:32632"))
    assert [s.crs for s in layers.scenes([own, assigned], context)] == ["", "EPSG:32632"]
    custom = QgsCoordinateReferenceSystem.fromProj("+proj=laea +lat_0=12 +lon_0=34 +datum=WGS84")
    assigned.setCrs(custom)
    assert "Lambert Azimuthal" in layers.scenes([assigned], context)[0].crs


# --- dates -----------------------------------------------------------------------------------------------------------


def test_date_of_a_layer_is_the_first_day_of_its_range(grid, context):
    layer = QgsRasterLayer(grid("a.asc"), "a")
    properties = layer.temporalProperties()
    properties.setMode(Qgis.RasterTemporalMode.FixedTemporalRange)
    properties.setFixedTemporalRange(QgsDateTimeRange(day("2019-05-16"), day("2019-05-20")))
    assert layers.scenes(layer, context)[0].dates == ()  # not switched on
    properties.setIsActive(True)
    assert layers.scenes(layer, context)[0].dates == ("2019-05-16",)


def test_dates_of_a_stack_are_its_bands_in_band_order(two_bands, context):
    layer = QgsRasterLayer(two_bands, "stack")
    properties = layer.temporalProperties()
    properties.setIsActive(True)
    properties.setMode(Qgis.RasterTemporalMode.FixedRangePerBand)
    second = QgsDateTimeRange(day("2019-08-02"), day("2019-08-02"))
    properties.setFixedRangePerBand({2: second})
    assert layers.scenes(layer, context)[0].dates == ("", "2019-08-02")  # the engine looks for the other elsewhere
    properties.setFixedRangePerBand({2: second, 1: QgsDateTimeRange(day("2019-05-16"), day("2019-05-16"))})
    assert layers.scenes(layer, context)[0].dates == ("2019-05-16", "2019-08-02")


def table(fields, *rows):
    layer = QgsVectorLayer(f"NoGeometry?{'&'.join('field=' + f for f in fields)}", "table", "memory")
    features = []
    for row in rows:
        feature = QgsFeature(layer.fields())
        feature.setAttributes(list(row))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


def test_table_of_dates_in_any_type_and_case():
    dates = table(
        ["Layer:string", "DATE:date", "Band:double"], ["a", QDate(2019, 5, 16), 2.0], ["b", QDate(2020, 1, 2)]
    )
    assert layers.date_entries(dates) == (DateEntry("a", "2019-05-16", 2), DateEntry("b", "2020-01-02", 0))
    texts = table(["date:string", "layer:string"], ["16 May", " a "])
    assert layers.date_entries(texts) == (DateEntry("a", "16 May", 0),)  # the engine says what it cannot read
    moments = table(["date:datetime", "layer:integer"], [day("2019-05-16"), 7])
    assert layers.date_entries(moments) == (DateEntry("7", "2019-05-16", 0),)
    chips = table(["layer:string", "band:integer", "name:string", "crs:string", "fid:integer"])
    feature = QgsFeature(chips.fields())
    feature.setAttributes(["chip_*", 1, "B02", "EPSG:32615", 3])
    chips.dataProvider().addFeatures([feature])
    assert layers.date_entries(chips) == (DateEntry("chip_*", "", 1, "B02", "EPSG:32615"),)
    assert layers.date_entries(None) == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (table(["name:string", "date:string"]), r"no column 'layer' \(it has name, date\)"),
        (table(["layer:string", "date:string"], ["a", "2019-05-16"], ["b", None]), "Row 2 .* has no date"),
        (table(["layer:string", "date:string", "band:string"], ["a", "2019-05-16", "red"]), "band 'red' of a"),
    ],
    ids=["column", "empty", "band"],
)
def test_table_that_cannot_be_meant_is_refused(rows, said):
    with pytest.raises(BadInput, match=said):
        layers.date_entries(rows)


def test_class_mapping_keeps_codes_as_they_look():
    rows = table(["reference:double", "class:string"], [311.0, "winter wheat"], [1.5, "maize"])
    assert layers.class_mapping(rows) == (("311", "winter wheat"), ("1.5", "maize"))


# --- places ----------------------------------------------------------------------------------------------------------


def test_extent_keeps_its_crs_or_takes_that_of_the_scenes():
    rectangle = QgsRectangle(1, 2, 3, 4)
    given = layers.extent(rectangle, QgsCoordinateReferenceSystem("EPSG:4326"), "EPSG:32631")
    assert (given.xmin, given.ymin, given.xmax, given.ymax, given.crs) == (1, 2, 3, 4, "EPSG:4326")
    assert layers.extent(rectangle, QgsCoordinateReferenceSystem(), "EPSG:32631").crs == "EPSG:32631"
    with pytest.raises(BadInput, match="empty"):
        layers.extent(QgsRectangle(), QgsCoordinateReferenceSystem("EPSG:4326"), "")


def test_addresses_in_a_vrt_layer_are_named(grid, tmp_path, monkeypatch):
    """What QGIS shows of a VRT over the network, the engine may read too; of files it needs nothing."""
    source = "<SimpleSource><SourceFilename relativeToVRT='{}'>{}</SourceFilename></SimpleSource>"
    address = "/vsicurl/https://example.org/a.tif?x=1&amp;y=2"
    both = source.format(0, address) * 2 + source.format(1, "a.asc")
    grid("a.asc", "EPSG:32631")
    (tmp_path / "m.vrt").write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><SRS>EPSG:32631</SRS><GeoTransform>0,10,0,20,0,-10</GeoTransform>'
        f'<VRTRasterBand dataType="Float32" band="1">{both}</VRTRasterBand></VRTDataset>'
    )
    monkeypatch.setenv("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")  # nothing is fetched by this test
    layer = QgsRasterLayer(str(tmp_path / "m.vrt"), "m")
    monkeypatch.setattr(layer, "isValid", lambda: True)
    monkeypatch.setattr(layers.no_data, "no_data_of", lambda _: ())
    (scene,) = layers.scenes([layer], QgsProcessingContext())
    assert scene.addresses == ("/vsicurl/https://example.org/a.tif?x=1&y=2",)
    assert scene.paths() == (str(tmp_path / "m.vrt"), *scene.addresses)
    (plain,) = layers.scenes([QgsRasterLayer(grid("b.asc", "EPSG:32631"))], QgsProcessingContext())
    assert plain.addresses == ()
