"""A model is calibrated in QGIS; what cannot be is known before the run."""

from pathlib import Path

from qgis.core import QgsApplication

from crop_classifier_plugin.shared.cards.files import load_card
from kits.plugin.qgis import run


def asked(season, card, out):
    return {
        "INPUT": season["SCENES"],
        "MODEL": card.name,
        "LABELS": season["PARCELS"],
        "FIELD": "crop_name",
        "CALIBRATED": str(out),
    }


def test_a_calibrated_model_maps_as_any_other(provider, season, card, context, tmp_path):
    told = run("calibrate", asked(season, card, tmp_path / "calibrated"), context)
    assert told["ERROR_AFTER"] <= told["ERROR_BEFORE"]
    assert Path(told["REPORT"]).is_file()
    fitted = load_card(told["CALIBRATED"]).weights.calibration
    assert fitted.pixels > 0
    parameters = {"INPUT": season["SCENES"], "MODEL_FOLDER": told["CALIBRATED"], "OUTPUT": str(tmp_path / "map.tif")}
    assert Path(run("classify_model", parameters, context)["OUTPUT"]).is_file()


def test_what_cannot_be_is_known_before_the_run(provider, season, card, context, tmp_path):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("cropclassifier:calibrate")
    good = asked(season, card, tmp_path / "out")
    assert algorithm.checkParameterValues(good, context)[0]
    for changes, sentence in (
        ({"MODEL": None}, "One model is calibrated"),
        ({"MODEL_FOLDER": str(tmp_path)}, "One model is calibrated"),
        ({"MODEL": "no such model"}, "is not one of"),
        ({"LABELS": None}, "Labels are needed once"),
        ({"FIELD": None}, "The field with the class"),
        ({"INPUT": None, "RADAR": season["SCENES"]}, ""),
    ):
        allowed, told = algorithm.checkParameterValues(good | changes, context)
        assert not allowed
        assert sentence in told
