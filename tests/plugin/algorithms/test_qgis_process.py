"""The same runs from a terminal: qgis_process on simulated and real seasons, and the shipped model of the modeler."""

import json
from pathlib import Path

import pytest
from qgis.core import QgsRasterLayer

from crop_classifier_plugin.shared.cards.files import list_models, load_card
from kits.paths import FLANDERS, REPOSITORY
from kits.plugin.qgis import labels, values

MODEL3 = REPOSITORY / "resources" / "modeler" / "classify_and_diagnose.model3"
CLOUDED = {0, 1, 3, 8, 9, 10}  # SCL: no data, defective, cloud shadow, cloud of medium and high probability, cirrus


def test_simulated_season(qgis_process, season, card, tmp_path):
    outputs = {"OUTPUT": str(tmp_path / "map.tif"), "CONFIDENCE": str(tmp_path / "confidence.tif")}
    inputs = {"INPUT": season["SCENES"], "MODEL": card.name, **outputs}
    status, results, printed = qgis_process("cropclassifier:classify_lrtacf_net", inputs)
    assert status == 0, printed
    assert outputs.items() <= results.items()
    assert set(card.legend.names) <= set(labels(outputs["OUTPUT"]))


def test_bad_input_is_exit_status_one_and_one_sentence(qgis_process, season, tmp_path):
    path = Path(season["SCENES"][0])
    cut = tmp_path / "in" / path.name
    cut.parent.mkdir()
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    inputs = {"INPUT": [str(cut), *season["SCENES"][1:]], "OUTPUT": str(tmp_path / "map.tif")}
    status, _, printed = qgis_process("cropclassifier:classify_lrtacf_net", inputs)
    assert status == 1
    assert f"Cannot read the raster {cut}" in printed
    assert "Traceback" not in printed
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_model_of_the_modeler_offers_the_shipped_models():
    shipped = [c.name for c in map(load_card, list_models([REPOSITORY / "models"])) if c.network == "lrtacf_net"]
    assert all(name in MODEL3.read_text() for name in shipped), "run tools/make_model3.py"


@pytest.mark.parametrize("given", ["gone", 99])
def test_model_of_the_modeler_says_which_models_there_are(qgis_process, season, tmp_path, given):
    outputs = {name: str(tmp_path / f"{name}.tif") for name in ("crop_map", "confidence", "agreement")}
    files = {"layers_of_each_class": str(tmp_path / "classes"), "report": str(tmp_path / "report.html")}
    inputs = {"INPUT": season["SCENES"], "MODEL": given, "REFERENCE": season["TRUTH"], **outputs, **files}
    status, _, printed = qgis_process(MODEL3, inputs)
    assert status == 1
    assert f"The model '{given}' is not one of lrtacfnet_flanders (0), lrtacfnet_simulated_season (1)" in printed


@pytest.mark.parametrize("reference", ["raster", "polygons"])
def test_model_of_the_modeler_runs_and_its_outputs_come_styled(
    qgis_process,
    season,
    card,
    tmp_path,
    reference,
):
    outputs = {name: str(tmp_path / f"{name}.tif") for name in ("crop_map", "confidence", "agreement")}
    files = {"layers_of_each_class": str(tmp_path / "classes"), "report": str(tmp_path / "report.html")}
    polygons = {"REFERENCE_VECTOR": season["PARCELS"], "FIELD": "crop_name"}
    shipped = [c.name for c in map(load_card, list_models([REPOSITORY / "models"])) if c.network == "lrtacf_net"]
    model = card.name if reference == "raster" else shipped.index(card.name)
    truth = {"REFERENCE": season["TRUTH"]} if reference == "raster" else polygons
    inputs = {"INPUT": season["SCENES"], "MODEL": model, **truth, **outputs, **files}
    status, results, printed = qgis_process(MODEL3, inputs)
    assert status == 0, printed
    assert (outputs | files).items() <= results.items()
    assert set(card.legend.names) <= set(labels(outputs["crop_map"]))
    classes = sorted(Path(files["layers_of_each_class"]).glob("*.tif"))
    assert {label.split(":")[0] for label in labels(classes[0])} >= {"TP", "FP", "FN", "TN"}
    assert {"right", "wrong"} <= set(labels(outputs["agreement"]))
    assert QgsRasterLayer(outputs["confidence"]).renderer().type() == "singlebandpseudocolor"  # by its .qml
    assert "kappa" in Path(files["report"]).read_text()


# --- real data -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flanders():
    """The shipped model that was trained on real fields, and the scenes of 2019."""
    found = [
        c
        for c in map(load_card, list_models([REPOSITORY / "models"]))
        if not c.training.simulated and "flanders" in c.name
    ]
    if not FLANDERS.is_dir():
        pytest.skip(f"no real data at {FLANDERS}: set CROP_DATA")
    if not found:
        pytest.skip("no shipped model of Flanders")
    return found[0], sorted(str(p) for p in FLANDERS.glob("S2_*/*_2019*.tif"))


def test_real_season_on_the_grid_of_its_scenes_with_clouds_as_no_data(qgis_process, flanders, tmp_path):
    model, scenes = flanders
    inputs = {"INPUT": scenes, "MODEL": model.name, "OUTPUT": str(tmp_path / "map.tif")}
    status, results, printed = qgis_process("cropclassifier:classify_lrtacf_net", inputs)
    assert status == 0, printed
    made, scene = QgsRasterLayer(results["OUTPUT"]), QgsRasterLayer(scenes[0])
    assert (made.extent(), made.width(), made.height()) == (scene.extent(), scene.width(), scene.height())
    codes = values(results["OUTPUT"])
    for date in json.loads((tmp_path / "map.run.json").read_text())["dates"]:
        lost = unusable(date.replace("-", ""))
        assert not any(code for code, gone in zip(codes, lost) if gone), date
    assert sum(map(bool, codes)) > 0.3 * len(codes)
    assert set(model.legend.names) <= set(labels(results["OUTPUT"]))


def unusable(day):
    """Pixel by pixel of 10 m: clouded (SCL of 20 m) or empty in any band."""
    fine, coarse = FLANDERS / f"S2_10m/S2_10m_{day}.tif", FLANDERS / f"S2_20m/S2_20m_{day}.tif"
    layer = QgsRasterLayer(str(coarse))
    names = [layer.dataProvider().bandDescription(band) for band in range(1, layer.bandCount() + 1)]
    width = layer.width()
    scl = values(coarse, names.index("SCL") + 1)
    empty = [not value for value in values(fine)]
    return [
        gone or scl[(i // (2 * width)) // 2 * width + i % (2 * width) // 2] in CLOUDED for i, gone in enumerate(empty)
    ]


def test_real_map_can_be_diagnosed(qgis_process, flanders, tmp_path):
    model, scenes = flanders
    inputs = {"INPUT": scenes, "MODEL": model.name, "REFERENCE": str(FLANDERS / "crop_type.tif")}
    outputs = {name: str(tmp_path / f"{name}.tif") for name in ("crop_map", "confidence", "agreement")}
    files = {"layers_of_each_class": str(tmp_path / "classes"), "report": str(tmp_path / "report.html")}
    status, _, printed = qgis_process(MODEL3, inputs | outputs | files)
    assert status == 0, printed
    right = [value for value in values(outputs["agreement"]) if value != 255]
    assert sum(right) / len(right) > 0.3  # a sanity bound: its own training area, clouds and all
