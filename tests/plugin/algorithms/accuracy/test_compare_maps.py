"""Maps are held against each other in QGIS, and what changed between two of them is shown."""

from qgis.core import QgsApplication

from kits.plugin.qgis import run, values


def algorithm(name):
    return QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{name}")


def test_maps_and_polygons_side_by_side(provider, season, context, tmp_path):
    cleaned = run("clean_map", {"MAP": season["TRUTH"], "METHOD": 0, "CLEANED": str(tmp_path / "c.tif")}, context)
    maps = [season["TRUTH"], cleaned["CLEANED"]]
    reports = {f"REPORT_{end.upper()}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    given = {"MAPS": maps, "REFERENCE": season["TRUTH"], **reports}
    told = run("compare_maps", given, context)
    assert told["PIXELS"] > 0
    made = algorithm("compare_maps")
    fine, why = made.checkParameterValues(given | {"MAPS": maps[:1]}, context)
    assert not fine
    assert "one was given" in why


def test_a_map_of_another_season(provider, season, context, tmp_path):
    cleaned = run("clean_map", {"MAP": season["TRUTH"], "METHOD": 0, "CLEANED": str(tmp_path / "c.tif")}, context)
    given = {"BEFORE": season["TRUTH"], "AFTER": cleaned["CLEANED"], "CHANGE": str(tmp_path / "change.tif")}
    told = run("map_change", given, context)
    assert 0 in values(told["CHANGE"])
    assert told["CHANGED"] >= 0
    made = algorithm("map_change")
    fine, why = made.checkParameterValues(given | {"AFTER": season["TRUTH"]}, context)
    assert not fine
    assert "the same file" in why
