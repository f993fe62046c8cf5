"""What becomes of classes that the map lacks is the user's choice, in QGIS as in the terminal."""

import pytest


@pytest.mark.parametrize(("given", "meant"), [({}, False), ({"LEAVE_OUT_MISSING": True}, True)])
def test_classes_that_the_map_lacks_are_left_out_only_on_request(provider, season, context, given, meant):
    diagnose = provider.algorithm("diagnose").create()
    parameters = {"MAP": season["TRUTH"], "REFERENCE": season["TRUTH"], **given}
    assert diagnose.inputs(parameters, context, None)["leave_out_missing"] is meant
