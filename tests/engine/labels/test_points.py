"""Laws of points as labels: a point says what its pixel is, in every job, whatever kind of file it comes in."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import arro3.core as arrow
import geopandas as gpd
import numpy as np
import pytest
import rasterio.transform
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS as ProjCRS
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.constants import DISPUTED, NO_DATA
from crop_classifier_plugin.engine.labels.labelled_parcels import Meaning, ShapeLabels
from crop_classifier_plugin.engine.labels.open_labels import open_labels
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.splits.split import SplitRule, split
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.shared.errors import CrsMissing, LabelsUnusable, NoOverlap
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.legend import CropClass, Legend

SIDE = 9  # px
GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 500_000, 0, -10, 5_650_000), SIDE, SIDE)
WHOLE = Window(0, 0, SIDE, SIDE)
NAMES = ("maize", "wheat")
LEGEND = Legend(tuple(CropClass(code, name, "#000000") for code, name in enumerate(NAMES, start=1)))
place = st.integers(-20, 110)  # metres from the corner: the grid is 90 m wide, whole tens lie between pixels
points = st.lists(st.tuples(place, place, st.sampled_from(NAMES)), min_size=1, max_size=25)
Drawn = list[tuple[int, int, str]]


def frame_of(drawn: Drawn) -> gpd.GeoDataFrame:
    x, y, names = zip(*drawn)
    shapes = shapely.points(500_000 + np.array(x), 5_650_000 - np.array(y))
    return gpd.GeoDataFrame({"crop": names}, geometry=shapes, crs=GRID.crs)


def slowly(drawn: Drawn) -> np.ndarray:
    """(H,W) as rasterio finds each point's row and column."""
    said = defaultdict(set)
    for x, y, name in drawn:
        row, col = rasterio.transform.rowcol(GRID.transform, 500_000 + x, 5_650_000 - y)
        said[int(row), int(col)].add(NAMES.index(name))
    found = np.full((SIDE, SIDE), NO_DATA)
    for (row, col), classes in said.items():
        if 0 <= row < SIDE and 0 <= col < SIDE:
            found[row, col] = next(iter(classes)) if len(classes) == 1 else DISPUTED
    return found


@settings(max_examples=40, deadline=None)
@given(points)
def test_a_point_labels_its_pixel_in_diagnoses_and_trainings(drawn: Drawn) -> None:
    expected = slowly(drawn)
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "points.gpkg")
        frame_of(drawn).to_file(path)
        source = LabelSource(path, class_field="crop")
        if (expected == NO_DATA).all():
            with pytest.raises(NoOverlap), open_labels(source, GRID, "map.tif"):
                pass
            return
        with open_labels(source, GRID, "map.tif") as reference:
            table = np.array([*(NAMES.index(label.text) for label in reference.labels), DISPUTED, NO_DATA])
            np.testing.assert_array_equal(table[reference.read(WHOLE)], expected)
            assert reference.are_points
            told = " ".join(reference.notes)
        learnt = ShapeLabels(source, Meaning(("crop",), LEGEND), GRID, Silent())
    number = learnt.read(WHOLE)
    classes = np.where(number >= 0, learnt.parcels.classes[number, 0], NO_DATA)
    np.testing.assert_array_equal(classes, np.where(expected == DISPUTED, NO_DATA, expected))
    assert learnt.parcels.unit == "point"
    assert ("of different classes overlap" in told) == (expected == DISPUTED).any()
    outside = [1 for x, y, _ in drawn if not (0 <= x <= 90 and 0 <= y <= 90)]
    assert (f"{len(outside)} of {len(drawn)} points" in told) == bool(outside)


@settings(max_examples=40, deadline=None)
@given(points, st.integers(0, 99), st.sampled_from(["side", "parcel", "block"]))
def test_points_whose_pixels_touch_are_on_one_side(drawn: Drawn, seed: int, by: str) -> None:
    drawn = [(5, 5, "maize"), *drawn]
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "points.gpkg")
        frame_of(drawn).to_file(path)
        labels = ShapeLabels(LabelSource(path, class_field="crop"), Meaning(("crop",), LEGEND), GRID, Silent())
    if by != "block":
        parts = split(labels.parcels, SplitRule(0.4, 0.2, "auto", seed, by)).parts
        number = labels.read(WHOLE)
        part = np.where(number >= 0, parts[number], 0)
        for one, other in ((part[:, :-1], part[:, 1:]), (part[:-1], part[1:]), (part[:-1, :-1], part[1:, 1:])):
            assert not ((one > 0) & (other > 0) & (one != other)).any()


