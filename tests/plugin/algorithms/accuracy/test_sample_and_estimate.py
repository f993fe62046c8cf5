"""A sample drawn in QGIS, answered in its table, gives hectares."""

import json

from qgis.core import QgsVectorLayer, edit

from kits.plugin.qgis import run


def test_from_a_map_to_hectares(provider, season, context, tmp_path):
    drawn = run(
        "sample_design", {"MAP": season["TRUTH"], "SIZE": 90, "LEAST": 5, "SAMPLE": str(tmp_path / "s.gpkg")}, context
    )
    layer = QgsVectorLayer(f"{drawn['SAMPLE']}|layername=review", "sample", "ogr")
    assert layer.featureCount() == drawn["UNITS"] == 90
    with edit(layer):
        for feature in layer.getFeatures():
            feature["status"] = "accepted"
            layer.updateFeature(feature)
    reports = {f"REPORT_{kind}": str(tmp_path / f"r.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    context.project().addMapLayer(layer)
    told = run("area_estimate", {"SAMPLE": layer.id(), "MAP": season["TRUTH"]} | reports, context)
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (told["OVERALL_ACCURACY"], told["UNITS"]) == (1, 90)
    assert not document["notes"]
    assert all(abs(row["area_ha"]["value"] - row["counted_ha"]) < 1e-6 for row in document["classes"])
