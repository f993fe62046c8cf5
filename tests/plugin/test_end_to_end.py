"""Season in, map and errors out: the algorithms with the real engine, a shipped model and a simulated season."""

import shutil
import time
from pathlib import Path

import pytest
from conftest import REPO, SIZE, Recorder, run, values
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPalettedRasterRenderer,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)


@pytest.fixture
def inputs(provider, season, card, tmp_path):
    return {"INPUT": season["SCENES"], "MODEL": card.name, "OUTPUT": str(tmp_path / "map.tif")}


# --- what comes out --------------------------------------------------------------------------------------------------


def test_season_gives_every_declared_output(season):
    assert set(season) == {"FOLDER", "SCENES", "TRUTH", "PARCELS"}
    assert len(season["SCENES"]) == 2 * 4  # 10 m and 20 m files
    assert QgsRasterLayer(season["TRUTH"]).isValid()
    assert QgsVectorLayer(season["PARCELS"]).featureCount() > 3


def test_classify_gives_every_declared_output_on_the_grid_of_the_scenes(inputs, season, context, tmp_path):
    asked = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT", "CONFIDENCE", "PROBABILITIES", "VALID_DATES")}
    results = run("classify_lrtacfnet", inputs | asked, context)
    assert results == asked
    scene = QgsRasterLayer(season["SCENES"][0])
    for path in asked.values():
        layer = QgsRasterLayer(path)
        assert layer.extent() == scene.extent()
        assert (layer.width(), layer.height(), layer.crs()) == (scene.width(), scene.height(), scene.crs())
    assert max(value for value in values(asked["CONFIDENCE"]) if value != 255) <= 100


def test_optional_outputs_are_left_out_when_not_asked_for(inputs, context, tmp_path):
    results = run("classify_lrtacfnet", inputs, context)
    assert results == {"OUTPUT": inputs["OUTPUT"]}
    assert sorted(p.name for p in tmp_path.glob("*.tif")) == ["map.tif"]


def test_temporary_outputs_are_geotiffs(inputs, context):
    results = run("classify_lrtacfnet", inputs | {"OUTPUT": "TEMPORARY_OUTPUT"}, context)
    assert results["OUTPUT"].endswith(".tif")


def test_map_opens_with_its_legend_in_a_bare_qgis(crop_map, card):
    """A renderer of the raster itself, with the .qml gone: colour table and category names are in the file."""
    layer = QgsRasterLayer(crop_map)
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    shown = {c.value: c.label for c in layer.renderer().classes()}
    assert {c.code: c.name for c in card.legend}.items() <= shown.items()
    assert layer.dataProvider().sourceNoDataValue(1) == 0


