"""Parts of the report that only some references and maps have: parcels, sureness, places without degrees."""

import csv
import io
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.jobs.accuracy import ErrorLayers
from kits.diagnosis import UTM, grid_of, run, season, write, write_map

NAMES = {1: "Winter wheat", 2: "Maize", 4: "Sugar <beet> & co"}


def parcels_of(path, truth, grid, side=20):
    """A polygon for each square of one class, two pixels smaller all around."""
    rows = []
    for row in range(0, truth.shape[0] - side + 1, side):
        for col in range(0, truth.shape[1] - side + 1, side):
            if truth[row, col]:
                box = shapely.box(*grid.sub(Window(row + 2, col + 2, side - 4, side - 4)).bounds)
                rows.append((NAMES[int(truth[row, col])], box))
    frame = geopandas.GeoDataFrame(
        {"crop": [name for name, _ in rows]}, geometry=[b for _, b in rows], crs="EPSG:32631"
    )
    frame.to_file(path)
    return str(path), frame


def test_parcels_stand_alike_in_page_json_and_csv(tmp_path):
    truth, mapped = season((200, 160))
    mapped[:40] = 0
    grid = grid_of(truth)
    path, frame = parcels_of(tmp_path / "p.gpkg", truth, grid)
    reporter = Silent()
    crop_map = write_map(tmp_path / "m.tif", mapped)
    result, document = run(tmp_path, crop_map, path, reporter=reporter, class_field="crop")
    found, page = document["parcels"], Path(result["report_html"]).read_text(encoding="utf-8")
    figures = dict(row for row in csv.reader(io.StringIO(Path(result["report_csv"]).read_text())) if len(row) == 2)
    without = int((frame.geometry.centroid.y > grid.bounds[3] - 400).sum())
    assert found["without_map"] == document["holes"]["parcels"] == without > 0
    assert found["parcels"] == len(frame) == found["with_map"] + without
    assert int(figures["parcels"]) == found["parcels"]
    assert int(figures["parcels with their class in the map"]) == found["right"]
    assert f'<b id="parcels_right">{found["right"]:,}</b> of {found["with_map"]:,} parcels' in page
    assert figures["parcels: overall accuracy"] == f"{found['right'] / found['with_map']:.6f}"
    assert int(figures["without a map: parcels"]) == without
    assert f"{without} of the {len(frame)} parcels have no map at all" in page
    assert any(level == "warning" and f"{without} parcels have no map at all" in text for level, text in reporter.lines)
    for place in found["largest_without_map"]:
        assert (frame.geometry.contains(shapely.Point(place["x"], place["y"]))).sum() == 1


def test_where_it_is_sure_and_wrong_comes_first(tmp_path):
    truth = np.kron(np.array([[1, 2], [4, 1]]), np.ones((50, 50), int)).astype(np.uint8)
    mapped, sure = truth.copy(), np.full(truth.shape, 60, np.uint8)
    mapped[5:35, 5:35] = 2  # large and unsure
    mapped[60:70, 60:70], sure[60:70, 60:70] = 4, 97  # small and sure
    layers = ErrorLayers(confidence=write(tmp_path / "c.tif", sure, nodata=255), sure_above=80)
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    result, document = run(tmp_path, crop_map, reference, layers=layers)
    (region,) = document["look_first"]["regions"]
    assert document["look_first"]["sure"] is True
    assert (region["reference"], region["map"], region["pixels"]) == ("Winter wheat", "Sugar <beet> & co", 100)
    assert region["confidence"] == 97
    row, col = ~grid_of(truth).transform @ (region["x"], region["y"])
    assert 60 <= row < 70
    assert 60 <= col < 70
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert "wrong and sure of it (from 80 % of confidence)" in page
    _, plain = run(tmp_path, crop_map, reference)
    assert [each["pixels"] for each in plain["look_first"]["regions"]] == [900, 100]


@pytest.mark.parametrize("crs", [CRS.from_epsg(4326), CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]'), UTM])
def test_places_are_told_in_any_system(tmp_path, crs):
    truth, mapped = season((60, 60))
    places = {"x": 3.0, "y": 51.0, "pixel": 1e-4} if crs.is_geographic else {}
    grid = grid_of(truth, crs=crs, **places)
    crop_map = write_map(tmp_path / "m.tif", mapped, grid=grid)
    result, document = run(tmp_path, crop_map, write(tmp_path / "t.tif", truth, grid=grid))
    with rasterio.open(crop_map) as file:
        bounds = file.bounds
    for region in document["look_first"]["regions"]:
        assert bounds.left < region["x"] < bounds.right
        assert bounds.bottom < region["y"] < bounds.top
        known = crs.is_geographic or crs == UTM
        assert (region["longitude"] is not None) == known
        if crs.is_geographic:
            assert (region["longitude"], region["latitude"]) == pytest.approx((region["x"], region["y"]), abs=1e-6)
    assert document["holes"]["pixels"] == (mapped == 0).sum()
    assert Path(result["report_html"]).stat().st_size > 1000
