"""Parcels summed up: each row's words and numbers, what is told, what is refused."""

from __future__ import annotations

import csv
import json
import sqlite3

import geopandas
import numpy as np
import pytest
import shapely
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.parcels.parcel_summary import parcel_summary
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable, NoOverlap
from crop_classifier_plugin.shared.jobs.accuracy import DeclaredParcels, MapRasters, ParcelSummaryJob
from kits.diagnosis import LEGEND, grid_of, write_map

SIDE = 10  # px of a square parcel


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """6 x 6 square parcels on a noisy map: truth by parcel, probabilities that lean to the map's class."""
    folder = tmp_path_factory.mktemp("parcels")
    rng = np.random.default_rng(4)
    truth = rng.choice([1, 2, 4], (6, 6))
    mapped = np.kron(np.where(rng.random((6, 6)) < 0.25, rng.choice([1, 2, 4], (6, 6)), truth), np.ones((SIDE, SIDE)))
    noise = rng.random(mapped.shape) < 0.2
    mapped = np.where(noise, rng.choice([1, 2, 4], mapped.shape), mapped).astype(np.uint8)
    mapped[:SIDE, :SIDE] = 0
    grid = grid_of(mapped)
    codes = np.array(LEGEND.codes)
    probability = np.where(codes[:, None, None] == mapped, 0.7, 0.1)
    path = write_map(folder / "map.tif", mapped)
    names = tuple(f"{c.code} {c.name}" for c in LEGEND)
    with RasterWriter(str(folder / "p.tif"), grid, RasterSpec("uint16", 65535, names, scale=1e-4)) as writer:
        known = np.where(mapped == 0, 65535, np.rint(10_000 * probability))
        writer.write(known.astype(np.uint16), Window(0, 0, *mapped.shape))
    rows, cols = np.indices((6, 6)).reshape(2, -1)
    x, y = 600000 + 10 * SIDE * cols, 5600000 - 10 * SIDE * rows
    shapes = shapely.box(x + 15, y - 85, x + 85, y - 15)
    words = {c.code: c.name for c in LEGEND}
    declared = [words[code] for code in truth.ravel()]
    frame = geopandas.GeoDataFrame(
        {"nr": np.arange(36), "crop": declared, "Pixels": "mine"}, geometry=shapes, crs=32631
    )
    frame.to_file(folder / "parcels.gpkg")
    return folder, path, mapped, truth.ravel(), frame


