"""What became of each crop: the layer and the matrix equal a count of the two arrays."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import geopandas
import numpy as np
import pytest
import shapely

from crop_classifier_plugin.engine.accuracy.side_by_side.map_change import map_change
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.compare_maps import ClassMap, MapChangeJob
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import LEGEND, UTM, noisy, read, season, write_map

NAMES = {crop.code: crop.name for crop in LEGEND}


class Hearing(Silent):
    def __init__(self):
        super().__init__()
        self.heard = []

    def log(self, text, level="info"):
        self.heard.append(text)


def run(tmp_path, before, after, reporter=None, **options):
    reports = {f"report_{end}": str(tmp_path / f"c.{end}") for end in ("html", "json", "csv")}
    job = MapChangeJob(ClassMap(before), ClassMap(after), str(tmp_path / "change.tif"), **reports | options)
    map_change(job, reporter or Silent())
    return read(tmp_path / "change.tif"), json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))


def names_of(path):
    """What QGIS shows of each value."""
    entries = ElementTree.parse(path.with_suffix(".qml")).iter("paletteEntry")
    return {int(entry.get("value")): entry.get("label") for entry in entries}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("change")
    truth, before = season((540, 520))
    after = noisy(truth, [0, 1, 2, 4], 8, 0.5)
    return write_map(folder / "a.tif", before), write_map(folder / "b.tif", after), before, after


def test_the_layer_names_what_became_what(place, tmp_path):
    one, other, before, after = place
    layer, found = run(tmp_path, one, other)
    names, known = names_of(tmp_path / "change.tif"), (before != 0) & (after != 0)
    assert (layer[~known] == 255).all()
    assert names[0] == "unchanged"
    assert ((layer == 0) == (known & (before == after))).all()
    for a in (1, 2, 4):
        for b in {1, 2, 4} - {a}:
            there = layer[(before == a) & (after == b)]
            assert len(set(there.tolist())) == 1
            assert names[int(there[0])] == f"{NAMES[a]} to {NAMES[b]}"
    counted = [[int(((before == a) & (after == b)).sum()) for b in (1, 2, 4)] for a in (1, 2, 4)]
    assert found["matrix_pixels"] == counted
    assert np.array(found["matrix_hectares"]) == pytest.approx(np.array(counted) * 0.01, rel=2e-3)
    assert found["changed_pixels"] == sum(map(sum, counted)) - np.trace(counted)
    for row in found["classes"]:
        assert row["kept_ha"] + row["lost_ha"] == pytest.approx(row["before_ha"])
        assert row["kept_ha"] + row["gained_ha"] == pytest.approx(row["after_ha"])
    assert sum(row["pixels"] for row in found["left_out"]) == (~known).sum()


def test_all_three_reports_hold_the_same_numbers(place, tmp_path):
    one, other, *_ = place
    _, found = run(tmp_path, one, other)
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    tables = [list(csv.reader(io.StringIO(part))) for part in (tmp_path / "c.csv").read_text().split("\n\n")]
    assert [[int(cell) for cell in line[1:]] for line in tables[1][1:]] == found["matrix_pixels"]
    hectares = [[float(cell) for cell in line[1:]] for line in tables[0][1:]]
    assert np.array(hectares) == pytest.approx(np.array(found["matrix_hectares"]), abs=1e-6)
    for row in found["matrix_hectares"]:
        assert all(f">{value:,.1f}</td>" in page for value in row)
    assert found["headline"] in page


def test_only_an_area_is_compared(place, tmp_path):
    one, other, before, after = place
    box = geopandas.GeoDataFrame(geometry=[shapely.box(600000, 5600000 - 1000, 602000, 5600000)], crs=UTM)
    box.to_file(tmp_path / "area.gpkg")
    layer, found = run(tmp_path, one, other, area=str(tmp_path / "area.gpkg"))
    assert found["pixels"] == ((before != 0) & (after != 0))[:100, :200].sum()
    assert (layer[100:] == 255).all()
    assert (layer[:, 200:] == 255).all()


def test_more_changes_than_values_are_said(tmp_path):
    legend = Legend(tuple(CropClass(code, f"crop {code}", "#000000") for code in range(1, 21)))
    before = np.repeat(np.arange(1, 21), 20).reshape(20, 20).astype(np.uint8)
    after = np.tile(np.arange(1, 21), 20).reshape(20, 20).astype(np.uint8)
    maps = [write_map(tmp_path / name, array, legend) for name, array in (("a.tif", before), ("b.tif", after))]
    reporter = Hearing()
    layer, found = run(tmp_path, *maps, reporter=reporter)
    assert any("The 127 rarest of 380 changes share one value" in text for text in reporter.heard)
    assert (layer == 254).sum() == 127
    assert np.array(found["matrix_pixels"]).sum() == 400


def test_one_map_twice_is_refused(place, tmp_path):
    with pytest.raises(BadInput, match="the same file"):
        run(tmp_path, place[0], place[0])
