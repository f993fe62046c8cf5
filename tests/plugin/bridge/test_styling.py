"""How results look in QGIS: grouped, named, styled; from the toolbox and from the modeler."""

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsVectorLayer,
)

from kits.paths import REPOSITORY
from kits.plugin.qgis import diagnosis, run


def opened(path, name):
    """What the dialog passes for an output with 'open after running' ticked."""
    definition = QgsProcessingOutputLayerDefinition(str(path), QgsProject.instance())
    definition.destinationName = name
    return definition


@pytest.fixture
def loader(qgis_processing, monkeypatch):
    """Processing's own step that loads results into the project, as without a window."""
    from processing.gui import Postprocessing

    monkeypatch.setattr(Postprocessing, "iface", None)
    return Postprocessing.handleAlgorithmResults


def load_results(loader, algorithm, context, results):
    made = QgsApplication.processingRegistry().algorithmById(f"cropclassifier:{algorithm}")
    assert loader(made, context, QgsProcessingFeedback(), results)


def test_results_are_grouped_named_and_styled(loader, inputs, card, context, tmp_path):
    asked = {"OUTPUT": opened(tmp_path / "map.tif", "x"), "CONFIDENCE": opened(tmp_path / "confidence.tif", "y")}
    results = run("classify_lrtacf_net", inputs | asked, context)
    load_results(loader, "classify_lrtacf_net", context, results)
    (group,) = QgsProject.instance().layerTreeRoot().findGroups()
    assert group.name().startswith(card.title)
    assert "2024-" in group.name()
    assert [node.name() for node in group.findLayers()] == ["Crop map", "Confidence"]
    assert [node.itemVisibilityChecked() for node in group.findLayers()] == [True, False]
    crop, confidence = (node.layer() for node in group.findLayers())
    assert [c.label for c in crop.renderer().classes()] == list(card.legend.names)
    assert confidence.renderer().type() == "singlebandpseudocolor"


def test_diagnosis_is_one_group_with_one_class_visible(loader, provider, crop_map, season, context, tmp_path):
    asked = diagnosis(tmp_path) | {"AGREEMENT": opened(tmp_path / "agreement.tif", "z")}
    results = run("diagnose", asked | {"MAP": crop_map, "REFERENCE": season["TRUTH"]}, context)
    load_results(loader, "diagnose", context, results)
    (group,) = QgsProject.instance().layerTreeRoot().findGroups()
    nodes = group.findLayers()
    assert len(nodes) == len(results["CLASS_LAYERS"]) + 1
    assert [node.itemVisibilityChecked() for node in nodes] == [True] + [False] * (len(nodes) - 1)
    assert "TP, FP, FN" in nodes[0].name()
    assert nodes[-1].name() == "Agreement"
    colours = {c.label.split(":")[0]: c.color.name() for c in nodes[0].layer().renderer().classes()}
    assert colours == {"TN": "#000000", "TP": "#808080", "FP": "#ff0000", "FN": "#0000ff"}


def test_layers_of_each_class_can_stay_closed(provider, crop_map, season, context, tmp_path):
    asked = diagnosis(tmp_path) | {"MAP": crop_map, "REFERENCE": season["TRUTH"], "LOAD_CLASSES": False}
    run("diagnose", asked, context)
    assert context.layersToLoadOnCompletion() == {}


def test_results_of_the_modelers_model_come_styled_too(loader, inputs, season, card, context, tmp_path):
    model = QgsProcessingModelAlgorithm()
    assert model.fromFile(str(REPOSITORY / "resources" / "modeler" / "classify_and_diagnose.model3"))
    parameters = {
        "INPUT": season["SCENES"],
        "MODEL": card.name,
        "REFERENCE": season["TRUTH"],
        "crop_map": opened(tmp_path / "map.tif", "x"),
        "confidence": opened(tmp_path / "confidence.tif", "x"),
        "agreement": opened(tmp_path / "agreement.tif", "x"),
        "layers_of_each_class": str(tmp_path / "classes"),
        "report": str(tmp_path / "report.html"),
    }
    model.initAlgorithm()
    results, ok = model.run(parameters, context, QgsProcessingFeedback(), {}, False)
    assert ok
    assert loader(model, context, QgsProcessingFeedback(), results)
    groups = QgsProject.instance().layerTreeRoot().findGroups()
    names = {group.name(): [node.name() for node in group.findLayers()] for group in groups}
    assert set(names) == {"Crop map and agreement", "Errors of map"}
    assert sorted(names["Crop map and agreement"]) == ["Agreement", "Confidence", "Crop map"]
    assert len(names["Errors of map"]) > 3
    for layer in QgsProject.instance().mapLayers().values():
        assert layer.renderer().type() in ("paletted", "singlebandpseudocolor"), layer.name()


@pytest.mark.parametrize(
    ("algorithm", "output", "layer", "by"),
    [
        ("review_list", "REVIEW", "review", "status"),
        ("sample_design", "SAMPLE", "review", "status"),
        ("parcel_summary", "SUMMARY", "parcels", "map_name"),
        ("check_declarations", "CHECKED", "parcels", "light"),
    ],
)
def test_tables_of_a_geopackage_open_the_right_layer_with_its_style(
    loader, provider, season, context, tmp_path, algorithm, output, layer, by
):
    """Processing opens a file's first layer, and without the style inside the file."""
    parcels = {} if algorithm == "sample_design" else {"PARCELS": season["PARCELS"], "DECLARED": "crop_name"}
    path = tmp_path / "made.gpkg"
    results = run(algorithm, {"MAP": season["TRUTH"], output: opened(path, "x")} | parcels, context)
    load_results(loader, algorithm, context, results)
    (shown,) = QgsProject.instance().mapLayers().values()
    named = QgsVectorLayer(f"{path}|layername={layer}", "named", "ogr")
    assert shown.featureCount() == named.featureCount() > 0
    assert [field.name() for field in shown.fields()] == [field.name() for field in named.fields()]
    assert shown.renderer().classAttribute() == by
    assert shown.name() != "x"
    if layer == "review":
        form = shown.editFormConfig()
        assert form.layout() == form.EditorLayout.TabLayout
        answer, known, more = form.tabs()
        assert [field.name() for field in answer.children()][:2] == ["status", "review_name"]
        everything = [field.name() for box in (answer, known, more) for field in box.children()]
        assert sorted(everything) == sorted(set(shown.fields().names()) - {"fid"})