def test_order_of_the_scenes_does_not_matter(inputs, crop_map, context):
    run("classify_lrtacfnet", inputs | {"INPUT": inputs["INPUT"][::-1]}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


def test_inputs_are_never_touched_nor_given_companions(inputs, context, tmp_path):
    """QGIS writes an .aux.xml with statistics beside every raster it loads: the plugin does not have them loaded."""
    folder = tmp_path / "in"
    folder.mkdir()
    copies = [shutil.copy(path, folder) for path in inputs["INPUT"]]
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    run("classify_lrtacfnet", inputs | {"INPUT": copies}, context)
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def undated(season, tmp_path):
    """The scenes under names that hold no date: path -> its date."""
    found = {}
    for number, path in enumerate(season["SCENES"]):
        target = shutil.copy(path, tmp_path / f"scene_{'abcdefgh'[number]}.tif")
        digits = Path(path).stem.split("_")[-1]
        found[str(target)] = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return found


def test_dates_from_a_table(inputs, undated, crop_map, context):
    table = QgsVectorLayer("NoGeometry?field=layer:string&field=date:string", "dates", "memory")
    for path, date in undated.items():
        feature = QgsFeature(table.fields())
        feature.setAttributes([Path(path).name, date])
        table.dataProvider().addFeature(feature)
    run("classify_lrtacfnet", inputs | {"INPUT": list(undated), "DATES": table}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


# --- places ----------------------------------------------------------------------------------------------------------


def test_extent_in_another_crs_is_on_the_same_grid(inputs, season, context):
    scene = QgsRasterLayer(season["SCENES"][0])
    wanted = QgsReferencedRectangle(scene.extent().buffered(-400), scene.crs())
    run("classify_lrtacfnet", inputs | {"EXTENT": wanted}, context)
    layer = QgsRasterLayer(inputs["OUTPUT"])
    assert (layer.width(), layer.height()) == (SIZE - 80, SIZE - 100)
    assert layer.extent() == scene.extent().buffered(-400)


def test_extent_without_crs_is_in_that_of_the_scenes(inputs, season, context):
    box = QgsRasterLayer(season["SCENES"][0]).extent().buffered(-400)
    text = f"{box.xMinimum()},{box.xMaximum()},{box.yMinimum()},{box.yMaximum()}"
    run("classify_lrtacfnet", inputs | {"EXTENT": text}, context)
    assert QgsRasterLayer(inputs["OUTPUT"]).extent() == box


def test_only_the_selected_polygons_are_mapped(inputs, season, crop_map, context):
    scene = QgsRasterLayer(season["SCENES"][0])
    area = QgsVectorLayer(f"Polygon?crs={scene.crs().authid()}", "area", "memory")
    left, right = QgsRectangle(scene.extent()), QgsRectangle(scene.extent())
    left.setXMaximum(scene.extent().center().x())
    right.setXMinimum(scene.extent().center().x())
    for rectangle in (left, right):
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(rectangle))
        area.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(area)
    area.selectByRect(left.buffered(-100))
    selected = QgsProcessingFeatureSourceDefinition(area.id(), selectedFeaturesOnly=True)
    run("classify_lrtacfnet", inputs | {"AREA": selected}, context)
    assert QgsRasterLayer(inputs["OUTPUT"]).extent() == left
    assert any(values(inputs["OUTPUT"]))


# --- diagnosis -------------------------------------------------------------------------------------------------------


def diagnosis(folder):
    reports = {f"REPORT_{kind}": str(folder / f"report.{kind.lower()}") for kind in ("HTML", "JSON", "CSV")}
    return reports | {"AGREEMENT": str(folder / "agreement.tif"), "FOLDER": str(folder / "classes")}


def test_diagnose_gives_every_declared_output(provider, crop_map, season, context, tmp_path):
    asked = diagnosis(tmp_path)
    results = run("diagnose", asked | {"MAP": crop_map, "REFERENCE": season["TRUTH"]}, context)
    assert set(results) == {o.name() for o in provider.algorithm("diagnose").outputDefinitions()}
    assert asked.items() <= results.items()
    assert results["CLASS_LAYERS"]
    assert all(QgsRasterLayer(path).isValid() for path in results["CLASS_LAYERS"])
    assert 0 < results["MEAN_IOU"] < results["MEAN_F1"] <= 1
    assert all(Path(asked[name]).stat().st_size for name in asked if name.startswith("REPORT"))


def test_overall_accuracy_is_what_counting_pixels_gives(provider, crop_map, season, context, tmp_path):
    results = run("diagnose", diagnosis(tmp_path) | {"MAP": crop_map, "REFERENCE": season["TRUTH"]}, context)
    pairs = [(a, b) for a, b in zip(values(crop_map), values(season["TRUTH"])) if a and b]
    assert results["OA"] == pytest.approx(sum(a == b for a, b in pairs) / len(pairs), abs=1e-12)


def test_polygons_and_raster_say_nearly_the_same(provider, crop_map, season, context, tmp_path):
    by_raster = run("diagnose", diagnosis(tmp_path) | {"MAP": crop_map, "REFERENCE": season["TRUTH"]}, context)
    polygons = {"REFERENCE_VECTOR": season["PARCELS"], "FIELD": "crop_name"}
    by_polygons = run("diagnose", diagnosis(tmp_path) | {"MAP": crop_map} | polygons, context)
    assert by_polygons["OA"] == pytest.approx(by_raster["OA"], abs=0.05)


def test_mapping_table_says_which_value_means_which_class(provider, crop_map, season, card, context, tmp_path):
    everything_is = card.legend.names[0]
    table = QgsVectorLayer("NoGeometry?field=reference:string&field=class:string", "classes", "memory")
    for crop in card.legend:
        feature = QgsFeature(table.fields())
        feature.setAttributes([crop.name, everything_is])
        table.dataProvider().addFeature(feature)
    polygons = {"REFERENCE_VECTOR": season["PARCELS"], "FIELD": "crop_name", "MAPPING": table}
    results = run("diagnose", diagnosis(tmp_path) | {"MAP": crop_map} | polygons, context)
    report = Path(results["REPORT_JSON"]).read_text()
    assert everything_is in report
    assert results["OA"] < 0.9


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({}, "One reference is needed"),
        ({"REFERENCE": "TRUTH", "REFERENCE_VECTOR": "PARCELS"}, "One reference is needed"),
        ({"REFERENCE_VECTOR": "PARCELS"}, "field with the class"),
    ],
    ids=["none", "both", "no field"],
)
def test_reference_that_cannot_be_meant_is_refused(provider, crop_map, season, context, tmp_path, reference, said):
    given = {name: season[key] for name, key in reference.items()}
    with pytest.raises(QgsProcessingException, match=said):
        run("diagnose", diagnosis(tmp_path) | {"MAP": crop_map} | given, context)


# --- bad input -------------------------------------------------------------------------------------------------------


