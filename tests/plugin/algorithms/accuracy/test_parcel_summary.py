"""Parcels summed up in QGIS: they come styled by crop, with doubt as the other style."""

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtXml import QDomDocument

from kits.plugin.qgis import run


def test_parcels_are_styled_by_crop_and_by_doubt(provider, season, context, tmp_path):
    parameters = {
        "MAP": season["TRUTH"],
        "PARCELS": season["PARCELS"],
        "DECLARED": "crop_name",
        "SUMMARY": str(tmp_path / "parcels.gpkg"),
        "REPORT_JSON": str(tmp_path / "r.json"),
    }
    told = run("parcel_summary", parameters, context)
    layer = QgsVectorLayer(f"{told['SUMMARY']}|layername=parcels", "parcels", "ogr")
    assert told["AGREE"] == told["PARCELS_READ"] == layer.featureCount()
    assert told["DIFFER"] == 0
    assert layer.renderer().type() == "categorizedSymbol"
    shown = {category.value() for category in layer.renderer().categories()}
    assert {feature["map_name"] for feature in layer.getFeatures()} <= shown
    count, ids, names, _, _ = layer.listStylesInDatabase()
    assert sorted(names[:count]) == ["Crop", "Doubt"]
    qml, _ = layer.getStyleFromDatabase(ids[names.index("Doubt")])
    document = QDomDocument()
    document.setContent(qml)
    ok, _ = layer.importNamedStyle(document)
    assert ok
    assert layer.renderer().type() == "graduatedSymbol"
    assert len(layer.renderer().ranges()) == 5


def test_right_declarations_are_green(provider, season, context, tmp_path):
    parameters = {
        "MAP": season["TRUTH"],
        "PARCELS": season["PARCELS"],
        "DECLARED": "crop_name",
        "CHECKED": str(tmp_path / "checked.gpkg"),
    }
    told = run("check_declarations", parameters, context)
    layer = QgsVectorLayer(f"{told['CHECKED']}|layername=parcels", "parcels", "ogr")
    assert (told["GREEN"], told["YELLOW"], told["RED"]) == (layer.featureCount(), 0, 0)
    assert layer.renderer().classAttribute() == "light"