def write_csv(frame: gpd.GeoDataFrame, path: Path) -> None:
    degrees = frame.to_crs(4326).geometry
    rows = [f"{x!r};{y!r};{name}" for x, y, name in zip(degrees.x.tolist(), degrees.y.tolist(), frame["crop"])]
    path.write_text("\n".join(["Lon;Lat;crop", *rows]) + "\n", encoding="utf-8-sig")


def write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    geo = {
        "version": "1.1.0",
        "primary_column": "shape",
        "columns": {"shape": {"encoding": "WKB", "geometry_types": [], "crs": ProjCRS(frame.crs).to_json_dict()}},
    }
    shapes = arrow.Array(frame.geometry.to_wkb().tolist(), type=arrow.DataType.binary())
    names = arrow.Array(frame["crop"].tolist(), type=arrow.DataType.string())
    table = arrow.Table.from_pydict({"shape": shapes, "crop": names})
    from arro3.io import write_parquet as write

    write(table.with_schema(table.schema.with_metadata({"geo": json.dumps(geo)})), str(path))


DRAWN: Drawn = [(5, 5, "maize"), (25, 5, "wheat"), (45, 47, "maize"), (-8, 3, "wheat"), (81, 82, "wheat")]
WRITERS = {"csv": write_csv, "parquet": write_parquet}


@pytest.mark.parametrize("kind", ["gpkg", "shp", "geojson", "fgb", "kml", "csv", "parquet"])
def test_every_kind_of_file_says_the_same(tmp_path: Path, kind: str) -> None:
    path, frame = tmp_path / f"points.{kind}", frame_of(DRAWN)
    if kind in WRITERS:
        WRITERS[kind](frame, path)
    else:
        (frame.to_crs(4326) if kind == "kml" else frame).to_file(path, **({"driver": "KML"} if kind == "kml" else {}))
    with open_labels(LabelSource(str(path), class_field="crop"), GRID, "map.tif") as reference:
        table = np.array([*(NAMES.index(label.text) for label in reference.labels), DISPUTED, NO_DATA])
        np.testing.assert_array_equal(table[reference.read(WHOLE)], slowly(DRAWN))
        assert any("1 of 5 points" in note for note in reference.notes)


def test_heights_and_multipoints_are_points(tmp_path: Path) -> None:
    shapes = [shapely.Point(500_005, 5_649_995, 33.0), shapely.MultiPoint([(500_025, 5_649_995), (500_027, 5_649_975)])]
    path = tmp_path / "points.gpkg"
    gpd.GeoDataFrame({"crop": ["maize", "wheat"]}, geometry=shapes, crs=GRID.crs).to_file(path)
    with open_labels(LabelSource(str(path), class_field="crop"), GRID, "map.tif") as reference:
        found = reference.read(WHOLE)
    assert {(int(r), int(c)) for r, c in zip(*np.nonzero(found >= 0))} == {(0, 0), (0, 2), (2, 2)}


def test_a_mixed_layer_is_read_whole_and_a_polygon_disputes_a_point(tmp_path: Path) -> None:
    field = shapely.box(500_000, 5_649_960, 500_040, 5_650_000)
    shapes = [field, shapely.Point(500_005, 5_649_995), shapely.Point(500_055, 5_649_995), shapely.Point(), None]
    frame = gpd.GeoDataFrame({"crop": ["maize", "wheat", "wheat", "wheat", "wheat"]}, geometry=shapes, crs=GRID.crs)
    frame.to_file(tmp_path / "mixed.geojson")
    source = LabelSource(str(tmp_path / "mixed.geojson"), class_field="crop")
    with open_labels(source, GRID, "map.tif") as reference:
        found = reference.read(WHOLE)
    assert found[0, 0] == DISPUTED
    assert reference.labels[found[0, 5]].text == "wheat"
    assert (found >= 0).sum() == 16
    assert not reference.are_points


