"""Comparisons limited to an area, boundaries counted apart, and layers that say what is mistaken."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.diagnosis.limits import Limits
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.errors import BadInput, NoOverlap
from crop_classifier_plugin.shared.jobs.accuracy import CompareLimits, ErrorLayers
from kits.diagnosis import grid_of, read, run, season, sklearn_matrix, write, write_map

CODES = [1, 2, 4]


@pytest.fixture
def pair(tmp_path):
    truth, mapped = season((120, 90))
    return truth, mapped, write(tmp_path / "t.tif", truth), write_map(tmp_path / "m.tif", mapped)


def area_of(tmp_path, rows, cols, crs=32631):
    (top, bottom), (left, right) = rows, cols
    box = shapely.box(600000 + 10 * left, 5600000 - 10 * bottom, 600000 + 10 * right, 5600000 - 10 * top)
    geopandas.GeoDataFrame(geometry=[box], crs=32631).to_crs(crs).to_file(tmp_path / "area.gpkg")
    return str(tmp_path / "area.gpkg")


@pytest.mark.parametrize("crs", [32631, 4326])
def test_only_what_lies_in_the_area_is_counted_and_painted(tmp_path, pair, crs) -> None:
    truth, mapped, reference, crop_map = pair
    limits = CompareLimits(area=area_of(tmp_path, (30, 80), (10, 60), crs))
    result, document = run(tmp_path, crop_map, reference, limits=limits)
    part = (slice(30, 80), slice(10, 60))
    assert document["matrix"] == sklearn_matrix(truth[part], mapped[part], CODES)
    assert document["excluded"]["outside_area"] == truth.size - 50 * 50
    agreement = read(result["agreement"])
    inside = np.zeros(truth.shape, bool)
    inside[part] = True
    assert (agreement[~inside] == 255).all()


def test_an_area_elsewhere_is_refused(tmp_path, pair) -> None:
    _, _, reference, crop_map = pair
    limits = CompareLimits(area=area_of(tmp_path, (1000, 1100), (0, 50)))
    with pytest.raises(NoOverlap, match="The map"):
        run(tmp_path, crop_map, reference, limits=limits)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(5, 30))
def test_edges_are_pixels_with_another_class_near(seed: int, width: int, block: int) -> None:
    """Against a slow version, and the same by windows as at once."""
    truth = np.random.default_rng(seed).integers(-1, 3, (17, 19)).astype(np.int32)
    truth = np.kron(truth, np.ones((2, 2), np.int32))
    grid = grid_of(truth)
    limits = Limits(CompareLimits(boundary=width), grid)

    def classes(window):
        return truth[window.slices]

    whole = limits.edges(Window(0, 0, *truth.shape), classes)
    for row, col in np.ndindex(truth.shape):
        around = truth[max(row - width, 0) : row + width + 1, max(col - width, 0) : col + width + 1]
        known = set(around[around >= 0].tolist())
        assert whole[row, col] == (truth[row, col] >= 0 and len(known) > 1)
    for window in grid.blocks(block):
        assert (limits.edges(window, classes) == whole[window.slices]).all()


def test_edges_count_apart(tmp_path, pair) -> None:
    truth, mapped, reference, crop_map = pair
    _, everything = run(tmp_path, crop_map, reference)
    _, inner = run(tmp_path, crop_map, reference, limits=CompareLimits(boundary=2))
    apart = inner["excluded"]
    assert 0 < apart["edges"] < everything["overall"]["pixels"]
    assert inner["overall"]["pixels"] + apart["edges"] == everything["overall"]["pixels"]
    right = np.trace(np.array(everything["matrix"])) - np.trace(np.array(inner["matrix"]))
    assert apart["edges_right"] == right
    assert ((truth != 0) & (mapped != 0)).sum() == everything["overall"]["pixels"]


def test_the_disagreement_says_which_is_taken_for_which(tmp_path, pair) -> None:
    truth, mapped, reference, crop_map = pair
    path = str(tmp_path / "d.tif")
    _, document = run(tmp_path, crop_map, reference, layers=ErrorLayers(disagreement=path))
    painted, both = read(path), (truth != 0) & (mapped != 0)
    assert (painted[~both] == 255).all()
    assert ((painted == 0) == (both & (truth == mapped))).all()
    for value in np.unique(painted[both & (painted > 0)]):
        pairs = set(zip(truth[painted == value].tolist(), mapped[painted == value].tolist()))
        assert len(pairs) == 1
    sizes = np.bincount(painted[both])[1:]
    assert (np.diff(sizes) <= 0).all()
    assert len(sizes) == 6
    style = (tmp_path / "d.qml").read_text(encoding="utf-8")
    top = document["largest_confusions"][0]
    assert f'label="{top["reference"]}, mapped as '.replace("&", "&amp;").replace("<", "&lt;") in style.replace(
        "&gt;", ">"
    )


def test_sureness_parts_right_and_wrong_by_confidence(tmp_path, pair) -> None:
    truth, mapped, reference, crop_map = pair
    confidence = np.random.default_rng(0).integers(0, 101, truth.shape).astype(np.uint8)
    confidence[mapped == 0] = 255
    path = write(tmp_path / "c.tif", confidence, nodata=255)
    layers = ErrorLayers(sureness=str(tmp_path / "s.tif"), confidence=path, sure_above=60.0)
    result, _ = run(tmp_path, crop_map, reference, layers=layers)
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert "sure from 60 % of confidence" in page
    assert "wrong, but sure" in page
    assert "One layer of disagreement" not in page
    painted, both = read(tmp_path / "s.tif"), (truth != 0) & (mapped != 0)
    sure, right = confidence >= 60, truth == mapped
    expected = np.where(right, np.where(sure, 0, 1), np.where(sure, 3, 2))
    assert (painted == np.where(both, expected, 255)).all()


def test_the_report_tells_whether_the_map_is_as_sure_as_it_is_right(tmp_path, pair) -> None:
    truth, mapped, reference, crop_map = pair
    right = truth == mapped
    confidence = np.where(right, 90, 60).astype(np.uint8)
    path = write(tmp_path / "c.tif", confidence, nodata=255)
    result, document = run(tmp_path, crop_map, reference, layers=ErrorLayers(confidence=path))
    both = (truth != 0) & (mapped != 0)
    expected = (0.1 * (right & both).sum() + 0.6 * (~right & both).sum()) / both.sum()
    assert document["calibration"]["expected_error"] == pytest.approx(expected)
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert f'<b id="calibration_error">{expected:.3f}</b>' in page
    assert "right 100 %" in page
    wrong = write(tmp_path / "w.tif", confidence.astype(np.uint16) * 100, nodata=65535)
    with pytest.raises(BadInput, match="no confidence in per cent"):
        run(tmp_path, crop_map, reference, layers=ErrorLayers(confidence=wrong))


def test_what_does_not_go_together_is_refused(tmp_path, pair) -> None:
    _, _, reference, crop_map = pair
    with pytest.raises(BadInput, match="confidence is needed"):
        ErrorLayers(sureness="s.tif")
    with pytest.raises(BadInput, match="give 0 to 100"):
        CompareLimits(boundary=101)
    other = write(tmp_path / "c.tif", np.zeros((5, 5), np.uint8), nodata=255)
    with pytest.raises(BadInput, match="another size"):
        run(tmp_path, crop_map, reference, layers=ErrorLayers(sureness=str(tmp_path / "s.tif"), confidence=other))
