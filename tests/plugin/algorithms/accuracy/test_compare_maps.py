"""Maps are held against each other in QGIS, and what changed between two of them is shown."""

import pytest
from qgis.core import QgsProcessingException

from kits.plugin.qgis import run, values


def test_maps_and_polygons_side_by_side(provider, season, context, tmp_path):
    cleaned = run("clean_map", {"MAP": season["TRUTH"], "METHOD": 0, "CLEANED": str(tmp_path / "c.tif")}, context)
    maps = [season["TRUTH"], cleaned["CLEANED"]]
    reports = {f"REPORT_{end.upper()}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    given = {"MAPS": maps, "REFERENCE": season["TRUTH"], **reports}
    told = run("compare_maps", given, context)
    assert told["PIXELS"] > 0
    with pytest.raises(QgsProcessingException, match="one was given"):
        run("compare_maps", given | {"MAPS": maps[:1]}, context)


def test_a_map_of_another_season(provider, season, context, tmp_path):
    cleaned = run("clean_map", {"MAP": season["TRUTH"], "METHOD": 0, "CLEANED": str(tmp_path / "c.tif")}, context)
    given = {"BEFORE": season["TRUTH"], "AFTER": cleaned["CLEANED"], "CHANGE": str(tmp_path / "change.tif")}
    told = run("map_change", given, context)
    assert 0 in values(told["CHANGE"])
    assert told["CHANGED"] >= 0
