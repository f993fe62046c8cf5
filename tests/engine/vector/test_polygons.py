"""Reference polygons: every oddity of real files is repaired, dropped and counted, or told in a sentence."""

import geopandas
import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Polygon, box

from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons
from crop_classifier_plugin.shared.errors import CrsMissing, LabelsUnusable

UTM = CRS.from_epsg(32631)
SQUARE = box(600000, 5600000, 600100, 5600100)
BOW_TIE = Polygon([(600000, 5600000), (600100, 5600100), (600100, 5600000), (600000, 5600100)])


def save(path, labels, shapes, crs=UTM, **options):
    geopandas.GeoDataFrame({"crop": labels}, geometry=shapes, crs=crs).to_file(path, **options)
    return str(path)


def test_labels_and_shapes_come_through(tmp_path):
    frame = read_labelled_shapes(
        save(tmp_path / "p.gpkg", ["wheat", " maize "], [SQUARE, SQUARE.buffer(5)]), "", "crop", UTM
    )
    assert list(frame.columns) == ["label", "geometry"]
    assert list(frame["label"]) == ["wheat", "maize"]
    assert frame.geometry[0].equals(SQUARE)
    assert frame.attrs == {"unlabelled": 0, "empty": 0, "simulated": False, "notes": ()}


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "fgb"])
def test_formats(tmp_path, suffix):
    path = save(tmp_path / f"p.{suffix}", ["wheat"], [SQUARE])
    frame = read_labelled_shapes(path, "", "crop", UTM)
    assert list(frame["label"]) == ["wheat"]
    assert frame.geometry[0].symmetric_difference(SQUARE).area < 1


@pytest.mark.parametrize(
    ("labels", "texts"),
    [([1110, 1200], ["1110", "1200"]), ([1110.0, None], ["1110"]), ([2.5, 3.0], ["2.5", "3"]), (["07", ""], ["07"])],
)
def test_labels_are_text_as_one_would_write_them(tmp_path, labels, texts):
    frame = read_labelled_shapes(save(tmp_path / "p.gpkg", labels, [SQUARE] * 2), "", "crop", UTM)
    assert list(frame["label"]) == texts
    assert frame.attrs["unlabelled"] == 2 - len(texts)


