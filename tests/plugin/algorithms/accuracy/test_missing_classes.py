"""What becomes of classes that the map lacks is the user's choice, in QGIS as in the terminal."""

import pytest
from qgis.core import QgsProcessingException

from kits.plugin.qgis import diagnosis, run, values


@pytest.mark.parametrize(("given", "meant"), [({}, False), ({"LEAVE_OUT_MISSING": True}, True)])
def test_classes_that_the_map_lacks_are_left_out_only_on_request(provider, season, context, given, meant):
    diagnose = provider.algorithm("diagnose").create()
    parameters = {"MAP": season["TRUTH"], "REFERENCE": season["TRUTH"], **given}
    assert diagnose.inputs(parameters, context, None)["limits"].leave_out_missing is meant


def test_an_area_boundaries_and_layers_over_all_classes_reach_the_engine(provider, season, context, tmp_path):
    parameters = diagnosis(tmp_path) | {
        "MAP": season["TRUTH"],
        "REFERENCE": season["TRUTH"],
        "AREA": season["PARCELS"],
        "BOUNDARY": 1,
        "DISAGREEMENT": str(tmp_path / "which.tif"),
    }
    told = run("diagnose", parameters, context)
    assert told["OA"] == 1
    assert set(values(told["DISAGREEMENT"])) == {0, 255}
    assert "SURENESS" not in told


def test_the_table_of_classes_is_not_replaced_by_the_report(provider, season, context, tmp_path):
    """QGIS reads the table itself: the engine is told which file it was."""
    table = tmp_path / "mapping.csv"
    table.write_text("reference,class\nMaize,Maize\n")
    parameters = diagnosis(tmp_path) | {"MAP": season["TRUTH"], "REFERENCE": season["TRUTH"], "MAPPING": str(table)}
    for report in ("REPORT_CSV", "REPORT_HTML"):
        with pytest.raises(QgsProcessingException, match="would replace an input"):
            run("diagnose", parameters | {report: str(table)}, context)
    assert table.read_text() == "reference,class\nMaize,Maize\n"
    assert run("diagnose", parameters, context)["OA"] == 1