def run(tmp_path, place, parcels="", reporter=None, **options):
    folder, path, *_ = place
    options = {"declared_field": "crop", "id_field": "nr"} | options
    own = {key: options.pop(key) for key in ("declared_field", "id_field", "layer", "crs") if key in options}
    source = DeclaredParcels(parcels or str(folder / "parcels.gpkg"), **own)
    reports = {f"report_{end}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    rasters = MapRasters(path, options.pop("probabilities", ""))
    result = parcel_summary(
        ParcelSummaryJob(rasters, source, str(tmp_path / "out.gpkg"), **reports | options), reporter or Silent()
    )
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    return result, geopandas.read_file(tmp_path / "out.gpkg", layer="parcels"), document


def test_each_row_says_what_the_rasters_have_there(tmp_path, place) -> None:
    folder, _, mapped, *_ = place
    _, table, document = run(tmp_path, place, probabilities=str(folder / "p.tif"))
    blocks = mapped.reshape(6, SIDE, 6, SIDE).transpose(0, 2, 1, 3).reshape(36, SIDE, SIDE)
    for row, block in zip(table.itertuples(), blocks):
        inner = block[1:-1, 1:-1].astype(int)  # the parcel cuts the pixels at its edge in halves
        weights = np.ones((8, 8))
        weights[[0, -1]] *= 0.5
        weights[:, [0, -1]] *= 0.5
        shares = np.bincount(inner.ravel(), weights.ravel(), 8)[list(LEGEND.codes)]
        if not shares.sum():
            assert row.map_name is None or row.map_name != row.map_name
            assert row.agreement == "not known"
            continue
        best = shares.argmax()
        chances = 0.1 + 0.6 * shares / shares.sum()
        assert row.map_name == LEGEND.names[best]
        assert row.map_class == LEGEND.codes[best]
        assert row.map_share == pytest.approx(shares[best] / 49, abs=1e-5)
        assert row.map_prob == pytest.approx(chances[best], abs=1e-4)
        assert row.margin == pytest.approx(chances[best] - np.sort(chances)[-2], abs=1e-4)
        assert row.pixels == pytest.approx(49, abs=1e-4)
    assert table["area_ha"].to_numpy() == pytest.approx(0.49, rel=2e-3)
    assert table["mapped_share"][1:].to_numpy() == pytest.approx(1, abs=1e-3)
    assert list(table["Pixels_before"]) == ["mine"] * 36
    assert document["without_a_crop"] == 1


def test_the_accuracy_of_the_parcels_is_scikit_learns(tmp_path, place) -> None:
    _, table, document = run(tmp_path, place)
    rows = table[table["agreement"] != "not known"]
    names = [row["name"] for row in document["classes"]]
    matrix = metrics.confusion_matrix(rows["declared_name"], rows["map_name"], labels=names)
    assert document["matrix"] == matrix.tolist()
    assert document["overall"]["oa"] == pytest.approx(metrics.accuracy_score(rows["declared_name"], rows["map_name"]))
    assert np.array(document["matrix_ha"]).sum() == pytest.approx(rows["area_ha"].sum())
    text = (tmp_path / "r.csv").read_text(encoding="utf-8")
    cells = list(csv.reader(text.splitlines()))
    start = next(i for i, row in enumerate(cells) if row and row[0].startswith("declared")) + 1
    assert [[int(n) for n in row[1:]] for row in cells[start : start + len(names)]] == matrix.tolist()


def test_without_probabilities_the_next_crop_is_the_next_by_share(tmp_path, place) -> None:
    _, table, _ = run(tmp_path, place)
    known = table["map_name"].notna()
    assert table["entropy"].isna().all()
    assert (table.loc[known, "second_prob"].dropna() <= table.loc[known, "map_share"]).all()


def test_parcels_below_a_pixel_and_beyond_the_map_are_counted(tmp_path, place) -> None:
    shapes = [shapely.box(600203, 5599803, 600206, 5599806), shapely.box(0, 0, 50, 50)]
    geopandas.GeoDataFrame({"crop": ["Maize", "Maize"]}, geometry=shapes, crs=32631).to_file(tmp_path / "small.gpkg")
    _, table, document = run(tmp_path, place, str(tmp_path / "small.gpkg"), id_field="")
    assert document["smaller_than_a_pixel"] == 1
    assert document["without_a_crop"] == 1
    assert table["pixels"][0] == pytest.approx(0.09, abs=1e-3)
    assert table["map_share"][0] == pytest.approx(1)


def test_a_parcel_that_the_maps_system_has_no_place_for_is_left_out_and_counted(tmp_path, place) -> None:
    *_, frame = place
    shapes = [frame.to_crs(4326).geometry.iloc[14], shapely.Polygon([(3, 91), (4, 1e300), (5, 92)])]
    geopandas.GeoDataFrame({"crop": ["Maize", "Maize"]}, geometry=shapes, crs=4326).to_file(tmp_path / "odd.gpkg")
    reporter = Silent()
    _, table, _ = run(tmp_path, place, str(tmp_path / "odd.gpkg"), reporter, id_field="")
    assert len(table) == 1
    assert any("1 rows without a polygon were left out" in text for _, text in reporter.lines)


def test_parcels_in_another_crs_give_the_same(tmp_path, place) -> None:
    *_, frame = place
    frame.to_crs(4326).to_file(tmp_path / "degrees.gpkg")
    _, here, _ = run(tmp_path, place)
    _, there, _ = run(tmp_path, place, str(tmp_path / "degrees.gpkg"))
    assert there.crs.to_epsg() == 4326
    assert there["map_share"].to_numpy() == pytest.approx(here["map_share"].to_numpy(), abs=1e-4, nan_ok=True)


def test_crops_that_the_map_lacks_disagree_and_are_named_and_a_mapping_helps(tmp_path, place) -> None:
    *_, frame = place
    frame.assign(crop=frame["crop"].replace({"Maize": "Corn"})).to_file(tmp_path / "corn.gpkg")
    reporter = Silent()
    _, _, lost = run(tmp_path, place, str(tmp_path / "corn.gpkg"), reporter)
    assert any("Corn: " in text for level, text in reporter.lines if level == "warning")
    _, _, found = run(tmp_path, place, str(tmp_path / "corn.gpkg"), mapping=(("Corn", "Maize"),))
    _, _, plain = run(tmp_path, place)
    assert lost["agreement"]["yes"] < found["agreement"]["yes"] == plain["agreement"]["yes"]


def test_the_layer_brings_its_styles(tmp_path, place) -> None:
    run(tmp_path, place)
    with sqlite3.connect(tmp_path / "out.gpkg") as file:
        rows = file.execute("SELECT styleName, useAsDefault, f_table_name FROM layer_styles").fetchall()
    assert rows == [("Crop", 1, "parcels"), ("Doubt", 0, "parcels")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"declared_field": "kind"}, "no field 'kind'"),
        ({"id_field": "Pixels"}, "does not tell the parcels apart"),
        ({"layer": "fields"}, "no layer 'fields'"),
    ],
)
def test_wrong_fields_and_layers_are_refused_in_a_sentence(tmp_path, place, options, sentence) -> None:
    with pytest.raises(LabelsUnusable, match=sentence):
        run(tmp_path, place, **options)


def test_parcels_elsewhere_and_other_probabilities_are_refused(tmp_path, place) -> None:
    _, path, *_, frame = place
    frame.assign(geometry=frame.translate(1e5)).to_file(tmp_path / "far.gpkg")
    with pytest.raises(NoOverlap):
        run(tmp_path, place, str(tmp_path / "far.gpkg"))
    with pytest.raises(BadInput, match="has no band for Winter wheat"):
        run(tmp_path, place, probabilities=path)
    with pytest.raises(BadInput, match="no GeoPackage"):
        ParcelSummaryJob(MapRasters(path), DeclaredParcels("x"), "out.shp")