def test_labels_of_one_pixel_count_once_and_it_is_said(tmp_path: Path) -> None:
    drawn = [(1, 1, "maize"), (2, 2, "Maize "), (8, 8, "maize"), (25, 5, "wheat")]
    frame_of(drawn).to_file(tmp_path / "points.gpkg")
    with open_labels(LabelSource(str(tmp_path / "points.gpkg"), class_field="crop"), GRID, "m.tif") as reference:
        assert "2 of 4 points lie in the pixel of another of their class: it counts once." in reference.notes


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lon,lat,crop\n4.5,51.2\n", ""),  # a short row has no class
        ("lon;lat;crop\n4,5;51,2;maize\n", "Line 2 .* lon '4,5' with a decimal comma: write it as 4.5"),
        ("lon,lat,crop\n4,5,51,2,maize\n", "Line 2 .* more values than the table has columns"),
        ("lon,lat,crop\n500000,5650000,maize\n", "no degrees: call the columns x and y"),
        ("lon,lat,crop\nfour,51.2,maize\n", "lon 'four', which is no number"),
        ("crop,area\nmaize,3\n", "name columns of the table lon and lat, or x and y"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    if not words:
        assert read_labelled_shapes(str(path), "", "crop", GRID.crs).attrs["unlabelled"] == 1
        return
    with pytest.raises(LabelsUnusable, match=words):
        read_labelled_shapes(str(path), "", "crop", GRID.crs)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_any_spreadsheet_in_a_crs_of_the_user(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["X", "Y", "crop", "note"], ["500005.5", "5649995", "Maïs", "a"], ["", "", "Maïs", ""], ["", "", "", ""]]
    (tmp_path / "p.csv").write_text("\r\n".join(delimiter.join(row) for row in rows) + "\r\n", encoding=encoding)
    with pytest.raises(CrsMissing):
        read_labelled_shapes(str(tmp_path / "p.csv"), "", "crop", GRID.crs)
    frame = read_labelled_shapes(str(tmp_path / "p.csv"), "", "crop", GRID.crs, None, "EPSG:32631")
    assert frame["label"].tolist() == ["Maïs"]
    assert (frame.geometry[0].x, frame.attrs["empty"]) == (500005.5, 1)


# --- GeoParquet -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["truncated", "no geometry", "missing", "unknown crs"])
def test_parquet_that_cannot_be_read_is_told(tmp_path: Path, case: str) -> None:
    path = tmp_path / "points.parquet"
    write_parquet(frame_of(DRAWN), path)
    error, words = LabelsUnusable, "not all of it"
    if case == "truncated":
        path.write_bytes(path.read_bytes()[:-9])
    elif case == "missing":
        path, words = tmp_path / "none.parquet", "No such file"
    else:
        from arro3.io import read_parquet
        from arro3.io import write_parquet as write

        table = read_parquet(str(path)).read_all()
        geo = json.loads(table.schema.metadata[b"geo"])
        geo["columns"]["shape"]["crs"] = None
        told = {} if case == "no geometry" else {"geo": json.dumps(geo)}
        write(table.with_schema(table.schema.with_metadata(told)), str(path))
        words = "no geometries" if case == "no geometry" else "points"
        error = LabelsUnusable if case == "no geometry" else CrsMissing
    with pytest.raises(error, match=words):
        read_labelled_shapes(str(path), "", "crop", GRID.crs)


def test_parcels_come_in_geoparquet_too(tmp_path: Path) -> None:
    cells = [shapely.box(500_000 + 20 * i, 5_649_980, 500_020 + 20 * i, 5_650_000) for i in range(3000)]
    frame = gpd.GeoDataFrame({"crop": [NAMES[i % 2] for i in range(3000)]}, geometry=cells, crs=GRID.crs)
    write_parquet(frame, tmp_path / "p.parquet")
    frame.to_file(tmp_path / "p.gpkg")
    for bounds in (None, GRID.bounds):
        files = [str(tmp_path / name) for name in ("p.parquet", "p.gpkg")]
        read = [read_labelled_shapes(path, "", "crop", GRID.crs, bounds) for path in files]
        assert (len(read[0]) == 3000) == (bounds is None)
        assert read[0]["label"].tolist() == read[1]["label"].tolist()
        assert read[0].geometry.geom_equals(read[1].geometry).all()
