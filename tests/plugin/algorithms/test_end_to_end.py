"""Season in, map and errors out: the algorithms with the real engine, a shipped model and a simulated season."""

import shutil
from pathlib import Path

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPalettedRasterRenderer,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

from kits.plugin.qgis import SIZE, diagnosis, run, values

# --- what comes out --------------------------------------------------------------------------------------------------

MAPS = ("OUTPUT", "CONFIDENCE", "PROBABILITIES", "ENTROPY", "MARGIN", "VALID_DATES")


def test_season_gives_every_declared_output(season):
    assert set(season) == {"FOLDER", "SCENES", "TRUTH", "PARCELS"}
    assert len(season["SCENES"]) == 2 * 4  # 10 m and 20 m files
    assert QgsRasterLayer(season["TRUTH"]).isValid()
    assert QgsVectorLayer(season["PARCELS"]).featureCount() > 3


def test_classify_gives_every_declared_output_on_the_grid_of_the_scenes(inputs, season, context, tmp_path):
    asked = {name: str(tmp_path / f"{name}.tif") for name in MAPS}
    results = run("classify_lrtacf_net", inputs | asked, context)
    assert results == asked
    scene = QgsRasterLayer(season["SCENES"][0])
    for path in asked.values():
        layer = QgsRasterLayer(path)
        assert layer.extent() == scene.extent()
        assert (layer.width(), layer.height(), layer.crs()) == (scene.width(), scene.height(), scene.crs())
    assert max(value for value in values(asked["CONFIDENCE"]) if value != 255) <= 100


def test_relative_output_is_opened_from_where_it_was_written(inputs, context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = QgsProcessingOutputLayerDefinition("map.tif", QgsProject.instance())
    results = run("classify_lrtacf_net", inputs | {"OUTPUT": output}, context)
    assert results == {"OUTPUT": str(tmp_path / "map.tif")}
    details = context.layersToLoadOnCompletion()
    assert list(details) == [str(tmp_path / "map.tif")]
    assert details[str(tmp_path / "map.tif")].name == "Crop map"  # it was dressed


def test_optional_outputs_are_left_out_when_not_asked_for(inputs, context, tmp_path):
    results = run("classify_lrtacf_net", inputs, context)
    assert results == {"OUTPUT": inputs["OUTPUT"]}
    assert sorted(p.name for p in tmp_path.glob("*.tif")) == ["map.tif"]


def test_temporary_outputs_are_geotiffs(inputs, context):
    results = run("classify_lrtacf_net", inputs | {"OUTPUT": "TEMPORARY_OUTPUT"}, context)
    assert results["OUTPUT"].endswith(".tif")


@pytest.mark.parametrize("given", [int, str], ids=["number", "number as text"])
def test_model_may_be_given_by_its_number(provider, inputs, crop_map, card, context, given):
    number = provider.algorithm("classify_lrtacf_net").parameterDefinition("MODEL").options().index(card.name)
    run("classify_lrtacf_net", inputs | {"MODEL": given(number)}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


def test_map_opens_with_its_legend_in_a_bare_qgis(crop_map, card):
    """A renderer of the raster itself, with the .qml gone: colour table and category names are in the file."""
    layer = QgsRasterLayer(crop_map)
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    shown = {c.value: c.label for c in layer.renderer().classes()}
    assert {c.code: c.name for c in card.legend}.items() <= shown.items()
    assert layer.dataProvider().sourceNoDataValue(1) == 0


def test_order_of_the_scenes_does_not_matter(inputs, crop_map, context):
    run("classify_lrtacf_net", inputs | {"INPUT": inputs["INPUT"][::-1]}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


def test_inputs_are_never_touched_nor_given_companions(inputs, context, tmp_path):
    """QGIS writes an .aux.xml with statistics beside every raster it loads: the plugin does not have them loaded."""
    folder = tmp_path / "in"
    folder.mkdir()
    copies = [shutil.copy(path, folder) for path in inputs["INPUT"]]
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    run("classify_lrtacf_net", inputs | {"INPUT": copies}, context)
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


def table_of_dates(undated, kind, folder):
    rows = [(Path(path).name, date) for path, date in undated.items()]
    if kind == "csv":
        path = folder / "dates.csv"
        path.write_text("layer,date\n" + "".join(f"{name},{date}\n" for name, date in rows))
        return str(path)
    layer = QgsVectorLayer("NoGeometry?field=layer:string&field=date:string", "dates", "memory")
    for row in rows:
        feature = QgsFeature(layer.fields())
        feature.setAttributes(list(row))
        layer.dataProvider().addFeature(feature)
    return layer


@pytest.mark.parametrize("kind", ["layer", "csv"])
def test_dates_from_a_table(inputs, undated, crop_map, context, tmp_path, kind):
    table = table_of_dates(undated, kind, tmp_path)
    run("classify_lrtacf_net", inputs | {"INPUT": list(undated), "DATES": table}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


# --- places ----------------------------------------------------------------------------------------------------------


def test_extent_in_another_crs_is_on_the_same_grid(inputs, season, context):
    scene = QgsRasterLayer(season["SCENES"][0])
    wanted = QgsReferencedRectangle(scene.extent().buffered(-400), scene.crs())
    run("classify_lrtacf_net", inputs | {"EXTENT": wanted}, context)
    layer = QgsRasterLayer(inputs["OUTPUT"])
    assert (layer.width(), layer.height()) == (SIZE - 80, SIZE - 100)
    assert layer.extent() == scene.extent().buffered(-400)


def test_extent_without_crs_is_in_that_of_the_scenes(inputs, season, context):
    box = QgsRasterLayer(season["SCENES"][0]).extent().buffered(-400)
    text = f"{box.xMinimum()},{box.xMaximum()},{box.yMinimum()},{box.yMaximum()}"
    run("classify_lrtacf_net", inputs | {"EXTENT": text}, context)
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
    run("classify_lrtacf_net", inputs | {"AREA": selected}, context)
    assert QgsRasterLayer(inputs["OUTPUT"]).extent() == left
    assert any(values(inputs["OUTPUT"]))


# --- diagnosis -------------------------------------------------------------------------------------------------------


def test_diagnose_gives_every_declared_output(provider, crop_map, season, context, tmp_path):
    asked = diagnosis(tmp_path)
    results = run("diagnose", asked | {"MAP": crop_map, "REFERENCE": season["TRUTH"]}, context)
    on_request = {"DISAGREEMENT", "SURENESS", "REPORT_PDF"}
    assert set(results) | on_request == {o.name() for o in provider.algorithm("diagnose").outputDefinitions()}
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


def test_assigned_crs_reaches_the_engine(inputs, season, context):
    """A layer to which the user gave another CRS lies elsewhere on Earth: the scenes share no place."""
    layer = QgsRasterLayer(season["SCENES"][0], "moved")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32660"))
    QgsProject.instance().addMapLayer(layer)
    with pytest.raises(QgsProcessingException, match="overlap"):
        run("classify_lrtacf_net", inputs | {"INPUT": [layer.id(), *season["SCENES"][1:]]}, context)
