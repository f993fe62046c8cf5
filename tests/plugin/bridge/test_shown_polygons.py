"""What the engine reads of a layer of polygons or points is what QGIS shows of it."""

from pathlib import Path

import pytest
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
)
from qgis.PyQt.QtCore import QMetaType

from crop_classifier_plugin.bridge.shown_polygons import Need
from kits.paths import REPOSITORY
from kits.plugin.qgis import Recorder

CROPS = ("wheat", "Ma\u00efs", "rye")
DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON"}


@pytest.fixture
def fields(tmp_path, context):
    """fields("a.gpkg") writes three squares, or points, with their crops and shows them."""

    def write(name, kind="Polygon"):
        made = QgsVectorLayer(f"{kind}?crs=EPSG:32631&field=pid:string&field=crop:string", "made", "memory")
        for place, crop in enumerate(CROPS):
            feature = QgsFeature(made.fields())
            left = 500_000 + 100 * place
            feature.setGeometry(at(made, left))
            feature.setAttributes([str(place), crop])
            assert made.dataProvider().addFeature(feature)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName, options.fileEncoding = DRIVERS[name.split(".")[-1]], "fields", "UTF-8"
        path = str(tmp_path / name)
        QgsVectorFileWriter.writeAsVectorFormatV3(made, path, QgsProject.instance().transformContext(), options)
        return show(QgsVectorLayer(f"{path}|layername=fields" if name.endswith("gpkg") else path, "the parcels", "ogr"))

    yield write
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()


def at(layer, left):
    """A square, or its middle."""
    square = QgsGeometry.fromRect(QgsRectangle(left, 5_600_000, left + 90, 5_600_090))
    return square.centroid() if layer.geometryType() == Qgis.GeometryType.Point else square


def show(layer):
    assert QgsProject.instance().addMapLayer(layer)
    return layer


def content(layer, field):
    """Crop and place of each polygon."""
    return sorted((f[field], f.geometry().boundingBox().toString(0)) for f in layer.getFeatures())


def asked(provider, context, given, need, feedback=None):
    """The file, and what QGIS shows of it when it is opened anew."""
    algorithm = provider.algorithm("diagnose").create()
    parameters = {"REFERENCE_VECTOR": given}
    path, layer, crs = algorithm.polygons(parameters, "REFERENCE_VECTOR", context, feedback or Recorder(), need)
    return path, QgsVectorLayer(f"{path}|layername={layer}" if layer else path, "read", "ogr"), crs


# --- what users do to a layer ----------------------------------------------------------------------------------------


def change(layer):
    layer.startEditing()
    first = next(layer.getFeatures())
    layer.changeAttributeValue(first.id(), layer.fields().indexOf("crop"), "oats")


def add(layer):
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature.setGeometry(at(layer, 500_400))
    feature["crop"] = "oats"
    layer.addFeature(feature)


def delete(layer):
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())


def move(layer):
    layer.startEditing()
    first = next(layer.getFeatures())
    shape = first.geometry()
    shape.translate(0, 1000)
    layer.changeGeometry(first.id(), shape)


def edited_field(layer):
    layer.startEditing()
    layer.addAttribute(QgsField("new", QMetaType.Type.QString))
    for feature in layer.getFeatures():
        layer.changeAttributeValue(feature.id(), layer.fields().indexOf("new"), f"new {feature['crop']}")


def join(layer):
    table = show(QgsVectorLayer("NoGeometry?field=pid:string&field=name:string", "crops", "memory"))
    for place in range(3):
        row = QgsFeature(table.fields())
        row.setAttributes([str(place), f"joined {place}"])
        table.dataProvider().addFeature(row)
    info = QgsVectorLayerJoinInfo()
    info.setJoinLayer(table)
    info.setJoinFieldName("pid")
    info.setTargetFieldName("pid")
    layer.addJoin(info)


def compute(layer):
    layer.addExpressionField("upper(\"crop\") || ' x'", QgsField("computed", QMetaType.Type.QString))


CHANGES = {
    "a changed class": (change, "crop", "unsaved edits"),
    "an added parcel": (add, "crop", "unsaved edits"),
    "a deleted parcel": (delete, "crop", "unsaved edits"),
    "a moved parcel": (move, "crop", "unsaved edits"),
    "a field of an edit": (edited_field, "new", "unsaved edits"),
    "a joined field": (join, "crops_name", "the field crops_name"),
    "a virtual field": (compute, "computed", "the field computed"),
}