def test_odd_geometries(tmp_path):
    flat = Polygon([(600000, 5600000), (600100, 5600000), (600050, 5600000)])
    mixed = GeometryCollection([SQUARE, LineString([(600000, 5600000), (600200, 5600200)])])
    shapes = [BOW_TIE, None, Polygon(), flat, MultiPolygon([SQUARE]), mixed]
    labels = ["bow", "none", "nothing", "flat", "multi", "mixed"]
    frame = read_labelled_shapes(save(tmp_path / "p.gpkg", labels, shapes), "", "crop", UTM)
    assert list(frame["label"]) == ["bow", "multi", "mixed"]
    assert frame.attrs == {"unlabelled": 0, "empty": 3, "simulated": False, "notes": ()}
    assert frame.geometry.is_valid.all()
    assert set(frame.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    assert list(frame.geometry.area.round()) == [5000, 10000, 10000]


def test_reprojection_brings_the_shape_to_its_place(tmp_path):
    frame = geopandas.GeoDataFrame({"crop": ["a"]}, geometry=[SQUARE], crs=UTM)
    for code in (4326, 3035, 31370):
        path = tmp_path / f"{code}.gpkg"
        frame.to_crs(code).to_file(path)
        read = read_labelled_shapes(str(path), "", "crop", UTM)
        assert read.crs == UTM
        assert read.geometry[0].symmetric_difference(SQUARE).area < 1


@pytest.mark.parametrize("code", [32631, 4326, 3035])
def test_bounds_leave_out_only_what_does_not_touch_them(tmp_path, code):
    cells = [box(600000 + 100 * i, 5600000 + 100 * j, 600090 + 100 * i, 5600090 + 100 * j)
             for i in range(20) for j in range(20)]  # fmt: skip
    frame = geopandas.GeoDataFrame({"crop": [str(k) for k in range(400)]}, geometry=cells, crs=UTM)
    frame.to_crs(code).to_file(tmp_path / "p.gpkg")
    bounds = (600450.0, 5600450.0, 600950.0, 5600650.0)
    read = set(read_labelled_shapes(str(tmp_path / "p.gpkg"), "", "crop", UTM, bounds)["label"])
    needed = {str(k) for k, cell in enumerate(cells) if cell.intersects(box(*bounds))}
    assert needed <= read
    assert len(read) < 100


def test_the_first_layer_with_geometry_or_the_one_named(tmp_path):
    path = tmp_path / "p.gpkg"
    geopandas.GeoDataFrame({"crop": ["a"]}, geometry=[SQUARE], crs=UTM).to_file(path, layer="fields")
    geopandas.GeoDataFrame({"crop": ["b"]}, geometry=[SQUARE], crs=UTM).to_file(path, layer="more fields")
    assert list(read_labelled_shapes(str(path), "", "crop", UTM)["label"]) == ["a"]
    assert list(read_labelled_shapes(str(path), "more fields", "crop", UTM)["label"]) == ["b"]
    with pytest.raises(LabelsUnusable, match=r"'parcels'.*fields, more fields"):
        read_labelled_shapes(str(path), "parcels", "crop", UTM)


@pytest.mark.parametrize("case", ["gone", "text", "truncated", "field", "no field", "lines", "table"])
def test_what_cannot_be_used_gets_one_sentence_that_lists_what_there_is(tmp_path, case):
    path = tmp_path / "p.gpkg"
    save(path, ["a"] * 500, [SQUARE] * 500)
    field, words = "crop", "p.gpkg"
    if case == "gone":
        path = tmp_path / "p2.gpkg"
        words = "No such file"
    elif case == "text":
        path.write_text("no vector file")
    elif case == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    elif case == "field":
        field, words = "crops", "'crops'.*crop"
    elif case == "no field":
        field, words = "", "crop"
    elif case == "lines":
        path.unlink()
        save(path, ["a"], [LineString([(600000, 5600000), (600100, 5600000)])])
        words = "holds LineString.*layer of polygons or points"
    elif case == "table":
        path = tmp_path / "t.csv"
        path.write_text("crop,area\na,3\n")
        words = "no geometry"
    with pytest.raises(LabelsUnusable, match=words) as error:
        read_labelled_shapes(str(path), "", field, UTM)
    assert "\n" not in error.value.sentence


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_missing_crs_is_told(tmp_path):
    with pytest.raises(CrsMissing, match=r"p\.shp"):
        read_labelled_shapes(save(tmp_path / "p.shp", ["a"], [SQUARE], crs=None), "", "crop", UTM)


# --- burning ---------------------------------------------------------------------------------------------------------

GRID = Grid(UTM, Affine(10, 0, 600000, 0, -10, 5600400), 40, 30)
edges = st.tuples(st.floats(0, 300), st.floats(0, 300)).map(sorted)


@settings(max_examples=60)
@given(st.lists(st.tuples(edges, st.tuples(st.floats(0, 400), st.floats(0, 400)).map(sorted)), max_size=6))
def test_a_pixel_takes_the_last_rectangle_that_holds_its_centre(rectangles):
    xs = 600000 + 10 * np.arange(30) + 5.0
    ys = 5600400 - 10 * np.arange(40) - 5.0
    expected = np.zeros((40, 30), int)
    shapes = []
    doubtful = np.zeros((40, 30), bool)  # a centre on an edge may go either way
    for value, ((x0, x1), (y0, y1)) in enumerate(rectangles, start=1):
        x0, x1, y0, y1 = 600000 + x0, 600000 + x1, 5600000 + y0, 5600000 + y1
        inside = ((ys > y0) & (ys < y1))[:, None] & ((xs > x0) & (xs < x1))[None]
        near = (np.minimum(abs(ys - y0), abs(ys - y1)) < 1e-3)[:, None] | (
            np.minimum(abs(xs - x0), abs(xs - x1)) < 1e-3
        )
        doubtful |= near
        expected[inside] = value
        if x1 - x0 > 1e-3 and y1 - y0 > 1e-3:
            shapes.append((box(x0, y0, x1, y1), value))
    burnt = rasterize_polygons(shapes, GRID)
    assert burnt.dtype == np.uint16
    assert (burnt == expected)[~doubtful].all()


def test_nothing_burns_to_nothing():
    assert not rasterize_polygons([], GRID).any()
    assert rasterize_polygons([], GRID, "int32").dtype == np.int32
    assert not rasterize_polygons([(box(0, 0, 1, 1), 7)], GRID).any()


# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "said", "read", "notes"),
    [
        ("utf-8", "UTF-8", True, 0),
        ("utf-8", "", True, 0),  # as QGIS reads it
        ("gbk", "GB18030", True, 0),
        ("gbk", "", False, 1),
        ("ascii", "", True, 0),
    ],
)
def test_texts_of_a_shapefile_are_read_as_it_says_or_the_guess_is_told(tmp_path, encoding, said, read, notes):
    crops = ["wheat", "maize"] if encoding == "ascii" else ["\u5c0f\u9ea6", "\u7389\u7c73"]
    path = tmp_path / "p.shp"
    frame = geopandas.GeoDataFrame({"crop": ["A" * 9, "B" * 9]}, geometry=[box(i, 0, i + 1, 1) for i in (0, 1)])
    frame.set_crs(32631).to_file(path)
    table = path.with_suffix(".dbf").read_bytes()
    for letter, crop in zip((b"A", b"B"), crops):
        table = table.replace(letter * 9, crop.encode(encoding).ljust(9))
    path.with_suffix(".dbf").write_bytes(table[:29] + b"\0" + table[30:])
    path.with_suffix(".cpg").write_text(said) if said else path.with_suffix(".cpg").unlink()
    found = read_labelled_shapes(str(path), "", "crop", "EPSG:32631")
    assert (found["label"].tolist() == crops) == read
    assert len(found.attrs["notes"]) == notes
    assert all("p.cpg beside it" in note for note in found.attrs["notes"])
