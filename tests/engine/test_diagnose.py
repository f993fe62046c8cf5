"""The diagnosis of a map: to the pixel as scikit-learn counts it, whatever the reference is."""

import base64
import csv
import errno
import html
import io
import json
import os
import re
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS
from shapely.geometry import box
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.diagnose import diagnose
from crop_classifier_plugin.engine.accuracy.layers import FN, FP, TN, TP, slug
from crop_classifier_plugin.engine.errors import (
    BadInput,
    BadRaster,
    Cancelled,
    CrsMissing,
    DiskFull,
    LabelsUnusable,
    NoOverlap,
    OutputNotWritable,
)
from crop_classifier_plugin.engine.events import Silent, Stop
from crop_classifier_plugin.engine.jobs import DiagnoseJob
from crop_classifier_plugin.engine.legend import CropClass, Legend
from crop_classifier_plugin.engine.outputs import Outputs, temporary_path
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.sidecars import rows_of, write_class_sidecars
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter

DATA = Path(os.environ.get("CROP_DATA", Path(__file__).parents[3] / "shared" / "data"))
UTM = CRS.from_epsg(32631)
LEGEND = Legend(
    (
        CropClass(1, "Winter wheat", "#e6b422", ("1110",)),
        CropClass(2, "Maize", "#f7d34a", ("1200", "grain maize")),
        CropClass(4, "Sugar <beet> & co", "#c8475d"),
        CropClass(7, "Never seen", "#123456"),
    )
)


def grid_of(array, x=600000.0, y=5600000.0, pixel=10.0, crs=UTM):
    return Grid(crs, Affine(pixel, 0, x, 0, -pixel, y), *array.shape)


def write(path, array, grid=None, nodata=0, **options):
    """A plain GeoTIFF that says nothing about its values."""
    grid = grid or grid_of(array)
    profile = {"driver": "GTiff", "count": 1, "height": grid.height, "width": grid.width, "dtype": array.dtype}
    profile |= {"crs": grid.crs, "transform": grid.transform, "nodata": nodata} | options
    with rasterio.open(path, "w", **profile) as file:
        file.write(array, 1)
    return str(path)


def write_map(path, array, legend=LEGEND, grid=None):
    grid = grid or grid_of(array)
    with RasterWriter(str(path), grid, RasterSpec.classes(legend, "crop")) as writer:
        writer.write(array.astype(writer.spec.dtype), Window(0, 0, *array.shape))
    return str(path)


def job(tmp_path, crop_map, reference, **options):
    out = tmp_path / "out"
    places = {"agreement": "agreement.tif", "report_html": "r.html", "report_json": "r.json", "report_csv": "r.csv"}
    places = {key: str(out / name) for key, name in places.items()}
    return DiagnoseJob(str(crop_map), str(reference), str(out), **places | options)


def run(tmp_path, crop_map, reference, reporter=None, **options):
    """The result and the report's document."""
    result = diagnose(job(tmp_path, crop_map, reference, **options), reporter or Silent())
    return result, json.loads(Path(result["report_json"]).read_text(encoding="utf-8"))


def noisy(truth, codes, seed=3, share=0.3):
    rng = np.random.default_rng(seed)
    wrong = rng.random(truth.shape) < share
    return np.where(wrong, rng.choice(codes, truth.shape), truth).astype(np.uint8)