@pytest.mark.parametrize(
    ("name", "kind"), [("a.gpkg", "Polygon"), ("a.shp", "Polygon"), ("a.geojson", "Polygon"), ("a.gpkg", "Point")]
)
@pytest.mark.parametrize("what", CHANGES)
def test_what_is_shown_is_read_and_the_log_says_why_it_is_a_copy(fields, provider, context, what, name, kind):
    layer = fields(name, kind)
    do, field, reason = CHANGES[what]
    do(layer)
    feedback = Recorder()
    path, read, _ = asked(provider, context, layer, Need((field,)), feedback)
    assert content(read, field) == content(layer, field)
    assert f"The layer the parcels is read as QGIS shows it, with {reason}." in feedback.infos
    assert Path(path).parent != Path(layer.source().split("|")[0]).parent


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson"])
def test_a_file_that_says_the_same_is_read_itself(fields, provider, context, name):
    layer = fields(name)
    compute(layer)  # another field than that which is asked for
    layer.startEditing()  # nothing is changed yet
    path, read, _ = asked(provider, context, layer.id(), Need(("crop",)))
    assert path == layer.source().split("|")[0]
    assert content(read, "crop") == content(layer, "crop")


def test_points_of_a_text_table_are_read(provider, context, tmp_path):
    (tmp_path / "p.csv").write_text("x;y;crop\n500005;5600005;wheat\n500105;5600005;rye\n", encoding="utf-8")
    uri = f"file://{tmp_path / 'p.csv'}?delimiter=;&xField=x&yField=y&crs=EPSG:32631"
    layer = show(QgsVectorLayer(uri, "table", "delimitedtext"))
    assert layer.featureCount() == 2
    _, read, _ = asked(provider, context, layer, Need(("crop",)))
    assert content(read, "crop") == content(layer, "crop")


def test_of_a_selection_and_a_filter_with_edits_what_is_shown_is_read(fields, provider, context):
    layer = fields("a.gpkg")
    layer.setSubsetString("\"pid\" <> '2'")
    change(layer)
    _, read, _ = asked(provider, context, layer, Need(("crop",)))
    assert [crop for crop, _ in content(read, "crop")] == ["Ma\u00efs", "oats"]
    layer.selectByExpression("\"pid\" = '0'")
    chosen = QgsProcessingFeatureSourceDefinition(layer.id(), True)
    _, read, _ = asked(provider, context, chosen, Need(("crop",)))
    assert [crop for crop, _ in content(read, "crop")] == ["oats"]


@pytest.mark.parametrize("crops", ["\u5c0f\u9ea6", "\u7389\u7c73"])
def test_texts_of_a_shapefile_are_read_in_the_encoding_that_the_user_set(fields, provider, context, crops):
    path = Path(fields("a.shp").source())
    QgsProject.instance().clear()
    table = bytearray(path.with_suffix(".dbf").read_bytes().replace(b"wheat   ", crops.encode("gbk").ljust(8)))
    table[29] = 0  # the code page
    path.with_suffix(".dbf").write_bytes(table)
    path.with_suffix(".cpg").unlink()
    layer = show(QgsVectorLayer(str(path), "chinese", "ogr"))
    layer.setProviderEncoding("GB18030")
    _, read, _ = asked(provider, context, layer, Need(("crop",)))
    assert crops in [crop for crop, _ in content(read, "crop")]


def test_a_shapefile_that_does_not_say_its_encoding_is_read_as_qgis_shows_it(fields, provider, context):
    path = Path(fields("a.shp").source())
    QgsProject.instance().clear()
    path.with_suffix(".cpg").unlink()
    layer = show(QgsVectorLayer(str(path), "without", "ogr"))
    taken, read, _ = asked(provider, context, layer, Need(("crop",)))
    assert taken != str(path)
    assert content(read, "crop") == content(layer, "crop")


@pytest.mark.parametrize("carries", [True, False])
def test_a_crs_that_was_assigned_is_told_or_in_the_copy(fields, provider, context, carries):
    layer = fields("a.gpkg")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    path, read, crs = asked(provider, context, layer, Need(carries_crs=carries))
    assert (path == layer.source().split("|")[0]) == carries
    assert (crs or read.crs().authid()) == "EPSG:32633"
    assert content(read, "crop") == content(layer, "crop")


def test_every_algorithm_takes_its_polygons_through_this_door():
    """A sibling that asks QGIS itself would get the file without a look at the layer."""
    sources = (REPOSITORY / "crop_classifier_plugin").rglob("*.py")
    found = [path.name for path in sources if "parameterAsCompatibleSourceLayer" in path.read_text(encoding="utf-8")]
    assert found == ["engine_algorithm.py"]
