"""A review in QGIS: its form asks with lists, its answers come back into the map."""

from qgis.core import QgsVectorLayer, edit

from kits.plugin.qgis import run, values


def test_from_a_list_to_a_corrected_map(provider, season, context, tmp_path):
    parameters = {"MAP": season["TRUTH"], "PARCELS": season["PARCELS"], "DECLARED": "crop_name"}
    listed = run("review_list", parameters | {"REVIEW": str(tmp_path / "review.gpkg")}, context)
    layer = QgsVectorLayer(f"{listed['REVIEW']}|layername=review", "review", "ogr")
    assert layer.featureCount() == listed["UNITS"]
    fields = layer.fields()
    kinds = {name: layer.editorWidgetSetup(fields.indexOf(name)).type() for name in ("status", "review_name", "photo")}
    assert kinds == {"status": "ValueMap", "review_name": "ValueMap", "photo": "ExternalResource"}
    assert layer.renderer().classAttribute() == "status"
    with edit(layer):
        for feature in layer.getFeatures():
            feature["status"] = "accepted"
            layer.updateFeature(feature)
    context.project().addMapLayer(layer)
    out = {"CORRECTED": str(tmp_path / "corrected.tif"), "LABELS": str(tmp_path / "labels.gpkg")}
    told = run("apply_review", {"MAP": season["TRUTH"], "REVIEW": layer.id()} | out, context)
    assert (told["ANSWERED"], told["CHANGED_HECTARES"]) == (listed["UNITS"], 0)
    assert values(told["CORRECTED"]) == values(season["TRUTH"])
