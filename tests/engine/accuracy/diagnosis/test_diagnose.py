"""The diagnosis of a map: to the pixel as scikit-learn counts it, whatever the reference is."""

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

from crop_classifier_plugin.engine.accuracy.diagnosis.error_layers import (
    FN,
    FP,
    TN,
    TP,
    slug,
)
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import LEGEND, UTM, grid_of, noisy, read, run, season, sklearn_matrix, write, write_map
from kits.paths import FLANDERS

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
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    _, document = run(tmp_path, crop_map, reference, leave_out_missing=True)
    left_out = document["excluded"]
    outside = sum(row["pixels"] for row in left_out["outside_legend"])
    whole = (
        document["overall"]["pixels"]
        + left_out["map_no_data"]
        + left_out["reference_no_data"]
        + outside
        + left_out["disputed"]
    )
    assert whole == truth.size
    assert outside == int((mapped[:4] != 0).sum())
    _, kept = run(tmp_path, crop_map, reference)
    assert kept["excluded"] == left_out | {"outside_legend": []}
    assert kept["overall"]["pixels"] == document["overall"]["pixels"] + outside


def test_real_reference(tmp_path):
    reference = FLANDERS / "crop_type.tif"
    if not reference.exists():
        pytest.skip(f"no real data at {FLANDERS}")
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


def test_overlaps_of_different_classes_are_no_reference_across_blocks(tmp_path):
    mapped = np.full((1100, 530), 2, np.uint8)
    whole, strip = (box(6e5, 56e5 - 11000, 6e5 + width, 56e5) for width in (5300, 1000))
    shapes, names = [*(whole.buffer(k) for k in range(39)), strip], ["Winter wheat"] * 39 + ["Maize"]
    geopandas.GeoDataFrame({"crop": names}, geometry=shapes, crs=UTM).to_file(tmp_path / "p.gpkg")
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), tmp_path / "p.gpkg", class_field="crop")
    assert document["excluded"]["disputed"] == 1100 * 100
    assert result["pixels"] == mapped.size - 1100 * 100
    assert result["oa"] == 0  # the map has the code of maize where all but the strip is wheat
    assert any("39 pairs of polygons or points of different classes overlap" in note for note in document["notes"])


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
    assert document["excluded"]["reference_no_data"] == int((seen == 0).sum())
    assert any("0 was taken for no data" in note for note in document["notes"]) == (nodata is None)


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