def season(shape=(700, 600), seed=0):
    """Truth in blocks larger than a pixel, and a map of it with errors and holes; both hold 1, 2, 4 and 0."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([0, 1, 2, 4], (shape[0] // 20 + 1, shape[1] // 20 + 1), p=[0.1, 0.4, 0.3, 0.2])
    truth = np.kron(coarse, np.ones((20, 20), int))[: shape[0], : shape[1]].astype(np.uint8)
    return truth, noisy(truth, [0, 1, 2, 4], seed + 1)


def sklearn_matrix(truth, mapped, codes):
    both = (truth != 0) & (mapped != 0)
    return metrics.confusion_matrix(truth[both], mapped[both], labels=codes).tolist()


def read(path):
    with rasterio.open(path) as file:
        return file.read(1)


# --- the counts ------------------------------------------------------------------------------------------------------


def test_agrees_with_scikit_learn_to_the_pixel(tmp_path):
    truth, mapped = season()
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    assert document["matrix"] == sklearn_matrix(truth, mapped, [1, 2, 4])
    assert [c["code"] for c in document["classes"]] == [1, 2, 4]
    assert document["in_neither"] == ["Never seen"]
    both = (truth != 0) & (mapped != 0)
    assert result["oa"] == metrics.accuracy_score(truth[both], mapped[both])
    assert result["kappa"] == pytest.approx(metrics.cohen_kappa_score(truth[both], mapped[both]), abs=1e-12)
    assert result["mean_f1"] == pytest.approx(metrics.f1_score(truth[both], mapped[both], average="macro"))


def test_every_pixel_of_the_map_is_compared_or_left_out_for_one_reason(tmp_path):
    truth, mapped = season((90, 80))
    truth[:4] = 33
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    left_out = document["excluded"]
    outside = sum(row["pixels"] for row in left_out["outside_legend"])
    whole = document["overall"]["pixels"] + left_out["map_no_data"] + left_out["reference_no_data"] + outside
    assert whole == truth.size
    assert outside == int((mapped[:4] != 0).sum())


def test_real_reference(tmp_path):
    reference = DATA / "flanders_AC91C" / "crop_type.tif"
    if not reference.exists():
        pytest.skip(f"no real data at {DATA}")
    truth = read(reference)
    codes = sorted(set(np.unique(truth).tolist()) - {0})
    legend = Legend(tuple(CropClass(i + 1, f"crop {c}", "#808080", (str(c),)) for i, c in enumerate(codes)))
    index = np.searchsorted(codes, truth) + 1
    mapped = noisy(np.where(truth == 0, 1, index), range(len(codes) + 1))
    with rasterio.open(reference) as file:
        grid = Grid(file.crs, file.transform, file.height, file.width)
    crop_map = write_map(tmp_path / "m.tif", mapped, legend, grid)
    _, document = run(tmp_path, crop_map, reference)
    both = (truth != 0) & (mapped != 0)
    expected = metrics.confusion_matrix(index[both], mapped[both], labels=range(1, len(codes) + 1))
    assert document["matrix"] == expected.tolist()
    _, by_polygons = run(tmp_path, crop_map, reference.parent / "parcels.gpkg", class_field="crop_code")
    assert by_polygons["matrix"] == expected.tolist()


# --- the layers ------------------------------------------------------------------------------------------------------


def test_layers_add_up_to_the_matrix(tmp_path):
    truth, mapped = season()
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    assert len(result["class_layers"]) == len(document["classes"]) == 3
    both = (truth != 0) & (mapped != 0)
    for path, row in zip(result["class_layers"], document["classes"]):
        counts = np.bincount(read(path).ravel(), minlength=256)
        assert [counts[v] for v in (TN, TP, FP, FN)] == [row["tn"], row["tp"], row["fp"], row["fn"]]
        assert counts[255] == (~both).sum()
        assert Path(path).name == f"diagnosis_{row['code']}_{slug(row['name'])}.tif"
    agreement = read(result["agreement"])
    assert (agreement == np.where(both, truth == mapped, 255)).all()


def test_layers_keep_their_legend_and_grid(tmp_path):
    truth, mapped = season((70, 60))
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    for path, colours in (
        (result["class_layers"][0], {0: (0, 0, 0), 1: (128, 128, 128), 2: (255, 0, 0), 3: (0, 0, 255)}),
        (result["agreement"], {0: (255, 255, 255), 1: (0, 0, 0)}),
    ):
        with rasterio.open(path) as file:
            assert (file.crs, file.transform) == (UTM, grid_of(truth).transform)
            assert file.nodata == 255
            table = file.colormap(1)
        assert {value: table[value][:3] for value in colours} == colours
        assert "<Category>" in Path(f"{path}.aux.xml").read_text()
        assert "paletteEntry" in Path(path).with_suffix(".qml").read_text()
    assert "TN: neither" in Path(f"{result['class_layers'][0]}.aux.xml").read_text()
    assert "no data" not in Path(f"{result['agreement']}.aux.xml").read_text()


# --- the reference in other shapes -----------------------------------------------------------------------------------


def test_polygons_are_their_rasterised_selves(tmp_path):
    truth, mapped = season((600, 560))
    rows = [
        (LEGEND.find(str(truth[r, c])).name, box(6e5 + 10 * c, 56e5 - 10 * r - 200, 6e5 + 10 * c + 200, 56e5 - 10 * r))
        for r in range(0, 600, 20)
        for c in range(0, 560, 20)
        if truth[r, c]
    ]
    frame = geopandas.GeoDataFrame({"crop": [r[0] for r in rows]}, geometry=[r[1] for r in rows], crs=UTM)
    frame.to_file(tmp_path / "p.gpkg")
    crop_map = write_map(tmp_path / "m.tif", mapped)
    _, by_raster = run(tmp_path, crop_map, write(tmp_path / "t.tif", truth))
    _, by_polygons = run(tmp_path, crop_map, tmp_path / "p.gpkg", class_field="crop")
    for key in ("matrix", "overall", "classes", "excluded"):
        assert by_polygons[key] == by_raster[key]


def test_later_polygons_lie_on_top_across_blocks(tmp_path):
    mapped = np.full((1100, 530), 2, np.uint8)
    whole = box(6e5, 56e5 - 11000, 6e5 + 5300, 56e5)
    shapes = [whole.buffer(k) for k in range(40)]
    names = ["Winter wheat"] * 39 + ["Maize"]
    frame = geopandas.GeoDataFrame({"crop": names}, geometry=shapes, crs=UTM)
    frame.to_file(tmp_path / "p.gpkg")
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), tmp_path / "p.gpkg", class_field="crop")
    assert result["oa"] == 1
    assert result["pixels"] == mapped.size


@pytest.mark.parametrize("shift", [(0, 0), (13, -7), (-150, 25), (3.4, 2.3), (0.5, -0.2)])
def test_a_shifted_reference_is_read_at_the_maps_pixel_centres(tmp_path, shift):
    truth, mapped = season((300, 280))
    down, right = shift
    reference = write(tmp_path / "t.tif", truth, grid_of(truth, 6e5 + 10 * right, 56e5 - 10 * down))
    rows = np.floor(np.arange(300) + 0.5 - down).astype(int)
    cols = np.floor(np.arange(280) + 0.5 - right).astype(int)
    inside = np.ix_((rows >= 0) & (rows < 300), (cols >= 0) & (cols < 280))
    seen = np.zeros_like(truth)
    seen[inside] = truth[np.ix_(rows[(rows >= 0) & (rows < 300)], cols[(cols >= 0) & (cols < 280)])]
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), reference)
    codes = [c["code"] for c in document["classes"]]
    assert document["matrix"] == sklearn_matrix(seen, mapped, codes)
    assert bool(document["notes"]) == any(float(s) != int(s) for s in shift)


@pytest.mark.parametrize("nodata", [0, 99, None])
def test_a_reference_in_degrees_is_read_at_the_maps_pixel_centres(tmp_path, nodata):
    truth, mapped = season((260, 240))
    mapped[mapped == 0] = 1
    fine = np.kron(truth, np.ones((2, 2), np.uint8))
    to_degrees = Transformer.from_crs(UTM, 4326, always_xy=True)
    west, _, east, north = to_degrees.transform_bounds(6e5, 56e5 - 2600, 6e5 + 2400, 56e5)
    step = (east - west) / 480
    degrees = Grid(CRS.from_epsg(4326), Affine(step, 0, west + 0.004, 0, -step, north), *fine.shape)
    reference = write(tmp_path / "t.tif", np.where(fine == 0, nodata or 0, fine), degrees, nodata=nodata)
    x, y = np.meshgrid(6e5 + 10 * np.arange(240) + 5, 56e5 - 10 * np.arange(260) - 5)
    lon, lat = to_degrees.transform(x, y)
    col = np.floor((lon - degrees.transform.c) / step).astype(int)
    row = np.floor((degrees.transform.f - lat) / step).astype(int)
    inside = (row >= 0) & (row < fine.shape[0]) & (col >= 0) & (col < fine.shape[1])
    assert 0.2 < inside.mean() < 0.99  # the case has an edge to get wrong
    seen = np.where(inside, fine[np.clip(row, 0, fine.shape[0] - 1), np.clip(col, 0, fine.shape[1] - 1)], 0)
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), reference)
    assert document["matrix"] == sklearn_matrix(seen, mapped, [1, 2, 4])
    zeros = int((inside & (seen == 0)).sum())
    expected = [] if nodata is not None else [{"value": "0", "pixels": zeros}]
    assert document["excluded"]["outside_legend"] == expected


# --- what the reference's values mean --------------------------------------------------------------------------------


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
    )
    assert np.array_equal(document["matrix"], np.diag([6, 6, 3]))
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
    _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), reference)
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


@pytest.mark.parametrize("beside", [None, "not xml", "<PAMDataset/>"])
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


# --- the three reports say the same ----------------------------------------------------------------------------------


def html_table(page, name):
    body = re.search(rf'<table id="{name}">(.*?)</table>', page, re.S).group(1)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[html.unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", c)).strip() for c in row] for row in cells]


def test_html_csv_and_json_hold_the_same_numbers(tmp_path):
    truth, mapped = season()
    truth[:30] = 8
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    blocks = Path(result["report_csv"]).read_text(encoding="utf-8").split("\n\n")
    matrix, classes, overall = (list(csv.reader(io.StringIO(block))) for block in blocks)

    def number(text):
        return int(text.replace(",", ""))

    assert [list(map(int, row[1:-1])) for row in matrix[1:-1]] == document["matrix"]
    assert [list(map(number, row[1:-1])) for row in html_table(page, "matrix")[2:-1]] == document["matrix"]
    for ours, in_csv, in_html in zip(document["classes"], classes[1:], html_table(page, "classes")[1:]):
        assert [in_csv[1], in_csv[0]] == in_html[:2] == [ours["name"], str(ours["code"])]
        for at, key in enumerate(("reference", "mapped", "tp", "fp", "fn", "tn"), start=2):
            assert int(in_csv[at]) == number(in_html[at]) == ours[key]
        for at, key in enumerate(("precision", "recall", "f1", "iou"), start=8):
            assert in_csv[at] == f"{ours[key]:.6f}"
            assert in_html[at] == f"{ours[key]:.3f}"
    figures = dict(overall[1:])
    for key, name in (("mean_f1", "mean F1"), ("mean_iou", "mean IoU"), ("kappa", "kappa")):
        assert figures[name] == f"{document['overall'][key]:.6f}"
        assert f'<b id="{key}">{document["overall"][key]:.3f}</b>' in page
    assert f'<b id="oa">{100 * document["overall"]["oa"]:.1f} %</b>' in page
    assert figures["overall accuracy"] == f"{document['overall']['oa']:.6f}"
    outside = document["excluded"]["outside_legend"]
    assert [(v, number(n)) for v, n in html_table(page, "excluded")[1:]] == [
        ("the map has no data", document["excluded"]["map_no_data"]),
        ("the reference has no data", document["excluded"]["reference_no_data"]),
        *((f"the map has no class {row['value']}", row["pixels"]) for row in outside),
    ]


def test_the_page_stands_alone_and_escapes_names(tmp_path):
    truth, mapped = season((50, 40))
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert "<beet>" not in page
    assert "Sugar &lt;beet&gt; &amp; co" in page
    assert not re.search(r"<script|<link|https?://|@import|url\(", page)
    assert re.findall(r'src="(.{22})', page) == ["data:image/png;base64,"]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("shape", [(50, 40), (900, 1300), (3, 2000)])
def test_the_picture_is_the_agreement_layer_made_small(tmp_path, shape):
    truth, mapped = season(shape)
    result, _ = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    picture = base64.b64decode(re.search(r'base64,([^"]+)"', page).group(1))
    with rasterio.MemoryFile(picture) as memory, memory.open() as file:
        table = file.colormap(1)
        colours = np.array([table[k][:3] for k in range(3)])[file.read(1)]
    assert max(colours.shape[:2]) == min(800, max(shape))
    agreement = read(result["agreement"])
    if max(shape) <= 800:
        assert (colours[agreement == 1] == 0).all()
        assert (colours[agreement == 0] == 255).all()
        assert (colours[agreement == 255] == (222, 229, 224)).all()
    assert abs((colours.sum(axis=2) == 0).mean() - (agreement == 1).mean()) < 0.02


# --- bad input: one sentence, and nothing left behind ----------------------------------------------------------------


def cases(tmp_path):
    truth, mapped = season((40, 40))
    good = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    far = write(tmp_path / "far.tif", truth, grid_of(truth, x=700000.0))
    blank = write(tmp_path / "blank.tif", truth, crs=None)
    other = write(tmp_path / "other.tif", (truth.astype(np.uint16) + 5000), nodata=5000)
    real = write(tmp_path / "real.tif", truth.astype(np.float32))
    many = write(tmp_path / "many.tif", np.arange(1, 1601, dtype=np.uint16).reshape(40, 40))
    empty = write(tmp_path / "empty.tif", np.zeros((40, 40), np.uint8))
    holes = write(tmp_path / "holes.tif", np.where(mapped == 0, truth + (truth == 0), 0).astype(np.uint8))
    (tmp_path / "text.tif").write_text("no raster")
    frame = geopandas.GeoDataFrame({"crop": ["Maize", None]}, geometry=[box(0, 0, 1, 1)] * 2, crs=UTM)
    frame.to_file(tmp_path / "away.gpkg")
    frame.assign(crop=None, geometry=box(6e5, 56e5 - 90, 6e5 + 90, 56e5)).to_file(tmp_path / "mute.gpkg")
    away, mute = str(tmp_path / "away.gpkg"), str(tmp_path / "mute.gpkg")
    return [
        (NoOverlap, good[0], far, {}, "far.tif"),
        (CrsMissing, good[0], blank, {}, "blank.tif"),
        (CrsMissing, blank, good[1], {}, "blank.tif"),
        (LabelsUnusable, good[0], other, {}, "5001.*Winter wheat"),
        (LabelsUnusable, good[0], holes, {}, "No pixel"),
        (LabelsUnusable, empty, good[1], {}, "no class"),
        (BadInput, real, good[1], {}, "float32"),
        (BadInput, many, good[1], {}, "many.tif"),
        (BadInput, good[0], good[1], {"mapping": (("1", "Rice"),)}, "Rice.*Winter wheat"),
        (BadInput, good[0], good[1], {"agreement": good[1]}, "replace an input"),
        (BadRaster, str(tmp_path / "text.tif"), good[1], {}, "text.tif"),
        (BadRaster, str(tmp_path / "gone.tif"), good[1], {}, "gone.tif"),
        (LabelsUnusable, good[0], str(tmp_path / "gone.gpkg"), {}, "gone.gpkg"),
        (NoOverlap, good[0], away, {"class_field": "crop"}, "away.gpkg"),
        (LabelsUnusable, good[0], away, {}, "class field.*crop"),
        (LabelsUnusable, good[0], away, {"class_field": "kind"}, "kind.*crop"),
        (LabelsUnusable, good[0], mute, {"class_field": "crop"}, "mute.gpkg"),
        (OutputNotWritable, good[0], good[1], {"report_csv": good[0] + "/r.csv"}, "r.csv"),
    ]


@pytest.mark.parametrize("number", range(18))
def test_bad_input_gets_one_sentence_and_leaves_nothing(tmp_path, number):
    kind, crop_map, reference, options, words = cases(tmp_path)[number]
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(kind, match=f"(?s){words}") as error:
        run(tmp_path, crop_map, reference, **options)
    assert type(error.value) is kind
    assert "\n" not in error.value.sentence
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_truncated_reference_is_named(tmp_path):
    truth, mapped = season((600, 600))
    whole = Path(write(tmp_path / "t.tif", noisy(truth, range(1, 5)), tiled=True, compress="deflate"))
    crop_map = write_map(tmp_path / "m.tif", mapped)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(BadRaster, match=r"t\.tif"):
        run(tmp_path, crop_map, whole)


class StopAt(Silent):
    """Cancels at the n-th check."""

    def __init__(self, count):
        super().__init__(Stop())
        self.left = count

    def check(self):
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_cancel_anywhere_leaves_nothing(tmp_path):
    truth, mapped = season((520, 520))
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    counting = StopAt(10**9)
    run(tmp_path, crop_map, reference, counting)
    checks = 10**9 - counting.left
    assert checks > 20
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    for count in range(0, checks, 3):
        with pytest.raises(Cancelled):
            run(tmp_path, crop_map, reference, StopAt(count))
        assert not list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else True


@pytest.mark.parametrize("target", ["r.html", "diagnosis_2_maize.qml"])
def test_a_full_disk_in_mid_writing_keeps_the_old_files(tmp_path, monkeypatch, target):
    truth, mapped = season((60, 60))
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    run(tmp_path, crop_map, reference)
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    write_text = Path.write_text

    def full(path, *arguments, **options):
        if path.name == temporary_path(Path(target)).name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DiskFull, match=target):
        run(tmp_path, crop_map, reference)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_a_reference_with_a_mask_of_its_own(tmp_path):
    truth, mapped = season((80, 60))
    mapped[mapped == 0] = 1
    shown = np.where(truth == 0, 4, truth).astype(np.uint8)  # hidden pixels hold a class that must not count
    for name, pixel in (("same.tif", 10.0), ("other.tif", 9.999999)):
        path = tmp_path / name
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            write(path, shown, grid_of(shown, pixel=pixel), nodata=None)
            with rasterio.open(path, "r+") as file:
                file.write_mask(truth != 0)
        _, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), path)
        assert document["matrix"] == sklearn_matrix(truth, mapped, [1, 2, 4])
