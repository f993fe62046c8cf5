"""Whatever judges a map of simulated scenes says so at the head of its report."""

import json

import pytest
from qgis.core import QgsProcessingContext, QgsVectorLayer, edit

from kits.plugin.qgis import plugged_in, run


@pytest.fixture(scope="module")
def answered(season, tmp_path_factory):
    """A drawn sample whose points are all found to be as mapped."""
    plugin, path = plugged_in(), tmp_path_factory.mktemp("sample") / "sample.gpkg"
    asked = {"MAP": season["TRUTH"], "SIZE": 60, "LEAST": 5, "SAMPLE": str(path)}
    run("sample_design", asked, QgsProcessingContext())
    plugin.unload()
    layer = QgsVectorLayer(f"{path}|layername=review", "sample", "ogr")
    with edit(layer):
        for feature in layer.getFeatures():
            feature["status"] = "accepted"
            layer.updateFeature(feature)
    return f"{path}|layername=review"


@pytest.mark.parametrize(
    ("algorithm", "given", "output"),
    [
        ("parcel_summary", "PARCELS", "SUMMARY"),
        ("check_declarations", "PARCELS", "CHECKED"),
        ("clean_map", "", "CLEANED"),
        ("apply_review", "REVIEW", "CORRECTED"),
        ("area_estimate", "SAMPLE", ""),
    ],
)
def test_a_report_on_a_simulated_map_says_so(provider, season, answered, context, tmp_path, algorithm, given, output):
    parameters = {"MAP": season["TRUTH"]}
    if given == "PARCELS":
        parameters |= {"PARCELS": season["PARCELS"], "DECLARED": "crop_name"}
    elif given:
        parameters[given] = answered
    if output:
        parameters[output] = str(tmp_path / f"made.{'gpkg' if given == 'PARCELS' else 'tif'}")
    if algorithm == "apply_review":
        parameters["LABELS"] = str(tmp_path / "labels.gpkg")
    reports = {f"REPORT_{kind}": str(tmp_path / f"r.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    run(algorithm, parameters | reports, context)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["simulated"] is True
    assert "Simulated data" in (tmp_path / "r.html").read_text(encoding="utf-8")