def truncated(inputs, folder):
    path = Path(inputs["INPUT"][0])
    cut = folder / path.name
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return {"INPUT": [str(cut), *inputs["INPUT"][1:]]}, cut.name


def not_there(inputs, folder):
    return {"INPUT": [*inputs["INPUT"], str(folder / "gone_20240501.tif")]}, "gone_20240501.tif"


def missing_band(inputs, folder):
    return {"INPUT": [path for path in inputs["INPUT"] if "10m" in Path(path).name]}, "needs band"


def too_few_dates(inputs, folder):
    return {"INPUT": inputs["INPUT"][:2]}, "needs .* dates"


def elsewhere(inputs, folder):
    return {"EXTENT": "0,10,0,10 [EPSG:32631]"}, "do not overlap"


def unknown_model(inputs, folder):
    return {"MODEL": "gone"}, "MODEL|gone"


def altered_model(inputs, folder):
    copy = shutil.copytree(REPO / "models" / inputs["MODEL"], folder / "altered")
    with open(copy / "model.onnx", "ab") as file:
        file.write(b"!")
    return {"MODEL_FOLDER": str(copy)}, "not the file its card describes"


def no_folder(inputs, folder):
    (folder / "file").touch()
    return {"OUTPUT": str(folder / "file" / "map.tif")}, "Cannot write"


@pytest.mark.parametrize(
    "spoil",
    [truncated, not_there, missing_band, too_few_dates, elsewhere, unknown_model, altered_model, no_folder],
    ids=lambda f: f.__name__,
)
def test_bad_input_is_one_sentence_and_no_file(inputs, context, tmp_path, spoil):
    (tmp_path / "in").mkdir()
    changed, said = spoil(inputs, tmp_path / "in")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QgsProcessingException, match=said) as caught:
        run("classify_lrtacfnet", inputs | changed, context)
    assert "Traceback" not in str(caught.value)
    left = [p.name for p in tmp_path.rglob("*") if p not in before and not p.name.endswith(".aux.xml")]
    assert left == []


# --- cancel and death of the real engine -----------------------------------------------------------------------------


def tiled(path, folder, times):
    """A VRT that lays the scene side by side, so that a run takes a while."""
    layer = QgsRasterLayer(path)
    width, height = layer.width(), layer.height()
    left, pixel = layer.extent().xMinimum(), layer.rasterUnitsPerPixelX()
    bands = []
    for band in range(1, layer.bandCount() + 1):
        sources = [
            f"<SimpleSource><SourceFilename>{path}</SourceFilename><SourceBand>{band}</SourceBand>"
            f'<DstRect xOff="{x * width}" yOff="{y * height}" xSize="{width}" ySize="{height}"/></SimpleSource>'
            for x in range(times)
            for y in range(times)
        ]
        name = layer.dataProvider().bandDescription(band)
        head = f'<VRTRasterBand dataType="UInt16" band="{band}"><Description>{name}</Description>'
        bands.append(f"{head}<NoDataValue>0</NoDataValue>{''.join(sources)}</VRTRasterBand>")
    target = folder / f"{Path(path).stem}.vrt"
    target.write_text(
        f'<VRTDataset rasterXSize="{times * width}" rasterYSize="{times * height}"><SRS>EPSG:32631</SRS>'
        f"<GeoTransform>{left}, {pixel}, 0, {layer.extent().yMaximum()}, 0, -{pixel}</GeoTransform>"
        f"{''.join(bands)}</VRTDataset>"
    )
    return str(target)


@pytest.mark.parametrize("percent", [0, 12, 20])
def test_cancel_of_the_real_engine_within_two_seconds(inputs, context, tmp_path, percent):
    (tmp_path / "in").mkdir()
    large = inputs | {"INPUT": [tiled(path, tmp_path / "in", 6) for path in inputs["INPUT"]], "MASK": 1}
    feedback = Recorder(cancel_at=percent)
    pressed = []
    feedback.canceled.connect(lambda: pressed.append(time.monotonic()))
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run("classify_lrtacfnet", large, context, feedback)
    assert time.monotonic() - pressed[0] < 2
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


# --- how it looks ----------------------------------------------------------------------------------------------------


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
    results = run("classify_lrtacfnet", inputs | asked, context)
    load_results(loader, "classify_lrtacfnet", context, results)
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


def test_assigned_crs_reaches_the_engine(inputs, season, context):
    """A layer to which the user gave another CRS lies elsewhere on Earth: the scenes no longer share a place."""
    layer = QgsRasterLayer(season["SCENES"][0], "moved")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32660"))
    QgsProject.instance().addMapLayer(layer)
    with pytest.raises(QgsProcessingException, match="overlap"):
        run("classify_lrtacfnet", inputs | {"INPUT": [layer.id(), *season["SCENES"][1:]]}, context)
