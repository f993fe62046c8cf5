"""What the reference's values mean in the map's legend, and where that legend comes from."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from shapely.geometry import box

from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.sidecars import rows_of, write_class_sidecars
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import UTM, run, season, sklearn_matrix, write, write_map


def test_names_aliases_codes_and_the_mapping(tmp_path):
    mapped = np.array([[1, 2, 4, 1, 2, 4]], np.uint8).repeat(3, 0)
    labels = ["winter  WHEAT", "grain maize", "4", "Triticale", "wheat?", "fallow"]
    cells = [box(6e5 + 10 * i, 56e5 - 30, 6e5 + 10 * i + 10, 56e5) for i in range(6)]
    geopandas.GeoDataFrame({"crop": labels}, geometry=cells, crs=UTM).to_file(tmp_path / "p.gpkg")
    reporter = Silent()
    _, document = run(
        tmp_path,
        write_map(tmp_path / "m.tif", mapped),
        tmp_path / "p.gpkg",
        reporter,
        class_field="crop",
        mapping=(("triticale", "Winter wheat"), ("WHEAT?", "2")),
        leave_out_missing=True,
    )
    assert np.array_equal(np.diag([6, 6, 3]), document["matrix"])
    assert document["excluded"]["outside_legend"] == [{"value": "fallow", "pixels": 3}]
    warnings = [text for level, text in reporter.lines if level == "warning"]
    assert warnings == ["Left out, because the map has no such class: fallow: 3 px."]


def test_names_of_the_reference_win_over_its_codes(tmp_path):
    """Code 1 is wheat in the map and maize in the reference; 9 has a name that the map lacks, 4 the code of its own."""
    mapped = np.array([[2, 1, 4, 4]], np.uint8)
    theirs = Legend(
        (
            CropClass(1, "maize", "#000001"),
            CropClass(2, "winter wheat", "#000002"),
            CropClass(4, "Apples", "#000003"),
            CropClass(9, "Pears", "#000004"),
        )
    )
    reference = write_map(tmp_path / "t.tif", np.array([[1, 2, 4, 9]], np.uint8), theirs)
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), reference, leave_out_missing=True)
    assert document["matrix"] == [[1, 0], [0, 1]]
    outside = {row["value"] for row in document["excluded"]["outside_legend"]}
    assert outside == {"4 (Apples)", "9 (Pears)"}


def test_aliases_of_the_reference_count_too(tmp_path):
    theirs = Legend((CropClass(9, "Blé tendre", "#000001", ("winter wheat",)), CropClass(8, "Corn", "#000002")))
    ours = Legend((CropClass(1, "Winter wheat", "#000001"), CropClass(2, "Maize", "#000002", ("8",))))
    reference = write_map(tmp_path / "t.tif", np.array([[9, 8]], np.uint8), theirs)
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", np.array([[1, 2]], np.uint8), ours), reference)
    assert document["matrix"] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("side", ["map", "raster", "polygons", "none"])
def test_simulated_data_are_called_so_in_every_output(tmp_path, side):
    truth, mapped = season((40, 40))
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    options = {}
    if side in ("map", "raster"):
        with rasterio.open(crop_map if side == "map" else reference, "r+") as file:
            file.update_tags(SIMULATED="yes")
    if side == "polygons":
        reference, options = tmp_path / "p.gpkg", {"class_field": "crop"}
        frame = geopandas.GeoDataFrame({"crop": ["Maize"]}, geometry=[box(6e5, 55e5, 7e5, 57e5)], crs=UTM)
        frame.to_file(reference, layer_metadata={"SIMULATED": "yes"})
    result, document = run(tmp_path, crop_map, reference, **options)
    assert document["simulated"] == (side != "none")
    assert ("Simulated data" in Path(result["report_html"]).read_text(encoding="utf-8")) == (side != "none")
    for path in (result["agreement"], *result["class_layers"]):
        with rasterio.open(path) as file:
            assert file.tags().get("SIMULATED") == (None if side == "none" else "yes")


def test_a_class_that_one_side_lacks(tmp_path):
    truth = np.array([[1, 1, 2, 2]], np.uint8)
    mapped = np.array([[1, 1, 1, 4]], np.uint8)
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    wheat, maize, beet = document["classes"]
    assert (maize["recall"], maize["precision"], maize["f1"]) == (0, None, 0)
    assert (beet["recall"], beet["precision"]) == (None, 0)
    assert document["mean_over"] == ["Winter wheat", "Maize"]
    assert result["mean_f1"] == pytest.approx(wheat["f1"] / 2)
    assert ">–<" in Path(result["report_html"]).read_text(encoding="utf-8")


def test_a_kappa_that_is_undefined_is_null(tmp_path):
    ones = np.ones((4, 4), np.uint8)
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", ones), write(tmp_path / "t.tif", ones))
    assert result["kappa"] is None
    assert document["overall"]["kappa"] is None


# --- where the map's legend comes from -------------------------------------------------------------------------------


def test_legend_from_the_attribute_table_of_a_map_without_our_tag(tmp_path):
    legend = Legend((CropClass(1110, "Wheat", "#aabbcc"), CropClass(1200, "Maize", "#112233")))
    array = np.array([[1110, 1200]], np.uint16)
    path = write(tmp_path / "m.tif", array)
    with Outputs() as out:
        write_class_sidecars(out, path, rows_of(legend))
    _, document = run(tmp_path, path, write(tmp_path / "t.tif", array))
    assert [(c["code"], c["name"], c["colour"]) for c in document["classes"]] == [
        (1110, "Wheat", "#aabbcc"),
        (1200, "Maize", "#112233"),
    ]
    assert document["map_legend_from"] == "its attribute table"


def test_legend_from_category_names_and_colour_table(tmp_path):
    array = np.array([[1, 2, 3, 3]], np.uint8)
    path = write(tmp_path / "m.tif", array)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {1: (1, 2, 3, 255), 2: (4, 5, 6, 255)})
    names = "".join(f"<Category>{n}</Category>" for n in ("none", "Wheat", "Other", "Other"))
    pam = f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{names}</CategoryNames></PAMRasterBand></PAMDataset>'
    Path(f"{path}.aux.xml").write_text(pam)
    _, document = run(tmp_path, path, write(tmp_path / "t.tif", array))
    assert [c["name"] for c in document["classes"]] == ["Wheat", "Other", "Other (3)"]
    assert [c["colour"] for c in document["classes"]][:2] == ["#010203", "#040506"]
    assert document["map_legend_from"] == "its category names"


ENTITY = """<!DOCTYPE d [<!ENTITY a "Wheat">]><PAMDataset><PAMRasterBand band="1"><CategoryNames>
<Category>&a;</Category><Category>&a;</Category></CategoryNames></PAMRasterBand></PAMDataset>"""  # could grow for ever


@pytest.mark.parametrize("beside", [None, "not xml", "<PAMDataset/>", ENTITY])
def test_legend_from_the_codes(tmp_path, beside):
    truth, mapped = season((50, 40))
    path = write(tmp_path / "m.tif", mapped)
    if beside:
        Path(f"{path}.aux.xml").write_text(beside)
    _, document = run(tmp_path, path, write(tmp_path / "t.tif", truth))
    assert [c["name"] for c in document["classes"]] == ["class 1", "class 2", "class 4"]
    assert len({c["colour"] for c in document["classes"]}) == 3
    assert document["matrix"] == sklearn_matrix(truth, mapped, [1, 2, 4])


def test_a_code_that_the_legend_forgets_is_compared_and_told(tmp_path):
    array = np.array([[1, 2, 9]], np.uint8)
    reporter = Silent()
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", array), write(tmp_path / "t.tif", array), reporter)
    assert [c["name"] for c in document["classes"]] == ["Winter wheat", "Maize", "class 9"]
    assert ("warning", "The map's legend does not name the codes 9.") in reporter.lines
