"""The classify job: what it writes, what it says, and that it writes all or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import onnx
import pytest
import rasterio
import shapely

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.runtime.open import open_runtime
from crop_classifier_plugin.shared.cards.files import load_card, save_card, sha256_of
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    ModelAltered,
    NoOverlap,
)
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.cards import changed
from kits.classification import classify_job
from kits.models import LEGEND, write_model
from kits.rasters import BANDS, write_raster


@pytest.fixture
def job(tmp_path: Path, model: Path, season: list[Path]) -> ClassifyJob:
    out = tmp_path / "out"
    return classify_job(
        scenes=tuple(SceneSource(str(p)) for p in season),
        model=str(model),
        class_map=str(out / "map.tif"),
        confidence=str(out / "confidence.tif"),
        probabilities=str(out / "probabilities.tif"),
        valid_dates=str(out / "dates.tif"),
    )


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


def test_the_products_agree_with_each_other(job: ClassifyJob) -> None:
    classify(job, Silent())
    codes, percent, steps, dates = (
        read(p)
        for p in (job.written.class_map, job.written.confidence, job.written.probabilities, job.written.valid_dates)
    )
    unknown = np.zeros((50, 70), bool)
    unknown[:5, :7] = True
    np.testing.assert_array_equal(codes[0] == 0, unknown)
    np.testing.assert_array_equal(percent[0] == 255, unknown)
    np.testing.assert_array_equal(dates[0], np.where(unknown, 2, 3))
    known = ~unknown
    np.testing.assert_allclose(steps[:, known].sum(axis=0), 10_000, atol=3)
    assert np.abs(percent[0][known] - steps.max(axis=0)[known] / 100).max() <= 0.51
    clear = np.sort(steps, axis=0)[-1] > np.sort(steps, axis=0)[-2]
    winners = np.array(LEGEND.codes)[steps.argmax(axis=0)]
    np.testing.assert_array_equal(codes[0][known & clear], winners[known & clear])


def test_the_map_explains_itself_to_other_programs(job: ClassifyJob) -> None:
    classify(job, Silent())
    with rasterio.open(job.written.class_map) as file, rasterio.open(job.optical.scenes[0].path) as scene:
        assert (file.transform, file.crs, file.shape) == (scene.transform, scene.crs, scene.shape)
        assert (file.dtypes, file.nodata, file.profile["tiled"]) == (("uint8",), 0, True)
        table = file.colormap(1)
        assert [table[c.code][:3] for c in LEGEND] == [c.rgb for c in LEGEND]
        assert json.loads(file.tags()["CROP_CLASSIFIER_LEGEND"]) == LEGEND.to_dict()
        counts = np.bincount(file.read(1).ravel(), minlength=4)
    pam = ET.parse(f"{job.written.class_map}.aux.xml")
    assert [c.text for c in pam.iter("Category")] == ["no data", *LEGEND.names]
    rows = [[cell.text for cell in row] for row in pam.iter("Row")]
    assert [(int(r[0] or 0), r[1], int(r[2] or 0)) for r in rows] == [(c.code, c.name, counts[c.code]) for c in LEGEND]
    entries = ET.parse(Path(job.written.class_map).with_suffix(".qml")).iter("paletteEntry")
    assert [(e.get("label"), e.get("color")) for e in entries] == [(c.name, c.colour) for c in LEGEND]


def test_the_run_record_tells_what_was_used(job: ClassifyJob) -> None:
    result = classify(job, Silent())
    record = json.loads(Path(job.written.class_map).with_suffix(".run.json").read_text())
    assert record["dates"] == result["dates"] == ["2024-04-25", "2024-06-20", "2024-08-15"]
    assert record["model_sha256"] == sha256_of(Path(job.model) / "model.onnx")
    assert record["job"]["written"]["class_map"] == job.written.class_map
    assert record["device"] == "cpu"
    assert record["seconds"] > 0
    assert record["peak_memory_mib"] > 10
    assert {"numpy", "rasterio", "onnxruntime"} <= set(record["packages"])


def test_the_log_says_device_and_why_and_which_dates(job: ClassifyJob) -> None:
    reporter = Silent()
    classify(job, reporter)
    text = "\n".join(line for _, line in reporter.lines)
    assert "Running on cpu: " in text
    assert "2024-04-25, 2024-06-20, 2024-08-15" in text


def test_the_same_run_gives_the_same_files(job: ClassifyJob) -> None:
    classify(job, Silent())
    first = [read(p) for p in (job.written.class_map, job.written.probabilities)]
    classify(changed(job, scenes=job.optical.scenes[::-1]), Silent())
    for before, after in zip(first, (read(p) for p in (job.written.class_map, job.written.probabilities))):
        np.testing.assert_array_equal(before, after)


def test_an_area_limits_the_map(job: ClassifyJob, tmp_path: Path) -> None:
    shape = shapely.Polygon([(500100, 5649900), (500400, 5649900), (500250, 5649600)])
    frame = geopandas.GeoDataFrame(geometry=[shape], crs="EPSG:32631")
    frame.to_crs("EPSG:4326").to_file(tmp_path / "area.gpkg")
    classify(job, Silent())
    whole = read(job.written.class_map)[0]
    small = changed(job, area=str(tmp_path / "area.gpkg"), class_map=str(tmp_path / "small.tif"), probabilities="")
    classify(small, Silent())
    with rasterio.open(small.written.class_map) as file:
        part = file.read(1)
        row, col = round((5650000 - file.transform.f) / 10), round((file.transform.c - 500000) / 10)
        centres = [file.transform @ (c + 0.5, r + 0.5) for r in range(part.shape[0]) for c in range(part.shape[1])]
    inside = shapely.contains_xy(shape, np.array(centres)).reshape(part.shape)
    same_place = whole[row : row + part.shape[0], col : col + part.shape[1]]
    away = np.abs(shapely.distance(shape.exterior, shapely.points(centres))).reshape(part.shape) > 0.01
    np.testing.assert_array_equal(part[away], np.where(inside, same_place, 0)[away])
    far = geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4326")
    far.to_file(tmp_path / "far.gpkg")
    with pytest.raises(NoOverlap):
        classify(changed(small, area=str(tmp_path / "far.gpkg")), Silent())


def test_nothing_is_left_of_a_failed_run_and_the_old_map_stays(job: ClassifyJob) -> None:
    old = Path(job.written.class_map)
    old.parent.mkdir()
    old.write_bytes(b"the old map")
    weights = Path(job.model) / "model.onnx"
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(ModelAltered, match="sha256"):
        classify(job, Silent())
    assert [p.name for p in old.parent.iterdir()] == ["map.tif"]
    assert old.read_bytes() == b"the old map"


def test_outputs_must_be_geotiffs(job: ClassifyJob) -> None:
    with pytest.raises(BadInput, match=r"\.tif"):
        classify(changed(job, class_map=job.written.class_map.replace(".tif", ".png")), Silent())


def test_inputs_are_not_touched(job: ClassifyJob, season: list[Path]) -> None:
    before = {p: (sha256_of(p), p.stat().st_mtime_ns) for p in season}
    classify(job, Silent())
    assert before == {p: (sha256_of(p), p.stat().st_mtime_ns) for p in season}
    assert {p.name for p in season[0].parent.iterdir()} == {p.name for p in season}


def test_a_file_that_is_no_network_is_refused(tmp_path: Path, job: ClassifyJob) -> None:
    folder = tmp_path / "odd"
    card = write_model(folder)
    (folder / "model.onnx").write_bytes(b"not a network")
    save_card(changed(card, sha256=sha256_of(folder / "model.onnx")), folder)
    with pytest.raises(BadModel, match="odd"):
        classify(changed(job, model=str(folder)), Silent())


def test_a_network_cannot_reach_other_files(tmp_path: Path, model: Path) -> None:
    """Weights kept outside the ONNX file would be read from any path it names; from bytes there is no such path."""
    network = onnx.load(model / "model.onnx")
    for tensor in network.graph.initializer:
        if tensor.name.startswith("w"):
            onnx.external_data_helper.set_external_data(tensor, location="elsewhere.bin")
            tensor.ClearField("raw_data")
    target = tmp_path / "model.onnx"
    target.write_bytes(network.SerializeToString())
    with pytest.raises(BadModel):
        open_runtime(target)


def test_flanders_has_no_value_where_a_date_is_clouded(flanders: Path, tmp_path: Path) -> None:
    """Two clouded dates are forced on the model by offering it no others."""
    model = tmp_path / "models" / "tiny"
    write_model(model)
    days = ("20190416", "20190610", "20190804")
    files = [flanders / f"S2_{side}" / f"S2_{side}_{day}.tif" for day in days for side in ("10m", "20m")]
    job = classify_job(tuple(SceneSource(str(f)) for f in files), str(model), str(tmp_path / "map.tif"))
    classify(job, Silent())
    gone = np.zeros((64, 64), bool)
    for day in days:
        with rasterio.open(flanders / "S2_10m" / f"S2_10m_{day}.tif") as file:
            gone |= (file.read() == 0)[:3].any(axis=0)
        with rasterio.open(flanders / "S2_20m" / f"S2_20m_{day}.tif") as file:
            scl = file.read(7)
        gone |= np.kron(np.isin(scl, (0, 1, 3, 8, 9, 10, 11)), np.ones((2, 2), bool))
    np.testing.assert_array_equal(read(job.written.class_map)[0] == 0, gone)


def test_cards_of_other_windows_describe_themselves(model: Path) -> None:
    assert "3 dates" in load_card(model).inputs.dates.describe_days()


@pytest.mark.parametrize("name", ["class_map", "confidence", "valid_dates"])
def test_no_output_replaces_an_input(job: ClassifyJob, season: list[Path], name: str) -> None:
    link = season[0].with_name("another_name.tif")
    link.symlink_to(season[1])
    for target in (season[0], season[1].parent / ".." / "season" / season[1].name, link):
        before = {p: sha256_of(p) for p in season}
        with pytest.raises(BadInput, match="would replace an input"):
            classify(changed(job, scenes=tuple(map(SceneSource, map(str, season))), **{name: str(target)}), Silent())
        assert before == {p: sha256_of(p) for p in season}
    weights = Path(job.model) / "model.onnx"
    weights.with_suffix(".tif").symlink_to(weights)
    with pytest.raises(BadInput, match="would replace an input"):
        classify(changed(job, **{name: str(weights.with_suffix(".tif"))}), Silent())


def test_two_outputs_of_one_name_are_refused(job: ClassifyJob) -> None:
    for twin in (
        job.written.class_map,
        job.written.class_map + "f",
        str(Path(job.written.class_map).parent / "x" / ".." / "map.tif"),
    ):
        with pytest.raises(BadInput, match="overwrite each other"):
            classify(changed(job, confidence=twin), Silent())


def test_nothing_of_an_older_file_stays_in_force(job: ClassifyJob) -> None:
    out = Path(job.written.confidence)
    out.parent.mkdir()
    for ending in ("", ".aux.xml", ".ovr", ".msk"):
        out.with_name(out.name + ending).write_bytes(b"old")
    classify(job, Silent())
    assert {p.name for p in out.parent.glob("confidence*")} == {"confidence.tif", "confidence.qml"}


def test_an_infinite_value_stays_where_it_is(job: ClassifyJob, tmp_path: Path, season: list[Path]) -> None:
    classify(job, Silent())
    clear = read(job.written.class_map)[0]
    for path in season:
        with rasterio.open(path) as file:
            array = file.read().astype(np.float32)
        if path is season[0]:
            array[2, 25, 40] = np.inf
        write_raster(path, array, names=BANDS, nodata=0)
    classify(job, Silent())
    found = read(job.written.class_map)[0]
    assert found[25, 40] == 0
    changed = np.argwhere(found != clear)
    assert (np.abs(changed - (25, 40)).max(axis=1) <= load_card(job.model).tiling.receptive_radius).all()


def test_a_map_of_simulated_scenes_says_so(job: ClassifyJob, season: list[Path]) -> None:
    card = load_card(job.model)
    save_card(changed(card, simulated=False), job.model)
    classify(job, Silent())
    with rasterio.open(job.written.class_map) as file:
        assert "SIMULATED" not in file.tags()
    with rasterio.open(season[1], "r+") as file:
        file.update_tags(SIMULATED="yes")
    classify(job, Silent())
    with rasterio.open(job.written.class_map) as file:
        assert file.tags()["SIMULATED"] == "yes"


def test_a_network_that_is_not_the_cards_is_refused(job: ClassifyJob) -> None:
    card = load_card(job.model)
    legend = Legend((*LEGEND.classes, CropClass(9, "beet", "#aa00aa")))
    save_card(replace(card, legend=legend), job.model)
    with pytest.raises(BadModel):
        classify(job, Silent())
