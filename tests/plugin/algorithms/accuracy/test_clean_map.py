"""A map is cleaned in QGIS."""

from kits.plugin.qgis import run, values


def test_a_map_of_parcels_stays_as_it_is_with_the_parcels_as_mask_too(provider, season, context, tmp_path):
    parameters = {"MAP": season["TRUTH"], "REFERENCE": season["TRUTH"], "CLEANED": str(tmp_path / "c.tif")}
    told = run("clean_map", parameters | {"METHOD": 4}, context)
    assert told["CHANGED"] == 0
    assert values(told["CLEANED"]) == values(season["TRUTH"])
    masked = {"METHOD": 4, "PARCELS": season["PARCELS"], "ONLY_PARCELS": True, "CLEANED": str(tmp_path / "m.tif")}
    inside = values(run("clean_map", parameters | masked, context)["CLEANED"])
    assert inside == values(season["TRUTH"])
